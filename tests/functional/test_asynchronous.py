"""``AgaveAsyncResponse``: uploads, imports and jobs are followed to whatever end they have."""

from __future__ import annotations

import importlib
import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agavepy import asynchronous
from agavepy.agave import Agave, AttrDict
from agavepy.asynchronous import AgaveAsyncResponse, Error
from agavepy.errors import TimedOut
from agavepy.sandbox import Sandbox
from tests.unit.loopback import Loopback, Reply, Seen
from tests.waiting import wait_for

STORAGE = "sandbox.storage"


class Histories:
    """A tenant that knows histories only; ``pages`` are answered in turn, the last one again."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.pages: list[Reply] = []
        server.answer = self.answer
        self.ag = Agave(api_server=server.url, token="token")

    def answer(self, _: Seen) -> Reply:
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]

    def tell(self, *words: str) -> None:
        events = [{"status": word, "created": "2020-05-01T10:00:00.000-05:00"} for word in words]
        self.pages.append(Reply(body=json.dumps({"status": "success", "result": events}).encode()))

    def response(self, path: str = "/files/v2/history/system/s//x", host: str = "") -> Any:
        href = (host or self.server.url) + path
        return AgaveAsyncResponse(
            self.ag, AttrDict(status="STAGING_QUEUED", _links={"history": {"href": href}})
        )


@pytest.fixture
def histories() -> Iterator[Histories]:
    with Loopback() as server:
        yield Histories(server)


@pytest.mark.parametrize(
    ("words", "status", "over"),
    [
        (["STAGING_QUEUED", "STAGING"], "STAGING", False),
        (["STAGING_QUEUED", "STAGING", "STAGING_COMPLETED"], "FINISHED", True),
        (["STAGING_QUEUED", "STAGING", "STAGING_FAILED"], "FAILED", True),
        (["STAGING_QUEUED", "STAGING_COMPLETED", "PERMISSION_GRANT"], "FINISHED", True),
        (["STAGING_COMPLETED", "OVERWRITTEN", "STAGING_QUEUED"], "STAGING_QUEUED", False),
        (["STAGING_COMPLETED", "TRANSFORMING_QUEUED"], "TRANSFORMING_QUEUED", False),
        (["STAGING_COMPLETED", "TRANSFORMING", "TRANSFORMING_FAILED"], "FAILED", True),
        (["PENDING", "RUNNING", "ARCHIVING_FINISHED"], "ARCHIVING_FINISHED", False),
        (["PENDING", "RUNNING", "ARCHIVING_FAILED"], "ARCHIVING_FAILED", False),
        (["PENDING", "RUNNING", "FINISHED", "HEARTBEAT"], "FINISHED", True),
        (["PENDING", "FAILED"], "FAILED", True),
        (["PENDING", "STOPPED"], "STOPPED", True),
        (["PENDING", "KILLED"], "KILLED", True),
        (["FAILED", "PENDING"], "PENDING", False),
    ],
)
def test_each_end_is_an_end_and_nothing_else_is(
    histories: Histories, words: list[str], status: str, over: bool
) -> None:
    histories.tell(*words)
    response = histories.response()
    assert response.status == "STAGING_QUEUED"
    assert response.done() is over
    assert response.status == status
    if over:
        assert response.result(1) == status
        assert len(histories.server.requests) == 1, "what is over is not asked for again"


def test_waiting_has_an_end_with_an_error_of_its_own(histories: Histories) -> None:
    histories.tell("PENDING", "RUNNING")
    with pytest.raises(asynchronous.TimeoutError, match=r"0\.1 seconds.*RUNNING") as caught:
        histories.response().result(timeout=0.1)
    assert isinstance(caught.value, Error)
    assert isinstance(caught.value, TimedOut)


def test_what_is_hidden_at_first_is_asked_for_again(histories: Histories) -> None:
    histories.pages = [Reply(404), Reply(403)]
    histories.tell("STAGING_COMPLETED")
    response = histories.response()
    assert response.result(20) == "FINISHED"
    assert response.retries == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, b'{"status": "error", "message": "no such file"}'),
        Reply(body=b'{"result": []}'),
        Reply(body=b'{"status": "success"}'),
        Reply(body=b"<html>"),
    ],
)
def test_a_history_that_cannot_be_read_is_an_error(histories: Histories, reply: Reply) -> None:
    histories.pages = [reply]
    with pytest.raises(Error, match="history"):
        histories.response().result(5)


def test_a_history_that_vanishes_is_an_error_at_once(histories: Histories) -> None:
    histories.tell("STAGING")
    histories.pages.append(Reply(404))
    response = histories.response()
    assert not response.done()
    with pytest.raises(Error, match="cannot be read"):
        response.done()
    assert len(histories.server.requests) == 2


def test_a_long_history_is_read_to_its_end(histories: Histories) -> None:
    histories.tell(*["PENDING"] * 250)
    histories.tell("RUNNING", "FINISHED")
    assert histories.response().result(5) == "FINISHED"
    targets = [seen.target.partition("?")[2] for seen in histories.server.requests]
    assert targets == ["limit=250&offset=0", "limit=250&offset=250"]


def test_the_token_goes_to_the_tenant_whatever_host_the_answer_names(histories: Histories) -> None:
    histories.tell("FINISHED")
    path = "/jobs/2.0/1-007/history"
    response = histories.response(path, "https://docker.example.com")
    assert response.url == f"{histories.server.url}/jobs/v2/1-007/history"
    kept = histories.response("/files/v2/history/system/s//data/2.0/x")
    assert kept.url.endswith("//data/2.0/x")
    assert response.result(5) == "FINISHED"
    assert histories.server.requests[0].headers["Authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": "FINISHED"}, "dict with status"),
        ({"_links": {"history": None}}, "dict with _links"),
        ({"_links": {"history": {"href": ""}}}, "dict with _links"),
        (None, "NoneType with nothing"),
    ],
)
def test_an_answer_without_a_history_is_told_at_once(
    histories: Histories, answer: Any, told: str
) -> None:
    with pytest.raises(Error, match=f"no history to follow: {told}$"):
        AgaveAsyncResponse(histories.ag, answer)


def test_an_upload_and_the_next_one_to_the_same_path_are_followed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    ag = sandbox.client("ada")
    source = tmp_path / f"{uuid.uuid4().hex}.txt"
    for content in ("one", "two"):
        source.write_text(content)
        with source.open("rb") as file:
            answer = ag.files.importData(systemId=STORAGE, filePath="ada", fileToUpload=file)
        assert AgaveAsyncResponse(ag, answer).result(60) == "FINISHED"
        response = ag.files.download(systemId=STORAGE, filePath=f"ada/{source.name}")
        assert response.text == content


def test_an_import_that_fails_is_failed(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    body = {"urlToIngest": f"{sandbox.url}/nowhere", "fileName": uuid.uuid4().hex}
    answer = ag.files.importData(systemId=STORAGE, filePath="ada", **body)
    assert AgaveAsyncResponse(ag, answer).result(60) == "FAILED"


def test_a_job_is_followed_to_its_end_and_a_stopped_one_too(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    job = {
        "name": "count",
        "appId": "wc-1.0",
        "inputs": {"file": f"agave://{STORAGE}/ada/data/hello.txt"},
    }
    assert AgaveAsyncResponse(ag, ag.jobs.submit(body=job)).result(60) == "FINISHED"
    stopped = ag.jobs.submit(body=job)
    ag.jobs.manage(jobId=stopped.id, body={"action": "stop"})
    follower = AgaveAsyncResponse(ag, stopped)
    ends = {"FINISHED", "FAILED", "STOPPED"}
    assert follower.result(60) in ends
    assert follower.status == wait_for(
        lambda: (now := ag.jobs.getStatus(jobId=stopped.id).status) in ends and now
    )


def test_the_name_before_it_became_a_keyword_is_the_same_module() -> None:
    assert importlib.import_module("agavepy.async") is asynchronous
    assert sys.modules["agavepy.async"] is asynchronous
