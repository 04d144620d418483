"""References within a description and to the files beside it: what they lead to, what is used."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from agavepy.errors import DescriptionError
from agavepy.reading import read_document
from agavepy.resolver import LONGEST_CHAIN, NOWHERE, point

#: Values of these are data and not parts of a description.
_DATA = frozenset({"default", "enum", "example", "examples"})
#: The keys of these are names that the document gives its parts, also where they are words of it.
_BY_NAME = frozenset({"properties", "patternProperties", "responses"})
_SECTION = re.compile(r"definitions|parameters|securityDefinitions|components\.\w+")


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
        for _ in range(LONGEST_CHAIN):
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
            if not pointer.startswith("/"):  # an anchor: the compiler tells of one that is none
                return self.files[file], file, pointer
            return point(self.files[file], pointer), file, pointer
        except (DescriptionError, *NOWHERE):
            return None


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
            if key not in _DATA or _by_name(place)
        ]


def _by_name(place: str) -> bool:
    return place.rpartition(".")[2] in _BY_NAME or _SECTION.fullmatch(place) is not None


def leading_out(node: Any) -> Iterator[str]:
    """Yield each reference that leads out of a description, those within its data included.

    Other readers follow them there as well.
    """
    if isinstance(node, list):
        for child in node:
            yield from leading_out(child)
    elif isinstance(node, dict):
        reference = node.get("$ref", "#")
        if not str(reference).startswith("#"):
            yield str(reference)
        for child in node.values():
            yield from leading_out(child)


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


def written_out(document: Any) -> int:
    """Return how many parts a document has once its references to itself are written out.

    A reference that leads back to where it stands counts as one part.
    """
    sizes: dict[int, int] = {}
    begun: set[int] = set()
    waiting = [document]
    while waiting:
        part = waiting[-1]
        inner = [child for child in _inner(document, part) if isinstance(child, dict | list)]
        if id(part) not in sizes and id(part) not in begun:
            begun.add(id(part))
            waiting += [
                child for child in inner if id(child) not in sizes and id(child) not in begun
            ]
            continue
        waiting.pop()
        sizes.setdefault(id(part), 1 + sum(sizes.get(id(child), 1) for child in inner))
    return sizes[id(document)]


def _inner(document: Any, part: Any) -> list[Any]:
    """Return what a part holds, or the one that it refers to."""
    reference = part.get("$ref") if isinstance(part, dict) else None
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return list(part.values() if isinstance(part, dict) else part)
    with contextlib.suppress(*NOWHERE):
        return [point(document, reference[1:])]
    return []
