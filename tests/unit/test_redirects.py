"""Redirects are followed, but no credential goes where it was not meant for."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from agavepy.auth.authenticators import Jwt
from agavepy.errors import ConnectionFailed
from agavepy.transport import Transport
from tests.unit.loopback import Loopback, Reply


def request(
    transport: Transport, method: str = "GET", path: str = "/x", **parts: Any
) -> requests.PreparedRequest:
    return requests.Request(method, transport.base_url + path, **parts).prepare()


class Token(requests.auth.AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Bearer token1"
        return request


def tokens(server: Loopback) -> list[str]:
    return [seen.headers.get("Authorization", "") for seen in server.requests]


def to(location: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": location})


def test_a_redirect_on_the_same_server_keeps_the_credentials(
    server: Loopback, transport: Transport
) -> None:
    server.say(to("/elsewhere?a=b"), Reply(200, b'{"here": true}'))
    response = transport.send(request(transport), auth=Token())
    assert response.json() == {"here": True}
    assert [seen.target for seen in server.requests] == ["/x", "/elsewhere?a=b"]
    assert tokens(server) == ["Bearer token1"] * 2
    assert [step.status_code for step in response.history] == [302]


def test_a_jwt_in_a_header_of_any_name_stays_at_its_server(
    server: Loopback, transport: Transport
) -> None:
    with Loopback() as other:
        server.say(to(f"{other.url}/y"))
        auth = Jwt("Assertion", "s3cr3t", server.url)
        assert transport.send(request(transport), auth=auth).status_code == 200
        assert server.requests[0].headers["Assertion"] == "s3cr3t"
        (seen,) = other.requests
        assert "s3cr3t" not in str(seen.headers)


def test_no_credential_follows_to_another_server(server: Loopback, transport: Transport) -> None:
    with Loopback() as other:
        server.say(to(f"{other.url}/y?x-nonce=n0nce&a=1"))
        secret = {
            "X-JWT-Assertion-TENANT": "s3cr3t",
            "X-Tapis-Token": "s3cr3t",
            "Cookie": "session=s3cr3t",
            "x-agave-internaluser": "s3cr3t",
            "X-Harmless": "kept",
        }
        response = transport.send(request(transport, headers=secret), auth=Token())
        assert response.status_code == 200
        (seen,) = other.requests
        assert seen.target == "/y?a=1"
        assert "s3cr3t" not in str(seen.headers)
        assert "Authorization" not in seen.headers
        assert seen.headers["X-Harmless"] == "kept"


def test_credentials_do_not_return_once_a_call_left_its_server(
    server: Loopback, transport: Transport
) -> None:
    with Loopback() as other:
        server.say(to(f"{other.url}/y"), Reply(200))
        other.say(to(f"{server.url}/back"))
        transport.send(request(transport), auth=Token())
    assert tokens(server) == ["Bearer token1", ""]


def test_another_port_is_another_server(server: Loopback, transport: Transport) -> None:
    with Loopback() as other:
        assert other.port != server.port
        server.say(to(other.url))
        transport.send(request(transport), auth=Token())
        assert tokens(other) == [""]


@pytest.mark.parametrize(
    ("status", "method", "sent_method", "sent_body"),
    [
        (301, "POST", "GET", b""),
        (302, "POST", "GET", b""),
        (303, "POST", "GET", b""),
        (303, "PUT", "GET", b""),
        (301, "PUT", "PUT", b"body"),
        (307, "POST", "POST", b"body"),
        (308, "PUT", "PUT", b"body"),
        (303, "HEAD", "HEAD", b""),
        (302, "GET", "GET", b""),
    ],
)
def test_redirects_change_the_method_as_browsers_do(
    server: Loopback,
    transport: Transport,
    status: int,
    method: str,
    sent_method: str,
    sent_body: bytes,
) -> None:
    server.say(to("/y", status), Reply(200))
    data = b"body" if method in ("POST", "PUT") else None
    assert transport.send(request(transport, method, data=data)).status_code == 200
    last = server.requests[-1]
    assert (last.method, last.body) == (sent_method, sent_body)
    assert ("Content-Length" in last.headers) == bool(sent_body)


def test_a_password_in_a_form_is_not_carried_to_another_server(
    server: Loopback, transport: Transport
) -> None:
    with Loopback() as other:
        server.say(to(f"{other.url}/token", 307))
        form = request(transport, "POST", data={"password": "s3cr3t"})
        with pytest.raises(ConnectionFailed, match="another server, and the form may hold"):
            transport.send(form)
        assert other.requests == []


@pytest.mark.parametrize("location", ["ftp://h/x", "file:///etc/passwd", "http://h:notaport/"])
def test_a_redirect_to_what_is_no_web_address_is_refused(
    server: Loopback, transport: Transport, location: str
) -> None:
    server.say(to(location))
    with pytest.raises(ConnectionFailed, match="no address of a web server"):
        transport.send(request(transport))


def test_a_circle_of_redirects_ends(server: Loopback, transport: Transport) -> None:
    server.say(to("/x?x-nonce=n0nce"))
    with pytest.raises(ConnectionFailed, match=r"svc: .* redirects more than 10 times") as caught:
        transport.send(request(transport), operation="svc")
    assert len(server.requests) == 11
    assert "n0nce" not in str(caught.value)


def test_a_body_that_can_be_read_once_does_not_follow_a_redirect(
    server: Loopback, transport: Transport
) -> None:
    server.say(to("/y", 307))
    once = request(transport, "PUT")
    once.body = iter([b"once"])  # type: ignore[assignment]
    once.headers["Content-Length"] = "4"
    with pytest.raises(ConnectionFailed, match="can be read only once"):
        transport.send(once)


@pytest.fixture
def encrypted(server: Loopback, tmp_path: Path) -> Iterator[Transport]:
    """A transport to the server, which speaks TLS."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server.wrap(context)
    ours = Transport(f"https://127.0.0.1:{server.port}", verify=str(tmp_path / "ca.pem"))
    yield ours
    ours.close()


def test_what_was_encrypted_is_not_sent_in_the_clear(
    server: Loopback, encrypted: Transport
) -> None:
    with Loopback() as plain:
        server.say(to(plain.url + "/y", 307))
        assert encrypted.send(request(encrypted), auth=Token()).status_code == 200
        assert tokens(plain) == [""]
        with pytest.raises(ConnectionFailed, match="not encrypted, and the request has a body"):
            encrypted.send(request(encrypted, "PUT", data=b"body"), auth=Token())
        assert len(plain.requests) == 1
