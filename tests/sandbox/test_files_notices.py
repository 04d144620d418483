"""Who asked with an import is told how it went."""

from __future__ import annotations

import json
from pathlib import Path

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
from tests.sandbox.notifications_support import told
from tests.unit.loopback import Loopback, Reply
from tests.waiting import wait_for

FILES = {"fileToUpload": ("f", b"1")}


@pytest.mark.parametrize("spelling", ["callbackURL", "callbackUrl", "notifications"])
def test_an_address_is_told_of_the_end(
    http: HttpFactory, where: str, hook: Loopback, spelling: str
) -> None:
    data = {spelling: f"{hook.url}/done"}
    record = result(http("ada").post(at("media", where), files=FILES, data=data), 202)
    wait_for(lambda: hook.requests)
    assert hook.requests[0].headers["X-Agave-Event"] == "STAGING_COMPLETED"
    ((path, document),) = told(hook)
    assert path == "/done"
    assert document["uuid"] == record["uuid"]
    assert document["status"] == "STAGING_COMPLETED"


def test_a_failed_import_is_told_too(http: HttpFactory, where: str, hook: Loopback) -> None:
    hook.answer = lambda seen: Reply(404 if seen.method == "GET" else 200)
    data = {"urlToIngest": f"{hook.url}/none", "callbackURL": f"{hook.url}/done"}
    result(http("ada").post(at("media", where), data=data), 202)
    wait_for(lambda: told(hook))
    assert [document["status"] for _, document in told(hook)] == ["STAGING_FAILED"]


def test_each_event_that_was_asked_for_is_told_in_turn(
    http: HttpFactory, where: str, hook: Loopback
) -> None:
    ada = http("ada")
    wanted = [
        {"url": hook.url + "/all/${EVENT}", "event": "*", "persistent": True},
        {"url": hook.url + "/once", "event": "staging_completed"},
    ]
    data = {"notifications": json.dumps(wanted)}
    result(ada.post(at("media", where), files=FILES, data=data), 202)
    expected = {
        "/all/STAGING_QUEUED",
        "/all/STAGING",
        "/all/STAGING_COMPLETED",
        "/once",
    }
    wait_for(lambda: {path for path, _ in told(hook)} == expected)
    hook.requests.clear()
    result(ada.post(at("media", where), files=FILES), 202)
    staged(ada, f"{where}/f", times=2)
    expected = expected - {"/once"} | {"/all/OVERWRITTEN"}
    wait_for(lambda: {path for path, _ in told(hook)} == expected)


def test_a_subscriber_that_fails_is_tried_again(
    http: HttpFactory, where: str, hook: Loopback
) -> None:
    hook.say(Reply(503), Reply())
    data = {"callbackURL": f"{hook.url}/flaky"}
    result(http("ada").post(at("media", where), files=FILES, data=data), 202)
    wait_for(lambda: len(hook.requests) == 2)
    refused, taken = told(hook)
    assert refused == taken


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


def test_what_was_to_be_told_is_told_at_the_next_start(tmp_path: Path, hook: Loopback) -> None:
    registry.load()
    before = Tenant(tmp_path, Settings())
    record = files_records.ensure(before, {"id": "data"}, "/f", "ada")
    wanted = requested(f"{hook.url}/late", ["STAGING_COMPLETED", "STAGING_FAILED"])
    notifications.subscribe(before, "ada", record["uuid"], wanted)
    files_records.event(before, record, "STAGING_COMPLETED", "ada")
    before.close()
    after = Tenant(tmp_path, Settings())
    notifier = Notifier(after)
    wait_for(lambda: hook.requests and not after.store.all(DELIVERY))
    notifier.close()
    kept = notifications.of(after, "ada", record["uuid"])
    after.close()
    (seen,) = hook.requests
    assert (seen.target, seen.headers["X-Agave-Event"]) == ("/late", "STAGING_COMPLETED")
    assert [item["status"] for item in kept] == ["COMPLETE", "ACTIVE"]
