"""What notebooks and portals did with earlier releases, by the names that they used."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import requests

from agavepy.agave import Agave, AttrDict, load_resource
from agavepy.errors import NotFound
from agavepy.sandbox import Sandbox
from tests.waiting import wait_for

STORAGE = "sandbox.storage"


def finished(ag: Agave, job: str) -> Any:
    """Return the status of a job when it has come to an end; a new one may not be known yet."""

    def ended() -> Any:
        try:
            status = ag.jobs.getStatus(jobId=job)
        except NotFound:
            return None
        return status if status["status"] in {"FINISHED", "FAILED"} else None

    return wait_for(ended, timeout_s=60)


@pytest.mark.parametrize(("jobs", "longest"), [("classic", "maxRunTime"), ("aloe", "maxHours")])
def test_a_notebook_runs_a_job_and_measures_it(jobs: str, longest: str) -> None:
    with Sandbox(check_answers=True, jobs=jobs) as sandbox:
        Agave(**sandbox.credentials("ada")).save_configs()
        ag = Agave.restore()
        app = ag.apps.get(appId="wc-1.0")
        job = ag.jobs.submit(
            body={
                "name": "count",
                "appId": app.id,
                "inputs": {"file": f"agave://{STORAGE}/ada/data/hello.txt"},
                "parameters": {"mode": "words"},
                "maxRunTime": "02:00:00",
                "archive": True,
                "archivePath": "ada/notebook",
            }
        )
        assert finished(ag, job.id)["status"] == "FINISHED"
        history = ag.jobs.getHistory(jobId=job.id)
        took = history[-1]["created"] - history[0]["created"]
        assert isinstance(took, timedelta)
        assert timedelta() <= took < timedelta(minutes=5)
        done = ag.jobs.get(jobId=job.id)
        assert done.archivePath.endswith("ada/notebook")
        assert str(done[longest]).lstrip("0").startswith("2")


@pytest.mark.filterwarnings("ignore:agavepy.configgen.load_resource is deprecated")
def test_a_portal_serves_a_request_with_the_tokens_that_it_keeps(fresh_sandbox: Sandbox) -> None:
    shared = load_resource(fresh_sandbox.url)
    admin = fresh_sandbox.client("admin")
    acting = Agave(
        **{**fresh_sandbox.credentials("admin"), "token": None, "refresh_token": None},
        token_username="grace",
        cache_client=False,
    )
    tokens = acting.tokens()
    fresh_sandbox.tenant.clock.advance(20_000)
    stored: list[dict[str, Any]] = []
    fresh_sandbox.control.requests.clear()
    client = Agave(
        api_server=fresh_sandbox.url,
        api_key=admin.api_key,
        api_secret=admin.api_secret,
        token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        token_username="grace",
        resources=shared,
        token_callback=lambda **info: stored.append(info),
    )
    assert client.token, "a portal asks so whether there is a login"
    assert fresh_sandbox.control.requests.listing() == [], "a constructor sends nothing"
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.profiles.get())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.username for answer in answers] == ["grace"] * 8
    (info,) = stored
    assert len(fresh_sandbox.control.requests.listing("token.create")) == 1
    assert set(info) == {
        "access_token", "refresh_token", "token_type", "scope", "expires_in", "created_at",
        "expiration", "expires_at",
    }  # fmt: skip
    assert info["access_token"] == client._token
    text = client.token.refresh()
    assert (text, len(stored)) == (client._token, 2)
    client.files.manage(systemId=STORAGE, filePath="grace", body={"action": "mkdir", "path": "a b"})
    (entry,) = client.files.list(systemId=STORAGE, filePath="grace/a%20b")
    assert isinstance(entry, AttrDict)
    assert entry.path.endswith("grace/a b")
    with pytest.raises(requests.HTTPError) as caught:
        client.files.list(systemId=STORAGE, filePath="grace/no%20such")
    assert caught.value.response is not None
    assert caught.value.response.json()["message"]
