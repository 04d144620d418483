"""The commands of agavepy 0.9 for files: what they do on a system, and what they print."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.agave import Agave
from agavepy.errors import ConnectionFailed, NotFound, UsageError
from agavepy.files import AgaveFilesError
from agavepy.sandbox import Sandbox
from agavepy.utils import AgaveAPICallError
from tests.unit.loopback import DROP, Loopback, Reply
from tests.waiting import wait_for

SYSTEM = "sandbox.storage"


@pytest.fixture
def ag(sandbox: Sandbox) -> Agave:
    return sandbox.client("ada")


@pytest.fixture
def place(ag: Agave) -> str:
    """Make a directory of the test's own; return it as ``system/path``."""
    path = f"{SYSTEM}/ada/{uuid.uuid4().hex[:12]}"
    ag.files_mkdir(path)
    return path


def names(ag: Agave, place: str) -> set[str]:
    system, _, path = place.partition("/")
    return {entry.name for entry in ag.files.list(systemId=system, filePath=path)}


def put(ag: Agave, place: str, name: str, content: str, tmp_path: Path) -> str:
    """Upload a file by the command and wait until it is there."""
    local = tmp_path / "local.txt"
    local.write_text(content)
    ag.files_upload(str(local), f"{place}/{name}")
    wait_for(lambda: (name or "local.txt") in names(ag, place))
    return f"{place}/{name or 'local.txt'}"


def test_files_travel_there_and_back(ag: Agave, place: str, tmp_path: Path) -> None:
    put(ag, place, "", "by its own name", tmp_path)
    poem = put(ag, place, "poem ä.txt", "so much\n", tmp_path)
    assert names(ag, place) == {".", "local.txt", "poem ä.txt"}
    target = tmp_path / "back.txt"
    target.write_text("older")
    target.chmod(0o640)
    ag.files_download(poem, str(target))
    assert target.read_text() == "so much\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    ag.download_uri(f"agave://{SYSTEM}/{place.partition('/')[2]}/local.txt", tmp_path / "uri.txt")
    assert (tmp_path / "uri.txt").read_text() == "by its own name"


def test_files_are_copied_moved_imported_and_deleted(ag: Agave, place: str, tmp_path: Path) -> None:
    source = put(ag, place, "a.txt", "a", tmp_path)
    ag.files_mkdir(f"{place}/deep/er")
    ag.files_copy(source, f"{place}/deep/b.txt")
    ag.files_move(source, f"{place}/c.txt")
    assert names(ag, place) == {".", "c.txt", "deep"}
    assert names(ag, f"{place}/deep") == {".", "b.txt", "er"}
    ag.files_import(f"agave://{place}/c.txt", f"{place}/deep/er")
    wait_for(lambda: "c.txt" in names(ag, f"{place}/deep/er"))
    ag.files_delete(f"{place}/deep")
    assert names(ag, place) == {".", "c.txt"}


