"""A call can be shown to others: as a curl line that works, with no credential in it."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
from typing import Any

import pytest
import requests

from agavepy.curl import as_curl
from agavepy.multipart import Source, encode
from tests.unit.loopback import Loopback

URL = "http://127.0.0.1/x"


def prepared(method: str, url: str = URL, **arguments: Any) -> requests.PreparedRequest:
    return requests.Request(method, url, **arguments).prepare()


@pytest.mark.parametrize(
    ("request_", "secret"),
    [
        (prepared("GET", headers={"Authorization": "Bearer s3cret"}), "s3cret"),
        (prepared("GET", headers={"X-JWT-Assertion-sandbox": "s3cret"}), "s3cret"),
        (prepared("GET", headers={"X-Tapis-Token": "s3cret"}), "s3cret"),
        (prepared("GET", auth=("ada", "s3cret")), "czNjcmV0"),
        (prepared("GET", f"{URL}?x-nonce=s3cret"), "s3cret"),
        (prepared("GET", "http://127.0.0.1/postits/v2/0123456789abcdef0123456789abcdef"), "0123"),
        (prepared("GET", f"{URL}?code=s3cret&state=1"), "s3cret"),
        (prepared("POST", data={"password": "s3cret", "grant_type": "password"}), "s3cret"),
        (prepared("POST", json={"auth": [{"password": "s3cret", "type": "PASSWORD"}]}), "s3cret"),
        (prepared("POST", json={"consumerSecret": "s3cret"}), "s3cret"),
        (prepared("POST", json={"in": ["http://h/x?x-nonce=s3cret&a=1"]}), "s3cret"),
    ],
)
def test_no_credential_of_a_request_is_shown(
    request_: requests.PreparedRequest, secret: str
) -> None:
    line = as_curl(request_)
    assert secret not in line
    assert "***" in line


def test_addresses_in_a_body_are_shown_without_their_passwords() -> None:
    line = as_curl(prepared("POST", json={"urlToIngest": "http://ann:s3cret@h/x", "n": [1]}))
    assert json.loads(shlex.split(line)[-1]) == {"urlToIngest": "http://h/x", "n": [1]}
    line = as_curl(prepared("POST", data={"urlToIngest": "http://ann:s3cret@h/x", "n": "1"}))
    assert shlex.split(line)[-1] == "urlToIngest=http://h/x&n=1"
    line = as_curl(prepared("POST", json={"urlToIngest": "agave://system//ann@home/x"}))
    assert "agave://system//ann@home/x" in line  # a path, and nobody's password


def test_what_is_no_credential_is_shown() -> None:
    line = as_curl(prepared("POST", json={"auth": {"type": "PASSWORD"}, "path": "/a b"}))
    words = shlex.split(line)
    assert words[:4] == ["curl", "-X", "POST", URL]
    assert json.loads(words[-1]) == {"auth": {"type": "PASSWORD"}, "path": "/a b"}


def test_a_stream_is_told_by_its_size_and_stays_unread() -> None:
    file = io.BytesIO(b"content")
    body, kind = encode([], [("fileToUpload", Source(("a.txt", file), "fileToUpload"))])
    request = prepared("POST", headers={"Content-Type": kind})
    request.body = body  # type: ignore[assignment] # as request.Builder sets it
    assert f"<{body.size} bytes>" in as_curl(request)
    assert file.tell() == 0


def test_the_line_makes_the_same_request_in_a_shell() -> None:
    headers = {"X-Note": "it's $HOME", "Content-Type": "application/json"}
    with Loopback() as server:
        url = f"{server.url}/a?b=c%20d"
        line = as_curl(prepared("POST", url, headers=headers, data='{"a": "b\'c"}'))
        subprocess.run(["sh", "-c", f"{line} -s --noproxy '*'"], check=True)
    (seen,) = server.requests
    assert (seen.target, seen.headers["X-Note"]) == ("/a?b=c%20d", "it's $HOME")
    assert seen.body == b'{"a": "b\'c"}'
