"""What lives by itself stays in a state for as long as the test looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from agavepy import Agave
from agavepy.errors import BadRequest, TimedOut, UsageError
from agavepy.testing import Clock, Transitions
from tests.waiting import wait_for


def status(agave: Agave, job: Any) -> str:
    return str(agave.jobs.getStatus(jobId=job.id).status)


@pytest.mark.agave_transition("jobs", manual=True)
def test_a_held_job_goes_on_when_it_is_told(
    agave: Agave, agave_job: Callable[..., Any], agave_transition: Transitions
) -> None:
    job = agave_job()
    assert status(agave, job) == status(agave, job) == "PENDING"
    (told,) = agave_transition.advance("jobs", job)
    assert told.state == status(agave, job) == "PROCESSING_INPUTS"
    assert [thing.id for thing in agave_transition.under_way("jobs")] == [job.id]
    while status(agave, job) != "RUNNING":
        agave_transition.advance("jobs")
    agave.jobs.manage(jobId=job.id, body={"action": "stop"})
    assert agave_transition.under_way("jobs") == []


@pytest.mark.agave_transition("jobs", manual=2)
def test_a_job_goes_on_after_so_many_looks(agave: Agave, agave_job: Callable[..., Any]) -> None:
    job = agave_job()
    seen = [status(agave, job) for _ in range(4)]
    assert seen[0] == "PENDING"
    assert len(set(seen)) in {2, 3}, seen


@pytest.mark.agave_transition("jobs", seconds=100)
def test_a_job_goes_on_with_the_clock(
    agave: Agave, agave_job: Callable[..., Any], agave_clock: Clock, agave_transition: Transitions
) -> None:
    job = agave_job()
    agave_clock.advance(50)
    assert status(agave, job) == "PENDING"
    agave_clock.advance(51)
    wait_for(lambda: status(agave, job) != "PENDING")
    assert status(agave, job) == "PROCESSING_INPUTS"


@pytest.mark.agave_transition("jobs", manual=True)
def test_what_runs_for_real_has_its_time_while_a_test_waits_for_it(
    agave_job: Callable[..., Any], agave_clock: Clock
) -> None:
    with pytest.raises(TimedOut, match="PENDING"):
        agave_job(wait=True, timeout_s=2)
    assert abs(agave_clock.now() - time.time()) < 20, "its maxRunTime has passed, or its token"


@pytest.mark.agave_transition("jobs", seconds=5)
def test_waiting_for_what_goes_by_the_clock_moves_the_clock(
    agave_job: Callable[..., Any], agave_clock: Clock
) -> None:
    assert agave_job(wait=True).status == "FINISHED"
    assert agave_clock.now() - time.time() > 10


def test_jobs_are_not_held_in_the_next_test(agave_job: Callable[..., Any]) -> None:
    assert agave_job().status == "FINISHED"


def test_a_mistaken_choice_is_named(agave_transition: Transitions) -> None:
    with pytest.raises(BadRequest, match="planets"):
        agave_transition.set("planets", manual=True)
    with pytest.raises(UsageError, match="'planets': choose one of jobs, files"):
        agave_transition.under_way("planets")
    with pytest.raises(UsageError, match="manual= or seconds="):
        agave_transition.set("jobs", manual=True, seconds=3)
