"""The count of tested operations counts what tests have looked at, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from tests import conftest, tested
from tests.contract.described import EVERY

FILE = "https://h.example/files/v2/media/system/s/ada/f"
Record = tuple[str, Any]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., requests.Response]:
    """Make an answer as a plain session hands it over; what is seen of it is the test's."""
    monkeypatch.setattr(tested, "seen", set())

    def made(status: int, body: Any = None, method: str = "GET") -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response.request = requests.Request(method, FILE).prepare()
        return tested.watch(response)

    return made


def complete() -> list[Record]:
    """Return the records of a run in which each operation was answered and refused as described."""
    records: list[Record] = []
    for operation in EVERY:
        for status in operation.responses:
            good = status < 400
            if not (good and operation.id in tested.NEVER_WELL):
                kind = tested.ANSWERED if good else tested.REFUSED
                records.append((kind, [operation.id, status]))
    return records


def test_an_answer_counts_when_its_status_was_read(
    answer: Callable[..., requests.Response],
) -> None:
    got = answer(200, {"result": 1})
    assert got.json() == {"result": 1}
    assert not tested.seen
    assert got.status_code == 200
    assert tested.seen == {(tested.ANSWERED, "files.download", 200)}


@pytest.mark.parametrize(
    ("status", "body", "method", "kind"),
    [
        (404, {"message": "none"}, "GET", tested.REFUSED),
        (501, {"message": "none"}, "GET", tested.REFUSED),
        (400, {"error": "e", "error_description": "why"}, "GET", tested.REFUSED),
        (404, b"", "HEAD", tested.REFUSED),
        (401, {"fault": {"code": 900902, "message": "Missing"}}, "GET", tested.TURNED_AWAY),
        (404, {"message": ""}, "GET", None),
        (404, b"", "GET", None),
        (400, [], "GET", None),
        (500, {"message": "a bug"}, "GET", None),
        (503, {"message": "busy"}, "GET", None),
    ],
)
def test_only_a_refusal_with_a_reason_is_one(
    answer: Callable[..., requests.Response], status: int, body: Any, method: str, kind: str | None
) -> None:
    assert answer(status, body, method).status_code == status
    assert {seen for seen, _, _ in tested.seen} == ({kind} if kind else set())


def test_a_complete_run_is_told_as_equal() -> None:
    counted = tested.count(complete())
    assert counted.faults == ()
    assert counted.described == counted.handled == counted.tested == len(EVERY)


@pytest.mark.parametrize("kind", [tested.ANSWERED, tested.REFUSED])
def test_one_operation_that_no_test_looked_at_is_named(kind: str) -> None:
    name = "files.list"
    records = [(word, found) for word, found in complete() if (word, found[0]) != (kind, name)]
    counted = tested.count(records)
    assert counted.tested == len(EVERY) - 1
    assert counted.faults == (
        f"{name}: no test was {kind if kind == 'refused' else 'answered well'}",
    )
    # Neither a status that is not described, nor the gateway's refusal, makes up for it.
    more = [
        (kind, [name, 299 if kind == tested.ANSWERED else 418]),
        (tested.TURNED_AWAY, [name, 401]),
    ]
    assert tested.count(records + more).faults == counted.faults


def test_what_is_said_to_be_impossible_is_not_possible() -> None:
    name = "files.downloadHome"
    counted = tested.count([*complete(), (tested.ANSWERED, [name, 200])])
    assert counted.faults == (f"{name}: it was answered well: take it out of NEVER_WELL",)


@pytest.mark.parametrize(
    ("options", "args", "status"),
    [
        ({}, ["tests"], pytest.ExitCode.TESTS_FAILED),
        ({"keyword": "files"}, ["tests"], pytest.ExitCode.OK),
        ({"markexpr": "not slow"}, ["tests"], pytest.ExitCode.OK),
        ({"lf": True}, ["tests"], pytest.ExitCode.OK),
        ({}, ["tests/sandbox"], pytest.ExitCode.OK),
    ],
)
def test_a_full_run_fails_and_a_part_of_one_does_not(
    request: pytest.FixtureRequest, options: dict[str, Any], args: list[str], status: int
) -> None:
    chosen = {"keyword": "", "markexpr": "", "deselect": None, "ignore": None, "lf": False}
    passed = SimpleNamespace(when="call", user_properties=[(tested.ANSWERED, ["files.list", 200])])
    reporter = SimpleNamespace(stats={"passed": [passed]})
    config: Any = SimpleNamespace(
        option=SimpleNamespace(**{**chosen, **options}),
        args=args,
        rootpath=request.config.rootpath,
        pluginmanager=SimpleNamespace(get_plugin=lambda _: reporter),
    )
    session: Any = SimpleNamespace(config=config, exitstatus=pytest.ExitCode.OK)
    conftest.pytest_sessionfinish(session, pytest.ExitCode.OK)
    assert session.exitstatus == status
