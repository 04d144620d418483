"""Ended tokens do not pile up, and those that can still be used are never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from agavepy.sandbox import Sandbox
from agavepy.sandbox.state import tokens
from tests.conftest import Http
from tests.waiting import wait_for

ME = "/profiles/v2/me"


def kept(sandbox: Sandbox, kind: str = "token") -> int:
    return len(sandbox.tenant.store.all(kind))


def issue(sandbox: Sandbox, *, refreshable: bool) -> dict[str, str]:
    client = sandbox.tenant.store.get("login", "ada")
    assert client is not None
    return tokens.issue(sandbox.tenant, client, "ada", refreshable=refreshable)


def end(sandbox: Sandbox, pair: dict[str, str]) -> None:
    client = sandbox.tenant.store.get("login", "ada")
    assert client is not None
    assert tokens.revoke(sandbox.tenant, client, pair["access_token"])


def status(sandbox: Sandbox, token: str) -> int:
    with Http(sandbox.url, token) as web:
        return web.get(ME).status_code


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant that remembers few tokens, so that a test need not make thousands."""
    monkeypatch.setattr(tokens, "REMEMBERED", 20)
    monkeypatch.setattr(tokens, "_SWEEP_EACH", 10)


@pytest.mark.usefixtures("few")
def test_a_session_that_refreshes_for_ever_leaves_a_bounded_store(fresh_sandbox: Sandbox) -> None:
    login = fresh_sandbox.credentials("ada")
    other = fresh_sandbox.credentials("grace")["token"]
    auth = (login["api_key"], login["api_secret"])
    pair = {"refresh_token": login["refresh_token"]}
    with Http(fresh_sandbox.url, "") as web:
        for _ in range(100):
            form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
            answer = web.post("/token", data=form, auth=auth)
            assert answer.status_code == 200, answer.text
            pair = answer.json()
    wait_for(lambda: kept(fresh_sandbox) <= 40)
    assert kept(fresh_sandbox, "refresh") <= 4
    assert status(fresh_sandbox, pair["access_token"]) == 200
    assert status(fresh_sandbox, other) == 200


@pytest.mark.usefixtures("few")
def test_tokens_past_their_time_go_and_those_that_can_be_refreshed_stay(
    fresh_sandbox: Sandbox,
) -> None:
    lasting = [issue(fresh_sandbox, refreshable=True) for _ in range(30)]
    for _ in range(60):
        issue(fresh_sandbox, refreshable=False)
    before = kept(fresh_sandbox)
    assert before >= 90  # all of them are good
    fresh_sandbox.tenant.clock.advance(20_000)
    with Http(fresh_sandbox.url, "") as web:
        login = fresh_sandbox.credentials("ada")
        for pair in lasting:
            form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
            answer = web.post("/token", data=form, auth=(login["api_key"], login["api_secret"]))
            assert answer.status_code == 200, answer.text
    wait_for(lambda: kept(fresh_sandbox) <= 30 + 20 + 10 + 5)


@pytest.mark.usefixtures("few")
def test_the_newest_ended_tokens_are_still_told_from_unknown_ones() -> None:
    with Sandbox(seed="empty", faults="xml") as sandbox:
        pairs = [issue(sandbox, refreshable=False) for _ in range(40)]
        for pair in pairs:
            end(sandbox, pair)
        tokens.sweep(sandbox.tenant)
        with Http(sandbox.url, pairs[-1]["access_token"]) as web:
            assert "900904" in web.get(ME).text
        with Http(sandbox.url, pairs[0]["access_token"]) as web:
            assert "900901" in web.get(ME).text


@pytest.mark.usefixtures("few")
def test_what_an_earlier_run_left_is_swept_at_the_start(tmp_path: Path) -> None:
    with Sandbox(state=tmp_path) as sandbox:
        good = issue(sandbox, refreshable=True)
        for number in range(39):
            end(sandbox, issue(sandbox, refreshable=number % 2 == 0))
        client = sandbox.tenant.store.get("login", "ada")
        assert client is not None
        tokens.issue_code(sandbox.tenant, client, "ada")
        sandbox.tenant.clock.advance(-1000)  # what follows is a thousand seconds late
        tokens.issue_code(sandbox.tenant, client, "ada")
        assert kept(sandbox, "code") == 2
    with Sandbox(state=tmp_path) as sandbox:
        assert kept(sandbox) <= 25
        assert kept(sandbox, "code") == 1
        assert status(sandbox, good["access_token"]) == 200
