"""Who asked with an import is told how it went."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox import registry
from agavepy.sandbox.notifier import Notifier
from agavepy.sandbox.state import files_records, notifications
from agavepy.sandbox.state.events import DELIVERY
from agavepy.sandbox.state.notifications_definition import requested
from agavepy.sandbox.tenant import Settings, Tenant
from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import at, names, staged
from tests.waiting import wait_for


class Subscriber:
    """A web server that keeps what is posted to it; ``/flaky`` fails the first time."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []
        self.failures = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fails = self.path == "/flaky" and not outer.failures
                if fails:
                    outer.failures += 1
                else:
                    outer.told.append((self.path, self.headers["X-Agave-Event"], body))
                self.send_response(503 if fails else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    made = Subscriber()
    yield made
    made.close()


FILES = {"fileToUpload": ("f", b"1")}


@pytest.mark.parametrize("spelling", ["callbackURL", "callbackUrl", "notifications"])
def test_an_address_is_told_of_the_end(
    http: HttpFactory, where: str, subscriber: Subscriber, spelling: str
) -> None:
    data = {spelling: f"{subscriber.url}/done"}
    record = result(http("ada").post(at("media", where), files=FILES, data=data), 202)
    wait_for(lambda: subscriber.told)
    path, event, document = subscriber.told[0]
    assert (path, event) == ("/done", "STAGING_COMPLETED")
    assert document["uuid"] == record["uuid"]
    assert document["status"] == "STAGING_COMPLETED"


def test_a_failed_import_is_told_too(http: HttpFactory, where: str, subscriber: Subscriber) -> None:
    data = {"urlToIngest": f"{subscriber.url}/none", "callbackURL": f"{subscriber.url}/done"}
    result(http("ada").post(at("media", where), data=data), 202)
    wait_for(lambda: subscriber.told)
    assert [event for _, event, _ in subscriber.told] == ["STAGING_FAILED"]


def test_each_event_that_was_asked_for_is_told_in_turn(
    http: HttpFactory, where: str, subscriber: Subscriber
) -> None:
    ada = http("ada")
    wanted = [
        {"url": subscriber.url + "/all/${EVENT}", "event": "*", "persistent": True},
        {"url": subscriber.url + "/once", "event": "staging_completed"},
    ]
    data = {"notifications": json.dumps(wanted)}
    result(ada.post(at("media", where), files=FILES, data=data), 202)
    expected = {
        "/all/STAGING_QUEUED",
        "/all/STAGING",
        "/all/STAGING_COMPLETED",
        "/once",
    }
    wait_for(lambda: {path for path, _, _ in subscriber.told} == expected)
    subscriber.told.clear()
    result(ada.post(at("media", where), files=FILES), 202)
    staged(ada, f"{where}/f", times=2)
    wait_for(
        lambda: (
            {path for path, _, _ in subscriber.told} == expected - {"/once"} | {"/all/OVERWRITTEN"}
        )
    )


def test_a_subscriber_that_fails_is_tried_again(
    http: HttpFactory, where: str, subscriber: Subscriber
) -> None:
    data = {"callbackURL": f"{subscriber.url}/flaky"}
    result(http("ada").post(at("media", where), files=FILES, data=data), 202)
    wait_for(lambda: subscriber.told)
    assert subscriber.failures == 1


@pytest.mark.parametrize(
    "given",
    [
        "[{",
        '{"url": "http://h"}',
        '[{"url": "ftp://h", "event": "*"}]',
        "[1]",
        "nobody",
        '[{"url": 5}]',
    ],
)
def test_notifications_that_cannot_be_are_refused(
    http: HttpFactory, where: str, given: str
) -> None:
    ada = http("ada")
    data = {"notifications": given}
    assert "otification" in refusal(ada.post(at("media", where), files=FILES, data=data), 400)
    assert names(ada, where) == ["."]


def test_an_e_mail_address_is_accepted(http: HttpFactory, where: str) -> None:
    data = {"notifications": "ada@example.org"}
    result(http("ada").post(at("media", where), files=FILES, data=data), 202)
    assert staged(http("ada"), f"{where}/f")[-1] == "STAGING_COMPLETED"


def test_what_was_to_be_told_is_told_at_the_next_start(
    tmp_path: Path, subscriber: Subscriber
) -> None:
    registry.load()
    before = Tenant(tmp_path, Settings())
    record = files_records.ensure(before, {"id": "data"}, "/f", "ada")
    wanted = requested(f"{subscriber.url}/late", ["STAGING_COMPLETED", "STAGING_FAILED"])
    notifications.subscribe(before, "ada", record["uuid"], wanted)
    files_records.event(before, record, "STAGING_COMPLETED", "ada")
    before.close()
    after = Tenant(tmp_path, Settings())
    notifier = Notifier(after)
    wait_for(lambda: subscriber.told and not after.store.all(DELIVERY))
    notifier.close()
    told = notifications.of(after, "ada", record["uuid"])
    after.close()
    assert subscriber.told[0][:2] == ("/late", "STAGING_COMPLETED")
    assert [item["status"] for item in told] == ["COMPLETE", "ACTIVE"]
