"""Documents from addresses of the web: how they are fetched and kept, and what they cannot do."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import pickle
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from agavepy import Agave, fetching, reading
from agavepy.errors import CredentialsError, DescriptionError
from tests.documents_support import Site, operation, swagger
from tests.unit.loopback import DROP, Reply

TOKEN = "tenant-token-0123456789"
PAGE = "/docs/search.json"


@pytest.fixture
def tenant() -> Iterator[Site]:
    with Site() as running:
        yield running


def client(tenant: Site, **more: Any) -> Agave:
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


def test_an_address_gives_a_service_on_its_own_server(tenant: Site, site: Site) -> None:
    site.pages[PAGE] = swagger("find", basePath="/v1")
    ag = client(tenant, specs=[site.url + PAGE])
    assert ag.search.find() == {}
    assert site.requests[-1].target == "/v1/find"
    assert not tenant.requests
    assert TOKEN not in str(site.secrets)


def test_the_tenants_own_description_address_gives_a_service_with_its_token(tenant: Site) -> None:
    bearer = {
        "login": {"type": "oauth2", "flow": "implicit", "authorizationUrl": "/", "scopes": {}}
    }
    document = swagger("find", securityDefinitions=bearer, security=[{"login": []}])
    tenant.pages["/v3/search/openapi.json"] = document
    ag = client(tenant, specs={"search": f"{tenant.url}/v3/search/openapi.json"})
    ag.search.find()
    fetched, called = tenant.requests
    assert "Authorization" not in fetched.headers, "reading a description needs no token"
    assert called.headers["Authorization"] == f"Bearer {TOKEN}"


def test_yaml_and_references_to_the_same_server_are_read(tenant: Site, site: Site) -> None:
    site.pages["/docs/parts.yaml"] = "term: {name: term, in: query, type: integer, required: true}"
    site.pages["/docs/search.yaml"] = json.dumps(described_by("parts.yaml#/term"))
    ag = client(tenant, specs=[f"{site.url}/docs/search.yaml"])
    assert ag.search.find(term=3) == {}
    assert site.requests[-1].target == "/find?term=3"


def test_a_page_is_fetched_once_for_all_clients_of_a_process(tenant: Site, site: Site) -> None:
    site.pages[PAGE] = swagger("find")
    for _ in range(3):
        client(tenant, specs={"search": site.url + PAGE}).search.find()
    assert len(site.asked(PAGE)) == 1


def test_nothing_is_fetched_before_it_is_needed(tenant: Site, site: Site) -> None:
    site.pages[PAGE] = swagger("find")
    ag = client(tenant, specs={"search": site.url + PAGE})
    assert "search" in dir(ag)
    ag.files  # noqa: B018 - asking for it is the test
    assert not site.requests


def test_a_changed_page_is_picked_up_and_an_unchanged_one_not_sent_again(
    tenant: Site, site: Site
) -> None:
    site.pages[PAGE] = swagger("find")
    ag = client(tenant, specs={"search": site.url + PAGE})
    assert "find" in dir(ag.search)
    ag.reload_services()
    assert "find" in dir(ag.search)
    first, second = site.asked(PAGE)
    assert "If-None-Match" not in first.headers
    assert "If-None-Match" in second.headers
    site.pages[PAGE] = swagger("seek")
    assert "find" in dir(ag.search)
    ag.reload_services()
    assert "seek" in dir(ag.search)


def test_a_page_is_asked_about_again_when_it_is_no_longer_fresh(
    tenant: Site, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages[PAGE] = swagger("find")
    assert "find" in dir(client(tenant, specs={"search": site.url + PAGE}).search)
    site.pages[PAGE] = swagger("seek")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + fetching.FRESH_S + 1)
    assert "seek" in dir(client(tenant, specs={"search": site.url + PAGE}).search)


def test_another_process_works_without_the_network_by_what_was_kept(
    tenant: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    program = (
        "import sys, warnings\nfrom agavepy import Agave\n"
        "with warnings.catch_warnings(record=True) as told:\n"
        "    warnings.simplefilter('always')\n"
        "    service = Agave(specs={'search': sys.argv[1]}).search\n"
        "    print('find' in dir(service), *(item.message for item in told))\n"
    )

    def run(url: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, url], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    with Site() as site:
        url = site.url + PAGE
        site.pages[PAGE] = swagger("find")
        assert run(url) == "True"
        assert run(url) == "True"
        assert [bool(seen.headers.get("If-None-Match")) for seen in site.requests] == [False, True]
        site.pages[PAGE] = Reply(503)
        assert run(url).startswith("True http://127.0.0.1:")
        site.pages[PAGE] = Reply(404)
        refused(Agave(specs=[]), url, "404")
    assert "the last copy is used" in run(url)
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    for path in kept:
        path.write_text("torn{")
    with pytest.raises(AssertionError, match="cannot read the description"):
        run(url)


def test_a_page_that_is_not_there_is_an_error_that_names_it(tenant: Site, site: Site) -> None:
    site.pages[PAGE] = Reply(404, b"nothing here")
    refused(client(tenant), site.url + PAGE, r"search\.json: .*404.*nothing here")
    site.pages[PAGE] = "<html>welcome</html>"
    refused(client(tenant), site.url + PAGE, "is no whole description")
    site.answer = lambda _: DROP
    refused(client(tenant), f"{site.url}/gone.json", r"cannot read the description .*gone\.json")


def test_a_page_that_cannot_be_had_is_waited_for_once_and_had_as_soon_as_it_is_there(
    tenant: Site, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = site.url + PAGE
    site.pages[PAGE] = Reply(404)
    ag = client(tenant, specs={"search": url})
    with pytest.raises(DescriptionError, match="404"):
        ag.search  # noqa: B018 - asking for it is the test
    refused(client(tenant), url, "404")
    assert len(site.asked(PAGE)) == 2, "once for each client"
    site.pages[PAGE] = swagger("find")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 1)
    assert ag.search.find() == {}
    fetching._pages.clear()
    site.pages[PAGE] = Reply(404)
    other = client(tenant)
    refused(other, url, "404")
    site.pages[PAGE] = swagger("find")
    assert other.add_service("search", url).find() == {}


def test_verify_and_proxies_hold_for_documents(
    tenant: Site, site: Site, other: Site, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    site.wrap(context)
    url = site.url.replace("http:", "https:") + PAGE
    site.pages[PAGE] = swagger("find")
    refused(client(tenant), url, "certificate .* was not accepted")
    ag = client(tenant, specs={"search": url}, verify=str(tmp_path / "ca.pem"))
    assert ag.search.find() == {}
    other.answer = lambda seen: Reply(body=json.dumps(swagger("find")).encode())
    ag = client(
        tenant, specs={"search": f"http://documents.example{PAGE}"}, proxies={"http": other.url}
    )
    assert "find" in dir(ag.search)
    assert other.requests[-1].target == f"http://documents.example{PAGE}"


# What a hostile document tries, one test for each.


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


def test_references_that_multiply_are_read_within_a_second(tenant: Site, site: Site) -> None:
    models: dict[str, Any] = {"m8": {"type": "object", "properties": {"x": {"type": "string"}}}}
    for level in range(8):
        inner = {f"p{n}": {"$ref": f"#/definitions/m{level + 1}"} for n in range(10)}
        models[f"m{level}"] = {"type": "object", "properties": inner}
    document = swagger("find", definitions=models)
    body = {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/m0"}}
    answer = {"200": {"description": "Done.", "schema": {"$ref": "#/definitions/m0"}}}
    document["paths"]["/find"]["post"] = operation("make", parameters=[body], responses=answer)
    site.pages[PAGE] = document
    ag = client(tenant)
    start = time.process_time()
    assert ag.add_service("search", site.url + PAGE).make(body={"p0": {}}) == {}
    assert ag.search.make.__doc__
    assert time.process_time() - start < 1


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
