"""Switching between cached sessions, whichever program of whichever age has left them."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from agavepy import sessions
from agavepy.agave import Agave
from agavepy.errors import CredentialsError
from agavepy.sandbox import Sandbox
from tests.functional.test_restore import bash


@pytest.fixture
def home() -> Path:
    directory = Path(os.environ["HOME"]) / ".agave"
    directory.mkdir(mode=0o755)
    return directory


@pytest.fixture
def logins(fresh_sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Logins of two users, as records in agavepy's spelling."""
    found = {}
    for user in ("ada", "grace"):
        found[user] = fresh_sandbox.credentials(user)
        del found[user]["password"]
    return found


def put(path: Path, document: Any, mode: int = 0o644) -> None:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(mode)


def in_bash(login: dict[str, Any], user: str) -> dict[str, str]:
    return {**bash(login), "username": user}


def who() -> str:
    username: str = Agave.restore().profiles.get().username
    return username


@pytest.mark.parametrize(
    "shape", ["bash", "array", "1.0", "all text", "agpy", "config only", "torn config", "null name"]
)
def test_a_session_of_any_age_becomes_current_and_the_one_before_is_kept(
    home: Path, logins: dict[str, dict[str, Any]], shape: str
) -> None:
    ada, grace = in_bash(logins["ada"], "ada"), in_bash(logins["grace"], "grace")
    name = logins["grace"]["client_name"]
    stored: Any = {"sessions": {"sandbox": {"grace": {name: grace}}}}
    put(home / "current", ada)
    if shape == "array":
        name = grace["apikey"]
        put(home / "current", [ada, grace])
    elif shape == "1.0":
        more = {"verify": True, "proxies": {}, "use_nonce": False, "client_name": name}
        stored["sessions"]["sandbox"]["grace"] = {name: {**grace, **more}}
        put(home / "config.json", stored)
    elif shape == "all text":
        more = {"verify": "true", "proxies": "{}", "use_nonce": "False", "client_name": "null"}
        stored["sessions"]["sandbox"]["grace"] = {name: {**grace, **more}}
        put(home / "config.json", stored)
    elif shape == "agpy":
        put(home.parent / ".agpy", [logins["grace"]])
    elif shape == "config only":
        (home / "current").unlink()
        put(home / "config.json", {"current": ada, **stored})
    elif shape == "null name":
        name = grace["apikey"]
        put(home / "config.json", {"sessions": {"sandbox": {"grace": {"null": grace}}}})
    elif shape == "torn config":
        put(home.parent / ".agpy", [logins["grace"]])
        put(home / "config.json", '{"current": {"sessions"')
    else:
        put(home / "config.json", stored)
    is_torn = shape == "torn config"
    with pytest.warns(UserWarning, match="torn") if is_torn else contextlib.nullcontext():
        assert who() == "ada"
        assert sessions.switch(name) is True
    assert who() == "grace"
    record = json.loads((home / "current").read_text())
    current = record[0] if shape == "array" else record
    assert all(isinstance(current[key], str) for key in bash(logins["grace"]))
    for path in (home / "current", home / "config.json", home.parent / ".agpy"):
        assert not path.exists() or stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert sessions.switch(name) is False
    assert sessions.switch(ada["apikey"], username="ada", tenant_id="sandbox") is True
    assert who() == "ada"


def test_keys_that_nobody_knows_and_settings_come_along(
    home: Path, logins: dict[str, dict[str, Any]]
) -> None:
    grace = {**in_bash(logins["grace"], "grace"), "devurl": "https://d", "note": {"mine": 1}}
    put(home / "current", in_bash(logins["ada"], "ada"))
    put(
        home / "config.json", {"sessions": {"sandbox": {"grace": {"c": {**grace, "verify": True}}}}}
    )
    sessions.switch("c", username="grace")
    record = json.loads((home / "current").read_text())
    assert (record["note"], record["verify"]) == ({"mine": 1}, True)
    before = json.loads((home / "config.json").read_text())["sessions"]["sandbox"]["ada"]
    assert next(iter(before.values()))["apikey"] == logins["ada"]["api_key"]


def test_a_token_renewed_after_a_switch_is_renewed_in_every_place(
    home: Path, logins: dict[str, dict[str, Any]]
) -> None:
    put(home / "current", in_bash(logins["ada"], "ada"))
    put(home.parent / ".agpy", [logins["grace"]])
    sessions.switch(logins["grace"]["client_name"])
    token = Agave.restore().refresh()
    document = json.loads((home / "config.json").read_text())
    held = [
        json.loads((home / "current").read_text())["access_token"],
        json.loads((home.parent / ".agpy").read_text())[0]["token"],
        next(iter(document["current"].values()))["access_token"],
    ]
    assert held == [token] * 3
    ada = Agave.restore(username="ada")
    assert ada.refresh() != token
    assert Agave.restore(username="ada").profiles.get().username == "ada"


def test_what_is_not_there_is_an_error_of_both_kinds(
    home: Path, logins: dict[str, dict[str, Any]]
) -> None:
    put(home / "current", in_bash(logins["ada"], "ada"))
    for kind in (KeyError, CredentialsError):
        with pytest.raises(kind, match=r"no cached login has name 'nowhere'; there are:\n  ada"):
            sessions.switch("nowhere")


def test_a_directory_that_cannot_be_written_is_told(
    home: Path, logins: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home.parent / ".agpy", [logins["ada"], logins["grace"]])
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(home.parent / ".agpy" / "below"))
    with (
        pytest.warns(UserWarning, match="cannot lock"),
        pytest.raises(CredentialsError, match=r"cannot write to .*: Not a directory"),
    ):
        sessions.switch(logins["grace"]["client_name"])
