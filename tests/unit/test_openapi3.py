"""OpenAPI 3 documents become the same plans as Swagger 2.0 ones."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from agavepy.compiler import compile_document
from agavepy.errors import DescriptionError
from agavepy.plan import Scheme, plan_from_json
from tests.unit.documents import (
    Document,
    answer_of,
    answering,
    compiled,
    openapi,
    operation,
    plan,
    swagger,
)


@pytest.mark.parametrize("version", ["3.0.0", "3.0.4", "3.1.0", "3.1.1"])
def test_the_same_api_has_the_same_plan_in_every_version(version: str) -> None:
    parameter = {"name": "limit", "in": "query", "required": True, "description": "How many."}
    answer = {"type": "object", "properties": {"made": {"type": "string", "format": "date-time"}}}
    new = openapi(
        {
            "/at/{id}": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "get": operation(
                    summary="S",
                    deprecated=True,
                    parameters=[{**parameter, "schema": {"type": "integer", "minimum": 1}}],
                    responses={"200": answer_of("application/json", answer)},
                ),
            }
        },
        version,
        servers=[{"url": "https://host.example/v1"}],
    )
    old = swagger(
        {
            "/at/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
                "get": operation(
                    summary="S",
                    deprecated=True,
                    parameters=[{**parameter, "type": "integer", "minimum": 1}],
                    responses={"200": {"description": "D", "schema": answer}},
                ),
            }
        },
        **{"host": "host.example", "basePath": "/v1", "schemes": ["https"]},
    )
    made, known = plan(new), plan(old)
    parameters = tuple(item._replace(style="", explode=False) for item in made.parameters)
    assert made._replace(parameters=parameters) == known


def test_a_plan_with_everything_survives_its_way_through_a_file() -> None:
    document = openapi(
        {
            "/at": {
                "post": operation(
                    security=[{"o": ["a", "b"]}],
                    requestBody={
                        "content": {
                            "multipart/form-data": {
                                "schema": {"properties": {"f": {"enum": ["x"], "type": "string"}}}
                            }
                        }
                    },
                )
            }
        },
        components={
            "securitySchemes": {"o": {"type": "oauth2", "flows": {"password": {"tokenUrl": "/t"}}}}
        },
    )
    made = plan(document)
    assert made.schemes
    assert made.bodies[0].parts
    assert plan_from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ({}, ""),
        ({"document": "https://a.example/v1/"}, "https://a.example/v1"),
        ({"document": "/v3"}, "/v3"),
        ({"document": "/"}, ""),
        ({"document": "/d", "path": "/p"}, "/p"),
        ({"document": "/d", "path": "/p", "operation": "/o"}, "/o"),
    ],
)
def test_the_server_nearest_to_an_operation_counts(servers: Any, expected: str) -> None:
    def listed(where: str) -> Document:
        return {"servers": [{"url": servers[where]}]} if where in servers else {}

    item = {**listed("path"), "get": operation(**listed("operation"))}
    made = plan(openapi({"/at": item}, **listed("document")))
    assert (made.server, made.path) == (expected, "/at")


def test_the_variables_of_a_server_have_their_defaults() -> None:
    server = {
        "url": "https://{user}.example:{port}/{base}",
        "variables": {
            "user": {"default": "demo"},
            "port": {"enum": ["8443", "443"], "default": "8443"},
            "base": {"default": "v2"},
        },
    }
    document = openapi({"/at": {"get": operation()}}, servers=[server])
    assert plan(document).server == "https://demo.example:8443/v2"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ""),
        ({"basePath": "/v2/"}, "/v2"),
        ({"host": "h.example", "schemes": ["http", "https"]}, "https://h.example"),
        ({"host": "h.example:1", "schemes": ["http"], "basePath": "/b"}, "http://h.example:1/b"),
        ({"host": "h.example"}, "https://h.example"),
    ],
)
def test_the_server_of_swagger_2_is_its_host_and_base_path(more: Any, expected: str) -> None:
    assert plan(swagger({"/at": {"get": operation()}}, **more)).server == expected


FLOWS = {
    "authorizationCode": {"authorizationUrl": "/a", "tokenUrl": "/t", "scopes": {}},
    "clientCredentials": {"tokenUrl": "/t", "refreshUrl": "/r", "scopes": {"x": "X"}},
    "password": {"tokenUrl": "/t", "scopes": {}},
}
SCHEMES = {
    "jwt": {"type": "http", "scheme": "Bearer"},
    "login": {"type": "http", "scheme": "basic"},
    "digest": {"type": "http", "scheme": "Digest"},
    "key": {"type": "apiKey", "in": "query", "name": "api_key"},
    "crumb": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "oauth": {"type": "oauth2", "flows": FLOWS},
    "open": {"type": "openIdConnect", "openIdConnectUrl": "/.well-known"},
    "tls": {"type": "mutualTLS"},
    "own": {"type": "http", "scheme": "bearer", "x-agavepy-credential": "bearer"},
}
KEY = Scheme("key", "apikey", "query", "api_key")
JWT = Scheme("jwt", "bearer")


@pytest.mark.parametrize(
    ("security", "word", "anonymous", "schemes"),
    [
        ([], "none", False, ()),
        ([{}], "none", False, ()),
        ([{"jwt": []}], "foreign", False, ((JWT,),)),
        ([{"jwt": [], "key": []}], "foreign", False, ((JWT, KEY),)),
        ([{"jwt": []}, {"key": []}, {}], "foreign", True, ((JWT,), (KEY,))),
        ([{"login": []}], "foreign", False, ((Scheme("login", "basic"),),)),
        ([{"digest": []}], "foreign", False, ((Scheme("digest", "http", key="digest"),),)),
        ([{"crumb": []}], "foreign", False, ((Scheme("crumb", "apikey", "cookie", "sid"),),)),
        (
            [{"open": []}],
            "foreign",
            False,
            ((Scheme("open", "openid", token_url="/.well-known"),),),
        ),
        ([{"tls": []}], "foreign", False, ((Scheme("tls", "mutual"),),)),
        ([{"gone": []}, {"jwt": []}], "foreign", False, ((JWT,),)),
        ([{"own": []}], "bearer", False, ()),
        (
            [{"oauth": ["x"]}],
            "foreign",
            False,
            (
                (Scheme("oauth", "oauth2", flow="password", token_url="/t", scopes=("x",)),),
                (Scheme(*("oauth", "oauth2", "", "", "client_credentials", "/t", "/r", ("x",))),),
                (Scheme(*("oauth", "oauth2", "", "", "authorization_code", "/t", "", ("x",))),),
            ),
        ),
    ],
)
def test_who_may_call_is_in_the_plan(
    security: Any, word: str, anonymous: bool, schemes: Any
) -> None:
    document = answering({"200": {"description": "D"}}, security=security)
    document["components"] = {"securitySchemes": SCHEMES}
    made = plan(document)
    assert (made.security, made.anonymous) == (word, anonymous)
    assert set(made.schemes) == set(schemes)


def test_the_credentials_of_swagger_2_are_schemes_too() -> None:
    definitions = {
        "login": {"type": "basic"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "oauth": {"type": "oauth2", "flow": "application", "tokenUrl": "/t", "scopes": {}},
    }
    document = swagger(
        {"/at": {"get": operation()}},
        securityDefinitions=definitions,
        security=[{"login": []}, {"key": []}, {"oauth": ["s"]}],
    )
    assert plan(document).schemes == (
        (Scheme("login", "basic"),),
        (Scheme("key", "apikey", "header", "X-Key"),),
        (Scheme("oauth", "oauth2", flow="client_credentials", token_url="/t", scopes=("s",)),),
    )


def test_headers_that_are_described_elsewhere_are_no_parameters() -> None:
    names = ("Accept", "content-type", "Authorization", "X-Own")
    parameters = [{"name": name, "in": "header", "schema": {}} for name in names]
    made = plan(answering({"200": {}}, parameters=parameters))
    assert [item.name for item in made.parameters] == ["X-Own"]


@pytest.mark.parametrize(
    ("schema", "kind", "enum"),
    [
        ({"type": ["integer", "null"]}, "integer", ()),
        ({"type": "string", "nullable": True, "enum": ["a", None]}, "string", ("a", None)),
        ({"const": 3}, "integer", (3,)),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer", ()),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "any", ()),
        ({"allOf": [{"$ref": "#/components/schemas/Word"}]}, "string", ("x",)),
        ({"properties": {"a": {}}}, "object", ()),
        ({"items": {"type": "integer"}}, "array", ()),
        ({"type": ["integer", "number"]}, "number", ()),
        (True, "any", ()),
    ],
)
def test_the_type_of_a_parameter_is_what_its_schema_comes_to(
    schema: Any, kind: str, enum: tuple[Any, ...]
) -> None:
    parameters = [{"name": "a", "in": "query", "schema": schema}]
    document = answering({"200": {}}, parameters=parameters)
    document["components"] = {"schemas": {"Word": {"type": "string", "enum": ["x"]}}}
    (parameter,) = plan(document).parameters
    assert (parameter.type, parameter.enum) == (kind, enum)


def test_what_stands_beside_a_reference_counts_since_3_1() -> None:
    schema = {"$ref": "#/components/schemas/Word", "description": "Here."}
    for version, told in (("3.0.3", "There."), ("3.1.0", "Here.")):
        document = openapi(
            {
                "/at": {
                    "get": operation(parameters=[{"name": "a", "in": "query", "schema": schema}])
                }
            },
            version,
            components={"schemas": {"Word": {"type": "string", "description": "There."}}},
        )
        assert plan(document).parameters[0].doc == told


def test_a_document_may_be_in_several_files_and_refer_back(tmp_path: Path) -> None:
    main = openapi({"/at": {"$ref": "paths/at.yaml#/item"}})
    main["components"] = {"schemas": {"Own": {"properties": {"x": {"type": "integer"}}}}}
    item = {
        "item": {
            "get": operation(
                parameters=[{"$ref": "../shared.yaml#/limit"}],
                responses={
                    "200": answer_of(
                        "application/json", {"$ref": "../main.yaml#/components/schemas/Own"}
                    ),
                    "201": answer_of("application/json", {"$ref": "#/local"}),
                },
            )
        },
        "local": {"properties": {"y": {"$ref": "#/local"}}},
    }
    (tmp_path / "paths").mkdir()
    (tmp_path / "main.yaml").write_text(yaml.safe_dump(main))
    (tmp_path / "paths" / "at.yaml").write_text(yaml.safe_dump(item))
    shared = {"limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}}
    (tmp_path / "shared.yaml").write_text(yaml.safe_dump(shared))
    made = plan_from_json(compile_document(main, tmp_path / "main.yaml")["operations"]["call"])
    assert [item.name for item in made.parameters] == ["limit"]
    assert {name for name, _, _ in made.answer.fields} >= {"x", "y", "y.y"}


def test_a_schema_may_be_referred_to_by_a_name_of_its_own() -> None:
    word = {"$id": "https://host.example/word", "$anchor": "word", "type": "integer"}
    for reference in ("#word", "https://host.example/word"):
        parameter = {"name": "a", "in": "query", "schema": {"$ref": reference}}
        document = openapi(
            {"/at": {"get": operation(parameters=[parameter])}},
            components={"schemas": {"Word": word}},
        )
        assert plan(document).parameters[0].type == "integer"


def test_many_references_that_lead_nowhere_are_no_way_to_keep_anybody_busy() -> None:
    names = [f"S{n}" for n in range(3000)]
    schemas = {name: {"properties": {name: {"$ref": f"#/no/{name}"}}} for name in names}
    all_of_them = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    answers = {"200": answer_of("application/json", {"oneOf": all_of_them})}
    document = openapi(
        {"/at": {"get": operation(responses=answers)}}, components={"schemas": schemas}
    )
    started = time.process_time()
    assert len(plan(document).answer.fields) == 3000
    assert time.process_time() - started < 5


def test_other_documents_come_through_the_reader_that_is_given() -> None:
    asked: list[str] = []

    def read(url: str) -> Any:
        asked.append(url)
        if "secret" in url:
            raise DescriptionError(f"{url} is not allowed")
        return {"limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}}

    document = openapi(
        {
            "/at": {
                "get": operation(
                    parameters=[{"$ref": "parts/p.yaml#/limit"}, {"$ref": "file:///secret#/x"}]
                )
            }
        }
    )
    data = compile_document(document, "https://host.example/api/main.yaml", read=read)
    assert asked == ["https://host.example/api/parts/p.yaml", "file:///secret"]
    assert data["service"] == "main"
    assert [p["name"] for p in data["operations"]["call"]["parameters"]] == ["limit"]


def test_nothing_is_fetched_without_a_reader() -> None:
    document = openapi({"/at": {"$ref": "https://host.example/x.yaml#/a"}})
    data = compile_document(document, Path("main.yaml"))
    assert [why for _, why in data["skipped"]] == ["what its path refers to is not there"]


@pytest.mark.parametrize("document", [{"openapi": "2.9"}, {"swagger": "1.2"}, {}, None, "text"])
def test_what_is_no_description_is_an_error(document: Any) -> None:
    with pytest.raises(DescriptionError, match=r"things\.yaml: not a description"):
        compile_document(document, Path("things.yaml"))


def test_a_document_of_webhooks_alone_is_a_service_without_operations() -> None:
    document = {"openapi": "3.1.0", "info": {}, "webhooks": {"x": {"post": operation()}}}
    assert len(compiled(document)) == 0
