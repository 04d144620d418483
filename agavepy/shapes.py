"""The parts of a parsed document as what they ought to be: wrong shapes become empty ones."""

from __future__ import annotations

import base64
import datetime
import math
from collections.abc import Mapping
from typing import Any


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
    return str(plain(value)).strip() if isinstance(value, str | int | float | datetime.date) else ""


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
