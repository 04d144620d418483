"""Whatever others describe can be called: each request arrives as its own document says.

The documents are installed by ``make test`` and are not a part of the project.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
import requests
from requests.auth import AuthBase

from agavepy import Agave
from agavepy.compiler import examine
from agavepy.errors import DescriptionError
from agavepy.plan import ServicePlan
from tests.contract import corpus, wire
from tests.contract.corpus import Foreign
from tests.contract.foreign_values import CONTENT, fields, value
from tests.unit.loopback import Loopback, Reply, Seen

DOCUMENTS = corpus.documents()
DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=corpus.label)
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


def test_the_documents_of_others_are_here() -> None:
    if corpus.UNREACHABLE.exists():
        pytest.skip("npm could not get the documents: `make clean test` tries again")
    if not DOCUMENTS and not os.environ.get("CI"):
        pytest.skip("the corpus is not installed: `make test` does it, where there is npm")
    assert len({corpus.label(path) for path in DOCUMENTS}) >= 60
    versions = {str(d.get("swagger") or d.get("openapi"))[:3] for d in map(corpus.read, DOCUMENTS)}
    assert versions == {"2.0", "3.0", "3.1"}


class Nobody(AuthBase):
    """No credential, whatever a document asks for: who may do what is no matter of these tests."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave a request as it is."""
        return request


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture(scope="module")
def ag(server: Loopback) -> Iterator[Agave]:
    made = Agave(api_server=server.url, token="none", cache_client=False)
    made.transport.retries = 0
    yield made
    made.transport.close()


def plans(path: Path) -> ServicePlan:
    data, _ = examine(corpus.read(path), path)
    return ServicePlan.from_json(json.loads(json.dumps(data)))


@DOCUMENT
def test_every_operation_is_reachable_explained_and_sent_as_described(
    path: Path,
    server: Loopback,
    ag: Agave,
    record_property: Callable[[str, object], None],
) -> None:
    document = corpus.read(path)
    described = corpus.operations(document)
    if not described:
        with pytest.raises(DescriptionError, match="no operation of it can be called"):
            ag.add_service("foreign", path)
        record_property("corpus", (corpus.label(path), 0, 0, 0, 0))
        return
    with warnings.catch_warnings():
        # One of them refers to a document of the web, which a file may not.
        warnings.filterwarnings("ignore", ".* is not followed", UserWarning)
        service = ag.add_service("foreign", path, server=server.url, auth=Nobody())
    reached, called, skipped = set(), 0, plans(path).skipped
    for operation in described:
        found = getattr(service, operation.spelling)
        reached.add(found.plan.name)
        assert found.plan.name in dir(service)
        assert corpus.is_keyword(found.plan.name)
        keywords = inspect.signature(found).parameters
        assert all(corpus.is_keyword(name) for name in keywords)
        help_text = str(found.__doc__)
        assert f"{operation.method.upper()} " in help_text
        for name, _ in operation.parameters:
            assert name in help_text
        for arguments, kind in calls(operation):
            server.say(Reply(200))
            with warnings.catch_warnings():
                if found.plan.deprecated:
                    warnings.simplefilter("ignore", DeprecationWarning)
                result = found(**fresh(arguments, kind))
            if isinstance(result, requests.Response):
                result.close()
            (seen,) = server.requests
            assert_sent(operation, arguments, kind, seen)
            called += 1
    assert len(reached) == len(described)
    assert not skipped
    row = (corpus.label(path), len(described), len(reached), called, len(skipped))
    record_property("corpus", row)


