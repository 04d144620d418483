"""The clients service over the wire: clients, their secrets and their subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from agavepy import loader
from agavepy.sandbox import Sandbox
from tests.conftest import Http

ADA, GRACE = ("ada", "ada"), ("grace", "grace")


@pytest.fixture(scope="module")
def web(sandbox: Sandbox) -> Iterator[Http]:
    with Http(sandbox.url, "") as session:
        yield session


def _create(web: Http, name: str, auth: tuple[str, str] = ADA, **fields: Any) -> requests.Response:
    return web.post("/clients/v2/", json={"clientName": name, **fields}, auth=auth)


def _result(answer: requests.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["result"]


def test_a_new_client_comes_with_a_secret_that_gets_tokens(web: Http, sandbox: Sandbox) -> None:
    answer = _create(web, "one", description="first", tier="GOLD")
    made = _result(answer, 201)
    assert answer.json()["message"] == "Client created successfully."
    assert (made["name"], made["description"], made["tier"]) == ("one", "first", "Gold")
    assert made["callbackUrl"] == ""
    assert (len(made["consumerKey"]), len(made["consumerSecret"])) == (28, 28)
    assert made["_links"] == {
        "self": {"href": f"{sandbox.url}/clients/v2/one"},
        "subscriber": {"href": f"{sandbox.url}/profiles/v2/ada"},
        "subscriptions": {"href": f"{sandbox.url}/clients/v2/one/subscriptions/"},
    }
    auth = (made["consumerKey"], made["consumerSecret"])
    form = {"grant_type": "client_credentials"}
    assert web.post("/token", data=form, auth=auth).status_code == 200


def test_a_client_can_be_created_by_a_form_as_old_programs_send_it(web: Http) -> None:
    form = {"clientName": "by-form", "tier": "Unlimited", "callbackUrl": "", "description": "d"}
    made = _result(web.post("/clients/v2/", data=form, auth=ADA), 201)
    assert (made["name"], made["description"]) == ("by-form", "d")


def test_secrets_are_never_answered_again(web: Http) -> None:
    made = _result(_create(web, "two"), 201)
    listed = _result(web.get("/clients/v2/", auth=ADA))
    mine = [client for client in listed if client["name"] == "two"]
    assert [client["consumerKey"] for client in mine] == [made["consumerKey"]]
    answer = web.get("/clients/v2/two", auth=ADA)
    found = _result(answer)
    assert answer.json()["message"] == "Client details retrieved successfully."
    assert found == {key: value for key, value in made.items() if key != "consumerSecret"}
    assert mine == [found]


def test_every_user_owns_a_default_application(web: Http) -> None:
    for auth in (ADA, GRACE):
        names = [client["name"] for client in _result(web.get("/clients/v2/", auth=auth))]
        assert names[:2] == ["DefaultApplication", f"sandbox-{auth[0]}"]


def test_a_listing_comes_in_pages(web: Http) -> None:
    everything = _result(web.get("/clients/v2/", auth=ADA))
    page = _result(web.get("/clients/v2/", params={"limit": 1, "offset": 1}, auth=ADA))
    assert page == everything[1:2]


def test_a_user_neither_sees_nor_deletes_the_clients_of_others(web: Http) -> None:
    _result(_create(web, "mine"), 201)
    for call in (web.get, web.delete):
        answer = call("/clients/v2/mine", auth=GRACE)
        assert answer.status_code == 400
        assert "Application not found" in answer.json()["message"]
    assert _result(web.get("/clients/v2/mine", auth=ADA))["name"] == "mine"
    _result(_create(web, "mine", GRACE), 201)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "clientName is required"),
        ({"name": "old"}, "clientName is required"),
        ({"clientName": "  "}, "clientName is required"),
        ({"clientName": 7}, "clientName is not text: 7"),
        ({"clientName": "x", "tier": "Lead"}, "Invalid tier 'Lead'"),
        ({"clientName": "x", "callbackUrl": "https://a\r\nb"}, "callbackUrl is not an address"),
        ({"clientName": "x", "callbackUrl": "https://[a"}, "callbackUrl is not an address"),
        ({"clientName": "DefaultApplication"}, "already exists by the name - DefaultApplication"),
        (["clientName"], "The body is not a JSON object"),
    ],
)
def test_a_client_that_cannot_be_made_is_refused_with_the_reason(
    web: Http, body: Any, message: str
) -> None:
    answer = web.post("/clients/v2/", json=body, auth=ADA)
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"
    assert message in answer.json()["message"]


def test_a_deleted_client_is_gone_and_its_name_free(web: Http) -> None:
    key = _result(_create(web, "short"), 201)["consumerKey"]
    answer = web.delete("/clients/v2/short", auth=ADA)
    assert (_result(answer), answer.json()["message"]) == ({}, "Client removed successfully.")
    assert web.get("/clients/v2/short", auth=ADA).status_code == 400
    assert web.delete("/clients/v2/short", auth=ADA).status_code == 400
    assert _result(_create(web, "short"), 201)["consumerKey"] != key


def test_a_client_name_may_hold_blanks_and_slashes(web: Http) -> None:
    made = _result(_create(web, "my app/2"), 201)
    assert _result(web.get(made["_links"]["self"]["href"], auth=ADA))["name"] == "my app/2"


def test_a_new_client_is_subscribed_to_every_api_that_takes_tokens(
    web: Http, sandbox: Sandbox
) -> None:
    _result(_create(web, "all", tier="Silver"), 201)
    found = _result(web.get("/clients/v2/all/subscriptions", auth=ADA))
    paths = [
        [plan.path for plan in loader.service_plan(name).values() if plan.security == "bearer"]
        for name in loader.services()
    ]
    # A service that has two addresses is one API.
    contexts = {"/".join(path[0].split("/")[:3]) for path in paths if path}
    assert {item["apiContext"] for item in found} == contexts
    profiles = next(item for item in found if item["apiName"] == "Profiles")
    assert profiles == {
        "apiName": "Profiles",
        "apiContext": "/profiles/v2",
        "apiProvider": "admin",
        "apiStatus": "PUBLISHED",
        "apiVersion": "v2",
        "tier": "Silver",
        "_links": {
            "self": {"href": f"{sandbox.url}/clients/v2/all/subscriptions/"},
            "api": {"href": f"{sandbox.url}/profiles/v2"},
            "client": {"href": f"{sandbox.url}/clients/v2/all"},
        },
    }


def test_subscriptions_come_and_go_one_by_one_and_all_at_once(web: Http) -> None:
    _result(_create(web, "subs"), 201)
    path = "/clients/v2/subs/subscriptions"

    def tiers() -> dict[str, str]:
        listed = _result(web.get(path, auth=ADA))
        return {item["apiName"]: item["tier"] for item in listed}

    before = tiers()
    one = {"apiName": "profiles", "apiVersion": "v2", "apiProvider": "admin"}
    assert _result(web.delete(path, json=one, auth=ADA)) == {}
    assert tiers() == {name: tier for name, tier in before.items() if name != "Profiles"}
    assert _result(web.post(path, json={**one, "tier": "bronze"}, auth=ADA)) == {}
    assert tiers() == {**before, "Profiles": "Bronze"}
    assert _result(web.post(path, json={"apiName": "*"}, auth=ADA)) == {}
    assert tiers() == {**before, "Profiles": "Bronze"}
    assert _result(web.delete(path, json={"apiName": "*"}, auth=ADA)) == {}
    assert tiers() == {}
    assert _result(web.post(path, json={"apiName": "*"}, auth=ADA)) == {}
    assert tiers() == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "apiName is required"),
        ({"apiVersion": "v2"}, "apiName is required"),
        ({"apiName": "Nothing"}, "API not found: Nothing. There are "),
        ({"apiName": "Profiles", "apiVersion": "v9"}, "API not found: Profiles v9"),
        ({"apiName": "*", "apiProvider": "me"}, "API not found: * me"),
    ],
)
def test_unsubscribing_from_nothing_known_is_refused_with_the_reason(
    web: Http, body: Any, message: str
) -> None:
    path = "/clients/v2/DefaultApplication/subscriptions"
    answer = web.delete(path, json=body, auth=ADA)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_an_unknown_client_has_no_subscriptions(web: Http) -> None:
    answer = web.get("/clients/v2/none/subscriptions", auth=ADA)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Application not found: none"


def test_a_body_that_is_nested_without_end_is_refused_as_bad_json(web: Http) -> None:
    deep = "[" * 100_000
    for sent in (
        {"data": deep, "headers": {"Content-Type": "application/json"}},
        {"files": {"fileToUpload": ("client.json", deep)}},
    ):
        answer = web.post("/clients/v2/", auth=ADA, **sent)
        assert answer.status_code == 400
        assert "nested too deeply" in answer.json()["message"]
