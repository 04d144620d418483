"""Systems and actors of tests: odd names, odd functions, and what is refused."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agavepy import Agave
from agavepy.errors import BadRequest, UsageError
from agavepy.testing import Actor, System


def _joined(first: str, second: str) -> str:
    return f"{first} {second}"


def über(message: str) -> str:  # noqa: PLC2401 - as a test may call it
    return message.upper()


def _(message: str) -> str:
    return message * 2


class Repeated:
    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, message: str) -> str:
        return message * self.times


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (functools.partial(_joined, "one"), b"one two"),
        (len, b"3"),
        (über, b"TWO"),
        (_, b"twotwo"),
        (Repeated(3), b"twotwotwo"),
        (lambda message: _joined(message, "three"), b"two three"),
    ],
)
def test_an_actor_runs_whatever_can_be_called(
    agave_actor: Callable[..., Actor], function: Callable[[str], object], result: bytes
) -> None:
    assert agave_actor(function).run("two") == result


def test_an_actor_takes_what_json_has(agave_actor: Callable[..., Actor]) -> None:
    echo = agave_actor(str)
    assert [echo.run(message) for message in ([1, 2], {"a": 1})] == [b"[1, 2]", b"{'a': 1}"]


def test_a_result_is_whole_or_an_error(agave_actor: Callable[..., Actor]) -> None:
    repeated = agave_actor(lambda message: b"x" * int(message))
    assert len(repeated.run("131072")) == 131072
    with pytest.raises(AssertionError, match="the result has 131073 bytes, and Abaco keeps 131072"):
        repeated.run("131073")


def test_what_no_actor_can_call_is_named(agave_actor: Callable[..., Actor]) -> None:
    with pytest.raises(UsageError, match="3 is no function"):
        agave_actor(3)
    lock = threading.Lock()
    with pytest.raises(UsageError, match=r"lambda.* cannot be taken to a process: .*lock"):
        agave_actor(lambda message: lock)


@pytest.mark.parametrize("before", [0, 3])
def test_names_do_not_depend_on_what_ran_before(
    agave_user: Callable[..., Agave],
    agave_system: Callable[..., System],
    agave_job: Callable[..., object],
    agave_actor: Callable[..., Actor],
    before: int,
) -> None:
    """A cassette that has them in its arguments is replayed alone and in any order."""
    assert agave_user().username == "user1"
    assert agave_system().id == "test.storage.1"
    assert agave_job(wait=False).name == "test-1"  # type: ignore[attr-defined]
    actor = agave_actor(len)
    assert actor.client.actors.get(actorId=actor.id).name == "len-1"
    for _ in range(before):
        agave_user()


def test_an_actor_that_cannot_run_is_told_at_once(
    agave_actor: Callable[..., Actor],
) -> None:
    broken = agave_actor(len, image="no/such-image")
    began = time.monotonic()
    with pytest.raises(AssertionError, match=rf"the actor {broken.id} cannot run: .*no/such-image"):
        broken.run("x")
    assert time.monotonic() - began < 30  # of 60 that it may take


def test_a_refused_system_leaves_its_name_free(agave_system: Callable[..., System]) -> None:
    with pytest.raises(BadRequest, match="NONSENSE"):
        agave_system("mine", type="NONSENSE")
    assert agave_system("mine").tree() == []


@pytest.mark.parametrize("name", ["..", ".", "sandbox.storage", "x" * 300])
def test_a_name_that_no_new_system_can_have_is_named(
    agave: Agave, agave_system: Callable[..., System], name: str
) -> None:
    with pytest.raises(UsageError, match="is no id for a new system"):
        agave_system(name)
    assert agave.systems.get(systemId="sandbox.storage").public


@pytest.mark.agave_transition(kind="jobs", manual=True)
def test_a_marker_may_name_the_kind_that_it_holds(agave_job: Callable[..., object]) -> None:
    assert agave_job().status != "FINISHED"  # type: ignore[attr-defined]


def test_an_actor_runs_by_an_interpreter_whose_path_has_a_blank(
    agave_actor: Callable[..., Actor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "a folder" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    assert agave_actor(len).run("two") == b"3"
