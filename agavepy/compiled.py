"""Plans of documents that users bring: compiled once, kept on disk, shared by a process's clients.

What is kept names every document that it was made from with its digest, as plan files do.
"""

from __future__ import annotations

import operator
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from agavepy import diskcache, reading
from agavepy.errors import DescriptionError
from agavepy.loader import digest, dump, fresh
from agavepy.overlay import merge
from agavepy.plan import PLAN_FORMAT, ServicePlan
from agavepy.trust import refuse_reference


class Library(Protocol):
    """Where documents come from. Origins are absolute paths, web addresses, or of the memory."""

    def content(self, origin: str) -> bytes:
        """Return a document as it is now. Raises DescriptionError."""

    def stamp(self, origin: str) -> Any:
        """Return what differs when the document does, at less cost. Raises DescriptionError."""


class Part(NamedTuple):
    """One document of a service and the overlays that are merged over it, by their origins."""

    origin: str
    overlays: tuple[str, ...] = ()


class _Known(NamedTuple):
    stamps: dict[str, Any]
    data: dict[str, Any]


_known: dict[tuple[Part, str], _Known] = {}
_merged: dict[tuple[tuple[Part, ...], str], tuple[list[dict[str, Any]], ServicePlan]] = {}
_lock = threading.RLock()


def service_plan(parts: tuple[Part, ...], service: str, library: Library) -> ServicePlan:
    """Return the plans of a service that is described by one or more documents.

    Where two describe an operation of the same name, the later one counts. All callers in the
    process are given the same object, for as long as the documents stay the same. Raises
    DescriptionError.
    """
    with _lock:
        found = [_data(part, service, library) for part in parts]
        known = _merged.get((parts, service))
        if known is not None and all(map(operator.is_, known[0], found)):
            return known[1]
        first = found[0]
        whole = {
            **first,
            "operations": _joined(data["operations"] for data in found),
            "aliases": _joined(data.get("aliases", {}) for data in found),
            "skipped": [item for data in found for item in data.get("skipped", ())],
        }
        plan = ServicePlan.from_json(whole, service)
        _merged[parts, service] = found, plan
        return plan


def operations(part: Part, service: str, library: Library) -> Mapping[str, Any]:
    """Return the names of the operations that one document of a service describes."""
    with _lock:
        found: Mapping[str, Any] = _data(part, service, library)["operations"]
        return found


def document(part: Part, library: Library) -> Any:
    """Return a document with its overlays merged over it. Raises DescriptionError."""
    whole = reading.parse(library.content(part.origin), part.origin)
    for overlay in part.overlays:
        whole = merge(whole, reading.parse(library.content(overlay), overlay))
    return whole


def forget() -> None:
    """Look at every document anew when it is next asked for, however alike it seems."""
    with _lock:
        _known.clear()


def _joined(mappings: Any) -> dict[str, Any]:
    return {name: value for mapping in mappings for name, value in mapping.items()}


def _data(part: Part, service: str, library: Library) -> dict[str, Any]:
    known = _known.get((part, service))
    if known is not None and all(library.stamp(o) == s for o, s in known.stamps.items()):
        return known.data
    target = diskcache.place("plans", "\n".join((service, part.origin, *part.overlays)))
    data = fresh(diskcache.read(target) or b"", library.content)
    if data is None:
        data = _compile(part, service, library)
        diskcache.write(target, dump(data).encode())
    stamps = {origin: library.stamp(origin) for origin in data["sources"]}
    _known[part, service] = _Known(stamps, data)
    return data


def _compile(part: Part, service: str, library: Library) -> dict[str, Any]:
    from agavepy.compiler import compile_document

    sources: dict[str, str] = {}

    def content(origin: str) -> bytes:
        found = library.content(origin)
        sources[origin] = digest(found)
        return found

    told: set[str] = set()

    def read(reference: str) -> Any:
        try:
            for one in (part.origin, *part.overlays):
                refuse_reference(reference, one)
            return reading.parse(content(reference), reference)
        except DescriptionError as error:
            if reference not in told:  # what refers to it is left out of the service
                told.add(reference)
                warnings.warn(str(error), stacklevel=2)
            raise

    for overlay in part.overlays:
        content(overlay)
    content(part.origin)
    origin = part.origin if ":" in part.origin.partition("/")[0] else Path(part.origin)
    data = compile_document(document(part, library), origin, service, read=read)
    if not data["operations"]:
        left = "".join(f"; {where}: {why}" for where, why in data.get("skipped", ())[:3])
        raise DescriptionError(f"{part.origin}: no operation of it can be called{left}")
    texts = {name: dump(operation) for name, operation in data["operations"].items()}
    return {**data, "operations": texts, "format": PLAN_FORMAT, "sources": sources}
