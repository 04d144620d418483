"""Credentials on requests: in the right form, to their own server only, renewed once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from agavepy.auth.authenticators import (
    Authenticator,
    Bearer,
    ClientBasic,
    Jwt,
    Nonce,
    Replaying,
    UserBasic,
)
from agavepy.auth.tokens import Pair, TokenSource
from tests.unit.loopback import Loopback, Reply, Seen

BASE = "https://tenant.example.org/prefix"
EXPIRED = Reply(401, b'{"fault": {"code": 900901, "message": "Invalid Credentials"}}')


def prepared(url: str = BASE + "/files/v2") -> requests.PreparedRequest:
    return requests.Request("GET", url).prepare()


ALL = [
    Bearer(TokenSource(Pair("acc3ss")), BASE),
    UserBasic("ada", "pa55", BASE),
    ClientBasic("key", "s3cret", BASE),
    Jwt("X-JWT-Assertion-DEMO", "assert10n", BASE),
    Nonce("n0nce", BASE),
]


@pytest.mark.parametrize("auth", ALL, ids=lambda auth: type(auth).__name__)
@pytest.mark.parametrize(
    "url",
    [
        "https://tenant.example.org/files/v2",
        "https://tenant.example.org:443/files",
        "https://TENANT.example.org/files",
        "https://tenant.example.org",
        "https://tenant.example.org?a=b",
    ],
)
def test_a_credential_goes_to_its_server(auth: Authenticator, url: str) -> None:
    request = prepared(url)
    before = dict(request.headers), request.url
    auth(request)
    assert (dict(request.headers), request.url) != before


@pytest.mark.parametrize("auth", ALL, ids=lambda auth: type(auth).__name__)
@pytest.mark.parametrize(
    "url",
    [
        "http://tenant.example.org/files",
        "https://tenant.example.org:8443/files",
        "https://tenant.example.org.evil.example/files",
        "https://evil.example/https://tenant.example.org/",
        "https://tenant.example.org@evil.example/",
        "https://other.example.org/prefix/files",
    ],
)
def test_a_credential_never_goes_to_another_host_port_or_scheme(
    auth: Authenticator, url: str
) -> None:
    request = prepared(url)
    before = dict(request.headers), request.url
    auth(request)
    assert (dict(request.headers), request.url) == before


def test_credentials_look_as_their_servers_want_them() -> None:
    headers = [dict(auth(prepared()).headers) for auth in ALL[:4]]
    assert headers == [
        {"Authorization": "Bearer acc3ss"},
        {"Authorization": "Basic YWRhOnBhNTU="},
        {"Authorization": "Basic a2V5OnMzY3JldA=="},
        {"X-JWT-Assertion-DEMO": "assert10n"},
    ]


def test_names_and_passwords_beyond_ascii_travel_as_utf_8() -> None:
    header = UserBasic("ada", "pässword", BASE)(prepared()).headers["Authorization"]
    assert header == "Basic YWRhOnDDpHNzd29yZA=="


def test_a_nonce_joins_the_query_once() -> None:
    auth = Nonce("a b&c", BASE)
    request = auth(auth(prepared(BASE + "/actors?limit=1")))
    assert request.url == BASE + "/actors?limit=1&x-nonce=a+b%26c"


def test_no_secret_shows_in_the_text_of_a_credential() -> None:
    shown = repr(ALL)
    for secret in ("acc3ss", "pa55", "s3cret", "assert10n", "n0nce"):
        assert secret not in shown


class Tenant(Loopback):
    """Accepts one token; the source's grant gives the next."""

    def __init__(self) -> None:
        super().__init__(self.judge)
        self.good = "a0"
        self.grants = 0
        self.source = TokenSource(Pair("a0", "r0"), self.grant)

    def judge(self, seen: Seen) -> Reply:
        if seen.headers.get("Authorization") != f"Bearer {self.good}":
            return EXPIRED
        return Reply(200, seen.body or b"{}")

    def grant(self, pair: Pair | None) -> Pair:
        self.grants += 1
        return Pair(f"a{self.grants}", "r")

    def auth(self) -> Replaying:
        return Replaying(Bearer(self.source, self.url))


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    running = Tenant()
    with running:
        yield running


def test_any_session_replays_a_call_once_with_a_new_token(tenant: Tenant) -> None:
    tenant.good = "a1"
    with requests.Session() as session:
        answer = session.post(tenant.url + "/x", data=io.BytesIO(b"whole body"), auth=tenant.auth())
    assert (answer.status_code, answer.content) == (200, b"whole body")
    assert [seen.body for seen in tenant.requests] == [b"whole body"] * 2
    assert tenant.grants == 1
    assert [old.status_code for old in answer.history] == [401]


def test_a_server_that_refuses_the_new_token_too_is_not_asked_for_ever(tenant: Tenant) -> None:
    tenant.good = "never"
    answer = requests.get(tenant.url + "/x", auth=tenant.auth(), timeout=10)
    assert answer.status_code == 401
    assert (tenant.grants, len(tenant.requests)) == (1, 2)


def test_an_upload_that_cannot_be_read_twice_is_not_sent_half(tenant: Tenant) -> None:
    tenant.good = "a1"
    body = iter([b"once"])
    answer = requests.post(tenant.url + "/x", data=body, auth=tenant.auth(), timeout=10)
    assert answer.status_code == 401
    assert len(tenant.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403, b'{"fault": {"code": 900908, "message": "Resource forbidden"}}'),
        Reply(401, b'{"status": "error", "message": "no"}'),
        Reply(500, b"Invalid Credentials"),
    ],
)
def test_an_answer_that_is_not_about_the_token_never_renews_it(
    tenant: Tenant, reply: Reply
) -> None:
    tenant.say(reply)
    answer = requests.get(tenant.url + "/x", auth=tenant.auth(), timeout=10)
    assert (answer.status_code, tenant.grants) == (reply.status, 0)


def test_a_fault_of_another_server_does_not_renew_the_token(tenant: Tenant) -> None:
    with Loopback(lambda _: EXPIRED) as elsewhere:
        tenant.answer = lambda _: Reply(302, b"", {"Location": elsewhere.url + "/y"})
        answer = requests.get(tenant.url + "/x", auth=tenant.auth(), timeout=10)
    assert (answer.status_code, tenant.grants) == (401, 0)
    assert "Authorization" not in elsewhere.requests[0].headers


def test_netrc_never_replaces_the_token(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password eve\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    requests.get(tenant.url, timeout=10)
    requests.get(tenant.url, auth=tenant.auth(), timeout=10)
    kinds = [seen.headers["Authorization"].split()[0] for seen in tenant.requests]
    assert kinds[0] == "Basic", "requests alone would have sent the one of the netrc"
    assert kinds[1:] == ["Bearer"] * len(kinds[1:])
