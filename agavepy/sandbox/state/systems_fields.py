"""Reading of the objects that users send: one field at a time, with errors that name the field."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agavepy.sandbox.errors import ApiError

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Fields:
    """One JSON object of a request, whose fields are asked for by name and kind.

    ``where`` is the dotted name of the object, for messages; empty for the body itself. A field
    that is null counts as absent. Numbers and flags may be text too, because a body can travel as
    a form. Whatever does not fit raises ApiError 400.
    """

    def __init__(self, body: Any, where: str = "") -> None:
        if not isinstance(body, Mapping):
            what = f"'{where}' must be" if where else "The request needs a body that is"
            raise ApiError(400, f"{what} a JSON object")
        self._body = {str(key): value for key, value in body.items() if value is not None}
        self._where = where

    def __contains__(self, name: str) -> bool:
        return name in self._body

    def label(self, name: str) -> str:
        """Return the dotted name of a field of this object."""
        return f"{self._where}.{name}" if self._where else name

    def refuse(self, name: str, why: str) -> ApiError:
        """Return the error for a field: its dotted name, and ``why`` with the way out."""
        return ApiError(400, f"Invalid value for '{self.label(name)}': {why}")

    def require(self, *names: str) -> None:
        """Raise ApiError 400 naming the first of ``names`` that is absent or blank."""
        for name in names:
            if self._body.get(name, "") == "":
                raise ApiError(400, f"No value given for '{self.label(name)}', which is required")

    def text(self, name: str, default: str | None = None, *, limit: int = 32768) -> str | None:
        """Return a text of at most ``limit`` characters."""
        value = self._body.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.refuse(name, f"expected text, got {value!r}")
        if len(value) > limit:
            raise self.refuse(name, f"{len(value)} characters, the most is {limit}")
        return value

    def word(self, name: str, allowed: Sequence[str], default: str | None = None) -> str | None:
        """Return one of the upper-case words ``allowed``; case does not matter in a request."""
        value = self.text(name)
        if value is None:
            return default
        if value.upper() not in allowed:
            raise self.refuse(name, f"{value!r} is not one of {', '.join(allowed)}")
        return value.upper()

    def count(
        self,
        name: str,
        default: int | None = None,
        *,
        unlimited: bool = False,
        most: int = 2**31 - 1,
    ) -> int | None:
        """Return a whole number from 1 to ``most``, or -1 where that stands for ``unlimited``."""
        value = self._body.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
            with contextlib.suppress(ValueError):  # more digits than Python reads, or "--1"
                value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refuse(name, f"expected a whole number, got {value!r}")
        if not (1 <= value <= most or (unlimited and value == -1)):
            bounds = f"from 1 to {most}" + (", or -1 for no limit" if unlimited else "")
            raise self.refuse(name, f"expected a number {bounds}, got {value}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean."""
        value = self._body.get(name, default)
        value = _FLAGS.get(value.lower(), value) if isinstance(value, str) else value
        if not isinstance(value, bool):
            raise self.refuse(name, f"expected true or false, got {value!r}")
        return value

    def path(self, name: str, default: str) -> str:
        """Return an absolute path without ``.``, ``..``, doubled or trailing slashes."""
        value = self.text(name, limit=4096)
        if not value:
            return default
        depth = 0
        for part in value.split("/"):
            depth += -1 if part == ".." else part not in ("", ".")
            if depth < 0:
                raise self.refuse(name, f"{value!r} leads out of the directory that it starts in")
        return posixpath.normpath("/" + value.lstrip("/"))

    def raw(self, name: str) -> Any:
        """Return a field as it was sent, None when absent."""
        return self._body.get(name)

    def inner(self, name: str) -> Fields | None:
        """Return the object in a field, None when absent."""
        value = self._body.get(name)
        return None if value is None else Fields(value, self.label(name))

    def items(self, name: str) -> Iterator[Fields]:
        """Yield the objects of an array in a field; nothing when absent."""
        value = self._body.get(name, ())
        if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
            raise self.refuse(name, "expected an array of objects")
        for index, item in enumerate(value):
            yield Fields(item, f"{self.label(name)}[{index}]")
