"""``agavepy sandbox`` as people and scripts run it: start, stop, crash, start again."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from agavepy import Agave
from agavepy.cli.main import main
from tests.processes import command, sandbox_process
from tests.waiting import wait_for

FILE = b"GATTACA\n" * 1000


def _client(ready: dict, user: int = 0) -> Agave:  # type: ignore[type-arg]
    login = ready["users"][user]
    return Agave(
        api_server=ready["url"],
        username=login["username"],
        password=login["password"],
        client_name=login["client_name"],
        api_key=login["api_key"],
        api_secret=login["api_secret"],
        verify=ready["ca_bundle"] or True,
    )


def test_the_ready_file_is_all_that_a_script_needs_to_work(tmp_path: Path) -> None:
    with sandbox_process(tmp_path) as (process, ready):
        assert ready["pid"] == process.pid
        assert ready["tenant_id"] == "sandbox"
        assert [user["username"] for user in ready["users"]] == ["ada", "grace", "admin"]
        assert _client(ready).profiles.get().username == "ada"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        with pytest.raises(requests.ConnectionError):
            requests.get(ready["url"], timeout=5)


def test_a_terminal_that_is_closed_leaves_nothing_behind(tmp_path: Path) -> None:
    with sandbox_process(tmp_path) as (process, _):
        process.send_signal(signal.SIGHUP)
        assert process.wait(20) == 0
    assert [path.name for path in tmp_path.glob("agavepy-sandbox-*")] == []


def test_nohup_lets_it_go_on_without_its_terminal(tmp_path: Path) -> None:
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with sandbox_process(tmp_path) as (process, ready):
            process.send_signal(signal.SIGHUP)
            assert _client(ready).profiles.get().username == "ada"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    finally:
        signal.signal(signal.SIGHUP, usual)


def test_requests_are_answered_when_nobody_reads_the_log_any_more(tmp_path: Path) -> None:
    with sandbox_process(tmp_path, "--log") as (process, ready):
        assert process.stdout
        # What it says of itself is read to its end: who leaves before ends it, as `| head` does.
        assert next(line for line in process.stdout if line.startswith("export "))
        process.stdout.close()
        for _ in range(3):
            assert requests.get(f"{ready['url']}/tenants", timeout=5).ok


def test_what_a_stranger_asks_for_cannot_command_the_terminal_of_the_log(tmp_path: Path) -> None:
    with sandbox_process(tmp_path, "--log") as (process, ready):
        host, _, port = ready["url"].removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=9) as stranger:
            stranger.sendall(b"GET /x\x1b[2Jy\x07 HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert b" 404 " in stranger.recv(99)
        assert process.stdout
        shown = next(line for line in process.stdout if line.startswith("GET"))
    assert shown == "GET /x?[2Jy? 404 -\n"


def test_output_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "agavepy", "sandbox", "--port", "0"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
    assert done.returncode
    assert done.stderr.startswith("Error: [Errno 28] No space left on device\n")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("agavepy-sandbox-*")) == []


@pytest.mark.parametrize("name", ["snapshots", "spool", "staging", "jobs"])
def test_a_directory_of_something_else_is_left_as_it_is(tmp_path: Path, name: str) -> None:
    precious = tmp_path / name / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine")
    done = command("sandbox", "--port", "0", "--state", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: cannot use the state directory {tmp_path}: ")
    assert name in done.stderr
    assert precious.read_text() == "mine"
    assert not (tmp_path / "state.sqlite").exists()


def test_passwords_of_a_state_are_for_its_owner_only(tmp_path: Path) -> None:
    with sandbox_process(tmp_path, "--state", str(tmp_path)):
        kept = [path.stat().st_mode & 0o077 for path in tmp_path.glob("state.sqlite*")]
    assert kept
    assert set(kept) == {0}


def test_users_and_administrators_are_those_that_were_asked_for(tmp_path: Path) -> None:
    options = ("--user", "bob:secret", "--user", "eve", "--admin", "root", "--seed", "empty")
    with sandbox_process(tmp_path, *options) as (_, ready):
        logins = {user["username"]: user["password"] for user in ready["users"]}
        assert logins == {"bob": "secret", "eve": "eve", "admin": "admin", "root": "root"}
        assert _client(ready).systems.list() == []


@pytest.mark.parametrize(
    ("options", "name", "word"), [((), "classic", "classic"), (("--aloe",), "aloe", "Aloe")]
)
def test_the_readout_says_which_jobs_service_the_tenant_has(
    tmp_path: Path, options: tuple[str, ...], name: str, word: str
) -> None:
    with sandbox_process(tmp_path, *options) as (process, ready):
        assert ready["jobs"] == name
        (demo,) = _client(ready).jobs.list()
        assert ("systemId" in demo) is (name == "aloe")
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=20)
    assert f"Its jobs service is {word}" in told


def test_a_state_of_one_jobs_service_is_not_started_as_the_other(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    with sandbox_process(tmp_path, *state, "--aloe") as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    refused = command("sandbox", "--port", "0", *state)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: the state directory")
    assert "--aloe" in refused.stderr


def test_a_user_who_is_made_an_administrator_is_listed_once(tmp_path: Path) -> None:
    options = ("--user", "bob:secret", "--admin", "bob", "--seed", "empty")
    with sandbox_process(tmp_path, *options) as (_, ready):
        assert [user["username"] for user in ready["users"]] == ["bob", "admin"]
        assert ready["users"][0]["password"] == "secret"


def test_a_kill_between_an_acknowledged_upload_and_its_listing_loses_nothing(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    source = tmp_path / "reads.fa"
    source.write_bytes(FILE)
    with sandbox_process(tmp_path, "--state", str(state)) as (process, ready):
        with source.open("rb") as file:
            answer = _client(ready).files.importData(
                systemId="sandbox.storage", filePath="ada", fileToUpload=file
            )
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert answer.name == "reads.fa"
    with sandbox_process(tmp_path, "--state", str(state)) as (_, ready):
        client = _client(ready)

        def listed() -> bool:
            items = client.files.list(systemId="sandbox.storage", filePath="ada")
            return "reads.fa" in [item.name for item in items]

        wait_for(listed)
        body = client.files.download(systemId="sandbox.storage", filePath="ada/reads.fa")
        assert body.content == FILE


def test_a_login_survives_a_kill(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "state"))
    with sandbox_process(tmp_path, *options) as (process, ready):
        client = _client(ready)
        client.profiles.get()
        token = client.tokens()["access_token"]
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    with sandbox_process(tmp_path, *options) as (_, again):
        bare = Agave(api_server=again["url"], token=token)
        assert bare.profiles.get().username == "ada"
        assert again["users"] == ready["users"]


def test_a_busy_port_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with sandbox_process(tmp_path) as (_, ready):
        port = ready["url"].rpartition(":")[2]
        done = command("sandbox", "--port", port, "--state", str(tmp_path / "new"))
    assert done.returncode == 1
    assert not (tmp_path / "new" / "state.sqlite").exists()  # it is looked at before all else
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--port", "nine"), "nine"),
        (("--port", "70000"), "70000"),
        (("--seed", "full"), "full"),
        (("--token-ttl", "0"), "0"),
        (("--user", ":x"), ":x"),
        (("--state", "/dev/null/x"), "/dev/null/x"),
        (("--port", "0", "--ready-file", "/nowhere/at/all"), "/nowhere/at/all"),
        (("--colour", "red"), "--colour"),
        (("--tenant", "a b/c"), "a b/c"),
        (("--tenant", ""), "tenant"),
    ],
)
def test_a_wrong_option_is_named_without_a_traceback(
    arguments: tuple[str, ...], named: str
) -> None:
    done = command("sandbox", *arguments)
    assert done.returncode in {1, 2}
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_two_sandboxes_never_share_a_state(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "state"))
    with sandbox_process(tmp_path, *options):
        done = command("sandbox", "--port", "0", *options)
    assert done.returncode == 1
    assert "another sandbox" in done.stderr


def test_https_is_verified_with_the_bundle_of_the_ready_file(tmp_path: Path) -> None:
    with sandbox_process(tmp_path, "--tls") as (_, ready):
        assert ready["url"].startswith("https://127.0.0.1:")
        assert _client(ready).profiles.get().username == "ada"
        with pytest.raises(requests.ConnectionError):
            Agave(api_server=ready["url"], token="any").profiles.get()
        unverified = requests.get(ready["url"] + "/tenants", verify=ready["ca_bundle"], timeout=5)
        assert unverified.json()["result"][0]["code"] == "sandbox"


def test_written_credentials_restore_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "login"
    with sandbox_process(tmp_path, "--write-credentials", str(folder)):
        current = folder / "current"
        assert stat.S_IMODE(current.stat().st_mode) == 0o600
        assert (folder / "config.json").exists()
        monkeypatch.setenv("TAPIS_CACHE_DIR", str(folder))
        assert Agave.restore().profiles.get().username == "ada"


def test_the_export_line_works_in_a_shell_as_it_is_printed(tmp_path: Path) -> None:
    with sandbox_process(tmp_path) as (process, _):
        assert process.stdout is not None
        line = next(text for text in process.stdout if text.startswith("export "))
        script = f"{line}\nexec python3 -c 'import os, json; print(json.dumps(dict(os.environ)))'"
        shell = subprocess.run(
            ["sh", "-c", script], capture_output=True, text=True, check=True, timeout=20
        )
        exported = json.loads(shell.stdout)
        variables = {name: exported[name] for name in exported if name.startswith("TAPIS_")}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setitem(os.environ, name, value)
            assert Agave.restore().profiles.get().username == "ada"


@pytest.mark.parametrize("broken", ["state.sqlite", "systems", "tls/ca.pem"])
def test_a_state_that_cannot_be_used_is_one_line_and_no_traceback(
    tmp_path: Path, broken: str
) -> None:
    state = tmp_path / "state"
    for name in {broken, "tls/ca-key.pem"}:
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_text("garbage")
    done = command("sandbox", "--port", "0", "--tls", "--state", str(state))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ")
    assert str(state) in done.stderr


def test_a_ready_file_that_cannot_be_put_in_its_place_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    folder = tmp_path / "ready"
    folder.mkdir()
    ready = folder / "ready.json"
    with contextlib.ExitStack() as restored:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the command takes them
            restored.callback(signal.signal, number, signal.getsignal(number))
        arguments = ["sandbox", "--port", "0", "--seed", "empty", "--ready-file", str(ready)]
        assert main(arguments) == 1
    assert f"cannot write {ready}: No space left" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
