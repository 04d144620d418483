"""Faults of every kind hit the call that they are meant for, as often as they are meant to."""

from __future__ import annotations

import pydoc
import time
from typing import Any

import pytest
import requests

from agavepy import Agave
from agavepy.errors import (
    AgaveError,
    AnswerError,
    BadRequest,
    ConnectionFailed,
    NotFound,
    ServerError,
    Throttled,
)
from agavepy.testing import Calls, Clock, Faults
from agavepy.testing.server import Server

HOME = {"systemId": "sandbox.storage", "filePath": "ada"}


def remember(agave: Agave) -> Any:
    """Keep a metadata item: a call (POST) that must not be repeated by itself."""
    return agave.meta.addMetadata(body={"name": "kept", "value": 1})


def test_an_error_of_the_service_hits_its_operation_only(
    agave: Agave, agave_faults: Faults
) -> None:
    agave_faults.fail(agave.files.list, 404, message="Gone fishing")
    assert agave.profiles.get().username == "ada"
    with pytest.raises(NotFound, match="Gone fishing"):
        agave.files.list(**HOME)
    assert agave.files.list(**HOME)


def test_a_fault_strikes_as_often_as_it_is_told(
    agave: Agave, agave_faults: Faults, agave_calls: Calls
) -> None:
    agave_faults.fail("files.list", 503, times=2)
    assert agave.files.list(**HOME)
    agave_calls.assert_called(agave.files.list, 3, **HOME)


def test_waiting_for_a_throttled_service_takes_no_time(
    agave: Agave, agave_faults: Faults, agave_clock: Clock
) -> None:
    agave_faults.fail(agave.profiles.get, 429, retry_after=50)
    before, started = agave_clock.now(), time.monotonic()
    assert agave.profiles.get().username == "ada"
    assert agave_clock.now() - before >= 50
    assert time.monotonic() - started < 20


def test_a_service_says_when_to_come_back(
    agave: Agave, agave_faults: Faults, agave_clock: Clock
) -> None:
    agave_faults.fail(agave.profiles.get, 503, retry_after=40)
    before = agave_clock.now()
    assert agave.profiles.get().username == "ada"
    assert agave_clock.now() - before >= 40


def test_a_download_breaks_off_where_it_is_told(agave: Agave, agave_faults: Faults) -> None:
    agave_faults.truncate(agave.files.download, after=3)
    answer = agave.files.download(systemId="sandbox.storage", filePath="ada/data/hello.txt")
    blocks = answer.iter_content(1)
    assert len([next(blocks) for _ in range(3)]) == 3
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        next(blocks)


def test_a_call_that_may_not_be_repeated_is_told_that_it_was_throttled(
    agave: Agave, agave_faults: Faults
) -> None:
    agave_faults.throttle(agave.profiles.get, 3600)  # longer than a call may take
    with pytest.raises(Throttled):
        agave.profiles.get()


def test_an_expired_token_is_renewed(
    agave: Agave, agave_faults: Faults, agave_calls: Calls
) -> None:
    agave_faults.expire_token(agave.profiles.get)
    assert agave.profiles.get().username == "ada"
    agave_calls.assert_called("token.create", 1)


def test_a_dropped_connection_is_an_error_for_what_changes_something(
    agave: Agave, agave_faults: Faults
) -> None:
    agave_faults.drop(agave.meta.addMetadata)
    with pytest.raises(ConnectionFailed):
        remember(agave)
    assert len(agave.meta.listMetadata(q='{"name": "kept"}')) == 1, "the work was done"


def test_a_tenant_that_is_gone_is_told_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        from agavepy.errors import ConnectionFailed

        def test_gone(agave, agave_server):
            agave_server.stop()
            with pytest.raises(ConnectionFailed, match="^profiles.get: cannot reach http://127"):
                agave.profiles.get()

        def test_next(agave):
            pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(["*ConnectionFailed: _sandbox.restoreSnapshot: cannot reach *"])


def test_a_torn_answer_is_an_error(agave: Agave, agave_faults: Faults) -> None:
    agave_faults.truncate(agave.meta.addMetadata)
    with pytest.raises(AgaveError):
        remember(agave)


def test_a_corrupt_answer_is_an_error(agave: Agave, agave_faults: Faults) -> None:
    agave_faults.corrupt(agave.meta.addMetadata)
    with pytest.raises(AnswerError):
        remember(agave)


def test_a_redirect_is_followed(agave: Agave, agave_faults: Faults, agave_calls: Calls) -> None:
    target = f"{agave.api_server}/profiles/v2/me"
    agave_faults.redirect(agave.systems.list, target)
    assert agave.systems.list().username == "ada"
    agave_calls.assert_called(agave.profiles.get, 1)


def test_a_slow_answer_arrives(agave: Agave, agave_faults: Faults) -> None:
    agave_faults.slow(agave.profiles.get, 0.2)
    started = time.monotonic()
    assert agave.profiles.get().username == "ada"
    assert time.monotonic() - started >= 0.2


@pytest.mark.agave_faults("profiles.get", status=500, message="by the marker")
@pytest.mark.agave_faults("systems.list", "status", status=404)
def test_a_marker_orders_faults_without_a_fixture(agave: Agave) -> None:
    with pytest.raises(ServerError, match="by the marker"):
        agave.profiles.get()
    with pytest.raises(NotFound):
        agave.systems.list()


def test_faults_that_are_left_are_told_and_taken_back(agave_faults: Faults) -> None:
    agave_faults.fail("files.list", 500, times=3)
    assert [fault.times for fault in agave_faults.waiting()] == [3]
    assert [fault.operation for fault in agave_faults.clear()] == ["files.list"]
    assert agave_faults.waiting() == []


def test_a_mistaken_fault_is_an_error_that_names_it(agave_faults: Faults) -> None:
    with pytest.raises(BadRequest, match=r"files\.lst"):
        agave_faults.fail("files.lst", 500)
    with pytest.raises(BadRequest, match="explode"):
        agave_faults.add("files.list", "explode")
    with pytest.raises(BadRequest, match="redirect needs location"):
        agave_faults.redirect("files.list")


def test_a_mistaken_fault_says_where_faults_are_described(
    agave_sandbox: Server, agave_faults: Faults
) -> None:
    with pytest.raises(BadRequest) as caught:
        agave_faults.add("files.list", "explode")
    assert "\n_sandbox.addFault: help(door.call.addFault), " in str(caught.value)
    assert "refuses the token as expired" in pydoc.render_doc(agave_sandbox.door.call.addFault)
