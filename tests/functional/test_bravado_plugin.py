"""bravado's own clients with the auth plugin, and through a client of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bravado.exception
import pytest
from bravado.client import SwaggerClient
from bravado.requests_client import RequestsClient

from agavepy import loader
from agavepy.agave import Agave
from agavepy.auth.authenticators import UserBasic
from agavepy.auth.bravado import BravadoAuthenticator
from agavepy.sandbox import Sandbox


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def sandbox(lines: list[str]) -> Iterator[Sandbox]:
    with Sandbox(check_answers=True, log=lines.append) as running:
        yield running


def plain(sandbox: Sandbox, service: str, ag: Agave) -> Any:
    """Return a client that has nothing of ours but the description and the plugin."""
    http_client = RequestsClient()
    bearer = ag.authenticator("bearer")
    assert bearer is not None
    http_client.authenticator = BravadoAuthenticator(bearer, sandbox.url)
    scheme, _, host = sandbox.url.partition("://")
    document = {**loader.document(service), "schemes": [scheme], "host": host}
    origin = (loader.SPECS / f"{service}.yaml").as_uri()
    from_spec: Any = SwaggerClient.from_spec
    return from_spec(document, origin, http_client, {"validate_responses": False})


def test_plain_bravado_with_the_plugin_is_logged_in(sandbox: Sandbox) -> None:
    profiles = plain(sandbox, "profiles", sandbox.client("ada")).profiles
    assert profiles.get().response().result.result.username == "ada"


def test_plain_bravado_with_the_plugin_survives_an_expired_token(
    sandbox: Sandbox, lines: list[str]
) -> None:
    ag = sandbox.client("ada")
    profiles = plain(sandbox, "profiles", ag).profiles
    before = ag._token
    sandbox.tenant.clock.advance(20_000)
    assert profiles.get().response().result.result.username == "ada"
    assert ag._token != before
    assert [line.split()[0] for line in lines] == ["GET", "POST", "GET"]


def test_plain_bravado_never_sends_the_fragment_of_an_operation(
    sandbox: Sandbox, lines: list[str]
) -> None:
    actors = plain(sandbox, "actors", sandbox.client("ada")).actors
    (echo,) = actors.list().response().result.result
    for send, given in (
        ("sendMessage", {"body": {"a": 1}}),
        ("sendBinaryMessage", {"message": "x"}),
    ):
        answer = getattr(actors, send)(actorId=echo["id"], **given).response().result
        assert answer.result.executionId
        assert lines[-1].startswith(f"POST /actors/v2/{echo['id']}/messages 200")


def test_the_plugin_gives_nothing_to_another_server(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    bearer = ag.authenticator("bearer")
    assert bearer is not None
    plugin = BravadoAuthenticator(bearer, sandbox.url)
    assert plugin.matches(sandbox.url + "/x")
    for other in (sandbox.url.replace("http:", "https:"), "http://127.0.0.1:1", "http://h"):
        assert not plugin.matches(other + "/x")
    assert str(ag._token) not in repr(plugin)


def test_the_plugin_carries_any_kind_of_credential(sandbox: Sandbox) -> None:
    plugin = BravadoAuthenticator(UserBasic("ada", "ada", sandbox.url), sandbox.url)
    client = plain(sandbox, "clients", sandbox.client("ada"))
    client.swagger_spec.http_client.authenticator = plugin
    assert client.clients.list().response().result.result


def test_a_swagger_client_of_ours_renews_and_keeps_slashes(
    sandbox: Sandbox, lines: list[str]
) -> None:
    ag = sandbox.client("ada")
    files = ag.swagger_client("files").files
    sandbox.tenant.clock.advance(20_000)
    listing = files.list(systemId="sandbox.storage", filePath="ada/data").response().result.result
    assert "hello.txt" in [entry.name for entry in listing]
    assert [line.split()[0] for line in lines] == ["GET", "POST", "GET"]


def test_a_swagger_client_of_ours_sends_each_operation_its_own_credential(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    clients = ag.swagger_client("clients").clients.list().response().result.result
    assert "sandbox-ada" in [client.name for client in clients]
    assert ag.swagger_client("tenants").tenants.list().response().result.result


def test_a_swagger_client_of_ours_raises_what_bravado_raises(sandbox: Sandbox) -> None:
    systems = sandbox.client("ada").swagger_client("systems").systems
    with pytest.raises(bravado.exception.HTTPNotFound):
        systems.get(systemId="nobody.knows").response()
