"""Subscribers of a job are told what happens to it."""

from __future__ import annotations

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import HELLO
from tests.sandbox.notifications_support import told
from tests.unit.loopback import Loopback, Reply
from tests.waiting import wait_for


def test_a_web_hook_gets_the_job_at_each_event_that_it_wants(
    http: HttpFactory, hook: Loopback
) -> None:
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
    wait_for(lambda: len(hook.requests) == len(support.WHOLE_LIFE) + 2)
    everything = [got for got in told(hook) if got[0].startswith("/all")]
    assert [document["status"] for _, document in everything] == support.WHOLE_LIFE
    assert [path for path, _ in everything] == [
        f"/all?id={job['id']}&s={word}" for word in support.WHOLE_LIFE
    ]
    assert [got[1]["status"] for got in told(hook) if got[0] == "/once"] == ["PENDING"]
    running = next(document for path, document in told(hook) if path == "/running")
    assert running["id"] == job["id"]
    assert running["_links"]["self"]["href"] == job["_links"]["self"]["href"]
    assert job["notifications"][2] == {
        "url": f"{hook.url}/running", "event": "RUNNING", "persistent": False,
    }  # fmt: skip


def test_one_address_is_told_of_the_end(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    support.run(ada, "wc-1.0", inputs={"file": HELLO}, callbackUrl=f"{hook.url}/end")
    wait_for(lambda: hook.requests)
    assert [(path, document["status"]) for path, document in told(hook)] == [("/end", "FINISHED")]


def test_a_web_hook_that_fails_is_tried_again(http: HttpFactory, hook: Loopback) -> None:
    hook.say(Reply(503), Reply())
    wanted = [{"url": f"{hook.url}/end", "event": "FINISHED"}]
    support.run(http("ada"), "wc-1.0", inputs={"file": HELLO}, notifications=wanted)
    wait_for(lambda: len(hook.requests) == 2)
    refused, taken = told(hook)
    assert refused == taken


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
    http: HttpFactory, sandbox: Sandbox, hook: Loopback
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
    wait_for(lambda: len(hook.requests) == 2)
    assert told(hook) == [("/x", {"STEP": 'a "b"\nc', "COUNT": "3"}), ("/x", {"LATER": "4"})]
    assert event in support.events(ada, job["id"])
