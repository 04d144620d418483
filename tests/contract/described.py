"""The documents as tests read them: the YAML itself, with nothing of the client's between."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agavepy import loader

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
BYTES = "application/octet-stream"

#: What the client of every test logs in with, and so what it has to send.
LOGIN: dict[str, Any] = {
    "username": "ada",
    "password": "pass:word ü",
    "api_key": "key",
    "api_secret": "secret",
    "token": "0123456789abcdef",
    "refresh_token": "fedcba9876543210",
    "client_name": "tests",
}


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


CREDENTIALS = {
    "bearer": f"Bearer {LOGIN['token']}",
    "user": _basic(LOGIN["username"], LOGIN["password"]),
    "client": _basic(LOGIN["api_key"], LOGIN["api_secret"]),
    "none": "",
}


@dataclass(frozen=True, eq=False)
class Described:
    """One operation as its document has it, references followed one level deep."""

    service: str
    name: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    responses: dict[int, dict[str, Any]]
    consumes: tuple[str, ...]
    produces: tuple[str, ...]
    credential: str
    envelope: str
    deprecated: bool

    @property
    def id(self) -> str:
        return f"{self.service}.{self.name}"

    def at(self, *places: str) -> list[dict[str, Any]]:
        return [parameter for parameter in self.parameters if parameter["in"] in places]

    @property
    def successes(self) -> list[int]:
        return [status for status in sorted(self.responses) if 200 <= status < 300]


@cache
def _file(path: Path) -> Any:
    """Return a document whose references have become (file, pointer) pairs."""
    loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(path.read_bytes(), Loader=loader_class)
    waiting, seen = [document], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            name, _, pointer = node["$ref"].partition("#")
            node["$ref"] = (path.parent / name if name else path, pointer)
        waiting += node.values() if isinstance(node, dict) else node
    return document


def follow(node: Any) -> dict[str, Any]:
    """Return a part of a document, or what it refers to."""
    while isinstance(node, dict) and "$ref" in node:
        file, pointer = node["$ref"]
        node = _file(file)
        for step in pointer.split("/")[1:]:
            node = node[step.replace("~1", "/").replace("~0", "~")]
    found: dict[str, Any] = node or {}
    return found


def properties(schema: Any) -> dict[str, Any]:
    """Return the properties of a schema, those that it takes over included."""
    schema = follow(schema)
    found: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        found |= properties(part)
    found |= schema.get("properties", {})
    return found


@cache
def operations(service: str) -> tuple[Described, ...]:
    return tuple(_operations(_file(loader.SPECS / f"{service}.yaml"), service))


def _operations(document: Any, service: str) -> Iterator[Described]:
    for path, item in document["paths"].items():
        for method in (method for method in METHODS if method in item):
            operation = item[method]
            given: dict[tuple[str, str], dict[str, Any]] = {}
            for raw in (*item.get("parameters", ()), *operation.get("parameters", ())):
                parameter = follow(raw)
                given[parameter["name"], parameter["in"]] = parameter
            yield Described(
                service=service,
                name=operation["operationId"],
                method=method.upper(),
                path=document.get("basePath", "").rstrip("/") + path.partition("#")[0],
                parameters=tuple(given.values()),
                responses={
                    int(status): follow(response)
                    for status, response in operation["responses"].items()
                    if str(status).isdigit()
                },
                consumes=tuple(operation.get("consumes", document.get("consumes", ()))),
                produces=tuple(operation.get("produces", document.get("produces", ()))),
                credential=_credential(document, operation),
                envelope=operation.get(
                    "x-agavepy-envelope", document.get("x-agavepy-envelope", "none")
                ),
                deprecated=operation.get("deprecated", False),
            )


def _credential(document: Any, operation: Any) -> str:
    requirements = operation.get("security", document.get("security", []))
    for requirement in requirements:
        for name in requirement:
            definition = document["securityDefinitions"][name]
            basic = "user" if definition["type"] == "basic" else "bearer"
            return str(definition.get("x-agavepy-credential", basic))
    return "none"


#: Every operation of every document.
EVERY = tuple(operation for service in loader.services() for operation in operations(service))
