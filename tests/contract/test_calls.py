"""Every described operation is called as its document says, and answered as its document says.

What has to be sent and seen is worked out from the YAML here; the client's plans are not looked at.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
import requests
from requests.structures import CaseInsensitiveDict
from werkzeug.formparser import parse_form_data

from agavepy import Agave, loader
from agavepy.agave import AttrDict
from agavepy.errors import HttpError
from tests.contract.described import (
    BYTES,
    CREDENTIALS,
    EVERY,
    JSON,
    LOGIN,
    MULTIPART,
    URLENCODED,
    Described,
    operations,
)
from tests.contract.synthesis import CONTENT, Terms, calls, example, terms, text
from tests.unit.loopback import Loopback, Reply, Seen

OPERATION = pytest.mark.parametrize("operation", EVERY, ids=lambda operation: operation.id)
_IN_A_PATH = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-F]{2})*")


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def call(server: Loopback) -> Iterator[Callable[..., Any]]:
    """Call an operation by a client of the test's own; one that is deprecated says so."""
    client = Agave(api_server=server.url, cache_client=False, **LOGIN)

    def made(operation: Described, **arguments: Any) -> Any:
        with warnings.catch_warnings():
            if operation.deprecated:
                warnings.simplefilter("ignore", DeprecationWarning)
            return getattr(client.service(operation.service), operation.name)(**arguments)

    yield made
    client.transport.session.close()


@pytest.mark.parametrize("service", loader.services())
def test_the_client_has_the_operations_of_the_document_and_no_other(service: str) -> None:
    described = [operation.name for operation in operations(service)]
    assert sorted(loader.service_plan(service)) == sorted(described)


@OPERATION
def test_a_call_sends_what_is_described(
    operation: Described,
    server: Loopback,
    call: Callable[..., Any],
    record_property: Callable[[str, object], None],
) -> None:
    status = operation.successes[0] if operation.successes else 200
    exercised: set[str] = set()
    for arguments in calls(operation):
        server.say(Reply(status))
        result = call(operation, **arguments)
        if isinstance(result, requests.Response):
            result.close()
        (seen,) = server.requests
        given = {p["name"]: p for p in operation.parameters if p["name"] in arguments}
        assert set(arguments) <= set(given)
        assert_sent(operation, given, arguments, seen)
        exercised |= set(arguments)
    assert exercised == {parameter["name"] for parameter in operation.parameters}
    record_property("exercised", operation.id)


def assert_sent(
    operation: Described, given: dict[str, Any], arguments: dict[str, Any], seen: Seen
) -> None:
    assert seen.method == operation.method
    path, _, query = seen.target.partition("?")
    assert_path(operation, arguments, path)
    headers = CaseInsensitiveDict(seen.headers)
    wanted: Terms = []
    for name, parameter in given.items():
        if parameter["in"] == "query":
            wanted += terms(parameter, arguments[name])
        elif parameter["in"] == "header":
            assert headers[name] == text(arguments[name])
    assert sorted(parse_qsl(query, keep_blank_values=True)) == sorted(wanted)
    credential = "" if "x-nonce" in arguments else CREDENTIALS[operation.credential]
    assert headers.get("Authorization", "") == credential
    assert_body(operation, arguments, seen, headers)


def assert_path(operation: Described, arguments: dict[str, Any], path: str) -> None:
    """Read the path as a server does: split at its slashes first, decoded afterwards."""
    assert _IN_A_PATH.fullmatch(path)
    pattern, variables = "", []
    tails = {p["name"] for p in operation.at("path") if p.get("x-agavepy-tail")}
    for literal, name in re.findall(r"([^{]*)(?:\{([^}]*)\})?", operation.path):
        pattern += re.escape(literal)
        if name:
            variables.append(name)
            pattern += "(.*)" if name in tails else "([^/]*)"
    found = re.fullmatch(pattern, path)
    assert found, f"{path} is no {operation.path}"
    values = [unquote(value, errors="strict") for value in found.groups()]
    assert values == [text(arguments.get(name, "")) for name in variables]


def assert_body(
    operation: Described, arguments: dict[str, Any], seen: Seen, headers: CaseInsensitiveDict[str]
) -> None:
    kind, _, _ = headers.get("Content-Type", "").partition(";")
    for parameter in operation.at("body"):
        if parameter["name"] in arguments:
            value = arguments[parameter["name"]]
            if isinstance(value, str | bytes | io.BytesIO):
                assert seen.body == (value.encode() if isinstance(value, str) else CONTENT)
                assert kind == (operation.consumes[0] if JSON not in operation.consumes else JSON)
            else:
                assert json.loads(seen.body) == value
                assert kind == JSON
            return
    form = [p for p in operation.at("formData") if p["name"] in arguments]
    wanted: Terms = []
    for parameter in form:
        if parameter["type"] != "file":
            wanted += terms(parameter, arguments[parameter["name"]])
    if not form:
        assert seen.body == b""
        assert not kind
        assert seen.method in ("GET", "HEAD", "DELETE") or headers["Content-Length"] == "0"
    elif any(parameter["type"] == "file" for parameter in form) or URLENCODED not in (
        operation.consumes
    ):
        assert kind == MULTIPART
        assert_multipart(seen, headers, form, arguments, wanted)
    else:
        assert kind == URLENCODED
        assert sorted(parse_qsl(seen.body.decode(), keep_blank_values=True)) == sorted(wanted)


