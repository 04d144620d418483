"""List a directory of your default storage system, however many files it holds.

Usage: python list_files.py [PATH]      (PATH is your own directory when left out)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from agavepy import Agave

PAGE = 100


def listing(ag: Agave, system: str, path: str) -> Iterator[Any]:
    """Yield every entry of a directory, page by page; the first one is the directory itself."""
    offset = 0
    while True:
        page = ag.files.list(systemId=system, filePath=path, limit=PAGE, offset=offset)
        yield from page
        offset += len(page)
        if len(page) < PAGE:
            return


def main() -> None:
    ag = Agave.restore()
    system = ag.systems.list(type="STORAGE", default=True)[0].id
    path = sys.argv[1] if len(sys.argv) > 1 else f"{ag.profiles.get().username}/data"
    print(f"{path} on {system}")
    for entry in listing(ag, system, path):
        changed = entry.lastModified.astimezone()
        mark = "/" if entry.type == "dir" else ""
        print(f"{entry.length:>12}  {changed:%Y-%m-%d %H:%M}  {entry.name}{mark}")


if __name__ == "__main__":
    main()
