"""References within a description and to the files beside it: what they lead to, what is used."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from agavepy.errors import DescriptionError
from agavepy.loader import read_document

#: Values of these are data and not parts of a description.
_DATA = frozenset({"default", "enum", "example", "examples"})
_LONGEST_CHAIN = 20  # a reference to a reference to … itself
_NOWHERE = (LookupError, TypeError, ValueError)


class References:
    """The references of the document at ``path`` and of the files that they lead to."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path.resolve()
        self.files: dict[Path, Any] = {self.path: document}

    def leads_somewhere(self, reference: str) -> bool:
        """Tell whether a reference of the document leads to a part; the web is not asked."""
        return "://" in reference or self._target(reference, self.path) is not None

    def follow(self, part: Any) -> dict[str, Any]:
        """Return a part or what it refers to, further references within another file included.

        It is an empty dict where that is nothing.
        """
        base = self.path
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(part, dict) or not isinstance(part.get("$ref"), str):
                break
            found = self._target(part["$ref"], base)
            if found is None:
                return {}
            part, base, _ = found
        if not isinstance(part, dict):
            return {}
        return part if base == self.path else _from(base, part)

    def used(self) -> set[str]:
        """Return the pointers of the document's parts that its operations lead to.

        A file whose name begins with an underscore is used by the operations of its neighbours.
        """
        waiting = [(self.path, self.files[self.path].get("paths"))]
        if self.path.name.startswith("_"):
            for neighbour in sorted(self.path.parent.glob("*.yaml")):
                if not neighbour.name.startswith("_"):
                    with contextlib.suppress(DescriptionError):  # its own check tells of it
                        self.files[neighbour] = read_document(neighbour)
                        waiting.append((neighbour, self.files[neighbour].get("paths")))
        reached: set[tuple[Path, str]] = set()
        while waiting:
            base, node = waiting.pop()
            for part, _ in parts(node):
                reference = part.get("$ref")
                found = self._target(reference, base) if isinstance(reference, str) else None
                if found is not None and (found[1], found[2]) not in reached:
                    reached.add((found[1], found[2]))
                    waiting.append((found[1], found[0]))
        own = (pointer for file, pointer in reached if file == self.path)
        return {"/".join(pointer.split("/")[:3]) for pointer in own}

    def _target(self, reference: str, base: Path) -> tuple[Any, Path, str] | None:
        """Return what a reference in ``base`` leads to, its file and its pointer."""
        name, _, pointer = reference.partition("#")
        if "://" in name:
            return None
        try:
            file = (base.parent / unquote(name)).resolve() if name else base
            if file not in self.files:
                self.files[file] = read_document(file)
            node = self.files[file]
            for step in pointer.split("/")[1:]:
                key = unquote(step).replace("~1", "/").replace("~0", "~")
                node = node[int(key) if isinstance(node, list) else key]
        except (DescriptionError, *_NOWHERE):
            return None
        return node, file, pointer


def parts(node: Any, place: str = "") -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every mapping of a description once, with its place, without those that are data."""
    seen: set[int] = set()
    waiting = [(node, place)]
    while waiting:
        node, place = waiting.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        if isinstance(node, list):
            waiting += [(child, place) for child in node]
            continue
        yield node, place
        waiting += [
            (child, f"{place}.{key}" if place else str(key))
            for key, child in node.items()
            if key not in _DATA or place.endswith("properties")
        ]


def _from(base: Path, node: Any) -> Any:
    """Return a part of the file ``base`` with references that can be followed from elsewhere."""
    if isinstance(node, list):
        return [_from(base, child) for child in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and "://" not in reference:
        name, _, pointer = reference.partition("#")
        return {"$ref": f"{(base.parent / name) if name else base}#{pointer}"}
    return {key: _from(base, value) for key, value in node.items()}
