"""Compile a document of any version into operation plans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from agavepy.errors import DescriptionError
from agavepy.lowering import Lowering, Note
from agavepy.naming import identifier
from agavepy.openapi3 import OpenApi3
from agavepy.shapes import mapping, text
from agavepy.swagger2 import Swagger2

Read = Callable[[str], Any]


def compile_document(
    document: Any, origin: Path | str, service: str = "", *, read: Read | None = None
) -> dict[str, Any]:
    """Compile a parsed document into JSON-able service data (see ``plan.ServicePlan.from_json``).

    ``origin`` is the file or URL that the document came from: relative references start there.
    ``service`` overrides the document's own name. ``read(url)`` returns another document that a
    reference leads to, parsed, and raises DescriptionError where it must not; without it, files
    beside the origin are read. The data's ``skipped`` lists the operations that cannot be called,
    as (where, why). Raises DescriptionError when the document is none.
    """
    return examine(document, origin, service, read=read)[0]


def examine(
    document: Any, origin: Path | str, service: str = "", *, read: Read | None = None
) -> tuple[dict[str, Any], list[Note]]:
    """Compile a document, and return as well what was made up for on the way."""
    lowering = _lowering(document, origin)(
        document, origin, service or service_name(document, origin), read
    )
    operations = {plan.name: plan.to_json() for plan in lowering.plans()}
    info = mapping(document.get("info"))
    data = {
        "service": lowering.service,
        "title": text(info.get("title")) or lowering.service,
        "description": text(info.get("description")),
        "operations": operations,
        "aliases": {k: v for k, v in lowering.aliases.items() if k not in operations},
        "skipped": lowering.skipped,
    }
    return data, list(dict.fromkeys(lowering.notes))


def service_name(document: Any, origin: Path | str) -> str:
    """Return the name of a document's service: its own, else that of its file as an identifier."""
    given = text(mapping(document).get("x-agavepy-service"))
    path = origin.name if isinstance(origin, Path) else unquote(urlsplit(origin).path)
    return given or identifier(PurePosixPath(path).stem) or "service"


def _lowering(document: Any, origin: Path | str) -> type[Lowering]:
    """Return what reads a document of this version. Raises DescriptionError where nothing does."""
    if not isinstance(document, dict):
        raise DescriptionError(f"{origin}: not a description: it is no mapping")
    swagger, openapi = str(document.get("swagger")), str(document.get("openapi"))
    if swagger != "2.0" and not openapi.startswith("3."):
        raise DescriptionError(
            f"{origin}: not a description that is known: it begins with neither `swagger: '2.0'` "
            "nor `openapi: 3.…`"
        )
    if not isinstance(document.get("paths"), dict) and (swagger == "2.0" or "3.0" in openapi[:3]):
        raise DescriptionError(f"{origin}: the document has no `paths`")
    return Swagger2 if swagger == "2.0" else OpenApi3
