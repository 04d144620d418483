"""Programs written for the released clients send what they sent, but for what could not work."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests
from requests.structures import CaseInsensitiveDict
from werkzeug.formparser import parse_form_data

from agavepy import Agave, loader
from agavepy.errors import UsageError
from tests.contract.described import BYTES, CREDENTIALS, LOGIN, Described, operations
from tests.contract.released import RELEASED, Released, released, sent, variables
from tests.unit.loopback import Loopback, Reply, Seen

DESCRIBED = tuple(name for name in RELEASED if name in loader.services())
CALLED = [operation for service in DESCRIBED for operation in released(service)]

#: Differences that may come up with any operation, and why they are meant.
GENERAL = {
    "words of booleans": "True and False went out as Python spells them: no JSON, Java or SQL word",
    "stray term of a dict": "the terms of a dict were followed by one with its name and only a key",
    "type of a file": "every file was called text/plain; most are not",
    "list as a body": "a list was joined with commas, which raised for the dicts in it",
}
_UNFILLED = "the path had a variable that no argument could fill: it was requested in braces"
_UNUSED = "it was required and went nowhere"
_LOST = "a form that held a file was sent without its other fields"
#: Differences of single operations: what differs, and why it has to.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "actors.addAlias": {"needs body": "it could be left out, and the server refused the call"},
    "actors.sendBinaryMessage": {
        "refused": "a dict is no message of bytes: sendMessage is for it",
        "content type of text": "text was called JSON; this operation is for bytes",
    },
    "apps.getJobSubmissionForm": {"path": _UNFILLED},
    "files.importData": {
        "form fileName": _LOST,
        "form fileType": _LOST,
        "form callbackURL": _LOST,
        "form notifications": f"{_LOST}; without a file it was sent as its keys and not as JSON",
        "form urlToIngest": _LOST,
    },
    "files.importToDefaultSystem": {
        "form fileName": _LOST,
        "form fileType": _LOST,
        "form callbackURL": _LOST,
        "form urlToIngest": _LOST,
    },
    "jobs.deletePermissionsForUser": {
        "unused uniqueName": _UNUSED,
        "path": _UNFILLED,
    },
    "jobs.listOutputs": {"path": "without a filePath, {filePath} itself was requested"},
    "meta.searchSchema": {"unused uuid": _UNUSED},
    "monitors.update": {"path": _UNFILLED},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def client(server: Loopback) -> Iterator[Agave]:
    ag = Agave(api_server=server.url, cache_client=False, **LOGIN)
    yield ag
    ag.transport.session.close()


def value(operation: Released, name: str, ours: Described) -> Any:
    """Return a value as programs gave it, of the type that the released document names."""
    parameter = operation.parameters[name]
    if "enum" in parameter:
        word = parameter["enum"][0]
        return word == "true" if parameter["type"] == "boolean" else word
    if parameter["in"] == "path":
        tails = {p["name"] for p in ours.at("path") if p.get("x-agavepy-tail")}
        return f"my dir//{name}%20quoted/ü.txt" if name in tails else f"{name} ü%20quoted.1-0"
    if parameter["type"] == "file":
        file = io.BytesIO(bytes(range(256)))
        file.name = "some dir/reads 1.fa"
        return file
    by_type: dict[str, Any] = {
        "integer": 7,
        "boolean": True,
        "string": f"{name} a&b=ü",
        "dict": {"A": "1", "B c": "2&3"},
        "array": [{"name": "ü"}, {"n": 1}],
        "object": {"name": "ü", "n": [1, 2.5, None]},
    }
    return by_type[parameter["type"]]


def cases(operation: Released, ours: Described) -> Iterator[dict[str, Any]]:
    """Yield arguments as programs gave them: all, only those required, other bodies, extras."""
    parameters = operation.parameters

    def values(names: Any) -> dict[str, Any]:
        return {name: value(operation, name, ours) for name in names}

    least = [name for name, parameter in parameters.items() if parameter.get("required")]
    yield values(parameters)
    yield values(least)
    yield values(name for name in parameters if parameters[name]["type"] != "file")
    for name, parameter in parameters.items():
        if parameter["in"] == "body":
            yield {**values(least), name: '{ "as": "it is, ü" }'}
            if ours.consumes == (BYTES,):
                yield {**values(least), name: bytes(range(256))}
    extras: dict[str, Any] = {"query": {"a b": "1&2"}, "headers": {"X-Test": "yes"}}
    yield {**values(least), **extras, "nonce": "TEST_abc"}
    if operation.method == "GET":
        chosen = {"search": {"name.like": "*a b*"}, "filter": "id,name"}
        extras |= {name: item for name, item in chosen.items() if name not in parameters}
        yield {**values(least), **extras}


@pytest.mark.parametrize("operation", CALLED, ids=lambda operation: operation.id)
def test_a_released_call_sends_what_it_sent(
    operation: Released,
    server: Loopback,
    client: Agave,
    record_property: Callable[[str, object], None],
) -> None:
    ours = next(item for item in operations(operation.service) if item.name == operation.name)
    differences: set[str] = set()
    for before, after in zip(cases(operation, ours), cases(operation, ours), strict=True):
        differences |= compared(operation, ours, before, after, server, client)
    assert differences - set(GENERAL) == set(EXCEPTIONS.get(operation.id, {}))
    record_property("released", operation.id)


def compared(
    operation: Released,
    ours: Described,
    before: dict[str, Any],
    after: dict[str, Any],
    server: Loopback,
    client: Agave,
) -> set[str]:
    """Make one call as it was and as it is; return what differs. Each has its own arguments."""
    found: set[str] = set()
    names = {parameter["name"] for parameter in ours.parameters}
    for name, parameter in operation.parameters.items():
        unused = parameter["in"] == "path" and name not in variables(operation.path)
        if name in after and (unused or name not in names):
            del after[name]
            found.add(f"{'unused' if unused else 'argument'} {name}")
    for name in variables(ours.path):
        if name not in operation.parameters:
            after[name] = "given-now"
    for parameter in ours.parameters:
        needed = parameter.get("required") and not parameter.get("x-agavepy-optional")
        if needed and parameter["name"] not in after:
            return found | {f"needs {parameter['name']}"}
    server.say(Reply())
    with warnings.catch_warnings():
        if ours.deprecated:
            warnings.simplefilter("ignore", DeprecationWarning)
        try:
            result = getattr(client.service(ours.service), ours.name)(**after)
        except UsageError:
            return found | {"refused"}
    if isinstance(result, requests.Response):
        result.close()
    (seen,) = server.requests
    try:
        was = sent(operation, before, server.url)
    except TypeError:
        return found | {"list as a body"}
    headers = CaseInsensitiveDict(seen.headers)
    assert seen.method == was.method
    found |= _addresses(operation, before, str(was.url), seen.target)
    if "nonce" not in before:  # a client with a nonce had no token, and one with a token no nonce
        credential = "user" if operation.service == "clients" else "bearer"
        assert headers["Authorization"] == CREDENTIALS[credential]
    assert headers.get("X-Test") == was.headers.get("X-Test")
    return found | _bodies(before, was, seen, headers)


def _addresses(operation: Released, given: dict[str, Any], before: str, target: str) -> set[str]:
    old, new = urlsplit(before), urlsplit(target)
    found = set()
    # Which of the signs that need no encoding are encoded is of no account.
    if unquote(old.path) != unquote(new.path):
        found.add("path")
    elif old.path.count("/") != new.path.count("/"):
        found.add("slashes")
    pairs = [parse_qsl(url.query, keep_blank_values=True) for url in (old, new)]
    for name in sorted({name for name, _ in (*pairs[0], *pairs[1])}):
        was, now = ([item for key, item in terms if key == name] for terms in pairs)
        if was == now:
            continue
        if isinstance(given.get(name), dict) and was == list(given[name]) and not now:
            found.add("stray term of a dict")
        elif isinstance(given.get(name), bool) and [item.lower() for item in was] == now:
            found.add("words of booleans")
        else:
            found.add(f"query {name}")
    return found


def _bodies(
    given: dict[str, Any],
    was: requests.PreparedRequest,
    seen: Seen,
    headers: CaseInsensitiveDict[str],
) -> set[str]:
    body = was.body if was.body is not None else b""
    old = body if isinstance(body, bytes) else str(body).encode()
    kind = str(was.headers.get("Content-Type", ""))
    if "form" in kind or "form" in headers.get("Content-Type", ""):
        return _forms(old, kind, seen.body, headers["Content-Type"])
    if kind != headers.get("Content-Type", ""):
        text = any(isinstance(value, str) and value.encode() == old for value in given.values())
        assert old == seen.body
        return {"content type of text" if text else "content type"}
    if kind == "application/json" and old != seen.body:
        return set() if json.loads(old) == json.loads(seen.body) else {"body"}
    return set() if old == seen.body else {"body"}


def _forms(old: bytes, old_kind: str, new: bytes, new_kind: str) -> set[str]:
    found = set()
    was, old_files = _form(old, old_kind)
    now, new_files = _form(new, new_kind)
    found |= {f"form {name}" for name in {*was, *now} if was.get(name) != now.get(name)}
    for name in {*old_files, *new_files}:
        if old_files[name][:2] != new_files[name][:2]:
            found.add(f"file {name}")
        elif old_files[name] != new_files[name]:
            found.add("type of a file")
    return found


def _form(body: bytes, kind: str) -> tuple[dict[str, list[str]], dict[str, tuple[Any, ...]]]:
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    _, fields, files = parse_form_data(environ)
    contents = {}
    for name, file in files.items():
        contents[name] = (file.filename, file.read(), file.content_type)
        file.close()
    return fields.to_dict(flat=False), contents


def test_every_exception_is_of_a_released_operation() -> None:
    known = {operation.id for service in RELEASED for operation in released(service)}
    assert set(EXCEPTIONS) <= known


def test_every_released_service_is_described() -> None:
    assert sum(len(RELEASED[service]) for service in RELEASED) == 180
    assert set(RELEASED) <= set(DESCRIBED)
