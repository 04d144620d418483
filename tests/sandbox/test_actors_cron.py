"""Actors run by their schedules, at the tenant's time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from agavepy.sandbox import Sandbox
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import actors_cron as cron
from tests.conftest import Http
from tests.sandbox import actors_run_support as support
from tests.waiting import wait_for

HOUR = 3600


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("schedule", "last", "now", "following"),
    [
        ("2030-01-01 10 + 1 hour", "2030-01-01 10", "2030-01-01 10:00:05", "2030-01-01 11"),
        ("2030-01-01 10 + 2 hours", "2030-01-01 10", "2030-01-01 17:30", "2030-01-01 18"),
        ("2030-01-01 10 + 2 hours", "2030-01-01 16", "2030-01-01 18:00", "2030-01-01 20"),
        ("2030-01-31 08 + 1 month", "2030-01-31 08", "2030-01-31 09:00", "2030-02-28 08"),
        ("2030-01-31 08 + 1 month", "2030-02-28 08", "2030-02-28 09:00", "2030-03-31 08"),
        ("2030-01-01 00 + 2 weeks", "2030-01-01 00", "2030-01-02 00:00", "2030-01-15 00"),
        ("2030-02-28 23 + 1 day", "2030-02-28 23", "2030-02-28 23:00", "2030-03-01 23"),
        ("now + 3 days", "2030-01-01 10", "2030-01-01 10:01", "2030-01-04 10"),
        ("NOW+1 HOUR", "2030-01-01 10", "2030-01-01 10:01", "2030-01-01 11"),
    ],
)
def test_the_next_run_is_the_next_hour_of_the_schedule(
    schedule: str, last: str, now: str, following: str
) -> None:
    assert cron.following(schedule, last, epoch(now)) == following


def test_a_schedule_begins_now_or_later() -> None:
    now = epoch("2030-05-05 12:34:56")
    assert cron.first("2030-05-05 12 + 1 day", now) == "2030-05-05 12"
    assert cron.first("2030-06-01 3 + 1 day", now) == "2030-06-01 03"
    assert cron.first("now + 1 day", now) == "2030-05-05 12"
    assert cron.due("2030-05-05 12") == epoch("2030-05-05 12:00:00")
    with pytest.raises(ApiError, match="in the past"):
        cron.first("2030-05-05 11 + 1 day", now)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "tomorrow + 1 day",
        "2030-05-05 + 1 day",
        "2030-05-05 12 + day",
        "2030-05-05 12 + 0 days",
        "2030-05-05 12 + -1 days",
        "2030-05-05 12 + 1 year",
        "2030-02-30 12 + 1 day",
        "2030-05-05 25 + 1 day",
        "2030-05-05 12 + 1.5 days",
        "2030-05-05 12 + 99999999999 months",
    ],
)
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(ApiError) as refused:
        cron.first(schedule, epoch("2030-01-01 00:00"))
    assert refused.value.status == 400


def count(ada: Http, actor: str) -> int:
    found = ada.get(f"/actors/v2/{actor}/executions").json()["result"]
    return sum(item["status"] == "COMPLETE" for item in found["executions"])


def hour(sandbox: Sandbox, later_h: int = 0) -> str:
    moment = datetime.fromtimestamp(sandbox.tenant.clock.now(), timezone.utc)
    return (moment + timedelta(hours=later_h)).strftime("%Y-%m-%d %H")


def to_half_past(sandbox: Sandbox) -> None:
    """Move the clock, so that no hour turns while a test looks."""
    clock = sandbox.tenant.clock
    clock.advance((HOUR / 2 - clock.now()) % HOUR)


def test_an_actor_runs_by_its_schedule_until_it_is_switched_off() -> None:
    with (
        Sandbox(seed="empty", check_answers=True, token_ttl=10**7) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
    ):
        to_half_past(sandbox)
        clock = sandbox.tenant.clock
        schedule = f"{hour(sandbox, 24)} + 1 day"
        actor = support.ready(ada, "sandbox/env", cronSchedule=schedule, cronOn=True)
        off = support.ready(ada, "sandbox/echo", cronSchedule=schedule)
        assert support.get(ada, actor)["cronNextEx"] == hour(sandbox, 24)
        clock.advance(22 * HOUR)
        assert count(ada, actor) == 0
        clock.advance(2 * HOUR)
        wait_for(lambda: count(ada, actor) == 1)
        assert support.get(ada, actor)["cronNextEx"] == hour(sandbox, 24)
        execution = ada.get(f"/actors/v2/{actor}/executions").json()["result"]["executions"][0]
        assert support.execution(ada, actor, execution["id"])["executor"] == "cron"
        assert "MSG=This is your cron execution\n" in support.logs(ada, actor, execution["id"])
        # Hours that went by are not made up for.
        clock.advance(24 * HOUR * 5)
        wait_for(lambda: count(ada, actor) == 2)
        assert support.get(ada, actor)["cronNextEx"] == hour(sandbox, 24)
        body = {"image": "sandbox/env", "cronSchedule": schedule, "cronOn": False}
        assert ada.put(f"/actors/v2/{actor}", json=body).status_code == 200
        clock.advance(24 * HOUR * 5)
        assert ada.put(f"/actors/v2/{actor}", json={**body, "cronOn": True}).status_code == 200
        wait_for(lambda: count(ada, actor) == 3)
        assert count(ada, off) == 0


def test_now_begins_at_once_and_a_bad_schedule_registers_nothing() -> None:
    with (
        Sandbox(seed="empty", check_answers=True, token_ttl=10**7) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
    ):
        to_half_past(sandbox)
        fields = {"cronSchedule": "now + 1 hour", "cronOn": True}
        actor = support.ready(ada, "sandbox/echo", **fields)
        wait_for(lambda: count(ada, actor) == 1)
        sandbox.tenant.clock.advance(HOUR)
        wait_for(lambda: count(ada, actor) == 2)
        body = {"image": "sandbox/echo", "cronSchedule": "every day", "cronOn": True}
        answer = ada.post("/actors/v2", json=body)
        assert answer.status_code == 400
        assert "'every day'" in answer.json()["message"]
        assert len(ada.get("/actors/v2").json()["result"]) == 1
