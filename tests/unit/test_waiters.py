"""Following histories: a job that nobody knows yet, one that nobody ever knows, and time."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from agavepy.errors import NotFound, TimedOut
from agavepy.waiters import follow

ENDS = {"FINISHED", "FAILED", "STOPPED", "KILLED"}


class Time:
    """A clock that goes on while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def follow(self, answers: list[Any], **options: Any) -> list[str]:
        """Follow a history that answers these in turn, the last one for ever."""

        def history() -> list[dict[str, str]]:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer is None:
                raise _unknown()
            return [{"status": word} for word in answer]

        events = follow(history, ENDS, clock=lambda: self.now, sleep=self.sleep, **options)
        return [event["status"] for event in events]


def _unknown() -> NotFound:
    response = requests.Response()
    response.status_code = 404
    return NotFound(response, "no such job")


@pytest.mark.parametrize("end", sorted(ENDS))
def test_each_event_is_given_once_until_an_end_of_either_model(end: str) -> None:
    time = Time()
    answers = [["PENDING"], ["PENDING"], ["PENDING", "RUNNING"], ["PENDING", "RUNNING", end]]
    assert time.follow(answers) == ["PENDING", "RUNNING", end]


def test_a_job_that_is_not_to_be_found_yet_is_waited_for() -> None:
    assert Time().follow([None, None, ["PENDING", "STOPPED"]]) == ["PENDING", "STOPPED"]


def test_a_job_that_nobody_ever_knows_is_an_error_after_some_seconds() -> None:
    time = Time()
    with pytest.raises(NotFound):
        time.follow([None], unknown_s=5)
    assert 5 <= time.now < 7


def test_a_job_that_is_gone_after_its_first_event_is_an_error_at_once() -> None:
    time = Time()
    with pytest.raises(NotFound):
        time.follow([["PENDING"], None])
    assert time.now < 1


def test_no_end_in_time_names_the_last_event() -> None:
    with pytest.raises(TimedOut, match="within 3 seconds: the last was RUNNING"):
        Time().follow([["RUNNING"]], timeout_s=3)
