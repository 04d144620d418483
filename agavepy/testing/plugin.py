"""The pytest plugin: options, markers, settings and reports; see ``docs/testing.rst``.

It is loaded by every run of pytest where the package is installed, so it imports nothing of it: the
fixtures do, when a test asks for one.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from agavepy.testing.fixtures import *  # noqa: F403 - pytest finds fixtures in a plugin's namespace
from agavepy.testing.fixtures import LIVE, SUCCEEDED, WIRE

_MARKERS = (
    "agave_faults(operation=None, kind='status', **fields): order a fault before the test begins",
    "agave_transition(kind, manual=False, seconds=None): jobs, files, actors or executions stay in "
    "their states until they are told (manual=True), looked at (a number), or for some seconds",
    "agave_spec(path): give the client of the test a service of that document, which is played",
    "agave_live: run only with --agave-live, against that tenant",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings."""
    group = parser.getgroup("agavepy", "tests with an Agave tenant")
    group.addoption(
        "--agave-url",
        metavar="URL|FILE",
        help="use this running sandbox: the path of its ready file, or its address",
    )
    group.addoption(
        "--agave-live",
        metavar="PROFILE",
        help="run the tests marked agave_live as this cached login: `current`, the name of its "
        "OAuth client, or its tenant",
    )
    group.addoption(
        "--agave-record",
        choices=("none", "once", "rewrite"),
        default="none",
        help="cassettes: replay only (none), record what is missing (once), or all (rewrite)",
    )
    group.addoption(
        "--agave-validate",
        choices=("off", "warn", "strict"),
        help="hold every answer against its description: not, with warnings, or as failures",
    )
    parser.addini("agave_isolate", "keep tests to this machine", type="bool", default=True)
    parser.addini("agave_seed", "what the sandbox holds: demo or empty", default="demo")
    parser.addini("agave_validate", "as --agave-validate", default="off")
    parser.addini("agave_specs", "descriptions of your own services", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs a live tenant unless there is one."""
    if config.getoption("--agave-live"):
        return
    skip = pytest.mark.skip(reason="needs a real tenant: --agave-live=PROFILE")
    for item in items:
        if item.get_closest_marker(LIVE):
            item.add_marker(skip)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the markers ask for the fixtures that carry them out."""
    names: list[str] = getattr(item, "fixturenames", [])
    for name in ("agave_faults", "agave_spec", "agave_transition"):
        if item.get_closest_marker(name) and name not in names:
            names.append(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the calls of a failed test to its report."""
    report = yield
    if report.when == "call":
        item.stash[SUCCEEDED] = not report.failed
    wire = item.stash.get(WIRE, None)
    if wire is not None and report.failed and (text := wire.report()):
        report.sections.append(("Agave calls", text))
    return report
