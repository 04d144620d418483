"""``agavepy sandbox`` killed in the middle of its work, and started again on the same state.

What it has acknowledged is there, files are whole, and what was running has come to an end.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import Http
from tests.processes import sandbox_process
from tests.sandbox import actors_run_support, jobs_support, notifications_support
from tests.sandbox.answers import result
from tests.sandbox.files_support import (
    ENDED,
    STORAGE,
    at,
    content,
    events,
    names,
    staged,
    upload,
    workplace,
)
from tests.unit.loopback import Loopback, Reply
from tests.waiting import wait_for

Process = subprocess.Popen[str]
#: What a request ends in whose server is killed, before its answer or within it.
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
OLD, NEW = b"old content\n" * 1000, b"the new content\n" * 100_000


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[Process, Http, dict[str, Any]]]:
    """Run a sandbox on the state in ``folder`` and log ada in."""
    with sandbox_process(folder, "--state", str(folder / "state")) as (process, ready):
        login = ready["users"][0]
        form = {"grant_type": "password", "username": "ada", "password": "ada"}
        key = (login["api_key"], login["api_secret"])
        with Http(ready["url"], "") as web:
            pair = web.post("/token", data=form, auth=key).json()
        with Http(ready["url"], pair["access_token"]) as ada:
            yield process, ada, {**login, **pair, "url": ready["url"]}


def kill(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(20)


def left(folder: Path) -> list[Path]:
    """Return what lies about of files that are on their way."""
    return [path for name in ("spool", "staging") for path in (folder / "state" / name).iterdir()]


def send(ada: Http, where: str, name: str, data: bytes, share: float) -> socket.socket:
    """Send a part of the request of an upload, and return the connection."""
    head = f'--b\r\nContent-Disposition: form-data; name="fileToUpload"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + b"\r\n--b--\r\n"
    request = (
        f"POST {at('media', where)} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: {ada.headers['Authorization']!s}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    port = urlsplit(ada.base_url).port
    assert port is not None
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(request.encode() + body[: int(len(body) * share)])
    return connection


@pytest.mark.parametrize("share", [0, 0.4, 0.999999])
def test_an_upload_broken_off_by_a_kill_has_changed_nothing(tmp_path: Path, share: float) -> None:
    with running(tmp_path) as (process, ada, _):
        where = workplace(ada)
        upload(ada, where, "old", OLD)
        broken = [send(ada, where, name, NEW, share) for name in ("old", "new")]
        if share:
            wait_for(lambda: sum(path.stat().st_size > 1 << 18 for path in left(tmp_path)) == 2)
        kill(process)
        for connection in broken:
            connection.close()
    with running(tmp_path) as (_, ada, _):
        assert names(ada, where) == [".", "old"]
        assert content(ada, f"{where}/old") == OLD
        assert left(tmp_path) == []
        upload(ada, where, "new", NEW)
        assert content(ada, f"{where}/new") == NEW


@pytest.mark.parametrize("there", [b"", OLD])
def test_an_import_that_was_in_flight_is_fetched_again(tmp_path: Path, there: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as source:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(NEW)

        def fetched(share: float) -> socket.socket:
            connection, _ = source.accept()
            connection.recv(1 << 16)
            connection.sendall((head + NEW)[: int((len(head) + len(NEW)) * share)])
            return connection

        with running(tmp_path) as (process, ada, _):
            where = workplace(ada)
            if there:
                upload(ada, where, "f", there)
            body = {"urlToIngest": f"http://127.0.0.1:{source.getsockname()[1]}/f"}
            result(ada.post(at("media", where), json=body), 202)
            with fetched(0.5):
                wait_for(lambda: any(path.stat().st_size for path in left(tmp_path)))
                assert names(ada, where) == ([".", "f"] if there else ["."])
                kill(process)
        with running(tmp_path) as (_, ada, _), fetched(1):
            staged(ada, f"{where}/f", times=2 if there else 1)
            assert events(ada, f"{where}/f")[-1] == "STAGING_COMPLETED"
            assert content(ada, f"{where}/f") == NEW
            assert left(tmp_path) == []


@pytest.mark.parametrize("copied", [1, 400])
def test_a_directory_that_was_being_copied_is_there_whole_or_not_at_all(
    tmp_path: Path, copied: int
) -> None:
    with running(tmp_path) as (process, ada, _):
        where = workplace(ada)
        source = tmp_path / "state" / "systems" / STORAGE / "home" / where / "d" / "deep"
        source.mkdir(parents=True)
        for number in range(800):
            (source / f"f{number}").write_bytes(OLD)
        body = {"action": "copy", "path": f"{where}/copy"}

        def copy() -> None:
            with contextlib.suppress(*BROKEN):
                ada.put(at("media", f"{where}/d"), json=body)

        asking = threading.Thread(target=copy)
        asking.start()
        staging, target = tmp_path / "state" / "staging", source.parent.parent / "copy"

        def far_enough() -> bool:
            with contextlib.suppress(FileNotFoundError):  # what is looked at was put into place
                return target.exists() or sum(1 for _ in staging.glob("*/deep/*")) >= copied
            return True

        wait_for(far_enough)
        kill(process)
        asking.join(20)
        assert not asking.is_alive()
    with running(tmp_path) as (_, ada, _):
        assert left(tmp_path) == []
        copies = [name for name in names(ada, where) if name == "copy"]
        for name in ["d", *copies]:
            there = list((target.parent / name / "deep").iterdir())
            assert len(there) == 800
            assert all(path.read_bytes() == OLD for path in there)
        assert result(ada.put(at("media", f"{where}/d"), json=body))["name"] == "copy"


class Client(threading.Thread):
    """Does one thing again and again until the server is gone; keeps what was acknowledged."""

    def __init__(self, one: Callable[[int], Any]) -> None:
        super().__init__(daemon=True)
        self.one, self.kept, self.fault = one, list[Any](), ""

    def run(self) -> None:
        with contextlib.suppress(*BROKEN):
            try:
                while True:
                    self.kept.append(self.one(len(self.kept)))
            except AssertionError as error:
                self.fault = str(error)


@pytest.mark.parametrize("refreshes", [1, 10, 30])
def test_whatever_was_acknowledged_before_a_kill_is_there_after_it(
    tmp_path: Path, refreshes: int
) -> None:
    hello = {"file": jobs_support.HELLO}
    with running(tmp_path) as (process, ada, login):
        where = workplace(ada)
        item = result(ada.post("/meta/v2/data", json={"name": "counted", "value": 0}), 201)["uuid"]
        echo = actors_run_support.ready(ada, "sandbox/echo")
        keeper = actors_run_support.ready(ada, "sandbox/echo", stateless=False)

        def session() -> Http:
            return Http(ada.base_url, login["access_token"])

        def add(number: int) -> str:
            body = {"name": f"n{number}", "value": number}
            return str(result(web[0].post("/meta/v2/data", json=body), 201)["uuid"])

        def update(number: int) -> int:
            body = {"name": "counted", "value": number + 1}
            result(web[1].post(f"/meta/v2/data/{item}", json=body))
            return number + 1

        def remember(number: int) -> int:
            answer = web[2].post(f"/actors/v2/{keeper}/state", json={"seen": number})
            assert answer.status_code == 200, answer.text
            return number

        def put(number: int) -> str:
            files = {"fileToUpload": (f"f{number}", OLD + b"%d" % number)}
            result(web[3].post(at("media", where), files=files), 202)
            return f"f{number}"

        def submit(number: int) -> str:
            return str(jobs_support.submit(web[4], "wc-1.0", inputs=hello)["id"])

        def message(number: int) -> str:
            return actors_run_support.send(web[5], echo, f"m{number}")

        work = (add, update, remember, put, submit, message)
        with contextlib.ExitStack() as stack:
            web = [stack.enter_context(session()) for _ in work]
            clients = [Client(one) for one in work]
            form = {"grant_type": "password", "username": "ada", "password": "ada"}
            key = (login["api_key"], login["api_secret"])
            # Another pair: those who work keep theirs.
            pair = ada.post("/token", data=form, auth=key).json()
            for client in clients:
                client.start()
            wait_for(lambda: all(client.kept for client in clients))
            for _ in range(refreshes):
                form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
                pair = ada.post("/token", data=form, auth=key).json()
            kill(process)
            for client in clients:
                client.join(20)
        assert [client.fault for client in clients] == [""] * len(clients)
    added, updated, remembered, files, jobs, messages = (client.kept for client in clients)

    with running(tmp_path) as (_, ada, login):
        with Http(ada.base_url, pair["access_token"]) as again:
            assert result(again.get("/profiles/v2/me"))["username"] == "ada"
        form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        assert ada.post("/token", data=form, auth=key).status_code == 200

        for number, uuid in enumerate(added):
            assert result(ada.get(f"/meta/v2/data/{uuid}"))["value"] == number
        # What was under way may have been done: then it was done whole.
        value = result(ada.get(f"/meta/v2/data/{item}"))["value"]
        assert value in {updated[-1], updated[-1] + 1}
        state = ada.get(f"/actors/v2/{keeper}/state").json()["result"]["state"]
        assert state["seen"] in {remembered[-1], remembered[-1] + 1}

        for number, name in enumerate(files):
            wait_for(lambda name=name: events(ada, f"{where}/{name}")[-1] in ENDED)  # type: ignore[misc]
            assert content(ada, f"{where}/{name}") == OLD + b"%d" % number
        listed = result(ada.get(at("listings", where), params={"limit": "250"}))
        lengths = {len(OLD) + len(str(number)) for number in range(len(files) + 1)}
        assert {entry["length"] for entry in listed[1:]} <= lengths

        for job_id in jobs:
            job = jobs_support.end(ada, job_id)
            assert job["status"] == "FINISHED" or "sandbox ended" in job["message"], job
            words = jobs_support.events(ada, job_id)
            assert [words.count(word) for word in jobs_support.ENDS].count(1) == 1
        for number, execution in enumerate(messages):
            found = actors_run_support.end(ada, echo, execution)
            if found["status"] == "COMPLETE":
                assert actors_run_support.logs(ada, echo, execution) == f"m{number}\n"
        ids = ada.get(f"/actors/v2/{echo}/executions").json()["result"]["executions"]
        assert len(ids) in {len(messages), len(messages) + 1}
        assert ada.get(f"/actors/v2/{echo}/messages").json()["result"]["messages"] == 0


def test_an_event_that_was_refused_before_a_kill_is_told_after_it(tmp_path: Path) -> None:
    with Loopback(lambda _: Reply(503)) as hook:
        with running(tmp_path) as (process, ada, _):
            system = notifications_support.system(ada)
            policy = {"retryStrategy": "DELAYED", "retryDelay": 1, "retryLimit": 100}
            made = notifications_support.add(ada, hook.url, system["uuid"], policy=policy)
            notifications_support.change(ada, system)
            wait_for(lambda: notifications_support.get(ada, made)["attempts"] >= 1)
            kill(process)
        hook.say(Reply())
        with running(tmp_path) as (_, ada, _):
            wait_for(lambda: notifications_support.get(ada, made)["status"] == "COMPLETE")
            assert len(notifications_support.attempts(ada, made)) >= 2
            told = [document["id"] for _, document in notifications_support.told(hook)]
            assert told == [system["id"]]
