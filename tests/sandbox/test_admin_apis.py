"""APIs of the admin service over the wire: what the gateway publishes, blocks and lets through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.admin_support import APIS, gone, new_name, new_role
from tests.sandbox.answers import flask_refusal as refusal
from tests.sandbox.answers import flask_result as result

FILES = f"{APIS}/Files-admin-v2"


@pytest.fixture
def admin(fresh_sandbox: Sandbox) -> Iterator[Http]:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("admin")["token"]) as session:
        yield session


@pytest.fixture
def ada(fresh_sandbox: Sandbox) -> Iterator[Http]:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as session:
        yield session


def _new(admin: Http, **changes: Any) -> dict[str, Any]:
    name = new_name("api")
    body = {"name": name, "path": f"/{name}/v2", "url": "http://127.0.0.1:9/lab", **changes}
    made: dict[str, Any] = result(admin.post(APIS, json=body))
    return made


def _names(admin: Http) -> list[str]:
    return [api["id"] for api in result(admin.get(APIS, params={"limit": 250}))]


def test_everything_that_clients_can_be_subscribed_to_is_an_api(http: HttpFactory) -> None:
    found = result(http("admin").get(APIS, params={"limit": 250}))
    path = "/clients/v2/DefaultApplication/subscriptions"
    subscriptions = http("").get(path, auth=("ada", "ada")).json()["result"]
    assert [api["name"] for api in found] == [item["apiName"] for item in subscriptions]
    files = {"id": "Files-admin-v2", "name": "Files", "owner": "admin", "version": "v2"}
    assert {**files, "status": "PUBLISHED"} in found
    assert result(http("admin").get(APIS, params={"limit": 2, "offset": 1})) == found[1:3]


def test_an_api_tells_what_can_be_called(sandbox: Sandbox, http: HttpFactory) -> None:
    api = result(http("admin").get(f"{APIS}/Realtime-admin-v2"))
    verb = {"auth_type": "Application & Application User", "throttling_tier": "Unlimited"}
    assert api == {
        "id": "Realtime-admin-v2",
        "name": "Realtime",
        "owner": "admin",
        "version": "v2",
        "status": "PUBLISHED",
        "context": "/realtime/v2",
        "environments": "Production and Sandbox",
        "url": f"{sandbox.url}/realtime/v2",
        "visibility": "public",
        "resources": [{"url_pattern": "/*", "http_verbs": {"GET": verb, "DELETE": verb}}],
        "templates": [
            {"route": "/*", "methods": "GET,DELETE", "roles": "", "tiers": "Unlimited"},
        ],
    }


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [("BLOCKED", 503, 900907), ("retired", 404, 900906), ("Created", 404, 900906)],
)
def test_an_api_that_is_not_published_cannot_be_called(
    admin: Http, ada: Http, state: str, status: int, code: int
) -> None:
    assert ada.get("/files/v2/listings").status_code == 200
    assert result(admin.put(FILES, json={"status": state}))["status"] == state.upper()
    for session in (ada, admin):
        answer = session.get("/files/v2/listings")
        assert (answer.status_code, answer.json()["fault"]["code"]) == (status, code)
    assert ada.get("/systems/v2").status_code == 200
    assert result(admin.get(FILES))["status"] == state.upper()

    assert result(admin.put(FILES, json={"status": "PUBLISHED"}))["status"] == "PUBLISHED"
    assert ada.get("/files/v2/listings").status_code == 200


@pytest.mark.parametrize("state", ["DEPRECATED", "PROTOTYPED"])
def test_a_deprecated_api_goes_on_answering(admin: Http, ada: Http, state: str) -> None:
    assert result(admin.put(FILES, json={"status": state}))["status"] == state
    assert ada.get("/files/v2/listings").status_code == 200


def test_subscriptions_tell_the_state_of_their_api(admin: Http, ada: Http) -> None:
    result(admin.put(FILES, json={"status": "BLOCKED"}))
    path = "/clients/v2/DefaultApplication/subscriptions"
    with Http(ada.base_url, "") as web:
        found = web.get(path, auth=("ada", "ada")).json()["result"]
    states = {item["apiName"]: item["apiStatus"] for item in found}
    assert (states["Files"], states["Jobs"]) == ("BLOCKED", "PUBLISHED")


def test_a_blocked_api_stays_blocked_when_the_tenant_is_restarted(tmp_path: Any) -> None:
    for expected in (200, 503):
        with (
            Sandbox(seed="empty", state=tmp_path) as sandbox,
            Http(sandbox.url, sandbox.credentials("admin")["token"]) as admin,
        ):
            assert admin.get("/jobs/v2").status_code == expected
            result(admin.put(f"{APIS}/Jobs-admin-v2", json={"status": "BLOCKED"}))


def test_administrators_cannot_lock_themselves_out(admin: Http) -> None:
    answer = admin.put(f"{APIS}/Admin-admin-v2", json={"status": "BLOCKED"})
    assert refusal(answer).startswith("Admin-admin-v2 must stay callable")
    assert result(admin.get(f"{APIS}/Admin-admin-v2"))["status"] == "PUBLISHED"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "status is required."),
        ({"status": "ON"}, "Invalid status 'ON': choose one of CREATED, "),
        ({"status": 1}, "status is not text: 1"),
    ],
)
def test_an_unknown_state_is_refused(http: HttpFactory, body: Any, message: str) -> None:
    assert refusal(http("admin").put(FILES, json=body)).startswith(message)


def test_an_api_is_registered_published_and_deleted(admin: Http) -> None:
    role = new_role(admin)
    made = _new(
        admin,
        methods=["get", "POST"],
        auth=["none", "oauth"],
        visibility="restricted",
        roles=[role],
    )
    name = made["name"]
    assert made == {
        "id": f"{name}-admin-v2",
        "name": name,
        "owner": "admin",
        "version": "v2",
        "status": "CREATED",
        "context": f"/{name}/v2",
        "environments": "Production and Sandbox",
        "url": "http://127.0.0.1:9/lab",
        "visibility": "restricted",
        "resources": [
            {
                "url_pattern": "/*",
                "http_verbs": {
                    "GET": {"auth_type": "None", "throttling_tier": "Unlimited"},
                    "POST": {
                        "auth_type": "Application & Application User",
                        "throttling_tier": "Unlimited",
                    },
                },
            }
        ],
        "templates": [{"route": "/*", "methods": "GET,POST", "roles": role, "tiers": "Unlimited"}],
    }
    path = f"{APIS}/{made['id']}"
    assert result(admin.get(path)) == made
    assert _names(admin)[-1] == made["id"]
    published = {**made, "status": "PUBLISHED"}
    assert result(admin.put(path, json={"status": "published"})) == published
    assert result(admin.get(path)) == published
    gone(admin.delete(path))
    assert made["id"] not in _names(admin)
    text = f"No API found with id: {made['id']}."
    assert refusal(admin.get(path)) == text
    assert refusal(admin.delete(path)) == text
    assert refusal(admin.put(path, json={"status": "BLOCKED"})) == text


def test_old_spellings_of_an_api_and_forms_are_taken(admin: Http) -> None:
    form = {"api_name": "Lab", "context": "/lab", "url": "https://lab.example.org/", "auth": "none"}
    made = result(admin.post(APIS, data={**form, "methods": "GET,HEAD"}))
    assert (made["id"], made["context"]) == ("Lab-admin-v2", "/lab")
    verbs = made["resources"][0]["http_verbs"]
    assert {verb: what["auth_type"] for verb, what in verbs.items()} == {
        "GET": "None",
        "HEAD": "None",
    }


def test_an_api_has_all_methods_and_is_public_unless_said_otherwise(admin: Http) -> None:
    made = _new(admin)
    assert made["visibility"] == "public"
    assert made["templates"][0]["methods"] == "GET,POST,PUT,DELETE,HEAD"


GOOD = {"name": "Lab", "path": "/lab/v2", "url": "http://lab.example.org"}


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"name": None}, 400, "name is required."),
        ({"path": None}, 400, "path is required."),
        ({"url": None}, 400, "url is required."),
        ({"name": "a/b"}, 400, "Invalid name 'a/b': use letters"),
        ({"name": "files"}, 400, "An API with the name files already exists."),
        ({"path": "lab"}, 400, "Invalid path 'lab': one starts with a slash"),
        ({"path": "/jobs/v2"}, 400, "The path /jobs/v2 belongs to the API Jobs-admin-v2"),
        ({"url": "ftp://x"}, 400, "Invalid url 'ftp://x': an http or https address"),
        ({"methods": ["FLY"]}, 400, "Invalid methods 'FLY': choose of GET, POST"),
        ({"methods": ["GET", "get"]}, 400, "Invalid methods ['GET', 'GET']: name each once"),
        ({"methods": {}}, 400, "methods is not a list of texts: {}"),
        ({"auth": ["magic"]}, 400, "Invalid auth 'magic': choose of oauth, none"),
        ({"auth": ["none", "oauth"]}, 400, "Invalid auth ['none', 'oauth']: 2 words for 5"),
        ({"visibility": "private"}, 400, "Invalid visibility 'private': choose of public"),
        ({"visibility": "restricted"}, 400, "roles is required when visibility is restricted."),
        ({"roles": ["nothing"]}, 404, "No role found with id: nothing."),
    ],
)
def test_an_api_that_cannot_be_made_is_refused_with_the_reason(
    http: HttpFactory, changes: Any, status: int, message: str
) -> None:
    admin = http("admin")
    before = _names(admin)
    assert refusal(admin.post(APIS, json={**GOOD, **changes}), status).startswith(message)
    assert _names(admin) == before


def test_the_apis_of_the_tenant_cannot_be_deleted(http: HttpFactory) -> None:
    assert refusal(http("admin").delete(FILES)).startswith("Clients are subscribed to the API")
    assert result(http("admin").get(FILES))["id"] == "Files-admin-v2"


def test_an_unknown_api_is_refused(http: HttpFactory) -> None:
    text = "No API found with id: Nothing-admin-v2."
    assert refusal(http("admin").get(f"{APIS}/Nothing-admin-v2")) == text
