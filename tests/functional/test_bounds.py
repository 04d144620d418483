"""What the sandbox bears: large files in little memory, large directories, many connections."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from agavepy import Agave
from agavepy.sandbox import Sandbox
from tests.conftest import Http
from tests.processes import sandbox_process
from tests.sandbox.answers import result
from tests.sandbox.files_support import STORAGE, at, names, staged, workplace
from tests.waiting import wait_for

MIB = 1 << 20


def peak(pid: int) -> int:
    """Return the most memory that a process has had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def client(ready: dict[str, Any]) -> Agave:
    login = ready["users"][0]
    keys = ("username", "password", "client_name", "api_key", "api_secret")
    return Agave(api_server=ready["url"], **{key: login[key] for key in keys})


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory in /proc")
def test_a_gibibyte_comes_and_goes_in_little_memory(tmp_path: Path) -> None:
    size = 1024 * MIB
    large, small = tmp_path / "large.bin", tmp_path / "small.bin"
    small.write_bytes(b"x")
    with large.open("wb") as file:  # a sparse file with something at its ends
        file.write(b"begin")
        file.seek(size - 3)
        file.write(b"end")
    with sandbox_process(tmp_path, "--state", str(tmp_path / "state")) as (process, ready):
        ada = client(ready)

        def there_and_back(source: Path) -> tuple[int, bytes, bytes]:
            place = {"systemId": STORAGE, "filePath": f"ada/{source.name}"}
            ada.files.importData(systemId=STORAGE, filePath="ada", fileToUpload=source)
            wait_for(lambda: ada.files.getHistory(**place)[-1].status == "STAGING_COMPLETED", 60)
            total, first, last = 0, b"", b""
            with ada.files.download(**place) as answer:
                for block in answer.iter_content(MIB):
                    total, first, last = total + len(block), first or block, block
            ada.files.delete(**place)
            return total, first[:5], last[-3:]

        assert there_and_back(small) == (1, b"x", b"x")
        before = peak(process.pid)
        assert there_and_back(large) == (size, b"begin", b"end")
        assert peak(process.pid) - before <= 32 * MIB


def test_a_page_of_a_large_directory_looks_at_its_own_entries_only(
    fresh_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        where = workplace(ada)
        directory = fresh_sandbox.tenant.root / "systems" / STORAGE / "home" / where
        for number in range(10_000):
            (directory / f"f{number:05d}").touch()
        looked: list[Any] = []
        for name in ("stat", "lstat", "open"):
            call = getattr(os, name)

            def counted(path: Any, *args: Any, call: Any = call, **more: Any) -> Any:
                looked.append(path)
                return call(path, *args, **more)

            monkeypatch.setattr(os, name, counted)
        page = result(ada.get(at("listings", where), params={"limit": "10", "offset": "9000"}))
        assert [entry["name"] for entry in page] == [f"f{n:05d}" for n in range(8999, 9009)]
        members = [path for path in map(str, looked) if f"{where}/f" in path]
        assert len({os.path.basename(path) for path in members}) <= 10  # noqa: PTH119


@contextlib.contextmanager
def connections(sandbox: Sandbox, count: int) -> Iterator[list[http.client.HTTPConnection]]:
    address = urlsplit(sandbox.url).netloc
    with contextlib.ExitStack() as stack:
        made = [http.client.HTTPConnection(address, timeout=20) for _ in range(count)]
        for connection in made:
            stack.callback(connection.close)
        yield made


def test_fifty_idle_and_eight_busy_connections_starve_nobody(fresh_sandbox: Sandbox) -> None:
    token = fresh_sandbox.credentials("ada")["token"]
    headers = {"Authorization": f"Bearer {token}"}
    data = hashlib.sha256(b"seed").digest() * 8192
    with (
        Http(fresh_sandbox.url, token) as ada,
        connections(fresh_sandbox, 50) as idle,
        connections(fresh_sandbox, 8) as busy,
    ):
        where = workplace(ada)
        for connection in idle:  # each has been answered once, and is kept
            connection.request("GET", "/profiles/v2/me", headers=headers)
            assert connection.getresponse().read()
        for number, connection in enumerate(busy):  # each is in the middle of an upload
            head = (
                '--b\r\nContent-Disposition: form-data; name="fileToUpload"; '
                f'filename="f{number}"\r\n\r\n'
            )
            body = head.encode() + data + b"\r\n--b--\r\n"
            connection.putrequest("POST", at("media", where))
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Type", "multipart/form-data; boundary=b")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[:100_000])
        for _ in range(20):
            answer = ada.get(at("listings", where), timeout=20)
            assert [entry["name"] for entry in result(answer)] == ["."]
        for connection in busy:
            connection.send((data + b"\r\n--b--\r\n")[-(len(body) - 100_000) :])
            assert connection.getresponse().status == 202
        for number in range(8):
            assert staged(ada, f"{where}/f{number}")[-1] == "STAGING_COMPLETED"
            assert ada.get(at("media", f"{where}/f{number}")).content == data
        assert names(ada, where) == [".", *(f"f{number}" for number in range(8))]
        for connection in idle:
            assert isinstance(connection.sock, socket.socket)
            connection.request("GET", "/profiles/v2/me", headers=headers)
            assert connection.getresponse().read()
