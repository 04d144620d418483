"""A test reaches this machine only, and files of its own only, unless it is told otherwise."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy import Agave
from agavepy.errors import CredentialsError
from agavepy.testing import IsolationError


def test_a_call_to_another_host_says_how_to_allow_it(agave: Agave) -> None:
    other = Agave(api_server="https://api.tacc.utexas.edu", token="x")
    with pytest.raises(IsolationError, match=r"reach api\.tacc.*agave_isolate = false"):
        other.profiles.get()
    with pytest.raises(IsolationError, match=r"reach 192\.0\.2\.1"):
        requests.get("http://192.0.2.1/", timeout=1)
    with (
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock,
        pytest.raises(IsolationError, match="2001:db8::1"),
    ):
        sock.connect_ex(("2001:db8::1", 80))


def test_this_machine_is_reached_by_all_of_its_names(agave: Agave) -> None:
    port = int(str(agave.api_server).rpartition(":")[2])
    for host in ("127.0.0.1", "localhost"):
        with socket.create_connection((host, port), timeout=5):
            pass


def _send(method: str, *args: Any) -> Callable[[], object]:
    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            getattr(there, method)(*args)

    return send


#: TEST-NET-1 (RFC 5737): nothing is there.
NOWHERE = ("192.0.2.1", 9)


@pytest.mark.parametrize(
    "leave",
    [
        lambda: socket.gethostbyname("example.org"),
        lambda: socket.gethostbyname_ex("example.org"),
        lambda: socket.gethostbyaddr(NOWHERE[0]),
        lambda: socket.getaddrinfo(b"example.org", 80),
        lambda: socket.create_connection(NOWHERE, 1),
        _send("sendto", b"x", NOWHERE),
        _send("sendto", b"x", 0, NOWHERE),
        _send("sendmsg", [b"x"], [], 0, NOWHERE),
    ],
)
def test_there_is_no_other_way_out(agave: Agave, leave: Callable[[], object]) -> None:
    with pytest.raises(IsolationError):
        leave()


def test_datagrams_reach_this_machine(agave: Agave) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
    ):
        here.bind(("127.0.0.1", 0))
        there.sendto(b"one", here.getsockname())
        there.connect(here.getsockname())
        there.sendmsg((b"two",))
        assert [here.recv(9), here.recv(9)] == [b"one", b"two"]


def test_the_guard_is_gone_with_the_test() -> None:
    assert socket.getaddrinfo.__module__ == "socket"
    assert "connect" not in vars(socket.socket)


_REAL = """
import os, pathlib

def test_login(agave_home):
    from agavepy import Agave
    assert Agave.restore().api_server.startswith("http://127.0.0.1")
    assert "TAPIS_TOKEN" not in os.environ
    assert "HTTPS_PROXY" not in os.environ

def test_new_login(agave_home, agave_server):
    from agavepy import Agave
    known = agave_server.credentials("grace")
    names = ("api_server", "username", "password", "client_name", "api_key", "api_secret")
    ag = Agave(**{name: known[name] for name in names})
    ag.refresh()
    ag.save_configs()
"""


def test_the_real_login_is_neither_read_nor_written(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = tmp_path / "real" / ".agave"
    directory.mkdir(parents=True)
    (directory / "current").write_text('{"baseurl": "https://real.example", "access_token": "x"}')
    before = (directory / "current").stat()
    monkeypatch.setenv("HOME", str(tmp_path / "real"))
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(directory))
    monkeypatch.setenv("TAPIS_TOKEN", "real-token")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    pytester.makepyfile(_REAL)
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=2)
    assert [path.name for path in directory.iterdir()] == ["current"]
    assert (directory / "current").stat() == before


def test_isolation_can_be_switched_off(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path))
    pytester.makeini("[pytest]\nagave_isolate = false\n")
    pytester.makepyfile(
        f"""
        import os, socket

        def test_open(agave):
            assert os.environ["TAPIS_CACHE_DIR"] == {str(tmp_path)!r}
            assert "connect" not in vars(socket.socket)
            assert agave.profiles.get().username == "ada"
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)


def test_a_login_is_not_written_over_where_isolation_is_off(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(mine))
    login = mine / "current"
    login.write_text('{"mine": 1}')
    pytester.makeini("[pytest]\nagave_isolate = false\n")
    pytester.makepyfile(
        """
        from agavepy import Agave

        def test_login(agave_home):
            assert Agave.restore().profiles.get().username == "ada"
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)
    assert login.read_text() == '{"mine": 1}'
    assert list(mine.iterdir()) == [login]


def test_a_test_without_the_fixtures_is_left_alone(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path))
    pytester.makepyfile(
        f"""
        import os, socket

        def test_plain():
            assert os.environ["TAPIS_CACHE_DIR"] == {str(tmp_path)!r}
            assert "connect" not in vars(socket.socket)
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)


def test_without_a_login_there_is_none(agave_home: Path) -> None:
    for file in agave_home.iterdir():
        file.unlink()
    with pytest.raises(CredentialsError):
        Agave.restore()
