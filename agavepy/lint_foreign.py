"""What the lint says of OpenAPI 3 documents besides the notes of the compiler.

Most of these come from others, so that their silence (no summary, no description) is not counted:
the rules of the bundled descriptions are those of ``lint``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agavepy import vendor
from agavepy.findings import Finding
from agavepy.references import References, parts
from agavepy.shapes import mapping


class ForeignCheck:
    """Walks one document for references that lead nowhere and extensions that mean nothing."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self.document = document
        self.references = References(path, document)

    def run(self) -> list[Finding]:
        """Return everything that is found."""
        found: list[Finding] = []
        for part, place in parts(self.document):
            where = place or "document"
            reference = part.get("$ref")
            if isinstance(reference, str) and not self.references.leads_somewhere(reference):
                advice = f"refers to {reference}, which is not there: correct it"
                found.append(Finding(str(self.path), where, advice))
            for fault in vendor.faults(part, self.kind(part, place)):
                found.append(Finding(str(self.path), where, fault))
        return found

    def kind(self, part: dict[str, Any], place: str) -> str:
        """Return what sort of part it is, as ``vendor`` calls it; "" where no extension stands."""
        if part is self.document:
            return "document"
        if place.startswith("components.securitySchemes."):
            return "security definition"
        if isinstance(part.get("in"), str) and "name" in part:
            return f"{part['in']} parameter"
        if "responses" in part:
            return "operation"
        if "content" in part and "description" in part:
            return "response"
        return str(part.get("format") or ("model" if mapping(part.get("properties")) else ""))
