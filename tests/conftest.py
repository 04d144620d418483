"""A sandbox whose every answer is held against its description, and clean surroundings."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import settings

from agavepy.sandbox import Sandbox
from tests import tested

# Slow machines are no fault of an example; where there is CI, a failure is the same in each run.
settings.register_profile("agavepy", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("agavepy")


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
        return tested.watch(super().request(method, address, *args, **kwargs))


HttpFactory = Callable[[str], Http]
_seen = tested.seen  # the tests of the count put another one there


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Record with a test what it has seen of operations."""
    _seen.clear()
    yield
    item.user_properties += [(kind, found) for kind, *found in sorted(_seen)]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let a full run fail that has not tested every operation."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and reporter and _is_full(session.config):
        counted = tested.count(_records(reporter))
        if counted.faults:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many operations are described, handled, tested, and called as they should be."""
    records = _records(terminalreporter)
    _print_corpus(terminalreporter, sorted(row for kind, row in records if kind == "corpus"))
    kinds = {kind for kind, _ in records}
    if not kinds & {tested.ANSWERED, "exercised"}:
        return
    from tests.contract.released import RELEASED

    write, counted = terminalreporter.write_line, tested.count(records)
    terminalreporter.write_sep("-", "operations")
    if tested.ANSWERED in kinds:
        write(f"{counted}{'' if counted.faults else ' - equal, each answered and refused'}")
        for fault in counted.faults if _is_full(terminalreporter.config) else ():
            write(f"  {fault}")
    if "exercised" in kinds:
        called = {kind: {str(name) for mark, name in records if mark == kind} for kind in kinds}
        write(f"described: {counted.described}, exercised: {len(called['exercised'])}")
        same, before = len(called.get("released", ())), sum(map(len, RELEASED.values()))
        write(f"released: {before}, called as before: {same}")


def _print_corpus(terminalreporter: Any, rows: list[Any]) -> None:
    """Print how much of each document of others was called."""
    if not rows:
        return
    terminalreporter.write_sep("-", "documents of others")
    whole = [sum(row[column] for row in rows) for column in range(1, 5)]
    for name, *counts in (*rows, (f"{len(rows)} documents", *whole)):
        terminalreporter.write_line(
            "{}: {} operations, {} reachable, {} requests as described, {} left out".format(
                name, *counts
            )
        )


def _records(reporter: Any) -> list[tuple[str, Any]]:
    """Return what tests that passed have recorded, in other processes too."""
    tests = [test for test in reporter.stats.get("passed", ()) if test.when == "call"]
    return [record for test in tests for record in test.user_properties]


def _is_full(config: pytest.Config) -> bool:
    """Tell whether every test was to run, and on nobody else's behalf."""
    options = config.option
    chosen = [
        options.keyword,
        options.markexpr,
        options.deselect,
        options.ignore,
        getattr(options, "lf", None),
    ]
    everything = {str(config.rootpath), str(config.rootpath / "tests"), "tests", "tests/", "."}
    asked = [argument for argument in config.args if argument not in everything]
    return not (any(chosen) or asked or hasattr(config, "workerinput"))


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
        assert running.tenant.clock.offset_s == 0, "a test moved the clock of all others"


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