def assert_multipart(
    seen: Seen,
    headers: CaseInsensitiveDict[str],
    form: list[dict[str, Any]],
    arguments: dict[str, Any],
    wanted: Terms,
) -> None:
    environ = {
        "REQUEST_METHOD": seen.method,
        "CONTENT_TYPE": headers["Content-Type"],
        "CONTENT_LENGTH": str(len(seen.body)),
        "wsgi.input": io.BytesIO(seen.body),
    }
    _, fields, files = parse_form_data(environ)
    assert sorted(fields.items(multi=True)) == sorted(wanted)
    names = {p["name"] for p in form if p["type"] == "file"}
    assert set(files) == names
    for name, file in files.items():
        assert file.filename == arguments[name][0]
        assert file.read() == CONTENT
        file.close()


#: Which of what may be absent or differ is: everything is there, nothing that may be null is, and
#: what is one thing or a list of them is a list.
VARIANTS: list[dict[str, Any]] = [{}, {"nulls": True}, {"lists": True}]


@OPERATION
def test_an_answer_comes_back_as_it_is_described(
    operation: Described, server: Loopback, call: Callable[..., Any]
) -> None:
    needed = next(iter(calls(operation)))
    arguments = {name: needed[name] for name in needed if name not in ("naked", "filter")}
    for status in operation.successes:
        response = operation.responses[status]
        schemas = [schema for key in ("schema", "x-agavepy-aloe") if (schema := response.get(key))]
        if operation.method == "HEAD" or status == 204:
            server.say(Reply(status, headers={"X-Told": "yes"}))
            result = call(operation, **fresh(operation, arguments))
            assert isinstance(result, requests.Response)
            assert result.headers["X-Told"] == "yes"
        elif any(schema.get("type") == "file" for schema in schemas):
            result = answered_bytes(server, status, call, operation, arguments)
            assert not vars(result)["_content_consumed"], "it was read before anybody asked for it"
            assert b"".join(result.iter_content(10)) == CONTENT
        elif not schemas:
            server.say(Reply(status, b""))
            assert call(operation, **fresh(operation, arguments)) is None
        else:
            for schema in schemas:
                for options in VARIANTS:
                    sent, wanted = example(schema, options)
                    server.say(Reply(status, json.dumps(sent).encode()))
                    result = call(operation, **fresh(operation, arguments))
                    if operation.envelope != "none":
                        wanted = wanted["result"]
                    assert result == wanted
                    assert_attributes(result)
            if BYTES in operation.produces:
                result = answered_bytes(server, status, call, operation, arguments)
                assert result.content == CONTENT


def fresh(operation: Described, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with files that have not been read."""
    files = {p["name"] for p in operation.at("formData") if p["type"] == "file"}
    return {
        name: ("file", io.BytesIO(CONTENT)) if name in files else value
        for name, value in arguments.items()
    }


def answered_bytes(
    server: Loopback,
    status: int,
    call: Callable[..., Any],
    operation: Described,
    arguments: dict[str, Any],
) -> requests.Response:
    server.say(Reply(status, CONTENT, {"Content-Type": BYTES}))
    result = call(operation, **fresh(operation, arguments))
    assert isinstance(result, requests.Response)
    return result


def assert_attributes(value: Any) -> None:
    """See that each dict within an answer has its keys as attributes."""
    if isinstance(value, list):
        for item in value:
            assert_attributes(item)
    elif isinstance(value, dict):
        assert isinstance(value, AttrDict)
        for name, item in value.items():
            if not hasattr(dict, name):
                assert getattr(value, name) is item
            assert_attributes(item)


@OPERATION
def test_a_refusal_is_an_error_with_the_servers_words(
    operation: Described, server: Loopback, call: Callable[..., Any]
) -> None:
    arguments = next(iter(calls(operation)))
    for status in sorted(set(operation.responses) & {400, 403, 404, 405, 409, 412, 416, 501}):
        schema = operation.responses[status].get("schema")
        body, _ = example(schema, {}) if schema else ({"message": "text ü"}, None)
        server.say(Reply(status, json.dumps(body).encode()))
        with pytest.raises(HttpError) as caught:
            call(operation, **fresh(operation, arguments))
        assert caught.value.status == status
        assert caught.value.operation == operation.id
        if operation.method != "HEAD":
            assert "text ü" in caught.value.message
