"""Who asks for what is not theirs, is not there or is nonsense is told so, by each operation.

Most refusals are tested where an operation's work is. Here are those of operations that share
their handler with others which are refused there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import jobs_support
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import auth, execution_system, new_id

Made = dict[str, str]


@pytest.fixture(scope="module")
def made(sandbox: Sandbox) -> Iterator[Made]:
    """What ada has made and shares with nobody, by the word for it in a path."""
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
        system = new_id()
        result(ada.post("/systems/v2/", json=execution_system(system)), 201)
        tag = {"name": f"tag{uuid.uuid4().hex[:12]}", "associationIds": []}
        tag_id = result(ada.post("/tags/v2/", json=tag), 201)["id"]
        job = jobs_support.submit(ada, "wc-1.0", inputs={"file": jobs_support.HELLO})["id"]
        yield {"system": system, "tag": tag_id, "job": job}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tags/v2/{tag}/associations", None),
        ("GET", "/tags/v2/{tag}/pems", None),
        ("DELETE", "/tags/v2/{tag}/pems", None),
        ("GET", "/jobs/v2/{job}/pems", None),
        ("GET", "/jobs/v2/{job}/pems/grace", None),
        ("DELETE", "/jobs/v2/{job}/pems", None),
        ("DELETE", "/jobs/v2/{job}/pems/ada", None),
        ("GET", "/systems/v2/{system}/credentials/bob", None),
        ("POST", "/systems/v2/{system}/credentials/bob", auth()),
        ("POST", "/systems/v2/{system}/credentials/bob/LOGIN", auth()),
        ("DELETE", "/systems/v2/{system}/credentials", None),
        ("DELETE", "/systems/v2/{system}/credentials/bob/LOGIN", None),
    ],
)
def test_what_is_shared_with_nobody_is_its_owners(
    http: HttpFactory, made: Made, method: str, path: str, body: Any
) -> None:
    message = refusal(http("grace").request(method, path.format(**made), json=body), 403)
    assert "ermission" in message


@pytest.mark.parametrize(
    "path",
    [
        "/apps/v2/name/wc",
        "/apps/v2/tag/demo",
        "/apps/v2/ontology/term",
        "/apps/v2/system/sandbox.exec",
        "/jobs/v2/search/name",
        "/profiles/v2",
        "/realtime/v2/",
        "/transforms/v2/",
        "/transforms/v2/tags/sequence",
    ],
)
def test_a_limit_that_is_no_number_is_named(http: HttpFactory, path: str) -> None:
    message = refusal(http("ada").get(path, params={"limit": "many"}), 400)
    assert message == "Invalid value for limit: 'many' is no integer"


@pytest.mark.parametrize(
    ("path", "body"), [("/apps/v2/", b""), ("/postits/v2/", b"Invalid value for limit: 'many' is")]
)
def test_a_refused_argument_is_told_without_an_envelope_to_who_wants_none(
    http: HttpFactory, path: str, body: bytes
) -> None:
    answer = http("ada").get(path, params={"limit": "many", "naked": "true"})
    assert answer.status_code == 400
    assert answer.content == (body and body + b" no integer")


def test_a_broken_body_is_told_without_an_envelope_to_who_wants_none(http: HttpFactory) -> None:
    answer = http("ada").post("/apps/v2/", data=b"{", params={"naked": "true"})
    assert (answer.status_code, answer.content) == (400, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/actors/v2/aliases",
        "/actors/v2/configs",
        "/actors/v2/utilization",
        "/tenants",
        "/tenants/v2",
        "/apim/v2/publickey",
    ],
)
def test_a_body_that_is_no_json_is_refused_where_none_is_needed(
    http: HttpFactory, path: str
) -> None:
    head = {"Content-Type": "application/json"}
    message = refusal(http("ada").request("GET", path, data="{", headers=head), 400)
    assert message.startswith("Invalid JSON in the body of the request")


def test_nothing_is_subscribed_to_for_a_client_that_is_not_there(http: HttpFactory) -> None:
    subscription = {"apiName": "Files", "apiVersion": "v2", "apiProvider": "admin"}
    answer = http("").post("/clients/v2/none/subscriptions", json=subscription, auth=("ada", "ada"))
    assert refusal(answer, 400) == "Application not found: none"


@pytest.mark.parametrize("path", ["aliases", "configs", "utilization"])
def test_lists_that_all_may_see_are_for_who_is_logged_in(http: HttpFactory, path: str) -> None:
    assert http("").get(f"/actors/v2/{path}").status_code == 401
    for user in ("ada", "grace", "admin"):
        answer = http(user).get(f"/actors/v2/{path}")
        assert (answer.status_code, answer.json()["status"]) == (200, "success")
