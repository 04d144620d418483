"""Read the fields of a definition, each as its type, or refuse it with a message that names it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from agavepy.sandbox.errors import ApiError

_RUN_TIME = re.compile(r"[0-9]{1,4}:[0-5][0-9]:[0-5][0-9]")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTPE]?)B?", re.IGNORECASE)
_GB = {"K": 2**-20, "M": 2**-10, "": 1, "G": 1, "T": 2**10, "P": 2**20, "E": 2**30}


def bad(name: str, value: Any, wanted: str) -> ApiError:
    """Return the refusal of a value; ``wanted`` completes "It must be ..."."""
    shown = "nothing" if value is None else repr(value)
    return ApiError(400, f"Invalid value for {name}. It must be {wanted}, not {shown}")


def boolean(value: Any) -> bool | None:
    """Return a boolean, or its word in a form, as such; None for anything else."""
    return {"true": True, "false": False}.get(str(value).lower())


class Fields:
    """The fields of one object of a definition; ``where`` names the object in messages."""

    def __init__(self, given: Any, where: str = "") -> None:
        if not isinstance(given, dict):
            raise bad(where, given, "a JSON object")
        self.given = given
        self.where = where

    def label(self, name: str) -> str:
        """Return the dotted name of a field from the definition down."""
        return f"{self.where}.{name}" if self.where else name

    def bad(self, name: str, value: Any, wanted: str) -> ApiError:
        """Return the refusal of the value of one field."""
        return bad(self.label(name), value, wanted)

    def take(self, *names: str) -> Any:
        """Return the first value that is there under one of these spellings."""
        return next((self.given[n] for n in names if self.given.get(n) is not None), None)

    def part(self, name: str) -> Fields:
        """Return the fields of an object inside this one; none when it is left out."""
        given = self.take(name)
        return Fields({} if given is None else given, self.label(name))

    def text(self, name: str, required: bool = False) -> str | None:
        """Return text, None for an empty or absent one that is not required."""
        value = self.take(name)
        if value is None or value == "":
            if required:
                raise self.bad(name, value, "given")
            return None
        if not isinstance(value, str):
            raise self.bad(name, value, "text")
        return value

    def word(self, name: str, words: tuple[str, ...], default: str | None = None) -> str:
        """Return one of ``words``, which may be written in any case."""
        value = self.take(name)
        if value is None and default is not None:
            return default
        for word in words:
            if isinstance(value, str) and value.lower() == word.lower():
                return word
        raise self.bad(name, value, f"one of {', '.join(words)}")

    def flag(self, name: str, default: bool) -> bool:
        """Return a boolean."""
        value = self.take(name)
        typed = default if value is None else boolean(value)
        if typed is None:
            raise self.bad(name, value, "true or false")
        return typed

    def whole(self, name: str, default: int, least: int) -> int:
        """Return a whole number of at least ``least``, which may be written as text."""
        value = self.take(name)
        if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            value = int(value)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.bad(name, value, f"a whole number of at least {least}")
        return value

    def count(self, *names: str) -> int | None:
        """Return a number of things, from 1 up, under the first of its spellings that is there."""
        given = self.take(*names)
        return None if given is None else Fields({names[0]: given}).whole(names[0], 1, 1)

    def memory(self, *names: str) -> float | None:
        """Return an amount of memory in GB, from a number of GB or text such as ``512MB``."""
        value = self.take(*names)
        if value is None:
            return None
        match = None if isinstance(value, bool) else _MEMORY.fullmatch(str(value).strip())
        if match is None or float(match[1]) <= 0:
            raise self.bad(names[0], value, "a positive number of GB, or text such as 4GB")
        return float(match[1]) * _GB[match[2].upper()]

    def run_time(self, name: str) -> str | None:
        """Return a time ``hh:mm:ss``."""
        value = self.take(name)
        if value is not None and not _RUN_TIME.fullmatch(str(value)):
            raise self.bad(name, value, "a time hh:mm:ss")
        return None if value is None else str(value)

    def texts(self, name: str) -> list[str]:
        """Return an array of texts, empty when left out."""
        value = self.take(name)
        value = [] if value is None else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.bad(name, value, "an array of texts")
        return value

    def items(self, name: str, read: Callable[[Fields], dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what ``read`` makes of each object of an array, nothing when it is left out."""
        value = self.take(name)
        value = [] if value is None else value
        if not isinstance(value, list):
            raise self.bad(name, value, "an array of objects")
        return [read(Fields(item, f"{name}[{place}]")) for place, item in enumerate(value)]