def calls(operation: Foreign) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the arguments of calls, by keyword, with the media type of the body that is meant."""
    names = corpus.keywords(operation)
    plain: dict[str, Any] = {}
    for key, parameter in operation.parameters.items():
        wire_name, place = key
        if place == "body":
            continue
        schema = operation.schema(parameter)
        if parameter.get("type") == "file":
            plain[names[key]] = (f"{wire_name} é.dat", io.BytesIO(CONTENT))
            continue
        made = value(operation, schema, wire_name)
        if made is None or made == []:
            made = "any thing"
        if str(parameter.get("style")).endswith("Delimited"):
            made = unseparated(made, " |")
        bare = place == "header" or operation.is_swagger
        plain[names[key]] = unseparated(made) if bare and "content" not in parameter else made
    bodies = operation.bodies()
    if not bodies:
        yield plain, ""
        return
    for kind, described in bodies.items():
        name = body_name(operation)
        yield {**plain, name: body_value(operation, kind, described)}, kind


def unseparated(made: Any, signs: str = ",;=|%") -> Any:
    """Return a value that can stand where what separates values cannot be encoded."""
    if isinstance(made, dict):
        return {unseparated(k, signs): unseparated(v, signs) for k, v in made.items()}
    if isinstance(made, list):
        return [unseparated(item, signs) for item in made]
    return re.sub(f"[{signs}]", "", made).strip() if isinstance(made, str) else made


def body_name(operation: Foreign) -> str:
    names = {name for name, _ in operation.parameters}
    if operation.is_swagger:
        return next(n for (n, place) in operation.parameters if place == "body")
    return "request_body" if "body" in names else "body"


def body_value(operation: Foreign, kind: str, described: dict[str, Any]) -> Any:
    bare = kind.partition(";")[0].strip().lower()
    if bare in (FORM, MULTIPART):
        made = fields(operation, described)
        for name, encoding in described.get("encoding", {}).items():
            if name in made and "style" in encoding:  # nothing is encoded in a multipart form
                made[name] = unseparated(made[name], " ,|;=%" if bare == MULTIPART else " |")
        return (
            made
            if bare == MULTIPART
            else {k: v for k, v in made.items() if not isinstance(v, tuple)}
        )
    if bare.endswith(("json", "*/*")):
        made = value(operation, described.get("schema"), "body")
        return {"any": "thing"} if made is None or made == [] else made
    return "text é <a/>" if bare.startswith("text/") or bare.endswith("xml") else CONTENT


def fresh(arguments: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the arguments with the type of the body that is meant, and files at their start."""
    for item in arguments.values():
        rewind(item)
    more = {"headers": {"Content-Type": kind}} if kind and "*" not in kind else {}
    return {**arguments, **more}


def rewind(item: Any) -> None:
    for inner in (
        item.values() if isinstance(item, dict) else item if isinstance(item, list | tuple) else ()
    ):
        rewind(inner)
    if isinstance(item, io.BytesIO):
        item.seek(0)


def assert_sent(operation: Foreign, arguments: dict[str, Any], kind: str, seen: Seen) -> None:
    assert seen.method == operation.method.upper()
    variables = wire.path_values(operation, seen.target)
    terms = wire.query_terms(seen, operation)
    swagger_terms = wire.form("&".join(terms).encode()) if operation.is_swagger and terms else []
    headers = {name.lower(): text for name, text in seen.headers.items()}
    cookies = [item for item in headers.get("cookie", "").split("; ") if item]
    form: list[tuple[str, str]] = []
    uploaded: dict[str, bytes] = {}
    if operation.is_swagger and any(place == "formData" for _, place in operation.parameters):
        content_type = headers["content-type"]
        if content_type.startswith(MULTIPART):
            for name, file, _, content in wire.parts(content_type, seen.body):
                if file is None:
                    form.append((name, content.decode()))
                else:
                    uploaded[name] = content
        else:
            form = wire.form(seen.body)
    for key, keyword in corpus.keywords(operation).items():
        name, place = key
        if place == "body":
            continue
        parameter, given = operation.parameters[key], arguments[keyword]
        expected = wire.text(given)
        if "content" in parameter:
            encoded = {"path": variables.get(name), "header": headers.get(name.lower())}.get(place)
            if place in ("query", "cookie"):
                encoded = wire.query_value(
                    {**parameter, "style": ""}, "", terms if place == "query" else cookies
                )
            found: Any = json.loads(unquote(str(encoded)) if place == "path" else str(encoded))
            expected = given
        elif place == "path":
            raw = variables[name]
            found = unquote(raw) if operation.is_swagger else wire.path_value(parameter, given, raw)
            expected = (
                ",".join(expected) if operation.is_swagger and isinstance(given, list) else expected
            )
        elif place == "query":
            found = (
                wire.collected(parameter, given, swagger_terms)
                if operation.is_swagger
                else wire.query_value(parameter, given, terms)
            )
        elif place == "cookie":
            found = wire.query_value(parameter, given, cookies)
        elif place == "header":
            explode = "=" if parameter.get("explode") else ""
            raw_header = headers[name.lower()]
            found = raw_header
            if isinstance(given, dict | list):
                found = wire.parted(raw_header.replace("%", "%25"), given, ",", explode)
        elif isinstance(given, tuple):
            found, expected = uploaded[name], CONTENT
        else:
            found = wire.collected(parameter, given, form)
        if parameter.get("style") == "deepObject" and isinstance(given, dict):
            found = json.loads(json.dumps(found))
            expected = deep(given)
        assert found == expected, f"{operation.method} {operation.path}: {name} in the {place}"
    assert not (swagger_terms if operation.is_swagger else terms), "more in the query than given"
    assert not cookies
    assert not form
    if kind:
        assert_body(operation, arguments[body_name(operation)], kind, seen, headers)


