"""Subscribers of a job are told what happens to it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import HELLO
from tests.waiting import wait_for


class Hook:
    """A web hook: ``got`` are the (path, document) that came; the first ``failing`` are refused."""

    def __init__(self, failing: int = 0) -> None:
        self.got: list[tuple[str, Any]] = []
        self.refused = 0
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if hook.refused < failing:
                    hook.refused += 1
                    self.send_response(503)
                else:
                    hook.got.append((self.path, body))
                    self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    opened = Hook()
    yield opened
    opened.close()


@pytest.fixture
def broken_hook() -> Iterator[Hook]:
    opened = Hook(failing=1)
    yield opened
    opened.close()


def test_a_web_hook_gets_the_job_at_each_event_that_it_wants(http: HttpFactory, hook: Hook) -> None:
    ada = http("ada")
    wanted = [
        {
            "url": f"{hook.url}/all?id=${{JOB_ID}}&s=${{JOB_STATUS}}",
            "event": "*",
            "persistent": True,
        },
        {"url": f"{hook.url}/once", "event": "*"},
        {"url": f"{hook.url}/running", "event": "running"},
    ]
    job = support.run(ada, "wc-1.0", inputs={"file": HELLO}, notifications=wanted)
    wait_for(lambda: len(hook.got) == len(support.WHOLE_LIFE) + 2)
    everything = [got for got in hook.got if got[0].startswith("/all")]
    assert [document["status"] for _, document in everything] == support.WHOLE_LIFE
    assert [path for path, _ in everything] == [
        f"/all?id={job['id']}&s={word}" for word in support.WHOLE_LIFE
    ]
    assert [got[1]["status"] for got in hook.got if got[0] == "/once"] == ["PENDING"]
    running = next(document for path, document in hook.got if path == "/running")
    assert running["id"] == job["id"]
    assert running["_links"]["self"]["href"] == job["_links"]["self"]["href"]
    assert job["notifications"][2] == {
        "url": f"{hook.url}/running", "event": "RUNNING", "persistent": False,
    }  # fmt: skip


def test_one_address_is_told_of_the_end(http: HttpFactory, hook: Hook) -> None:
    ada = http("ada")
    support.run(ada, "wc-1.0", inputs={"file": HELLO}, callbackUrl=f"{hook.url}/end")
    wait_for(lambda: hook.got)
    assert [(path, document["status"]) for path, document in hook.got] == [("/end", "FINISHED")]


def test_a_web_hook_that_fails_is_tried_again(http: HttpFactory, broken_hook: Hook) -> None:
    wanted = [{"url": f"{broken_hook.url}/end", "event": "FINISHED"}]
    support.run(http("ada"), "wc-1.0", inputs={"file": HELLO}, notifications=wanted)
    wait_for(lambda: broken_hook.got)
    assert broken_hook.refused == 1


def test_a_mail_is_an_attempt_that_says_that_it_was_not_sent(http: HttpFactory) -> None:
    ada = http("ada")
    job = support.run(ada, "wc-1.0", inputs={"file": HELLO}, notifications="ada@example.org")
    found = ada.get(job["_links"]["notifications"]["href"], params={"event": "FINISHED"})
    (notification,) = found.json()["result"]
    attempts = notification["_links"]["attempts"]["href"]
    wait_for(lambda: ada.get(attempts).json()["result"])
    (attempt,) = ada.get(attempts).json()["result"]
    assert attempt["response"]["code"] is None
    assert attempt["response"]["message"].startswith("Not sent to ada@example.org")


def test_a_wrapper_sends_its_variables_to_the_subscribers(
    http: HttpFactory, sandbox: Sandbox, hook: Hook
) -> None:
    ada = http("ada")
    wrapper = (
        "STEP='a \"b\"\nc'\nCOUNT=3\n${AGAVE_JOB_CALLBACK_NOTIFICATION|STEP,COUNT}\n"
        "export LATER=4\n${AGAVE_JOB_CALLBACK_NOTIFICATION} LATER\n"
    )
    app = support.app(ada, sandbox, wrapper)
    event = "JOB_RUNTIME_CALLBACK_EVENT"
    wanted = [{"url": hook.url + "/x", "event": event, "persistent": True}]
    job = support.run(ada, app, notifications=wanted)
    wait_for(lambda: len(hook.got) == 2)
    assert hook.got == [("/x", {"STEP": 'a "b"\nc', "COUNT": "3"}), ("/x", {"LATER": "4"})]
    assert event in support.events(ada, job["id"])
