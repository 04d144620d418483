"""What people did with earlier releases to log in, from the first time to every command after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import requests

import agavepy
from agavepy.agave import Agave
from agavepy.sandbox import Sandbox

Client: Any = Agave
ROOT = Path(agavepy.__file__).parent.parent
AGAIN = """
import sys
from agavepy.agave import Agave
restored = Agave.restore()
loaded = Agave(api_server=restored.api_server)
loaded.load_configs()
assert restored.to_dict() == loaded.to_dict()
print(restored.username, restored.client_name, loaded.profiles.get().username)
"""


@pytest.fixture
def current() -> Path:
    return Path(os.environ["HOME"]) / ".agave" / "current"


def test_a_command_line_logs_in_for_the_first_time(fresh_sandbox: Sandbox, current: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Client._read_current(agave_kwargs=True)
    ag = Agave(api_server=fresh_sandbox.url, username="ada", password="ada", verify=True)
    with pytest.raises(requests.HTTPError):
        ag.clients.delete(clientName="cli-ada-host")
    made = ag.clients.create(body={"clientName": "cli-ada-host", "description": "of the CLI"})
    assert ag.api_key == made["consumerKey"]
    assert ag._token
    assert time.strptime(str(ag.expires_at))
    assert json.loads(current.read_text())["access_token"] == ag._token
    assert Client._read_current(agave_kwargs=True)["tenant_id"] == ag.tenant_id == "sandbox"
    assert ag.profiles.get()["username"] == "ada"


def test_each_command_after_that_refreshes_and_leaves_the_new_pair(
    fresh_sandbox: Sandbox, current: Path
) -> None:
    first = Agave(api_server=fresh_sandbox.url, username="ada", password="ada")
    first.clients.create(body={"clientName": "cli"})
    before = json.loads(current.read_text())
    settings = Client._read_clients()[0]
    assert {"baseurl", "api_server", "access_token", "token"} <= set(settings), "both spellings"
    settings["verify"] = True
    ag = Agave(**settings)
    text = ag.refresh()
    after = json.loads(current.read_text())
    assert after["access_token"] == ag._token == text != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    with pytest.raises(requests.HTTPError) as caught:
        ag.apps.get(appId="no-such-app-1.0")
    assert caught.value.response is not None
    assert caught.value.response.status_code == 404


def test_the_readme_of_agavepy_0_9_is_still_true(fresh_sandbox: Sandbox) -> None:
    ag = Agave(api_server=fresh_sandbox.url)
    with (
        mock.patch("agavepy.agave.input", return_value="ada") as username,
        mock.patch("agavepy.clients.create.getpass.getpass", return_value="ada") as password,
    ):
        ag.clients_create("client-name", "some description")
        assert (username.call_count, password.call_count) == (1, 1), "asks twice"
        assert ag.api_key
        assert ag.api_secret
        ag.get_access_token()
        assert (username.call_count, password.call_count) == (1, 2), "knows the name by now"
    assert ag.files.list(systemId="sandbox.storage", filePath="ada/data")
    assert ag.token is not None
    assert ag.token.token_info["access_token"] == ag.token
    assert ag.token.token_info["refresh_token"] == ag.refresh_token
    ag.save_configs()
    again = subprocess.run(
        [sys.executable, "-c", AGAIN], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert again.stdout.split() == ["ada", "client-name", "ada"], again.stderr
    fresh_sandbox.tenant.clock.advance(20_000)
    with mock.patch("getpass.getpass", side_effect=AssertionError("no password is needed")):
        assert Agave.restore().profiles.get().username == "ada"
