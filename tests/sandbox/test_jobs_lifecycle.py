"""The tables of job statuses of both models of the jobs service."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agavepy.sandbox.job_models import ALOE, CLASSIC, MODELS, ON_SYSTEM, JobModel
from tests.sandbox.jobs_support import ENDS, WHOLE_LIFE, WHOLE_LIFE_ALOE

EACH = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
LIVES = {"classic": WHOLE_LIFE, "aloe": ["ACCEPTED", *WHOLE_LIFE_ALOE]}


@EACH
def test_every_status_that_a_table_names_is_in_the_table(model: JobModel) -> None:
    known = set(model.states.moves)
    for status, following in model.states.moves.items():
        assert following <= known, status
    for named in (model.unseen, model.putting_away, model.not_resubmitted, ON_SYSTEM):
        assert named <= known
    assert {model.waits_in, model.stop_on_system} <= known


@EACH
def test_a_whole_life_is_allowed_step_by_step(model: JobModel) -> None:
    life = LIVES[model.name]
    assert life[0] == model.states.initial
    for status, following in pairwise(life):
        assert model.states.allows(status, following), (status, following)


@EACH
def test_ended_jobs_stay_ended_and_others_can_always_be_ended(model: JobModel) -> None:
    moves = model.states.moves
    ends = {status for status in moves if model.states.ended(status)}
    assert ends == ENDS & set(moves)
    for status in set(moves) - ends - model.unseen:
        assert ends - {"FINISHED"} <= moves[status]


def test_aloe_has_its_own_statuses_and_none_of_those_that_went() -> None:
    gone = {"ARCHIVING_FINISHED", "ARCHIVING_FAILED", "KILLED", "HEARTBEAT"}
    assert not gone & set(ALOE.states.moves)
    assert {"ACCEPTED", "BLOCKED", "PAUSED"} <= set(ALOE.states.moves)
    assert not {"ACCEPTED", "BLOCKED"} & set(CLASSIC.states.moves)


@pytest.mark.parametrize(
    ("status", "following"), [("QUEUED", "CLEANING_UP"), ("RUNNING", "QUEUED")]
)
def test_what_the_server_does_now_and_then_is_allowed(status: str, following: str) -> None:
    assert CLASSIC.states.allows(status, following)


@EACH
def test_no_step_is_skipped(model: JobModel) -> None:
    assert not model.states.allows("PENDING", "RUNNING")
    assert not model.states.allows("RUNNING", "FINISHED")


def test_aloe_goes_through_every_step() -> None:
    assert not ALOE.states.allows("STAGED", "SUBMITTING")
    assert not ALOE.states.allows("PROCESSING_INPUTS", "STAGED")
