"""Acknowledged jobs survive a killed sandbox; what they started does not outlive the next one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agavepy.sandbox import Sandbox
from agavepy.sandbox.runner_process import MARK, Process, end_orphan
from agavepy.sandbox.store import Store
from tests.conftest import Http
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import HELLO, input_file
from tests.waiting import wait_for

_RUN = """
import json, sys
from agavepy.sandbox import Sandbox
with Sandbox(state=sys.argv[1]) as sandbox:
    token = sandbox.credentials("ada")["token"]
    print(json.dumps({"url": sandbox.url, "token": token}), flush=True)
    sys.stdin.read()
"""
SLEEPER = "echo $$ > pid.txt\nsleep 300 &\necho $! > child.txt\nwait\n"


@contextmanager
def killable(state: Path) -> Iterator[tuple[Http, subprocess.Popen[str]]]:
    """Run a sandbox on ``state`` in a process of its own, which is killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with Http(ready["url"], ready["token"]) as ada:
            try:
                yield ada, process
            finally:
                process.kill()


@contextmanager
def taken_up(state: Path) -> Iterator[Http]:
    """Run a sandbox in this process, on a state that an earlier one may have left."""
    with (
        Sandbox(state=state) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
    ):
        yield ada


def started(ada: Http, app: str) -> tuple[str, int, int]:
    job_id = support.submit(ada, app)["id"]
    path = f"/jobs/v2/{job_id}/outputs/media/child.txt"
    wait_for(lambda: (got := ada.get(path)).status_code == 200 and got.text.endswith("\n"))
    pid, child = (int(support.output(ada, job_id, f"{name}.txt")) for name in ("pid", "child"))
    return job_id, pid, child


def test_a_running_job_of_a_killed_sandbox_fails_and_its_processes_end(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with killable(state) as (ada, process):
        app = support.register(ada, "sleeper", support.deploy(state, "sleeper", SLEEPER))
        job_id, pid, child = started(ada, app)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert support.alive(pid)
    with taken_up(state) as ada:
        job = support.detail(ada, job_id)
        assert job["status"] == "FAILED"
        assert "sandbox ended" in job["message"]
        wait_for(lambda: not support.alive(pid) and not support.alive(child))
        assert support.output(ada, job_id, "pid.txt") == f"{pid}\n"
    with taken_up(state) as ada:
        assert support.events(ada, job_id).count("FAILED") == 1


def test_a_job_that_had_not_begun_to_run_starts_over(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with socket.create_server(("127.0.0.1", 0)) as slow:  # takes requests and answers none
        slow_port = slow.getsockname()[1]
        with killable(state) as (ada, process):
            path = support.deploy(state, "reader", "cat '${in}'\n")
            app = support.register(ada, "reader", path, inputs=[input_file("in")])
            address = f"http://127.0.0.1:{slow_port}/x.txt"
            job_id = support.submit(ada, app, inputs={"in": address})["id"]
            connection, _ = slow.accept()
            with connection:
                support.until(ada, job_id, "STAGING_INPUTS")
                process.send_signal(signal.SIGKILL)
                process.wait()
        with taken_up(state) as ada:
            connection, _ = slow.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlate\n")
                job = support.end(ada, job_id)
            assert (job["status"], job["retries"]) == ("FINISHED", 1)
            assert support.printed(ada, job) == "late\n"
            assert support.events(ada, job_id).count("PENDING") == 2


def test_an_acknowledged_job_of_a_sandbox_killed_at_once_is_not_lost(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with killable(state) as (ada, process):
        job_id = support.submit(ada, "wc-1.0", inputs={"file": HELLO})["id"]
        process.send_signal(signal.SIGKILL)
        process.wait()
    with taken_up(state) as ada:
        job = support.end(ada, job_id)
        # Killed while it ran, it says so; killed before or after, it is carried out.
        assert job["status"] == "FINISHED" or "sandbox ended" in job["message"]


@pytest.mark.parametrize("status", ["CLEANING_UP", "ARCHIVING"])
def test_a_job_that_had_run_is_archived_by_the_next_sandbox(tmp_path: Path, status: str) -> None:
    state = tmp_path / "state"
    done = "echo made > made.txt\n${AGAVE_JOB_CALLBACK_CLEANING_UP}\nsleep 300\n"
    with killable(state) as (ada, process):
        app = support.register(ada, "done", support.deploy(state, "done", done))
        job_id = support.submit(ada, app)["id"]
        support.until(ada, job_id, "CLEANING_UP")
        process.send_signal(signal.SIGKILL)
        process.wait()
    if status == "ARCHIVING":
        _age(state, job_id, status)
    with taken_up(state) as ada:
        job = support.end(ada, job_id)
        assert job["status"] == "FINISHED"
        assert support.output(ada, job_id, "made.txt") == "made\n"
        assert "/wrapper.sh" not in support.outputs(ada, job_id)


def _age(state: Path, job_id: str, status: str) -> None:
    """Bring a job to the status in which an earlier sandbox could have left it."""
    store = Store(state / "state.sqlite")
    job = store.get("job", job_id)
    assert job is not None
    store.put("job", job_id, {**job, "status": status})
    store.close()


def test_a_closing_sandbox_ends_what_runs_and_says_so(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with taken_up(state) as ada:
        app = support.register(ada, "sleeper", support.deploy(state, "sleeper", SLEEPER))
        job_id, pid, child = started(ada, app)
    assert not support.alive(pid)
    wait_for(lambda: not support.alive(child))
    with taken_up(state) as ada:
        job = support.detail(ada, job_id)
        assert (job["status"], "closed" in job["message"]) == ("FAILED", True)


def test_another_process_of_the_same_number_is_left_alone(tmp_path: Path) -> None:
    process = Process(["/bin/sh", "-c", "sleep 300"], tmp_path, {}, tmp_path / "o", tmp_path / "e")
    try:
        process.go()
        stranger = {**process.record, "identity": "of another boot/1"}
        assert end_orphan(stranger, "a job") is False
        assert support.alive(process.pid)
        assert end_orphan(process.record, "a job") is True
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert end_orphan(process.record, "a job") is False


def test_children_whose_parent_has_gone_are_known_by_their_job(tmp_path: Path) -> None:
    script = "sleep 300 & echo $! > child.txt"
    environment = {"PATH": os.defpath, MARK: "a job"}
    process = Process(
        ["/bin/sh", "-c", script], tmp_path, environment, tmp_path / "o", tmp_path / "e"
    )
    try:
        process.go()
        wait_for(lambda: not support.alive(process.pid))
        child = int((tmp_path / "child.txt").read_text())
        assert end_orphan(process.record, "another job") is False
        assert support.alive(child)
        assert end_orphan(process.record, "a job") is True
        wait_for(lambda: not support.alive(child))
    finally:
        assert process.wait() == 0


def test_a_process_whose_start_was_not_written_down_never_runs(tmp_path: Path) -> None:
    # As when the sandbox is killed right after starting it.
    starter = f"""
import os
from pathlib import Path
from agavepy.sandbox.runner_process import Process
here = Path({str(tmp_path)!r})
process = Process(["/bin/sh", "-c", "echo ran > ran.txt"], here, {{}}, here / "o", here / "e")
print(process.pid, flush=True)
os._exit(1)
"""
    ended = subprocess.run(
        [sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True, check=False
    )
    wait_for(lambda: not support.alive(int(ended.stdout)))
    assert not (tmp_path / "ran.txt").exists()
