"""Where the operations of one's own documents are, and that a document cannot choose it alone."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import agavepy.compiler  # noqa: F401 - what a process loads once is not the document's cost
from agavepy import Agave, compiled
from agavepy.errors import CredentialsError, DescriptionError
from tests.documents_support import TOKEN, Site, client, swagger, write


def at(site: Site, base: str = "", secured: bool = False, **more: Any) -> dict[str, Any]:
    """Return a document whose operation ``find`` is at a server, and takes a token if secured."""
    bearer = {"type": "oauth2", "flow": "password", "tokenUrl": "/token", "scopes": {}}
    security = {"securityDefinitions": {"login": bearer}, "security": [{"login": []}]}
    where = {"schemes": ["http"], "host": f"127.0.0.1:{site.port}", "basePath": base or "/"}
    return swagger("find", **where, **(security if secured else {}), **more)


def test_a_document_that_names_no_server_is_the_tenants(tenant: Site, tmp_path: Path) -> None:
    security = {k: v for k, v in at(tenant, secured=True).items() if k.startswith("security")}
    path = write(tmp_path / "search.json", swagger("find", basePath="/search/v1", **security))
    client(tenant, specs=[path]).search.find()
    assert tenant.requests[-1].target == "/search/v1/find"
    assert tenant.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    prefixed = Agave(api_server=f"{tenant.url}/prefix/", token=TOKEN, specs=[path])
    prefixed.search.find()
    assert tenant.requests[-1].target == "/prefix/search/v1/find"


def test_a_document_that_was_given_says_where_its_service_is(tenant: Site, other: Site) -> None:
    ag = client(tenant)
    ag.add_service("search", at(other, "/v1"))
    assert ag.search.find() == {}
    assert [seen.target for seen in other.requests] == ["/v1/find"]
    assert not tenant.requests
    assert ag.search.find.uri == f"{other.url}/v1/find"


def test_a_document_that_was_only_found_cannot_send_requests_elsewhere(
    tenant: Site, other: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(Path(os.environ["HOME"], ".agave", "specs", "house.json"), at(other, "/v1", secured=True))
    monkeypatch.setenv("AGAVEPY_SPECS", str(tmp_path))
    write(tmp_path / "variable.json", at(other, "/v2", secured=True))
    ag = client(tenant)
    ag.house.find()
    ag.variable.find()
    assert [seen.target for seen in tenant.requests] == ["/v1/find", "/v2/find"]
    assert not other.requests


def test_the_tenants_token_does_not_go_to_the_server_of_a_document(
    tenant: Site, other: Site
) -> None:
    ag = client(tenant)
    ag.add_service("search", at(other, secured=True))
    with pytest.raises(
        CredentialsError, match=r"search\.find needs a credential.*'login'"
    ) as caught:
        ag.search.find()
    assert f"{other.url}, where the tenant's own credentials are not sent" in str(caught.value)
    assert TOKEN not in str(caught.value)
    ag.add_service("open", at(other))
    ag.open.find()
    assert TOKEN not in str(other.secrets)


def test_the_token_goes_where_the_user_trusts_it_to(tenant: Site, other: Site) -> None:
    ag = client(tenant)
    for trust in (other.url, [f"{other.url}/path"], True):
        ag.add_service("search", at(other, secured=True), trust=trust)
        ag.search.find()
        assert other.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    ag = client(tenant, specs={"search": at(other, secured=True)}, trust={"search": other.url})
    ag.search.find()
    assert len(other.requests) == 4
    for elsewhere in (tenant.url, f"https://127.0.0.1:{other.port}", "https://example.org", False):
        ag.add_service("search", at(other, secured=True), trust=elsewhere)
        with pytest.raises(CredentialsError):
            ag.search.find()
    assert len(other.requests) == 4


def test_a_redirect_from_the_tenant_does_not_take_the_token_to_another_server(
    tenant: Site, other: Site
) -> None:
    from tests.unit.loopback import Reply

    ag = client(tenant)
    ag.add_service("search", at(tenant, secured=True))
    tenant.pages["/find"] = Reply(302, b"", {"Location": f"{other.url}/take"})
    ag.search.find()
    assert [seen.target for seen in other.requests] == ["/take"]
    assert TOKEN not in str(other.secrets)


def test_the_user_says_where_a_service_is(tenant: Site, other: Site) -> None:
    ag = client(tenant)
    ag.add_service("search", at(other, "/v1", secured=True), server=f"{tenant.url}/mirror/")
    ag.search.find()
    assert tenant.requests[-1].target == "/mirror/find"
    assert TOKEN in tenant.requests[-1].headers["Authorization"]
    assert not other.requests


def test_a_relative_server_begins_where_the_document_came_from(tenant: Site, other: Site) -> None:
    """As OpenAPI reads it; what is no address of the web is no place to call."""
    addresses = {
        "v1": f"{other.url}/docs/v1/find",
        "./v1/": f"{other.url}/docs/v1/find",
        "../v1": f"{other.url}/v1/find",
        "/v1": f"{other.url}/v1/find",
        "": f"{other.url}/find",
        f"//127.0.0.1:{tenant.port}/v2": f"{tenant.url}/v2/find",
        "{base}/x": f"{other.url}/docs/y/x/find",
    }
    for number, (server, expected) in enumerate(addresses.items()):
        document = swagger("find", openapi="3.0.3")
        del document["swagger"]
        document["servers"] = [{"url": server, "variables": {"base": {"default": "y"}}}]
        other.pages[f"/docs/{number}.json"] = document
        service = client(tenant).add_service("search", f"{other.url}/docs/{number}.json")
        assert service.find.uri == expected
    for server in ("ws://example.org/v1", "http://[bad/"):
        document = swagger("find", openapi="3.0.3", servers=[{"url": server}])
        del document["swagger"]
        with pytest.raises(DescriptionError, match="no address"):
            client(tenant).add_service("search", document).find()
    assert not tenant.requests


def test_a_service_can_be_called_without_any_tenant(other: Site) -> None:
    ag = Agave(specs={"search": at(other, "/v1")})
    assert ag.search.find() == {}
    with pytest.raises(CredentialsError, match="does not know its tenant"):
        Agave(specs={"search": swagger("find")}).search.find()


def test_services_on_the_tenants_server_share_its_connections(tenant: Site) -> None:
    ag = client(tenant)
    ag.add_service("one", at(tenant, "/one"))
    ag.add_service("two", at(tenant, "/two"))
    ag.one.find()
    ag.two.find()
    assert tenant.connections == 1


def test_a_bravado_client_goes_to_the_same_server_with_the_same_credential(
    tenant: Site, other: Site
) -> None:
    ag = client(tenant)
    ag.add_service("search", at(other, "/v1", secured=True), auth="own-token")
    group = ag.swagger_client("search").find
    assert group.find().response().metadata.status_code == 200
    assert other.requests[-1].target == "/v1/find"
    assert other.requests[-1].headers["Authorization"] == "Bearer own-token"
    assert not tenant.requests


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Keep what all other tests have left from being looked through while time is measured."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_two_hundred_operations_are_there_at_once_and_again_from_the_cache(
    tenant: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bounds are 400 ms and 30 ms; three times as much is no accident of a busy machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    term = {"name": "term", "in": "query", "type": "string", "description": "What to look for."}
    document = swagger(*(f"find{number}" for number in range(200)))
    for item in document["paths"].values():
        item["get"]["parameters"] = [{**term, "name": f"term{n}"} for n in range(5)]
    path = tmp_path / "large.yaml"
    path.write_text(yaml.safe_dump(document))
    plans = []
    for bound_s in (1.2, 0.03, 0.09):
        start = time.process_time()
        plans.append(client(tenant, specs=[path]).large._plan)
        assert time.process_time() - start < bound_s
        if bound_s == 0.03:
            compiled.forget()
            monkeypatch.setattr(compiled, "_merged", {})
    assert plans[0] is plans[1], "the second client of a process shares what the first has made"
    assert plans[2] is not plans[0]
    assert len(plans[2]) == 200
