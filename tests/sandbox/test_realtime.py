"""The realtime service over the wire: the channels of events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dateutil import parser

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result

ROOT = "/realtime/v2/"


def _own(http: Http) -> dict[str, Any]:
    found = result(http.get(ROOT))
    assert len(found) == 1
    channel: dict[str, Any] = found[0]
    return channel


@pytest.mark.parametrize("user", ["ada", "grace", "admin"])
def test_everybody_has_a_channel_of_their_own(
    sandbox: Sandbox, http: HttpFactory, user: str
) -> None:
    channel = _own(http(user))
    assert channel["id"].endswith("-054")
    assert (channel["name"], channel["owner"]) == (f"sandbox/{user}", user)
    assert (channel["enabled"], channel["protocol"]) == (True, "WEBSOCKET")
    assert channel["_links"] == {
        "self": {"href": f"{sandbox.url}/realtime/v2/{channel['id']}"},
        "owner": {"href": f"{sandbox.url}/profiles/v2/{user}"},
    }
    assert _own(http(user)) == channel
    assert result(http(user).get(channel["_links"]["self"]["href"])) == channel


def test_a_channel_is_filtered_paged_and_told_bare(http: HttpFactory) -> None:
    params = {"filter": "owner", "naked": "true", "orderBy": "name", "order": "ASC"}
    assert http("ada").get(ROOT, params=params).json() == [{"owner": "ada"}]
    assert result(http("ada").get(ROOT, params={"offset": 1})) == []


def test_a_channel_of_somebody_else_is_forbidden_but_to_administrators(http: HttpFactory) -> None:
    channel = _own(http("ada"))
    text = f"User does not have permission to access the realtime channel {channel['id']}"
    assert refusal(http("grace").get(ROOT + channel["id"]), 403) == text
    assert refusal(http("grace").delete(ROOT + channel["id"]), 403) == text
    assert result(http("admin").get(ROOT + channel["id"])) == channel
    assert _own(http("ada")) == channel


def test_an_unknown_channel_is_not_found(http: HttpFactory) -> None:
    text = "No realtime channel found matching nothing"
    assert refusal(http("ada").get(f"{ROOT}nothing"), 404) == text
    assert refusal(http("ada").delete(f"{ROOT}nothing"), 404) == text


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("get", "x"), ("delete", "x")])
def test_nobody_gets_in_without_a_token(http: HttpFactory, method: str, path: str) -> None:
    assert http("").request(method, ROOT + path).status_code == 401


def test_a_deleted_channel_stays_away(tmp_path: Path) -> None:
    with (
        Sandbox(seed="empty", state=tmp_path, check_answers=True) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
        Http(sandbox.url, sandbox.credentials("admin")["token"]) as admin,
        Http(sandbox.url, sandbox.credentials("grace")["token"]) as grace,
    ):
        mine, hers = _own(ada), _own(grace)
        assert "result" not in ada.delete(ROOT + mine["id"]).json()
        assert result(ada.get(ROOT)) == []
        assert refusal(ada.get(ROOT + mine["id"]), 404).endswith(mine["id"])
        assert result(admin.delete(ROOT + hers["id"])) is None
    with (
        Sandbox(seed="empty", state=tmp_path) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
        Http(sandbox.url, sandbox.credentials("admin")["token"]) as admin,
    ):
        assert result(ada.get(ROOT)) == []
        assert _own(admin)["owner"] == "admin"


def test_callers_get_dates_as_datetimes(sandbox: Sandbox) -> None:
    channel = sandbox.client("grace").realtime.listChannels()[0]
    assert channel.created.tzinfo is not None
    assert channel.lastUpdated >= channel.created
    with Http(sandbox.url, sandbox.credentials("grace")["token"]) as web:
        assert parser.parse(_own(web)["created"]) == channel.created
