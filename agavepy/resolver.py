"""References: from a part of a document, over files and addresses, to what it stands for.

A document may refer to itself in circles, to files beside it and to other addresses. It is never
written out: whoever walks it follows one reference at a time and notices where it has been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from agavepy.errors import DescriptionError
from agavepy.reading import read_document
from agavepy.shapes import mapping

LONGEST_CHAIN = 20  # a reference to a reference to … itself
#: What a pointer that leads nowhere makes readers stumble over.
NOWHERE = (LookupError, TypeError, ValueError)

Read = Callable[[str], Any]


class Resolver:
    """Follows the references of one document.

    ``origin`` is the file or the URL that relative references start from. ``read(url)`` returns
    another parsed document or raises DescriptionError. ``complain(reference, why)`` is told once of
    each reference that leads nowhere. ``siblings`` says that keys beside a ``$ref`` count, as they
    do since OpenAPI 3.1.
    """

    def __init__(
        self,
        document: dict[str, Any],
        origin: Path | str,
        read: Read | None = None,
        complain: Callable[[str, str], None] | None = None,
        siblings: bool = False,
    ) -> None:
        self.document = document
        self._origin = origin.resolve().as_uri() if isinstance(origin, Path) else origin
        self._read = read or read_file
        self._complain = complain or (lambda _reference, _why: None)
        self._siblings = siblings
        self._documents: dict[str, Any] = {self._origin: document}
        self._targets: dict[str, Any] = {}
        self._names: dict[str, Any] | None = None
        self._followed: dict[int, tuple[Any, dict[str, Any]]] = {}

    def follow(self, part: Any) -> dict[str, Any]:
        """Return the part, or what it refers to; an empty mapping where that is nothing."""
        if not isinstance(part, dict):
            return {}
        if "$ref" not in part or not isinstance(part["$ref"], str):
            return part
        known = self._followed.get(id(part))
        if known is None:
            known = self._followed[id(part)] = part, self._follow(part)
        return known[1]

    def _follow(self, part: dict[str, Any]) -> dict[str, Any]:
        beside: dict[str, Any] = {}
        found: Any = part
        for _ in range(LONGEST_CHAIN):
            if not isinstance(found, dict) or not isinstance(found.get("$ref"), str):
                break
            if self._siblings:
                beside = {**{k: v for k, v in found.items() if k != "$ref"}, **beside}
            reference = found["$ref"]
            if reference not in self._targets:
                self._targets[reference] = self._target(reference)
            found = self._targets[reference]
        else:
            self._complain(str(part["$ref"]), "leads back to itself")
            return beside
        return {**mapping(found), **beside} if beside else mapping(found)

    def _target(self, reference: str) -> Any:
        name, _, pointer = reference.partition("#")
        url = urljoin(self._origin, name) if name else self._origin
        try:
            if url not in self._documents:
                if (named := self._named(reference)) is not None:
                    return named  # it looks like an address and is only a name
                self._documents[url] = _anchored(self._read(url), url)
            return point(self._documents[url], pointer)
        except DescriptionError as error:
            self._complain(reference, str(error))
        except NOWHERE:
            named = self._named(reference)
            if named is not None:
                return named
            self._complain(reference, "is not there")
        return {}

    def _named(self, reference: str) -> Any:
        """Return the schema of the document that calls itself by an ``$id`` or an ``$anchor``."""
        if self._names is None:
            self._names = dict(_names(self.document))
        return self._names.get(reference)


def _names(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every schema that has a name of its own, by the reference to it."""
    waiting: list[Any] = [document]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        waiting += node.values() if isinstance(node, dict) else node
        if isinstance(node, dict):
            for key, mark in (("$id", ""), ("$anchor", "#"), ("$dynamicAnchor", "#")):
                if isinstance(node.get(key), str):
                    yield mark + node[key], node


def point(document: Any, pointer: str) -> Any:
    """Return what a JSON pointer leads to. Raises LookupError, TypeError or ValueError."""
    if pointer and not pointer.startswith("/"):
        raise LookupError(pointer)
    node = document
    for step in pointer.split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and key not in node and key.isdigit():
            node = node[int(key)]  # YAML reads the statuses of responses as numbers
        else:
            node = node[int(key) if isinstance(node, list) else key]
    return node


def read_file(url: str) -> Any:
    """Read a document of this machine. Raises DescriptionError for any other address."""
    if urlsplit(url).scheme != "file":
        raise DescriptionError(f"{url} is not a file beside the description, and is not fetched")
    return read_document(Path(unquote(urlsplit(url).path)))


def _anchored(node: Any, url: str, known: dict[int, Any] | None = None) -> Any:
    """Return another document with references that can be followed from the first one."""
    known = {} if known is None else known
    if not isinstance(node, dict | list):
        return node
    if id(node) in known:
        return known[id(node)]
    if isinstance(node, list):
        known[id(node)] = items = []
        items += [_anchored(child, url, known) for child in node]
        return items
    known[id(node)] = copy = {}
    for key, value in node.items():
        if key == "$ref" and isinstance(value, str):
            copy[key] = url + value if value.startswith("#") else urljoin(url, value)
        else:
            copy[key] = _anchored(value, url, known)
    return copy
