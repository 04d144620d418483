"""The fields of a body, by type; what is refused is named (Abaco's request parsers)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agavepy.sandbox.errors import ApiError

_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Fields:
    """Reads a body of JSON or of a form, whose values are texts; null counts as absent.

    Raises ApiError 400 for a body that is no object.
    """

    def __init__(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise ApiError(400, f"Invalid body: {body!r:.80} is not a JSON object.")
        self._body = body

    def __contains__(self, name: str) -> bool:
        return self._body.get(name) is not None

    def refuse(self, name: str, why: str) -> ApiError:
        """Return the error for a field that is not as it has to be."""
        return ApiError(400, f"Invalid value for {name}: {why}")

    def missing(self, name: str) -> ApiError:
        """Return the error for a field that has to be there."""
        return ApiError(400, f"{name}: Missing required parameter in the body of the request.")

    def raw(self, name: str) -> Any:
        """Return a field as it came, None when absent."""
        return self._body.get(name)

    def text(self, name: str) -> str | None:
        """Return a text; a number becomes one."""
        value = self._body.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool | dict | list):
            raise self.refuse(name, f"{value!r} is not a text.")
        return str(value)

    def required_text(self, name: str) -> str:
        """Return a text that has to be there and not empty."""
        value = self.text(name)
        if not value:
            raise self.missing(name)
        return value

    def word(self, name: str, known: Sequence[str]) -> str | None:
        """Return one of the ``known`` words."""
        value = self.text(name)
        if value is not None and value not in known:
            raise self.refuse(name, f"{value!r} is not one of {', '.join(known)}.")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean, which may be written as text."""
        value = self._body.get(name)
        if value is None or isinstance(value, bool):
            return value
        flag = _FLAGS.get(str(value).lower())
        if flag is None:
            raise self.refuse(name, f"{value!r} is not a boolean.")
        return flag

    def number(self, name: str) -> int | None:
        """Return an integer, which may be written as text."""
        value = self._body.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if not isinstance(value, str) or not _INTEGER.fullmatch(value):
            raise self.refuse(name, f"{value!r} is not an integer.")
        return int(value)

    def mapping(self, name: str) -> dict[str, Any] | None:
        """Return an object."""
        value = self._body.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.refuse(name, f"{value!r} is not an object.")
        return value

    def texts(self, name: str) -> list[str] | None:
        """Return a list of texts; a text is a list of one."""
        value = self._body.get(name)
        items = [value] if isinstance(value, str) else value
        if items is None:
            return None
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.refuse(name, f"{value!r} is not a list of texts.")
        return items
