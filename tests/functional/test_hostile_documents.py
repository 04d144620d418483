"""What a hostile document tries, one test for each."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import pickle
import socket
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from agavepy import fetching, reading
from agavepy.errors import CredentialsError, DescriptionError
from tests.documents_support import (
    PAGE,
    Site,
    client,
    described_by,
    left_out,
    operation,
    refused,
    swagger,
)
from tests.unit.loopback import Reply


def test_a_document_of_the_web_cannot_pull_files(tenant: Site, site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"term": {"name": "hunter2", "in": "query", "type": "string"}}))
    for number, reference in enumerate((f"{secret.as_uri()}#/term", f"file:{secret}#/term")):
        page = f"/docs/{number}.json"
        site.pages[page] = described_by(reference)
        left_out(client(tenant), site.url + page, "may refer to its own server only")


def test_a_document_of_the_web_cannot_pull_from_other_servers(
    tenant: Site, site: Site, other: Site
) -> None:
    other.pages["/parts.json"] = {"term": {"name": "term", "in": "query", "type": "string"}}
    addresses = (
        other.url,
        f"http://localhost:{other.port}",
        f"//127.0.0.1:{other.port}",
        f"http://user@127.0.0.1:{other.port}",
    )
    for number, address in enumerate(addresses):
        page = f"/docs/{number}.json"
        site.pages[page] = described_by(f"{address}/parts.json#/term")
        left_out(client(tenant), site.url + page, "may refer to its own server only")
    assert not other.requests


def test_a_part_cannot_lead_on_to_where_the_document_may_not(
    tenant: Site, site: Site, other: Site
) -> None:
    site.pages["/docs/parts.json"] = {"term": {"$ref": f"{other.url}/parts.json#/term"}}
    site.pages[PAGE] = described_by("parts.json#/term")
    left_out(client(tenant), site.url + PAGE, "may refer to its own server only")
    assert not other.requests


def test_redirects_lead_to_no_other_server(tenant: Site, site: Site, other: Site) -> None:
    other.pages[PAGE] = swagger("find")
    targets = (
        other.url + PAGE,
        f"http://localhost:{other.port}{PAGE}",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    )
    for number, target in enumerate(targets):
        page = f"/moved/{number}"
        site.pages[page] = Reply(302, b"", {"Location": target})
        refused(client(tenant), site.url + page, "another server, which is not followed")
    assert not other.requests
    site.pages["/moved/parts.json"] = Reply(302, b"", {"Location": f"{other.url}/parts.json"})
    site.pages[PAGE] = described_by("/moved/parts.json#/term")
    left_out(client(tenant), site.url + PAGE, "another server, which is not followed")
    assert not other.requests


def test_redirects_within_a_server_are_followed_up_to_a_bound(tenant: Site, site: Site) -> None:
    site.pages["/moved"] = Reply(301, b"", {"Location": PAGE})
    site.pages[PAGE] = swagger("find")
    assert client(tenant, specs={"search": f"{site.url}/moved"}).search.find() == {}
    site.pages["/round"] = Reply(302, b"", {"Location": "/round"})
    refused(client(tenant), f"{site.url}/round", "redirects more than")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"]
)
def test_a_public_name_that_leads_into_the_machine_is_not_asked(
    address: str, tenant: Site, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are looked up by the system, so this is the place where another answer is given."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, site.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    refused(client(tenant), f"http://docs.example:{site.port}{PAGE}", f"leads to {address}")
    assert not site.requests


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_into_the_machine_only_when_it_is_connected_to_is_not_asked(
    scheme: str, tenant: Site, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever owns a name may answer each time that it is looked up with another address."""
    addresses = itertools.cycle(["203.0.113.7", "127.0.0.1"])

    def look_up(*_: Any, **__: Any) -> list[Any]:
        where = (next(addresses), site.port)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    refused(client(tenant), f"{scheme}://docs.example:{site.port}{PAGE}", "leads to 127.0.0.1")
    assert not site.requests


def test_a_document_of_a_file_cannot_pull_from_the_web(
    tenant: Site, other: Site, tmp_path: Path
) -> None:
    other.pages["/parts.json"] = {"term": {"name": "term", "in": "query", "type": "string"}}
    path = tmp_path / "search.json"
    path.write_text(json.dumps(described_by(f"{other.url}/parts.json#/term")))
    left_out(client(tenant), str(path), "may refer to files only")
    (tmp_path / "parts.json").write_text(json.dumps(other.pages["/parts.json"]))
    path.write_text(json.dumps(described_by("parts.json#/term")))
    ag = client(tenant)
    assert ag.add_service("search", path).find(term="x") == {}