def deep(given: dict[str, Any]) -> dict[str, Any]:
    """Return an object as its names in brackets have it: lists of one are single there."""
    found: dict[str, Any] = {}
    for name, item in given.items():
        if isinstance(item, dict):
            found[str(name)] = deep(item)
        elif isinstance(item, list):
            texts = wire.text(item)
            found[str(name)] = texts if len(texts) != 1 else texts[0]
        else:
            found[str(name)] = wire.text(item)
    return found


def assert_body(
    operation: Foreign, given: Any, kind: str, seen: Seen, headers: dict[str, str]
) -> None:
    bare = kind.partition(";")[0].strip().lower()
    content_type = headers["content-type"]
    if bare == MULTIPART:
        assert content_type.startswith(f"{MULTIPART}; boundary=")
        found = wire.parts(content_type, seen.body)
        if str(operation.document.get("openapi"))[:3] != "3.0":
            found, given = assert_styled_parts(operation, given, kind, found)
        assert_parts(given, found)
        return
    if "*" in bare:
        assert "*" not in content_type
    else:
        assert content_type == kind
    if bare == FORM:
        assert_form(operation, given, kind, seen)
    elif isinstance(given, bytes):
        assert seen.body == given
    elif bare.endswith(("json", "*/*")):
        assert json.loads(seen.body) == given
    else:
        assert seen.body == given.encode()


def assert_form(operation: Foreign, given: dict[str, Any], kind: str, seen: Seen) -> None:
    encodings = operation.bodies()[kind].get("encoding", {})
    terms = seen.body.decode().replace("+", "%20").split("&")
    for name, item in given.items():
        encoding = encodings.get(name, {})
        if "style" in encoding or "explode" in encoding:
            found = wire.query_value({"name": name, **encoding}, item, terms)
            assert found == (
                deep(item) if encoding.get("style") == "deepObject" else wire.text(item)
            )
        elif isinstance(item, dict):
            assert json.loads(wire.query_value({"name": name}, "", terms)) == item
        else:
            assert wire.query_value({"name": name}, item, terms) == wire.text(item)
    assert not [term for term in terms if term]


Part = tuple[str, str | None, str, bytes]


def assert_styled_parts(
    operation: Foreign, given: dict[str, Any], kind: str, found: list[Part]
) -> tuple[list[Part], dict[str, Any]]:
    """See to the fields that have a style (since OpenAPI 3.1) and return the others."""
    encodings = operation.bodies()[kind].get("encoding", {})
    styled = {name for name in given if "style" in encodings.get(name, {})}
    terms = [f"{quote(p[0])}={quote(p[3])}" for p in found if p[1] is None]
    for name in styled:
        item, before = given[name], list(terms)
        style = encodings[name]["style"]
        joint = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(style, ",")
        if isinstance(item, dict | list) and not encodings[name].get("explode", style == "form"):
            (term,) = [term for term in terms if unquote(term.partition("=")[0]) == name]
            terms.remove(term)
            raw = unquote(term.partition("=")[2])
            assert wire.parted(raw.replace("%", "%25"), item, joint) == wire.text(item)
        else:
            value = wire.query_value({"name": name, **encodings[name]}, item, terms)
            assert value == (deep(item) if isinstance(item, dict) else wire.text(item))
        assert len(terms) < len(before)
    left = [p for p in found if p[1] is not None or f"{quote(p[0])}={quote(p[3])}" in terms]
    return left, {name: item for name, item in given.items() if name not in styled}


def assert_parts(given: dict[str, Any], found: list[tuple[str, str | None, str, bytes]]) -> None:
    expected: list[tuple[str, Any]] = []
    for name, item in given.items():
        for each in item if isinstance(item, list) else [item]:
            expected.append((name, each))
    assert len(found) == len(expected)
    for name, item in expected:
        for index, (part, file, media, content) in enumerate(found):
            if part != name:
                continue
            if isinstance(item, tuple):
                assert (file, content) == (item[0], CONTENT)
            elif isinstance(item, dict | list):
                assert media == "application/json"
                assert json.loads(content) == item
            else:
                assert content.decode() == wire.text(item)
            del found[index]
            break
        else:
            raise AssertionError(f"{name} is not among the parts")


@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if "oas-examples" in path.parts], ids=corpus.label
)
def test_a_document_in_yaml_is_the_same_service(path: Path) -> None:
    twin = Path(str(path).replace("/json/", "/yaml/")).with_suffix(".yaml")
    if not twin.exists():
        return
    assert sorted(plans(path)) == sorted(plans(twin))
