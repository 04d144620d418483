"""The parts of a parsed document as what they ought to be: wrong shapes become empty ones."""

from __future__ import annotations

import base64
import datetime
import math
import re
from collections.abc import Mapping
from typing import Any

#: Control characters but tabs and the ends of lines, and those that turn the writing around.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: Those that end a line or a column.
_ENDS = re.compile("[\t\n\u2028\u2029]")


def mapping(value: Any) -> dict[Any, Any]:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def words(value: Any) -> tuple[str, ...]:
    """Return the texts of a list; a text alone is taken for a list of one."""
    items = [value] if isinstance(value, str) else sequence(value)
    return tuple(item for item in items if isinstance(item, str))


def text(value: Any) -> str:
    """Return a description or a name without the blanks around it; "" for what is no text."""
    if not isinstance(value, str | int | float | datetime.date):
        return ""
    return printable(str(plain(value)).strip())


def printable(shown: str) -> str:
    """Return a text without the characters by which it would command a terminal."""
    return _COMMANDS.sub("", shown)


def one_line(shown: str) -> str:
    """Return a text as one line, with a ? for each character that commands a terminal.

    So that a name can neither hide nor look like another, as ``ls`` shows it.
    """
    return _ENDS.sub("?", _COMMANDS.sub("?", shown))


def plain(value: Any) -> Any:
    """Return a value as JSON has it: YAML makes dates and bytes of what a document wrote as text.

    What JSON cannot hold (a number that is not finite, an unknown type) becomes its text.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime.date) else str(value)
