"""The table of job statuses."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agavepy.sandbox.lifecycle import JOB_ON_SYSTEM, JOBS
from tests.sandbox.jobs_support import ENDS, WHOLE_LIFE


def test_every_status_that_follows_another_is_in_the_table() -> None:
    for status, following in JOBS.moves.items():
        assert following <= set(JOBS.moves), status


def test_a_whole_life_is_allowed_step_by_step() -> None:
    assert WHOLE_LIFE[0] == JOBS.initial
    for status, following in pairwise(WHOLE_LIFE):
        assert JOBS.allows(status, following), (status, following)


def test_ended_jobs_stay_ended_and_others_can_always_be_ended() -> None:
    assert {status for status in JOBS.moves if JOBS.ended(status)} == ENDS
    for status in set(JOBS.moves) - ENDS:
        assert ENDS - {"FINISHED"} <= JOBS.moves[status]


@pytest.mark.parametrize(
    ("status", "following"), [("QUEUED", "CLEANING_UP"), ("RUNNING", "QUEUED")]
)
def test_what_the_server_does_now_and_then_is_allowed(status: str, following: str) -> None:
    assert JOBS.allows(status, following)


def test_no_step_is_skipped() -> None:
    assert not JOBS.allows("PENDING", "RUNNING")
    assert not JOBS.allows("RUNNING", "FINISHED")
    assert {"QUEUED", "RUNNING", "CLEANING_UP"} == JOB_ON_SYSTEM
