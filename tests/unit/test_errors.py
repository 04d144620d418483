"""Errors of answers: their kind, their words, and what they never tell."""

from __future__ import annotations

import json
import pickle

import pytest
import requests

from agavepy import errors
from tests.unit.loopback import Loopback, Reply

XML_FAULT = (
    '<ams:fault xmlns:ams="http://wso2.org/apimanager/security"><ams:code>{code}</ams:code>'
    "<ams:message>{message}</ams:message><ams:description>Access failure for API: /jobs/v2, "
    "version: v2 with key: 0a1bc2d3e4</ams:description></ams:fault>"
)


def ask(
    server: Loopback, status: int, body: bytes | str | object, query: str = "", **headers: str
) -> requests.Response:
    """Return a real answer of ``status`` with ``body`` (an object becomes JSON)."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
    server.say(Reply(status, body.encode() if isinstance(body, str) else body))
    return requests.get(server.url + "/x" + query, headers=headers, timeout=10)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.NotAuthenticated),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (429, errors.Throttled),
        (500, errors.ServerError),
        (501, errors.ServerError),
        (503, errors.ServerError),
        (418, errors.HttpError),
    ],
)
def test_each_status_can_be_caught_by_its_own_kind(
    server: Loopback, status: int, kind: type[errors.HttpError]
) -> None:
    error = errors.from_response(ask(server, status, {"message": "m"}), "files.list")
    assert type(error) is kind
    assert error.status == status
    assert isinstance(error, requests.HTTPError)
    assert isinstance(error, errors.AgaveError)


def test_an_error_reads_and_measures_as_it_did_in_earlier_releases(server: Loopback) -> None:
    response = ask(server, 404, {"status": "error", "message": "File not found", "version": "2"})
    error = errors.from_response(response, "files.list")
    first, _, advice = str(error).partition("\n")
    assert first == f"[Errno 404] Not Found for {server.url}/x: 'File not found'"
    assert advice.startswith("files.list: check the id or path")
    assert error.errno == 404
    assert error.strerror == f"Not Found for {server.url}/x"
    assert error.filename == error.message == "File not found"
    assert error.response is response
    assert error.request is response.request


def test_the_short_text_of_requests_can_be_asked_for(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPIS_PY_VERBOSE_ERRORS", "0")
    response = ask(server, 404, {"message": "m"})
    with pytest.raises(requests.HTTPError) as theirs:
        response.raise_for_status()
    assert str(errors.from_response(response, "files.list")) == str(theirs.value)


def test_a_token_error_starts_with_the_status(server: Loopback) -> None:
    why = "Provided Authorization Grant is invalid"
    response = ask(server, 400, {"error": "invalid_grant", "error_description": why})
    error = errors.TokenError(response, errors.server_message(response), "token.create", "log in")
    assert str(error).startswith("400 Client Error: Bad Request for url: http://127.0.0.1")
    assert f"{why}\ntoken.create: log in" in str(error)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"status": "error", "message": "No such  job\n x", "version": "2"}, "No such job x"),
        ({"status": "error", "message": None, "version": "2"}, ""),
        (
            {"status": "error", "message": "Invalid", "result": {"email": ["Enter an email."]}},
            'Invalid: {"email": ["Enter an email."]}',
        ),
        (
            {"fault": {"code": 900902, "message": "Missing Credentials", "description": "Why"}},
            "Missing Credentials: Why",
        ),
        ({"error": "invalid_client", "error_description": "Failed."}, "Failed."),
        ({"error": "invalid_request"}, "invalid_request"),
        ("<html><style>p {}</style><h1>Bad\n Gateway</h1><hr></html>", "Bad Gateway"),
        ('"just text"', "just text"),
        ("[1, 2]", "[1, 2]"),
        ("", ""),
        (b"caf\xc3\xa9 \xff", "café \ufffd"),
        ("x" * 1000, "x" * errors.MAX_TEXT + "…"),
    ],
)
def test_the_words_of_the_server_reach_the_user(
    server: Loopback, body: bytes | str | object, message: str
) -> None:
    assert errors.server_message(ask(server, 502, body)) == message


def test_an_xml_fault_is_told_in_its_words(server: Loopback) -> None:
    body = XML_FAULT.format(code=900908, message="Resource &lt;forbidden&gt;")
    message = errors.server_message(ask(server, 403, body))
    assert message.startswith("Resource <forbidden>: Access failure for API: /jobs/v2")


def test_no_credential_is_repeated(server: Loopback) -> None:
    body = XML_FAULT.format(code=900901, message="Token s3cr3t-t0ken is invalid")
    query = "?x-nonce=n0nce-val&limit=1&access_token=acc3ss"
    response = ask(server, 401, body, query, Authorization="Bearer s3cr3t-t0ken")
    error = errors.from_response(response, "jobs.list")
    told = f"{error}{error!r}{error.args}{error.strerror}{error.filename}{error.url}"
    for secret in ("s3cr3t-t0ken", "0a1bc2d3e4", "n0nce-val", "acc3ss"):
        assert secret not in told
    assert "limit=1" in str(error)


def test_names_and_passwords_in_an_address_are_not_repeated() -> None:
    assert (
        errors.redact_url("https://ada:pw@host/x?X-NONCE=abc#f") == "https://host/x?X-NONCE=***#f"
    )
    assert errors.redact_url("https://host/a@b?q=1") == "https://host/a@b?q=1"


@pytest.mark.parametrize(
    ("status", "body", "expired"),
    [
        (401, XML_FAULT.format(code=900903, message="Access Token Expired"), True),
        (401, XML_FAULT.format(code=900904, message="Access Token Inactive"), True),
        (401, XML_FAULT.format(code=900901, message="Invalid Credentials"), False),
        (401, XML_FAULT.format(code=900902, message="Missing Credentials"), False),
        (401, {"fault": {"code": 900901, "message": "Invalid Credentials"}}, True),
        (401, {"fault": {"code": 900903, "message": "Access Token Expired"}}, True),
        (401, {"fault": {"code": "900904", "message": "Access Token Inactive"}}, True),
        (401, {"fault": {"code": 900902, "message": "Missing Credentials"}}, False),
        (403, {"fault": {"code": 900908, "message": "Invalid Credentials"}}, False),
        (401, {"status": "error", "message": "Invalid Credentials"}, False),
        (401, {"fault": "Invalid Credentials"}, False),
        (401, "not a fault", False),
        (401, "", False),
    ],
)
def test_a_token_is_renewed_for_expiry_and_for_nothing_else(
    server: Loopback, status: int, body: str | object, expired: bool
) -> None:
    assert errors.expired_token(ask(server, status, body)) is expired


def test_a_used_up_quota_of_an_older_gateway_is_throttling(server: Loopback) -> None:
    body = XML_FAULT.format(code=900800, message="Message throttled out")
    assert type(errors.from_response(ask(server, 503, body), "jobs.list")) is errors.Throttled


def test_an_error_travels_between_processes_without_credentials(server: Loopback) -> None:
    secrets = {"query": "?x-nonce=n0nce", "Authorization": "Bearer s3cr3t"}
    response = ask(server, 404, {"message": "gone"}, **secrets)
    error = errors.from_response(response, "jobs.get")
    data = pickle.dumps(error)
    copy = pickle.loads(data)
    assert type(copy) is errors.NotFound
    assert str(copy) == str(error)
    assert (copy.status, copy.message, copy.operation) == (404, "gone", "jobs.get")
    assert copy.response.json() == {"message": "gone"}
    assert copy.request.method == "GET"
    assert b"s3cr3t" not in data
    assert b"n0nce" not in data


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (errors.ConnectionFailed("c"), (requests.ConnectionError, OSError)),
        (errors.TimedOut("t"), (requests.Timeout,)),
        (errors.UsageError("u"), (TypeError,)),
        (errors.UnknownName("n"), (AttributeError,)),
        (errors.DescriptionError("d"), (ValueError,)),
        (errors.AnswerError("a"), (ValueError,)),
        (errors.CredentialsError("c"), (errors.AgaveException,)),
    ],
)
def test_code_that_catches_the_usual_errors_catches_ours(
    error: errors.AgaveError, kinds: tuple[type[Exception], ...]
) -> None:
    assert isinstance(error, (errors.AgaveError, *kinds))
    assert all(isinstance(error, kind) for kind in kinds)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (type(error), str(error))


def test_a_connection_error_travels_without_its_request() -> None:
    request = requests.Request("GET", "http://h", headers={"Authorization": "Bearer s3cr3t"})
    error = errors.ConnectionFailed("cannot reach h", request=request.prepare())
    data = pickle.dumps(error)
    assert b"s3cr3t" not in data
    assert str(pickle.loads(data)) == "cannot reach h"


def test_a_slip_of_the_keyboard_is_answered_with_the_right_name() -> None:
    assert errors.nearest("systemid", ["filePath", "systemId"]) == " (did you mean 'systemId'?)"
    assert errors.nearest("qqq", ["filePath", "systemId"]) == ""
