"""What a document of somebody else costs before its first call: compiled, and from the cache."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import Line, account

OPERATIONS = 200
ROUNDS = 5
#: Prints the seconds of CPU that the first plan of a service takes a program with a client.
PROGRAM = """
import os, sys, time
from pathlib import Path
from agavepy import Agave, loader
os.environ["XDG_CACHE_HOME"] = sys.argv[2]
started = time.process_time()
plans = loader.load(Path(sys.argv[1]))
plan = plans["get_7"]
seconds = time.process_time() - started
assert len(plans) == int(sys.argv[3]) and plan.parameters and plan.answer.fields
print(seconds)
"""


def document(operations: int = OPERATIONS) -> dict[str, Any]:
    """Return an OpenAPI 3 document of so many operations, as wordy as those of real services."""
    text = "What this is for, its unit, and what a caller has to know of it before a call."
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for number in range(operations // 2):
        model = f"Model{number}"
        schemas[model] = {
            "type": "object",
            "description": text,
            "required": ["id", "name"],
            "properties": {
                **{
                    f"field{field}": {"type": "string", "description": text}
                    for field in range(number % 12)
                },
                "id": {"type": "string", "format": "uuid", "readOnly": True, "description": text},
                "name": {"type": "string", "maxLength": 80, "description": text},
                "state": {"type": "string", "enum": ["NEW", "READY", "GONE"]},
                "created": {"type": "string", "format": "date-time", "description": text},
                **(
                    {"owner": {"$ref": f"#/components/schemas/Model{number - 1}"}}
                    if number % 3
                    else {}
                ),
            },
        }
        whole = {"schema": {"$ref": f"#/components/schemas/{model}"}}
        answer = {"description": text, "content": {"application/json": whole}}
        refused = {str(code): {"description": text} for code in (400, 401, 403, 404)}
        common = {"tags": ["things"], "summary": text[:60], "description": text}
        paths[f"/v1/{model}/{{id}}"] = {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "get": {
                **common,
                "operationId": f"get_{number}",
                "parameters": [
                    {
                        **{"name": name, "in": "query", "description": text},
                        "schema": {"type": "integer", "minimum": 0},
                    }
                    for name in ("limit", "offset", "depth")
                ],
                "responses": {"200": answer, **refused},
            },
            "put": {
                **common,
                "operationId": f"put_{number}",
                "requestBody": {"required": True, "content": {"application/json": whole}},
                "responses": {"200": answer, **refused},
            },
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "A service", "version": "1", "description": text},
        "servers": [{"url": "https://service.example/api"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def seconds(path: Path, cache: str) -> float:
    """Return what the service costs a fresh process, in seconds of CPU."""
    return float(account(PROGRAM, str(path), cache, str(OPERATIONS)).output)


def costs(suffix: str, rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the least seconds that a document in YAML or JSON takes: at first, and cached."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"service.{suffix}")
        dump = json.dumps if suffix == "json" else yaml.safe_dump
        path.write_text(dump(document()))
        first = min(seconds(path, f"{folder}/cache{n}") for n in range(rounds))
        return first, min(seconds(path, f"{folder}/cache0") for _ in range(rounds))


def run() -> Iterator[Line]:
    """Measure in fresh processes and yield the lines."""
    for suffix in ("yaml", "json"):
        first, again = costs(suffix)
        yield Line(
            f"a document of {OPERATIONS} operations in {suffix.upper()}, first use: CPU",
            f"{first * 1000:.0f} ms",
            "≤ 400 ms",
        )
        yield Line("the same from the cache", f"{again * 1000:.0f} ms", "≤ 30 ms")