def test_a_document_in_memory_pulls_nothing(tenant: Site, other: Site) -> None:
    for reference in (f"{other.url}/parts.json#/term", "file:///etc/passwd#/x", "parts.json#/term"):
        left_out(client(tenant), described_by(reference), "the document is in memory")
    assert not other.requests


def test_an_overlay_of_the_web_gives_a_document_no_more_rights(
    tenant: Site, site: Site, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"term": {"name": "hunter2", "in": "query", "type": "string"}}))
    (tmp_path / "search.json").write_text(json.dumps(swagger("find")))
    patch = {"paths": {"/find": {"get": {"parameters": [{"$ref": f"{secret.as_uri()}#/term"}]}}}}
    site.pages["/overlay.json"] = patch
    documents = [tmp_path / "search.json", f"{site.url}/overlay.json"]
    left_out(client(tenant), documents, "may refer to its own server only")


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "compressed"])
def test_a_page_without_end_is_read_to_a_bound(packed: bool, tenant: Site, site: Site) -> None:
    content = b" " * (reading.MOST_BYTES + 1)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    site.pages[PAGE] = Reply(200, gzip.compress(content, 1) if packed else content, headers)
    refused(client(tenant), site.url + PAGE, "larger than 20 MiB")


def multiplying(levels: int) -> dict[str, Any]:
    """Return a document whose models stand for ``10**levels`` once they are written out."""
    models: dict[str, Any] = {
        f"m{levels}": {"type": "object", "properties": {"x": {"type": "string"}}}
    }
    for level in range(levels):
        inner = {f"p{n}": {"$ref": f"#/definitions/m{level + 1}"} for n in range(10)}
        models[f"m{level}"] = {"type": "object", "properties": inner}
    document = swagger("find", definitions=models)
    body = {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/m0"}}
    answer = {"200": {"description": "Done.", "schema": {"$ref": "#/definitions/m0"}}}
    document["paths"]["/find"]["post"] = operation("make", parameters=[body], responses=answer)
    return document


def test_references_that_multiply_do_not_multiply_the_work(tenant: Site, site: Site) -> None:
    costs: list[float] = []
    for levels in (1, 1, 8):  # the first one pays for what is imported
        page = f"/docs/{len(costs)}.json"
        site.pages[page] = multiplying(levels)
        ag = client(tenant)
        start = time.process_time()
        assert ag.add_service("search", site.url + page).make(body={"p0": {}}) == {}
        assert ag.search.make.__doc__
        costs.append(time.process_time() - start)
    assert costs[2] < 50 * costs[1], "ten million times the models"


def test_a_document_of_the_web_cannot_have_secrets_sent_to_a_third_server(
    tenant: Site, site: Site, other: Site
) -> None:
    login = {"type": "oauth2", "flow": "password", "tokenUrl": f"{other.url}/token", "scopes": {}}
    site.pages[PAGE] = swagger(
        "find", securityDefinitions={"login": login}, security=[{"login": []}]
    )
    ag = client(tenant)
    ag.add_service("search", site.url + PAGE, auth={"username": "ada", "password": "hunter2"})
    with pytest.raises(CredentialsError, match="no secret goes there: trust="):
        ag.search.find()
    assert not other.requests
    assert "hunter2" not in str(site.secrets)


@pytest.mark.parametrize("place", ["default", "example", "enum", "model"])
def test_a_document_cannot_have_bravado_fetch_what_it_hides(
    place: str, tenant: Site, other: Site
) -> None:
    hidden = {"$ref": f"{other.url}/parts.json"}
    other.pages["/parts.json"] = {"type": "object"}
    if place == "default":
        answers = {"default": {"description": "All else.", "schema": hidden}}
        document = swagger()
        document["paths"]["/find"] = {"get": operation("find", responses=answers)}
    elif place == "model":
        document = swagger("find", definitions={"default": hidden})
    else:
        value = [hidden] if place == "enum" else hidden
        document = swagger("find", definitions={"Hit": {"type": "object", place: value}})
    ag = client(tenant)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # our own reader says that it left it out
        ag.add_service("search", document)
    with pytest.raises(DescriptionError, match="where bravado would go unasked"):
        ag.swagger_client("search")
    assert not other.requests


class Bomb:
    """What makes a directory when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.made),)


def test_nothing_that_is_kept_is_unpickled(
    tenant: Site, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    site.pages[PAGE] = swagger("find")
    ag = client(tenant, specs={"search": site.url + PAGE})
    assert ag.search.find() == {}
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert {path.parent.name for path in kept} == {"plans", "documents"}
    for path in kept:
        path.write_bytes(pickle.dumps(Bomb(tmp_path / "made")))
    fetching._pages.clear()
    ag.reload_services()
    assert ag.search.find() == {}
    assert not (tmp_path / "made").exists()
