"""What administrators see of everybody's actors, and how busy the platform is."""

from __future__ import annotations

import pytest

from agavepy.errors import BadRequest
from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import actors_run_support as run
from tests.sandbox.actors_support import BASE, address, register, result
from tests.sandbox.answers import flask_refusal as refusal

ADMIN = f"{BASE}/admin"


@pytest.mark.parametrize("what", ["", "/workers", "/executions"])
def test_others_are_refused(http: HttpFactory, what: str) -> None:
    for user in ("ada", "grace"):
        assert "admin role" in refusal(http(user).get(ADMIN + what))


def test_administrators_see_all_actors_with_their_work(http: HttpFactory) -> None:
    web = http("ada")
    actor_id = run.ready(web, "sandbox/echo")
    run.end(web, actor_id, run.send(web, actor_id, "x"))
    (shown,) = (item for item in result(http("admin").get(ADMIN)) if item["id"] == actor_id)
    assert (shown["owner"], shown["image"], shown["executions"]) == ("ada", "sandbox/echo", 1)
    assert shown["messages"] == 0
    ids = {worker["id"] for worker in run.workers(web, actor_id)}
    assert ids
    assert {worker["id"] for worker in shown["workers"]} == ids
    everybodys = result(http("admin").get(f"{ADMIN}/workers"))
    assert ids <= {worker["id"] for worker in everybodys}
    assert {worker["actorId"] for worker in everybodys if worker["id"] in ids} == {actor_id}


def test_the_totals_go_on_counting_what_was_deleted(http: HttpFactory) -> None:
    web, actor = http("ada"), register(http("ada"))
    used = {"runtime": 5, "cpu": 7, "io": 11}

    def summary() -> dict[str, int]:
        found: dict[str, int] = result(http("admin").get(f"{ADMIN}/executions"))["summary"]
        return found

    before = summary()
    result(web.post(address(actor, "executions"), json=used))
    listed = result(http("admin").get(f"{ADMIN}/executions"))["actors"]
    (shown,) = (item for item in listed if item["actorId"] == actor["id"])
    assert shown == {
        "actorId": actor["id"],
        "owner": "ada",
        "image": actor["image"],
        "totalExecutions": 1,
        "totalExecutionRuntime": 5,
        "totalExecutionCpu": 7,
        "totalExecutionIo": 11,
    }
    sums = {
        "totalActors{}WithExecutions": 1,
        "totalExecutions{}": 1,
        "totalExecutionRuntime{}": 5,
        "totalExecutionCpu{}": 7,
        "totalExecutionIo{}": 11,
    }
    after = summary()
    for name, more in sums.items():
        for which in ("All", "Existing"):
            assert after[name.format(which)] == before[name.format(which)] + more
    assert after["totalActorsExisting"] == before["totalActorsExisting"]
    result(web.delete(address(actor)))
    deleted = summary()
    for name in (*sums, "totalActors{}"):
        assert deleted[name.format("All")] == after[name.format("All")]
    assert deleted["totalExecutionsExisting"] == before["totalExecutionsExisting"]
    assert deleted["totalActorsExisting"] == before["totalActorsExisting"] - 1


def test_everybody_sees_how_busy_the_platform_is(fresh_sandbox: Sandbox) -> None:
    ag, grace = fresh_sandbox.client("ada"), fresh_sandbox.client("grace")
    (echo,) = ag.actors.list()
    ag.actors.add(image="sandbox/echo")
    assert dict(grace.actors.getUtilization()) | {"workers": 0} == {
        "currentActors": 2,
        "totalActors": 2,
        "workers": 0,
        "commandQueue": 0,
    }
    ag.actors.sendMessage(actorId=echo.id, message="x", _abaco_synchronous=True)
    assert grace.actors.getUtilization().workers >= 1
    ag.actors.delete(actorId=echo.id)
    after = grace.actors.getUtilization()
    assert (after.currentActors, after.totalActors) == (1, 2)


def test_the_client_does_all_of_it_by_name(sandbox: Sandbox) -> None:
    admin = sandbox.client("admin").actors
    assert {"workers", "messages", "executions"} <= set(admin.listAllActors()[0])
    assert isinstance(admin.listAllWorkers(), list)
    assert admin.listAllExecutions().summary.totalActorsAll >= 1
    with pytest.raises(BadRequest, match="admin role"):
        sandbox.client("ada").actors.listAllActors()
