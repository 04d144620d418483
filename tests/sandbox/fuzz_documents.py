"""What schemathesis needs of a description: one document that refers to nothing outside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agavepy.reading import read_document

_SHARED = ("parameters", "responses", "definitions")


def bundled(path: Path, jobs: str = "classic") -> dict[str, Any]:
    """Return the document at ``path`` with what it takes from files beside it put into it.

    References become plain ones to ``definitions``; parameters and responses stand where they are
    used; answers that the model ``jobs`` of jobs has apart from others are those of that model.
    Nothing else is changed.
    """
    apart = f"x-agavepy-{jobs}"
    files: dict[Path, Any] = {}
    definitions: dict[str, Any] = {}

    def read(file: Path) -> Any:
        if file not in files:
            files[file] = read_document(file)
        return files[file]

    def moved(node: Any, base: Path) -> Any:
        if isinstance(node, list):
            return [moved(child, base) for child in node]
        if not isinstance(node, dict):
            return node
        if apart in node:
            node = {**node, "schema": node[apart]}
        if not isinstance(node.get("$ref"), str):
            return {key: moved(value, base) for key, value in node.items()}
        name, _, pointer = node["$ref"].partition("#")
        file = base.parent / name if name else base
        kind, _, key = pointer.lstrip("/").partition("/")
        if kind != "definitions":
            return moved(read(file)[kind][key], file)
        model = key if file == path else f"{file.stem}.{key}"
        if model not in definitions:
            definitions[model] = None  # a model may nest itself
            definitions[model] = moved(read(file)[kind][key], file)
        return {"$ref": f"#/definitions/{model}"}

    document = {key: moved(part, path) for key, part in read(path).items() if key not in _SHARED}
    return {**document, "definitions": definitions}
