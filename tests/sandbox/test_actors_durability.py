"""Acknowledged messages survive a killed sandbox; what it ran does not outlive the next one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from agavepy.sandbox import Sandbox
from agavepy.sandbox.state import actors
from agavepy.sandbox.store import Store
from tests.conftest import Http
from tests.sandbox import actors_run_support as support
from tests.sandbox.jobs_support import alive
from tests.sandbox.test_jobs_durability import killable
from tests.waiting import wait_for

SLEEPER = '#!/bin/sh\necho "$MSG was taken"\nsleep 300 &\necho $$ $! > "$TOLD"\nwait\n'
#: Sleeps for the message `long`, and else shows that it has run.
PICKY = """
import os
print("got", os.environ["MSG"] or open(os.environ["_abaco_binary_data"], "rb").read(), flush=True)
if os.environ["MSG"] == "long":
    open(os.environ["TOLD"], "w").write(str(os.getpid()))
    os.execvp("sleep", ["sleep", "300"])
"""
BINARY = {"Content-Type": "application/octet-stream"}


@contextmanager
def taken_up(state: Path) -> Iterator[Http]:
    """Run a sandbox in this process, on a state that an earlier one may have left."""
    with (
        Sandbox(state=state, check_answers=True) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
    ):
        yield ada


def sent_bytes(ada: Http, actor: str, data: bytes) -> str:
    answer = ada.post(f"/actors/v2/{actor}/messages", data=data, headers=BINARY)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["result"]["executionId"])


def test_after_a_kill_what_ran_has_failed_and_what_waited_runs(tmp_path: Path) -> None:
    state, told = tmp_path / "state", support.pipe(tmp_path)
    with killable(state) as (ada, process):
        environment = {"TOLD": str(told)}
        actor = support.ready(
            ada, support.image(state, PICKY), defaultEnvironment=environment, name="picky"
        )
        running = support.send(ada, actor, "long")
        pid = int(told.read_text())
        text, data = support.send(ada, actor, "short"), sent_bytes(ada, actor, b"\x00\xff")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert alive(pid)
    store = Store(state / "state.sqlite")
    place = store.get("actor_place", "link")
    store.close()
    assert place is not None
    with taken_up(state) as ada:
        assert not Path(place["path"]).parent.exists()
        found = support.end(ada, actor, running)
        assert found["status"] == "ERROR"
        log = support.logs(ada, actor, running)
        assert log == "got long\nThe sandbox ended while the execution was running\n"
        wait_for(lambda: not alive(pid))
        for execution, line in ((text, "got short\n"), (data, "got b'\\x00\\xff'\n")):
            assert support.end(ada, actor, execution)["status"] == "COMPLETE"
            assert support.logs(ada, actor, execution) == line
        assert support.get(ada, actor)["name"] == "picky"
        assert support.printed(ada, actor, "more") == "got more\n"
    scratch = state / "actors"
    assert [path for path in scratch.rglob("*") if not path.is_dir()] == []


def test_children_of_what_ran_end_too(tmp_path: Path) -> None:
    state, told = tmp_path / "state", support.pipe(tmp_path)
    with killable(state) as (ada, process):
        environment = {"TOLD": str(told)}
        actor = support.ready(ada, support.image(state, SLEEPER), defaultEnvironment=environment)
        support.send(ada, actor)
        pids = [int(word) for word in told.read_text().split()]
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert all(alive(pid) for pid in pids)
    with taken_up(state):
        wait_for(lambda: not any(alive(pid) for pid in pids))


#: A daemon leaves the group of what started it; for the message `long` its parent stays.
DAEMON = """#!/bin/sh
setsid sh -c 'echo $$ > "$TOLD"; exec sleep 300' &
case $MSG in long) sleep 300;; *) read -r line < "$GATE";; esac
"""


def test_a_daemon_ends_with_its_execution_and_with_the_sandbox(tmp_path: Path) -> None:
    state, told, gate = tmp_path / "state", support.pipe(tmp_path), support.pipe(tmp_path, "go")
    with killable(state) as (ada, process):
        environment = {"TOLD": str(told), "GATE": str(gate)}
        actor = support.ready(ada, support.image(state, DAEMON), defaultEnvironment=environment)
        execution = support.send(ada, actor, "short")
        pid = int(told.read_text())
        assert alive(pid)
        support.open_gate(gate)
        support.end(ada, actor, execution)
        wait_for(lambda: not alive(pid))
        support.send(ada, actor, "long")
        pid = int(told.read_text())
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert alive(pid)
    with taken_up(state) as ada:
        wait_for(lambda: not alive(pid))
        support.send(ada, actor, "long")
        pid = int(told.read_text())
    assert not alive(pid)


def test_results_logs_and_state_outlive_a_kill(tmp_path: Path) -> None:
    program = """
