"""The printed tables of the interactive commands: columns, and listings as ``ls`` shows them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from agavepy.shapes import one_line

TENANTS = "{:<20} {:<40} {:<50}"
CLIENTS = "{:<30} {:<80}"
SUBSCRIPTIONS = "{:<16} {:^8} {:<20}"
EVENTS = "{:<13} {:<20} {:<32} {:<}"
PERMISSIONS = "{:<13} {:<6} {:<6} {:<6}"

_LETTERS = {"READ": "r", "WRITE": "w", "EXECUTE": "x"}
_GAP = 3
_NARROWEST = 8


def show(layout: str, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a heading and rows below it; None is shown as nothing."""
    print(layout.format(*heading))
    for row in rows:
        print(layout.format(*("" if cell is None else one_line(str(cell)) for cell in row)))


def show_files(entries: Sequence[Any]) -> None:
    """Print names in columns, as many as the terminal has room for, directories with a slash."""
    names = [_name(entry) for entry in entries]
    width = max([_NARROWEST, *map(len, names)]) + _GAP
    in_line = max(1, shutil.get_terminal_size().columns // width)
    lines = [names[start : start + in_line] for start in range(0, len(names), in_line)]
    print("\n".join("".join(name.ljust(width) for name in line) for line in lines))


def show_files_long(entries: Sequence[Any]) -> None:
    """Print permissions, size in bytes, time of the last change (local) and name of each entry."""
    widest = max((len(str(entry.length)) for entry in entries), default=1)
    for entry in entries:
        changed = entry.lastModified
        # What is no date stays text in results.
        when = (
            f"{changed.astimezone():%b} {changed.astimezone().day:>2} {changed.astimezone():%H:%M}"
            if isinstance(changed, datetime)
            else one_line(str(changed))
        )
        print(f"{_permissions(entry)} {entry.length:>{widest}} {when} {_name(entry)}")


def yes_or_no(value: object) -> str:
    """Return how a permission is shown."""
    return "yes" if value else "no"


def date(value: Any) -> str:
    """Return a date as servers write it, with milliseconds and the offset of its zone."""
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)


def _name(entry: Any) -> str:
    name = one_line(str(entry.name))
    return f"{name}/" if entry.type == "dir" else name


def _permissions(entry: Any) -> str:
    granted = str(entry.get("permissions") or "")
    everything = granted in {"ALL", "OWNER"}
    letters = (
        letter if everything or word in granted.split("_") else "-"
        for word, letter in _LETTERS.items()
    )
    return ("d" if entry.type == "dir" else "-") + "".join(letters)
