"""A sandbox whose every answer is held against its description, and clean surroundings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.sandbox import Sandbox


class Http(requests.Session):
    """A plain HTTP session of one user: paths are taken below the sandbox's address."""

    def __init__(self, base_url: str, token: str) -> None:
        super().__init__()
        self.base_url = base_url
        self.trust_env = False
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request to a path (or an address) with a timeout."""
        kwargs.setdefault("timeout", 30)
        kwargs.setdefault("allow_redirects", False)
        address = url if str(url).startswith("http") else self.base_url + url
        return super().request(method, address, *args, **kwargs)


HttpFactory = Callable[[str], Http]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many operations are described, and how many were called by tests that passed."""
    marks = [mark for test in terminalreporter.stats.get("passed", ()) for mark in _marks(test)]
    done = {kind: {name for mark, name in marks if mark == kind} for kind in dict(marks)}
    if "exercised" not in done:
        return
    from tests.contract.described import EVERY
    from tests.contract.released import RELEASED

    before = sum(map(len, RELEASED.values()))
    terminalreporter.write_sep("-", "operations")
    terminalreporter.write_line(f"described: {len(EVERY)}, exercised: {len(done['exercised'])}")
    same = len(done.get("released", ()))
    terminalreporter.write_line(f"released: {before}, called as before: {same}")


def _marks(test: Any) -> list[tuple[str, Any]]:
    """Return what a test recorded; it comes with its report, from other processes too."""
    return list(test.user_properties) if test.when == "call" else []


@pytest.fixture(scope="session")
def plan_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of plans for the run: a developer's edited description is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def clean_surroundings(tmp_path: Path, plan_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the developer's credentials, proxies or netrc, nor writes to their home."""
    for name in list(os.environ):
        prefix = ("AGAVE", "TAPIS", "_abaco", "SWAGGERPY", "REQUESTS_CA", "CURL_CA", "NETRC")
        if name.startswith(prefix) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(plan_cache))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A running demo tenant with users ada and grace and the administrator admin."""
    with Sandbox(check_answers=True) as running:
        yield running


@pytest.fixture
def fresh_sandbox() -> Iterator[Sandbox]:
    """A demo tenant of the test's own, to break or to count in."""
    with Sandbox(check_answers=True) as running:
        yield running


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[HttpFactory]:
    """A factory of plain HTTP sessions by user name; the empty name sends no token."""
    sessions: dict[str, Http] = {}

    def session(user: str = "ada") -> Http:
        if user not in sessions:
            token = sandbox.credentials(user)["token"] if user else ""
            sessions[user] = Http(sandbox.url, token)
        return sessions[user]

    yield session
    for opened in sessions.values():
        opened.close()
