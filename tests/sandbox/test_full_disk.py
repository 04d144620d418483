"""A disk that is full under the tenant's state: every service says so, and goes on afterwards."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http


def test_a_full_disk_is_told_with_what_to_do_and_loses_nothing(
    fresh_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    login = fresh_sandbox.credentials("ada")
    key = (login["api_key"], login["api_secret"])
    form = {"grant_type": "password", "username": "ada", "password": "ada"}
    job = {"name": "n", "appId": "wc-1.0", "inputs": {"file": "ada/data/hello.txt"}}

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Http(fresh_sandbox.url, login["token"]) as web:
        before = web.get("/jobs/v2/").json()["result"]
        with monkeypatch.context() as patch:
            patch.setattr(fresh_sandbox.tenant.store, "_execute", full)
            answers = [
                web.post("/token", data=form, auth=key),
                web.post("/jobs/v2/", json=job),
                web.post("/clients/v2/", json={"clientName": "new"}, auth=("ada", "ada")),
            ]
        for answer in answers:
            assert answer.status_code == 500
            assert answer.json()["message"].startswith("No space left")
            assert "free some space" in answer.json()["message"]
        assert not caplog.records, "a full disk is no bug of a handler: no traceback is printed"
        assert web.get("/jobs/v2/").json()["result"] == before
        assert web.post("/token", data=form, auth=key).status_code == 200
