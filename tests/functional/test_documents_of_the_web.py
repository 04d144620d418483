"""Documents from addresses of the web: how they are fetched and kept."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trustme

from agavepy import Agave, fetching
from agavepy.errors import DescriptionError
from tests.documents_support import (
    PAGE,
    TOKEN,
    Site,
    client,
    described_by,
    refused,
    swagger,
)
from tests.unit.loopback import DROP, Reply


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
