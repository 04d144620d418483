"""Small documents for tests, compiled as the loader compiles a user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests
import yaml

from agavepy.compiler import examine
from agavepy.lint import check
from agavepy.lowering import Note
from agavepy.operation import Service
from agavepy.plan import Plan, ServicePlan
from agavepy.request import build
from agavepy.transport import Transport

HOST = "http://tenant.example"
Document = dict[str, Any]
MODEL: Document = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Which."},
        "made": {"type": ["string", "null"], "format": "date-time"},
        "secret": {"type": "string", "writeOnly": True},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}},
    },
}


def openapi(paths: Document, version: str = "3.1.0", **more: Any) -> Document:
    return {
        "openapi": version,
        "info": {"title": "Things", "version": "1"},
        "paths": paths,
        **more,
    }


def swagger(paths: Document, **more: Any) -> Document:
    return {"swagger": "2.0", "info": {"title": "Things", "version": "1"}, "paths": paths, **more}


def operation(**more: Any) -> Document:
    return {"operationId": "call", "responses": {"200": {"description": "Done."}}, **more}


def compiled(document: Document, origin: Path | str = Path("things.yaml")) -> ServicePlan:
    """Return the plans as they are once they have been through a cache file."""
    data, _ = examine(document, origin)
    return ServicePlan.from_json(json.loads(json.dumps(data)))


def notes(document: Document) -> list[Note]:
    return examine(document, Path("things.yaml"))[1]


def sent(document: Document, name: str = "call", /, **arguments: Any) -> requests.PreparedRequest:
    """Return the request of one call of an operation of the document."""
    return build(compiled(document)[name], arguments, HOST)


def address(request: requests.PreparedRequest) -> str:
    """Return the address of a request without the host."""
    return str(request.url).removeprefix(HOST)


def content(request: requests.PreparedRequest) -> bytes:
    """Return the body of a request, streamed or not."""
    body: Any = request.body
    return body if isinstance(body, bytes) else b"".join(map(bytes, body))


def with_parameters(*parameters: Document, path: str = "/at") -> Document:
    return openapi({path: {"get": operation(parameters=list(parameters))}})


FINE: Document = {"responses": {"200": {"description": "Done."}}}


class Owner:
    """A client that makes no calls."""

    transport = Transport("http://tenant.example")

    def authenticator(self, security: str) -> None:
        """Return nothing: no call is made."""

    def service(self, name: str) -> Any:
        raise LookupError(name)


def service(document: Document) -> tuple[Service, ServicePlan]:
    plans = compiled(document)
    return Service(Owner(), plans), plans


def linted(tmp_path: Path, document: Document) -> str:
    file = tmp_path / "things.yaml"
    file.write_text(yaml.safe_dump(document))
    return "\n".join(str(f).removeprefix(f"{file}: ") for f in check(file))


def plan(document: Document, name: str = "call") -> Plan:
    return compiled(document)[name]


def answering(responses: Document, **more: Any) -> Document:
    return openapi({"/at": {"get": operation(responses=responses, **more)}})


def answer_of(kind: str, schema: Document | None = None) -> Document:
    return {"description": "D", "content": {kind: {"schema": schema or {}}}}


def taking(content: Document, **more: Any) -> Document:
    """Return a document whose operation takes a body of one of these media types."""
    body = {"content": content, **more}
    return openapi({"/at": {"post": operation(requestBody=body)}})
