"""Small documents for tests, and a web server that hands out whatever a test puts on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from agavepy import Agave
from agavepy.errors import DescriptionError
from tests.unit.loopback import Loopback, Reply, Seen

TOKEN = "tenant-token-0123456789"
PAGE = "/docs/search.json"


def operation(name: str, **more: Any) -> dict[str, Any]:
    """Return an operation that answers anything."""
    return {
        "operationId": name,
        "summary": f"Do {name}",
        "responses": {"200": {"description": "Done.", "schema": {"type": "object"}}},
        **more,
    }


def swagger(*names: str, **more: Any) -> dict[str, Any]:
    """Return a Swagger 2.0 document with one GET operation of each name, at ``/<name>``."""
    return {
        "swagger": "2.0",
        "info": {"title": "A test's own", "version": "1"},
        "paths": {f"/{name}": {"get": operation(name)} for name in names},
        **more,
    }


class Site(Loopback):
    """A web server with pages, by path; what else is asked for is answered as JSON ``{}``.

    A page is a document, the text of one, or a Reply. Unchanged documents are told by their ETag.
    """

    def __init__(self) -> None:
        super().__init__(self._page)
        self.pages: dict[str, Any] = {}
        self.answers: dict[str, Any] = {}

    def asked(self, path: str) -> list[Seen]:
        """Return the requests for a path."""
        return [seen for seen in self.requests if urlsplit(seen.target).path == path]

    @property
    def secrets(self) -> list[str]:
        """Return everything that arrived here, as one text for each request."""
        return [f"{seen.target} {dict(seen.headers)} {seen.body!r}" for seen in self.requests]

    def __enter__(self) -> Site:
        super().__enter__()
        return self

    def _page(self, seen: Seen) -> Reply:
        path = urlsplit(seen.target).path
        page = self.pages.get(path)
        if page is None:
            return Reply(body=json.dumps(self.answers.get(path, {})).encode())
        if isinstance(page, Reply):
            return page
        content = page.encode() if isinstance(page, str) else json.dumps(page).encode()
        etag = f'"{hash(content)}"'
        if seen.headers.get("If-None-Match") == etag:
            return Reply(304, b"", {"ETag": etag})
        return Reply(200, content, {"ETag": etag})


def write(path: Path, document: Any) -> Path:
    """Write a document to a file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def client(tenant: Site, **more: Any) -> Agave:
    """Return a client of a tenant with a token."""
    return Agave(api_server=tenant.url, token=TOKEN, **more)


def described_by(reference: str) -> dict[str, Any]:
    """Return a document whose only operation takes a parameter that is elsewhere."""
    document = swagger()
    document["paths"]["/find"] = {"get": operation("find", parameters=[{"$ref": reference}])}
    return document


def refused(ag: Agave, url: str, said: str) -> None:
    """Check that a document is refused."""
    with pytest.raises(DescriptionError, match=said):
        ag.add_service("search", url)


def left_out(ag: Agave, source: Any, said: str) -> None:
    """Check that what a document refers to is not read, that this is told, and all else works."""
    with pytest.warns(UserWarning, match=said):
        service = ag.add_service("search", source)
    assert service.find.plan.parameters == ()
    assert service.find() == {}
