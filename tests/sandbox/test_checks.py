"""The checks of answers that tests run with find what is wrong: an envelope, a field, a status."""

from __future__ import annotations

from typing import Any

import pytest

from agavepy import loader
from agavepy.sandbox.checks import UNREAD, Checks
from agavepy.sandbox.envelope import success


@pytest.fixture(scope="module")
def checks() -> Checks:
    return Checks()


@pytest.mark.parametrize(
    ("service", "operation", "result", "place"),
    [
        ("profiles", "get", "ada", "result"),
        ("profiles", "get", {"username": 5}, "result.username"),
        ("systems", "list", {}, "result"),
        ("files", "list", [{"name": "x"}], "result.0"),
        ("meta", "listMetadata", [{"uuid": 1}], "result.0.uuid"),
        ("actors", "list", [[]], "result.0"),
    ],
)
def test_a_result_of_another_shape_is_found(
    checks: Checks, service: str, operation: str, result: Any, place: str
) -> None:
    plan = loader.service_plan(service)[operation]
    body = success(plan.answer.family, None, result, True)
    assert checks.answer(plan, 200, body).startswith(f"{place} = ")


def test_an_answer_without_its_envelope_is_found(checks: Checks) -> None:
    plan = loader.service_plan("profiles")["get"]
    assert checks.answer(plan, 200, [])
    assert checks.answer(plan, 200, {"status": "fine"}).startswith("status = ")


def test_a_status_that_is_not_described_is_found(checks: Checks) -> None:
    plan = loader.service_plan("profiles")["get"]
    assert checks.answer(plan, 418, UNREAD).startswith("418, ")


def test_an_answer_as_described_passes(checks: Checks) -> None:
    plan = loader.service_plan("profiles")["get"]
    body = success(plan.answer.family, "", {"username": "ada", "email": "a@b"}, True)
    assert checks.answer(plan, 200, body) == ""


@pytest.mark.parametrize(
    ("field", "value", "good_for"),
    [
        ("remoteOutcome", "PERHAPS", {"classic"}),
        ("memoryPerNode", "4GB", {"aloe", ""}),
        ("status", "ASLEEP", set()),
        ("status", "BLOCKED", {"classic", "aloe", ""}),
    ],
)
def test_a_job_is_held_against_the_model_of_its_tenant(
    field: str, value: str, good_for: set[str]
) -> None:
    plan = loader.service_plan("jobs")["get"]
    body = success("java", None, {"id": "1-007", field: value}, True)
    for jobs in good_for | {"classic", "aloe"}:
        assert (Checks(jobs).answer(plan, 200, body) == "") is (jobs in good_for), jobs
