"""Documents of others as tests read them: with nothing of the client's between.

They are read anew here (references, servers, media types, names), so that a mistake of the
compiler is not repeated by what it is held against.
"""

from __future__ import annotations

import json
import keyword
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "corpus"
#: Left by `make test` when npm could not reach its registry.
UNREACHABLE = FOLDER / "unreachable"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_EXAMPLES = FOLDER / "node_modules" / "@readme" / "oas-examples"
_OTHERS = (
    (FOLDER / "node_modules" / "@figma" / "rest-api-spec", "openapi/openapi.yaml"),
    (FOLDER / "python" / "tapipy" / "resources", "*.yml"),
)


def documents() -> list[Path]:
    """Return one file of each document: of those that come as JSON and as YAML, the JSON."""
    found = [*_EXAMPLES.glob("[23].*/json/**/*.json")]
    for folder, pattern in _OTHERS:
        found += folder.glob(pattern)
    return sorted(found)


def label(path: Path) -> str:
    """Return a short name of a document."""
    parts = path.relative_to(FOLDER).parts
    return "/".join(part for part in parts[-4:] if part not in ("json", "resources", "openapi"))


def read(path: Path) -> dict[str, Any]:
    """Parse a document."""
    if path.suffix == ".json":
        parsed: dict[str, Any] = json.loads(path.read_bytes())
    else:
        parsed = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return parsed


@dataclass(frozen=True, eq=False)
class Foreign:
    """One operation as its document has it."""

    document: dict[str, Any]
    method: str
    path: str
    operation: dict[str, Any]
    #: What it can be called by: its operationId, else its verb and path.
    spelling: str
    parameters: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    @property
    def is_swagger(self) -> bool:
        return "swagger" in self.document

    def follow(self, part: Any) -> dict[str, Any]:
        """Return a part, or what it refers to within the document."""
        seen = set()
        while isinstance(part, dict) and isinstance(part.get("$ref"), str):
            reference = part["$ref"]
            if reference in seen or not reference.startswith("#/"):
                return {}
            seen.add(reference)
            node: Any = self.document
            for step in reference[2:].split("/"):
                key = step.replace("~1", "/").replace("~0", "~").replace("%7B", "{")
                key = key.replace("%7D", "}")
                node = node[int(key)] if isinstance(node, list) else node.get(key, {})
            part = node
        return part if isinstance(part, dict) else {}

    def schema(self, parameter: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of a parameter, wherever its version has it."""
        content: dict[str, Any] = next(iter(parameter.get("content", {}).values()), {})
        return self.follow(parameter.get("schema") or content.get("schema") or parameter)

    def bodies(self) -> dict[str, dict[str, Any]]:
        """Return the media types of the body with what describes each."""
        if not self.is_swagger:
            found = self.follow(self.operation.get("requestBody")).get("content") or {}
            return {str(kind): part or {} for kind, part in found.items()}
        bodies = [p for (_, place), p in self.parameters.items() if place == "body"]
        consumes = self.operation.get("consumes") or self.document.get("consumes")
        kinds = consumes or ["application/json"]
        if not bodies:
            return {}
        if "application/json" in kinds:  # Swagger 2.0 has one schema for all types
            kinds = ["application/json"]
        return {kind: {"schema": bodies[0].get("schema", {})} for kind in kinds}


def operations(document: dict[str, Any]) -> list[Foreign]:
    """Return every operation of a document."""
    found = list(_operations(document))
    ids = Counter(str(item.operation.get("operationId", "")) for item in found)
    first: dict[str, tuple[str, str]] = {}
    for item in sorted(found, key=lambda item: (item.path, item.method)):
        first.setdefault(str(item.operation.get("operationId", "")), (item.path, item.method))
    named = []
    for item in found:
        given = str(item.operation.get("operationId") or "")
        keeps = given and (ids[given] == 1 or first[given] == (item.path, item.method))
        spelling = given if keeps else f"{item.method.upper()} {item.path}"
        named.append(
            Foreign(document, item.method, item.path, item.operation, spelling, item.parameters)
        )
    return named


def _operations(document: dict[str, Any]) -> Iterator[Foreign]:
    for path, raw in document.get("paths", {}).items():
        if path.startswith("x-"):
            continue
        finder = Foreign(document, "", path, {}, "")
        item = finder.follow(raw)
        for method in METHODS:
            if method not in item:
                continue
            operation = finder.follow(item[method])
            given: dict[tuple[str, str], dict[str, Any]] = {}
            for part in (*item.get("parameters", ()), *operation.get("parameters", ())):
                parameter = finder.follow(part)
                if parameter:
                    given[parameter["name"], parameter["in"]] = parameter
            for variable in re.findall(r"\{([^{}]*)\}", path):
                given.setdefault(
                    (variable, "path"), {"name": variable, "in": "path", "type": "string"}
                )
            kept = {
                (name, place): parameter
                for (name, place), parameter in given.items()
                if not (place == "path" and f"{{{name}}}" not in path)
                and not (
                    "openapi" in document
                    and place == "header"
                    and name.lower() in ("accept", "content-type", "authorization")
                )
            }
            yield Foreign(document, method, path, operation, "", kept)


def keywords(operation: Foreign) -> dict[tuple[str, str], str]:
    """Return the keyword of each parameter: its name, and its location where another has that."""
    order = ("path", "query", "header", "cookie", "formData", "body")
    names: dict[tuple[str, str], str] = {}
    for key in sorted(operation.parameters, key=lambda key: order.index(key[1])):
        wire, place = key
        names[key] = wire if wire not in names.values() else f"{wire}_{place}"
    return names


def is_keyword(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)
