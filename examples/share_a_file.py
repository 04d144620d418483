"""Let a colleague read one of your files, see who may do what with it, and end that again.

Usage: python share_a_file.py [USERNAME [PATH]]
"""

from __future__ import annotations

import sys
from typing import Any

from agavepy import Agave


def show(permissions: list[Any]) -> None:
    """Print who may read, write and execute a file."""
    for item in permissions:
        words = [word for word in ("read", "write", "execute") if item.permission[word]]
        print(f"  {item.username}: {', '.join(words)}")


def main() -> None:
    ag = Agave.restore()
    me = ag.profiles.get().username
    storage = ag.systems.list(type="STORAGE", default=True)[0].id
    colleague = sys.argv[1] if len(sys.argv) > 1 else "grace"
    file = {
        "systemId": storage,
        "filePath": sys.argv[2] if len(sys.argv) > 2 else f"{me}/data/reads.fa",
    }

    ag.files.updatePermissions(**file, body={"username": colleague, "permission": "READ"})
    print(f"{file['filePath']} is shared with {colleague}:")
    show(ag.files.listPermissions(**file))

    ag.files.updatePermissions(**file, body={"username": colleague, "permission": "NONE"})
    print("and no more:")
    show(ag.files.listPermissions(**file))


if __name__ == "__main__":
    main()
