"""What the token service is asked, and what its answers become."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
import requests

from agavepy.auth.login import Token
from agavepy.auth.oauth import Grants
from agavepy.auth.tokens import Pair
from agavepy.errors import AnswerError, ConnectionFailed, CredentialsError, TokenError
from agavepy.transport import Transport
from tests.unit.loopback import Loopback, Reply

ANSWER = {"scope": "default", "token_type": "bearer", "expires_in": 100,
          "refresh_token": "r1", "access_token": "a1"}  # fmt: skip
REFUSED = {"error": "invalid_grant", "error_description": "Persisted access token data not found"}


def reply(document: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode())


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        running.say(reply(ANSWER))
        yield running


@pytest.fixture
def grants(server: Loopback) -> Grants:
    return Grants(Transport(server.url), "key", "s3cret", lambda: 1000.9)


@pytest.mark.parametrize(
    ("grant", "fields"),
    [
        (lambda g: g.password("ada", "pä ss&=+"),
         {"grant_type": "password", "username": "ada", "password": "pä ss&=+"}),
        (lambda g: g.refresh_token(Pair("a0", "r0")),
         {"grant_type": "refresh_token", "refresh_token": "r0"}),
        (lambda g: g.client_credentials(), {"grant_type": "client_credentials"}),
        (lambda g: g.admin_password("root", "pw", "ada"),
         {"grant_type": "admin_password", "username": "root", "password": "pw",
          "token_username": "ada"}),
    ],
)  # fmt: skip
def test_each_grant_sends_the_fields_that_the_service_reads(
    server: Loopback, grants: Grants, grant: object, fields: dict[str, str]
) -> None:
    assert callable(grant)
    assert grant(grants) == Pair("a1", "r1", 1000.0, 100.0, "default", "bearer")
    (seen,) = server.requests
    assert (seen.method, seen.target) == ("POST", "/token")
    assert dict(parse_qsl(seen.body.decode())) == {**fields, "scope": "PRODUCTION"}
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen.headers["Authorization"] == "Basic " + b64encode(b"key:s3cret").decode()


def test_a_token_can_be_revoked(server: Loopback, grants: Grants) -> None:
    server.say(Reply(200, b""))
    grants.revoke("a1")
    (seen,) = server.requests
    assert (seen.target, dict(parse_qsl(seen.body.decode()))) == ("/revoke", {"token": "a1"})
    server.say(reply({"error": "invalid_client"}, 401))
    with pytest.raises(TokenError, match="invalid_client"):
        grants.revoke("a1")


def test_a_refusal_starts_with_its_status_and_says_what_to_do(
    server: Loopback, grants: Grants
) -> None:
    server.say(reply(REFUSED, 400))
    with pytest.raises(requests.HTTPError) as caught:
        grants.refresh_token(Pair("acc3ss", "r3fresh"))
    text = str(caught.value)
    assert text.startswith("400")
    assert REFUSED["error_description"] in text
    assert "log in again: `agavepy auth login`" in text
    assert "or Agave(api_server=" in text
    assert "s3cret" not in text
    assert "r3fresh" not in text
    assert caught.value.response is not None
    assert caught.value.response.status_code == 400


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[]", b'{"access_token": null}', b""])
def test_an_answer_that_is_no_token_is_named(server: Loopback, grants: Grants, body: bytes) -> None:
    server.say(Reply(200, body))
    with pytest.raises(AnswerError, match="is it a tenant's address"):
        grants.client_credentials()


def test_a_token_request_is_not_repeated_when_its_answer_is_lost(
    server: Loopback, grants: Grants
) -> None:
    server.say(Reply(status=0))
    with pytest.raises(ConnectionFailed):
        grants.refresh_token(Pair("a", "r"))
    assert len(server.requests) == 1


def login(server: Loopback, **settings: object) -> Token:
    token = Token(api_server=server.url + "/", api_key="key", api_secret="s3cret")
    for name, value in settings.items():
        setattr(token, name, value)
    return token


def kinds(server: Loopback) -> list[str]:
    return [dict(parse_qsl(seen.body.decode()))["grant_type"] for seen in server.requests]


def test_user_and_password_may_be_set_before_the_token_is_created(server: Loopback) -> None:
    token = login(server, username="ada", password="ada")
    assert token.create() == "a1"
    assert token.token_info["access_token"] == "a1"
    assert token.token_url == server.url + "/token"
    assert token.refresh() == "a1"
    assert kinds(server) == ["password", "refresh_token"]


def test_a_parent_of_earlier_releases_hears_of_each_grant(server: Loopback) -> None:
    class Parent:
        told = 0

        def refresh_aris(self) -> None:
            self.told += 1

    parent = Parent()
    Token("ada", "pw", server.url, "key", "s3cret", True, parent).create()
    Token("ada", "pw", server.url, "key", "s3cret", True, parent, "a", "r").refresh()
    assert parent.told == 2
    assert kinds(server) == ["password", "refresh_token"]


def test_a_dead_refresh_token_is_replaced_by_the_password_when_it_is_known(
    server: Loopback,
) -> None:
    server.say(reply(REFUSED, 400), reply(ANSWER))
    token = login(server, username="ada", password="ada", pair=Pair("a0", "r0"))
    assert token.renew("a0")
    assert kinds(server) == ["refresh_token", "password"]


def test_an_explicit_refresh_tells_that_the_refresh_token_is_dead(server: Loopback) -> None:
    server.say(reply(REFUSED, 400))
    token = login(server, username="ada", password="ada", pair=Pair("a0", "r0"))
    with pytest.raises(TokenError):
        token.refresh()
    assert token.pair == Pair("a0", "r0")


def test_an_administrator_gets_the_token_of_another_user(server: Loopback) -> None:
    token = login(server, username="root", password="pw", token_username="ada")
    token.access()
    assert kinds(server) == ["admin_password"]


def test_key_and_secret_alone_act_for_the_owner_of_the_client(server: Loopback) -> None:
    del (answer := dict(ANSWER))["refresh_token"]
    server.say(reply(answer))
    token = login(server)
    token.access()
    assert token.renew("a1"), "it has no refresh token, but the same grant again"
    assert kinds(server) == ["client_credentials"] * 2


def test_the_token_of_a_user_is_never_replaced_by_that_of_the_owner(server: Loopback) -> None:
    token = login(server, pair=Pair("a0"))
    with pytest.raises(CredentialsError, match="username and password"):
        token.renew("a0")
    with pytest.raises(CredentialsError, match="without password"):
        login(server, username="ada").access()
    assert server.requests == []


def test_what_is_missing_for_a_token_is_named(server: Loopback) -> None:
    with pytest.raises(CredentialsError, match="api_key and api_secret"):
        Token("ada", "pw", server.url).create()


def test_no_secret_shows_in_a_token_or_its_grants(server: Loopback, grants: Grants) -> None:
    token = login(server, username="ada", password="pa55", pair=Pair("acc3ss", "r3fresh"))
    shown = f"{token!r} {token} {grants!r} {[token]}"
    for secret in ("s3cret", "pa55", "acc3ss", "r3fresh"):
        assert secret not in shown