import os, socket
out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for part in (b"one", b"two"):
    out.sendto(part, os.environ["_abaco_results_socket"])
print("done")
"""
    state = tmp_path / "state"
    with killable(state) as (ada, process):
        actor = support.ready(ada, support.image(state, program), stateless=False)
        ada.post(f"/actors/v2/{actor}/state", json=[1, 2])
        execution = support.send(ada, actor)
        support.end(ada, actor, execution)
        assert support.result(ada, actor, execution) == b"one"
        process.send_signal(signal.SIGKILL)
        process.wait()
    with taken_up(state) as ada:
        assert support.result(ada, actor, execution) == b"two"
        assert support.result(ada, actor, execution) == b""
        assert support.logs(ada, actor, execution) == "done\n"
        assert ada.get(f"/actors/v2/{actor}/state").json()["result"]["state"] == [1, 2]
        assert support.execution(ada, actor, execution)["status"] == "COMPLETE"


def test_closing_ends_what_runs_and_keeps_what_waits(tmp_path: Path) -> None:
    state, told = tmp_path / "state", support.pipe(tmp_path)
    environment = {"TOLD": str(told)}
    with taken_up(state) as ada:
        actor = support.ready(ada, support.image(state, PICKY), defaultEnvironment=environment)
        running = support.send(ada, actor, "long")
        pid = int(told.read_text())
        waiting = support.send(ada, actor, "short")
    assert not alive(pid)
    with taken_up(state) as ada:
        assert support.execution(ada, actor, running)["status"] == "ERROR"
        assert "sandbox was closed" in support.logs(ada, actor, running)
        assert support.end(ada, actor, waiting)["status"] == "COMPLETE"
        assert len(support.workers(ada, actor)) == 1


def test_an_actor_whose_image_was_not_looked_up_yet_is_taken_up(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with taken_up(state) as ada:
        good = support.ready(ada, "sandbox/echo")
        bad = support.until(ada, support.add(ada, "nobody/none")["id"], "ERROR")["id"]
    with Sandbox(state=state) as sandbox:
        for actor_id in (good, bad):
            actor = actors.named(sandbox.tenant, actor_id)
            actors.save(sandbox.tenant, {**actor, "status": "SUBMITTED"})
    with taken_up(state) as ada:
        support.until(ada, good, "READY")
        support.until(ada, bad, "ERROR")
        assert support.printed(ada, good) == "hello\n"


def test_who_waits_for_an_answer_is_told_when_the_sandbox_closes(tmp_path: Path) -> None:
    told = support.pipe(tmp_path)
    answers: list[requests.Response] = []
    with taken_up(tmp_path / "state") as ada:
        program = support.image(tmp_path / "state", PICKY)
        actor = support.ready(ada, program, defaultEnvironment={"TOLD": str(told)})
        other = Http(ada.base_url, str(ada.headers["Authorization"]).partition(" ")[2])

        def ask() -> None:
            path = f"/actors/v2/{actor}/messages"
            query = {"_abaco_synchronous": "true"}
            with other:
                answers.append(other.post(path, json={"message": "long"}, params=query))

        asking = threading.Thread(target=ask)
        asking.start()
        pid = int(told.read_text())
    asking.join(30)
    assert answers[0].status_code == 500
    assert "is being closed" in answers[0].json()["message"]
    assert not alive(pid)


def test_the_token_of_an_execution_that_a_kill_has_ended_is_good_no_more(tmp_path: Path) -> None:
    program = '#!/bin/sh\necho "$_abaco_access_token" > "$TOLD"\nsleep 300\n'
    state, told = tmp_path / "state", support.pipe(tmp_path)
    with killable(state) as (ada, process):
        environment = {"TOLD": str(told)}
        actor = support.ready(ada, support.image(state, program), defaultEnvironment=environment)
        support.send(ada, actor)
        token = {"Authorization": f"Bearer {told.read_text().strip()}"}
        assert ada.get("/profiles/v2/me", headers=token).status_code == 200
        process.send_signal(signal.SIGKILL)
        process.wait()
    with taken_up(state) as ada:
        assert ada.get("/profiles/v2/me", headers=token).status_code == 401
