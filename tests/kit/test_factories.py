"""Systems and actors of tests: odd names, odd functions, and what is refused."""

from __future__ import annotations

import functools
import sys
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


def test_an_actor_that_cannot_run_is_told_at_once(
    agave_actor: Callable[..., Actor],
) -> None:
    broken = agave_actor(len, image="no/such-image")
    began = time.monotonic()
    with pytest.raises(AssertionError, match=rf"the actor {broken.id} cannot run: .*no/such-image"):
        broken.run("x")
    assert time.monotonic() - began < 10


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