def test_a_directory_is_printed_in_columns_or_at_length(
    ag: Agave,
    place: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(ag, place, "hello.txt", "x" * 4321, tmp_path)
    ag.files_mkdir(f"{place}/a-directory")
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", "48")
    ag.files_list(place)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [["./", "a-directory/", "hello.txt"]]
    assert {line.index("a-directory/") for line in lines} == {15}, "each name has the same room"
    monkeypatch.setenv("COLUMNS", "20")
    ag.files_list(place)
    assert capsys.readouterr().out.split() == ["./", "a-directory/", "hello.txt"]
    ag.files_list(place, long_format=True)
    lines = capsys.readouterr().out.splitlines()
    entries = {line.split()[-1]: line for line in lines}
    assert re.fullmatch(
        r"drwx +\d+ [A-Z][a-z]{2} [ \d]\d \d\d:\d\d a-directory/", entries["a-directory/"]
    )
    (found,) = (
        e
        for e in ag.files.list(systemId=SYSTEM, filePath=place.partition("/")[2])
        if e.name == "hello.txt"
    )
    local = found.lastModified.astimezone()
    assert entries["hello.txt"] == (
        f"-rwx {4321:>{len(lines[0].split()[1])}} {local:%b} {local.day:>2} {local:%H:%M} hello.txt"
    )


def test_the_name_of_a_file_commands_no_terminal_and_looks_like_no_other(
    ag: Agave, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(ag, place, "a\x1b]0;mine\x07\x9bm\u202eb.txt", "x", tmp_path)
    ag.files_mkdir(f"{place}/two\nlines")
    capsys.readouterr()
    for long_format in (False, True):
        ag.files_list(place, long_format=long_format)
        shown = capsys.readouterr().out
        assert "a?]0;mine??m?b.txt" in shown
        assert "two?lines" in shown


def test_a_directory_of_many_files_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        {"name": f"f{n:03}", "type": "file", "length": n, "permissions": "READ_WRITE",
         "lastModified": "2018-07-10T12:28:01.000-05:00"}
        for n in range(600)
    ]  # fmt: skip

    def page(seen: Any) -> Reply:
        limit, offset = (
            int(re.findall(rf"{name}=(\d+)", seen.target)[0]) for name in ("limit", "offset")
        )
        result = files[offset : offset + limit]
        envelope = {"status": "success", "message": None, "version": "2.2", "result": result}
        return Reply(200, json.dumps(envelope).encode())

    with Loopback(page) as server:
        Agave(api_server=server.url, token="t").files_list("system/", long_format=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 600
    assert lines[-1].startswith("-rw- 599 Jul ")


def test_history_and_permissions_are_printed_in_columns(
    ag: Agave, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = put(ag, place, "shared.txt", "", tmp_path)
    capsys.readouterr()
    wait_for(
        lambda: (
            ag.files.getHistory(systemId=SYSTEM, filePath=file.partition("/")[2])[-1].status
            == "STAGING_COMPLETED"
        )
    )
    ag.files_history(file)
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading == f"{'USER':<13} {'EVENT':<20} {'DATE':<32} DESCRIPTION"
    assert re.fullmatch(
        r"ada {11}STAGING_COMPLETED {4}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d {4}\S.*",
        lines[-1],
    )
    ag.files_pems_update(file, "grace", "READ_WRITE")
    ag.files_pems_list(file)
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading == f"{'USER':<13} {'READ':<6} {'WRITE':<6} {'EXEC':<6}"
    assert f"{'grace':<13} {'yes':<6} {'yes':<6} {'no':<6}" in lines
    ag.files_pems_delete(file)
    ag.files_pems_list(file)
    assert "grace" not in capsys.readouterr().out


def test_a_failed_command_says_what_failed_and_leaves_nothing_behind(
    ag: Agave, place: str, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    with pytest.raises(AgaveAPICallError, match="404"):
        ag.files_download(f"{place}/nothing", str(target))
    with pytest.raises(NotFound):
        ag.download_uri(f"agave://{place}/nothing", target)
    with pytest.raises(AgaveFilesError, match="No such file"):
        ag.files_upload(str(tmp_path / "nothing"), f"{place}/")
    with pytest.raises(AgaveFilesError, match="names no system") as caught:
        ag.files_list("")
    assert caught.value.msg == str(caught.value)
    file = put(ag, place, "a.txt", "a", tmp_path)
    with pytest.raises(AgaveFilesError, match="Is a directory"):
        ag.files_download(file, str(tmp_path))
    missing = str(tmp_path / "missing" / "a.txt")
    for download in (ag.files_download, lambda _, to: ag.download_uri(f"agave://{file}", to)):
        with pytest.raises((AgaveFilesError, FileNotFoundError), match=f"'{missing}'$"):
            download(file, missing)
    for address in ("ftp://somewhere/else", None):
        with pytest.raises(UsageError, match=f"'{address}' is no address"):
            ag.download_uri(address, target)
    assert {path.name for path in tmp_path.iterdir()} == {"home", "local.txt"}


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        (lambda ag: ag.files_list(None), "None is no text: write 'system/path'"),
        (lambda ag: ag.files_delete(Path("system/x")), "is no text: write 'system/path'"),
        (lambda ag: ag.files_move(f"{SYSTEM}/ada/x", 5), "5 is no text"),
        (lambda ag: ag.files_upload(__file__, None), "None is no text"),
        (lambda ag: ag.files_upload(None, f"{SYSTEM}/ada/"), "None is no path of a local file"),
        (lambda ag: ag.files_download(f"{SYSTEM}/ada/data/hello.txt", 5), "5 is no path"),
    ],
)
def test_what_is_no_place_is_named_and_nothing_is_sent(
    call: Callable[[Agave], None], wrong: str
) -> None:
    with Loopback() as server:
        ag = Agave(api_server=server.url, token="t")
        with pytest.raises(AgaveFilesError, match=re.escape(wrong)):
            call(ag)
        assert not server.requests


def test_a_download_that_breaks_off_leaves_the_older_file(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("older")
    with Loopback() as server:
        server.say(Reply(200, b"half", {"Content-Type": "text/plain"}, length=8))
        ag = Agave(api_server=server.url, token="t")
        with pytest.raises(AgaveFilesError, match="broke off"):
            ag.files_download("system/file", str(target))
        with pytest.raises(ConnectionFailed, match="broke off"):
            ag.download_uri("agave://system/file", target)
    assert target.read_text() == "older"
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_a_download_goes_into_a_pipe_as_well(ag: Agave, place: str, tmp_path: Path) -> None:
    file = put(ag, place, "a.txt", "through a pipe", tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=ag.files_download, args=(file, str(pipe)))
    writer.start()
    assert pipe.read_text() == "through a pipe"
    writer.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_outputs_of_a_job_are_downloaded_by_the_address_of_their_listing(
    sandbox: Sandbox, ag: Agave, tmp_path: Path
) -> None:
    job = ag.jobs.list(search={"appId": "wc-1.0", "status": "FINISHED"})[0]
    outputs = ag.jobs.listOutputs(jobId=job.id, filePath="")
    name = next(entry.name for entry in outputs if entry.get("type") == "file" and entry.length)
    listing = f"{ag.jobs.listOutputs.uri.replace('{jobId}', job.id).replace('{filePath}', name)}"
    ag.download_uri(listing, tmp_path / "out")
    expected = ag.jobs.downloadOutput(jobId=job.id, filePath=name).content
    assert (tmp_path / "out").read_bytes() == expected


def test_an_address_is_read_with_a_token_that_is_renewed_and_goes_nowhere_else(
    fresh_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agavepy.timing.pause", lambda seconds: None)
    ag = fresh_sandbox.client("ada")
    me = ag.profiles.get.uri
    assert ag.geturl(me).json()["result"]["username"] == "ada"
    fresh_sandbox.tenant.clock.advance(20_000)
    assert ag.geturl(me).json()["result"]["username"] == "ada"
    refused = ag.geturl(f"{fresh_sandbox.url}/nowhere")
    assert isinstance(refused, requests.Response)
    assert refused.status_code == 404
    with Loopback() as elsewhere:
        ag.geturl(elsewhere.url)
        assert "Authorization" not in elsewhere.requests[0].headers
        elsewhere.say(DROP)
        with pytest.raises(ConnectionFailed):
            ag.geturl(elsewhere.url)
    with pytest.raises(UsageError, match="no address"):
        ag.geturl("nonsense")


def test_commands_refresh_a_token_that_is_about_to_expire_first(
    ag: Agave, capsys: pytest.CaptureFixture[str]
) -> None:
    ag.files_list(f"{SYSTEM}/ada")
    assert "Refreshing" not in capsys.readouterr().out
    assert ag.created_at is not None
    ag.created_at -= 14400 - 59
    ag.files_list(f"{SYSTEM}/ada")
    assert capsys.readouterr().out.startswith("Refreshing token...\n")


@pytest.mark.filterwarnings("ignore:agavepy.files.*is deprecated")
def test_the_functions_do_what_the_methods_do(
    ag: Agave, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from agavepy import files
    from agavepy.files.download import files_download

    ag.profiles.get()
    at = (str(ag.api_server), str(ag._token))
    file = put(ag, place, "a.txt", "content", tmp_path)
    capsys.readouterr()
    files.files_mkdir(*at, f"{place}/made")
    files.files_copy(*at, file, f"{place}/made/b.txt")
    files.files_move(*at, f"{place}/made/b.txt", f"{place}/c.txt")
    files.files_upload(*at, str(tmp_path / "local.txt"), f"{place}/made/")
    wait_for(lambda: "local.txt" in names(ag, f"{place}/made"))
    files.files_import(*at, f"agave://{file}", f"{place}/made")
    wait_for(lambda: "a.txt" in names(ag, f"{place}/made"))
    files_download(*at, f"{place}/c.txt", str(tmp_path / "c.txt"))
    assert (tmp_path / "c.txt").read_text() == "content"
    files.files_pems_update(*at, file, "grace", "ALL", recursive=False)
    printed: list[tuple[Callable[[], None], str]] = [
        (lambda: files.files_list(*at, place, long_format=True), "made/"),
        (lambda: files.files_history(*at, file), "STAGING_COMPLETED"),
        (lambda: files.files_pems_list(*at, file), "grace"),
    ]
    for command, expected in printed:
        command()
        assert expected in capsys.readouterr().out
    files.files_pems_delete(*at, file)
    files.files_delete(*at, place)
    with pytest.raises(AgaveAPICallError, match="404"):
        files.files_list(*at, place)
