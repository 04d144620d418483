"""Images really run: what they are given, what they may do, and what is left of them."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import actors_run_support as support
from tests.sandbox.jobs_support import alive
from tests.waiting import wait_for

#: What every execution is given (Abaco ``worker.py``), but for the variables of a shell.
GIVEN = {
    "MSG",
    "_abaco_execution_id",
    "_abaco_username",
    "_abaco_api_server",
    "_abaco_jwt_header_name",
    "_abaco_Content_Type",
    "_abaco_actor_revision",
    "_abaco_access_token",
    "_abaco_actor_dbid",
    "_abaco_actor_id",
    "_abaco_worker_id",
    "_abaco_container_repo",
    "_abaco_actor_state",
    "_abaco_actor_name",
    "_abaco_results_socket",
    "_actor_configs",
}


def environment(http: Http, actor: str, **query: Any) -> dict[str, str]:
    lines = support.printed(http, actor, **query).splitlines()
    return dict(line.partition("=")[::2] for line in lines)


def test_an_execution_is_given_the_whole_environment(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/env", name="teller", stateless=False)
    assert ada.post(f"/actors/v2/{actor}/state", json={"a": [True]}).status_code == 200
    config = {"name": f"colour-{actor}", "value": "red", "isSecret": True, "actors": actor}
    assert ada.post("/actors/v2/configs", json=config).status_code == 200
    support.share(ada, actor, "grace", "EXECUTE")
    execution = support.send(http("grace"), actor, "hello")
    support.end(ada, actor, execution)
    lines = support.logs(ada, actor, execution).splitlines()
    found = dict(line.partition("=")[::2] for line in lines)
    assert set(found) >= GIVEN
    assert {name for name in found if name.startswith("_abaco")} <= GIVEN
    assert found["MSG"] == "hello"
    assert found["_abaco_execution_id"] == execution
    assert found["_abaco_username"] == "grace"
    assert found["_abaco_api_server"] == sandbox.url
    assert found["_abaco_jwt_header_name"] == "X-JWT-Assertion-sandbox"
    assert found["_abaco_Content_Type"] == "str"
    assert found["_abaco_actor_revision"] == "1"
    assert found["_abaco_actor_id"] == actor
    assert found["_abaco_actor_dbid"] == f"SANDBOX_{actor}"
    assert found["_abaco_worker_id"] == support.workers(ada, actor)[0]["id"]
    assert found["_abaco_container_repo"] == "sandbox/env"
    assert found["_abaco_actor_state"] == "{'a': [True]}"
    assert found["_abaco_actor_name"] == "teller"
    assert json.loads(found["_actor_configs"])[config["name"]] == "red"
    assert "HOME" in found


def test_nothing_of_the_sandbox_own_environment_reaches_an_image(
    http: HttpFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_MINE", "told")
    actor = support.ready(http("ada"), "sandbox/env")
    assert "SECRET_OF_MINE" not in environment(http("ada"), actor)


def test_an_unknown_image_is_named_and_messages_wait_for_a_better_one(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.add(ada, "nobody/nothing:1.0")
    assert actor["status"] == "SUBMITTED"
    failed = support.until(ada, actor["id"], "ERROR")
    assert "nobody/nothing:1.0" in failed["statusMessage"]
    assert support.workers(ada, actor["id"]) == []
    execution = support.send(ada, actor["id"], "patience")
    assert support.execution(ada, actor["id"], execution)["status"] == "SUBMITTED"
    answer = ada.put(f"/actors/v2/{actor['id']}", json={"image": "sandbox/echo"})
    assert answer.json()["result"]["status"] == "SUBMITTED"
    assert support.until(ada, actor["id"], "READY")["statusMessage"] == ""
    assert support.end(ada, actor["id"], execution)["status"] == "COMPLETE"
    assert support.logs(ada, actor["id"], execution) == "patience\n"


@pytest.mark.parametrize(
    "image", ["../images/x", "a//b", "/bin/sh", "tests/.", "x y", "tests/..:1"]
)
def test_no_name_leads_out_of_the_images(http: HttpFactory, image: str) -> None:
    actor = support.add(http("ada"), image)
    assert image in support.until(http("ada"), actor["id"], "ERROR")["statusMessage"]


def test_an_image_that_cannot_be_executed_is_told(http: HttpFactory, sandbox: Sandbox) -> None:
    name = support.image(sandbox.tenant.root, "#!/bin/sh\n")
    (sandbox.tenant.root / "images" / name / "run").chmod(0o644)
    failed = support.until(http("ada"), support.add(http("ada"), name)["id"], "ERROR")
    assert f"{name}: its run is not executable" in failed["statusMessage"]


def test_a_tag_chooses_the_image_and_latest_is_the_one_without(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    name = support.image(sandbox.tenant.root, "#!/bin/sh\necho plain\n")
    plain = sandbox.tenant.root / "images" / name
    tagged = plain.with_name(f"{plain.name}:2.0")
    tagged.mkdir()
    (tagged / "run").write_text("#!/bin/sh\necho two\n")
    (tagged / "run").chmod(0o755)
    for tag, said in (("", "plain"), (":latest", "plain"), (":2.0", "two")):
        assert support.printed(ada, support.ready(ada, name + tag)) == f"{said}\n"
    failed = support.until(ada, support.add(ada, f"{name}:3.0")["id"], "ERROR")
    assert f"{name}:3.0" in failed["statusMessage"]


def test_an_image_that_vanished_makes_an_execution_fail_that_says_so(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    name = support.image(sandbox.tenant.root, "#!/bin/sh\n")
    actor = support.ready(ada, name)
    (sandbox.tenant.root / "images" / name / "run").unlink()
    execution = support.end(ada, actor, support.send(ada, actor))
    assert execution["status"] == "ERROR"
    assert name in support.logs(ada, actor, execution["id"])


def test_a_stateful_actor_counts_in_its_state_and_takes_one_message_at_a_time(
    http: HttpFactory,
) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/state", stateless=False)
    sent = [support.send(ada, actor) for _ in range(3)]
    assert [support.end(ada, actor, execution)["exitCode"] for execution in sent] == [0, 0, 0]
    assert [support.logs(ada, actor, execution) for execution in sent] == ["1\n", "2\n", "3\n"]
    assert ada.get(f"/actors/v2/{actor}/state").json()["result"]["state"] == {"count": 3}


def test_a_stateless_actor_cannot_keep_a_state(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/state")
    execution = support.end(ada, actor, support.send(ada, actor))
    assert execution["exitCode"] == 1
    assert "actor is stateless." in support.logs(ada, actor, execution["id"])


def test_the_token_of_an_execution_is_its_owners_and_ends_with_it(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada, gate = http("ada"), support.pipe(tmp_path)
    program = """
import os
print(os.environ["_abaco_access_token"], flush=True)
open(os.environ["TOLD"], "w").write(os.environ["_abaco_access_token"])
open(os.environ["GATE"]).read()
"""
    told = support.pipe(tmp_path, "told")
    name = support.image(sandbox.tenant.root, program)
    pipes = {"GATE": str(gate), "TOLD": str(told)}
    actor = support.ready(ada, name, defaultEnvironment=pipes)
    support.share(ada, actor, "grace", "EXECUTE")
    execution = support.send(http("grace"), actor)
    token = told.read_text()
    with Http(sandbox.url, token) as as_actor:
        assert as_actor.get(f"/actors/v2/{actor}").json()["result"]["owner"] == "ada"
        assert as_actor.get("/profiles/v2/me").json()["result"]["username"] == "ada"
        support.open_gate(gate)
        support.end(ada, actor, execution)
        wait_for(lambda: as_actor.get(f"/actors/v2/{actor}").status_code == 401)


def test_an_actor_that_wants_no_token_gets_none(http: HttpFactory) -> None:
    actor = support.ready(http("ada"), "sandbox/env", token=False)
    assert environment(http("ada"), actor)["_abaco_access_token"] == ""


def test_a_pickled_function_is_called_and_its_result_comes_back(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "abacosamples/py3_func")
    factor = 7

    def times(number: int, plus: int = 0) -> int:
        return number * factor + plus

    def call(function: Any, *arguments: Any, **keywords: Any) -> str:
        data = cloudpickle.dumps({"func": function, "args": list(arguments), "kwargs": keywords})
        answer = ada.post(
            f"/actors/v2/{actor}/messages",
            data=data,
            headers={"Content-Type": "application/octet-stream"},
        )
        return str(answer.json()["result"]["executionId"])

    good = call(times, 6, plus=1)
    assert support.end(ada, actor, good)["exitCode"] == 0
    assert cloudpickle.loads(support.result(ada, actor, good)) == 43
    bad = call(lambda: 1 / 0)
    assert support.end(ada, actor, bad)["exitCode"] == 1
    assert "ZeroDivisionError" in support.logs(ada, actor, bad)
    assert support.result(ada, actor, bad) == b""


def test_messages_are_taken_one_by_one_in_the_order_in_which_they_came(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada, diary = http("ada"), tmp_path / "diary"
    program = '#!/bin/sh\necho "$MSG begins" >> "$DIARY"\necho "$MSG ends" >> "$DIARY"\n'
    name = support.image(sandbox.tenant.root, program)
    actor = support.ready(ada, name, defaultEnvironment={"DIARY": str(diary)})
    for execution in [support.send(ada, actor, str(number)) for number in range(8)]:
        support.end(ada, actor, execution)
    expected = [f"{number} {what}" for number in range(8) for what in ("begins", "ends")]
    assert diary.read_text().splitlines() == expected


def test_an_execution_has_a_directory_of_its_own_of_which_nothing_is_left(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    program = """
import os
print(os.getcwd(), os.environ["HOME"], os.listdir())
open("left", "w").write("x")
os.mkdir("folder")
"""
    ada = http("ada")
    actor = support.ready(ada, support.image(sandbox.tenant.root, program))
    first, second = (support.printed(ada, actor).split(maxsplit=2) for _ in range(2))
    assert first[0] == first[1] != second[0]
    assert "left" not in second[2]
    assert Path(first[0]).is_relative_to(sandbox.tenant.root)
    wait_for(lambda: not Path(first[0]).exists() and not Path(second[0]).exists())


def test_children_of_an_execution_end_with_it(http: HttpFactory, sandbox: Sandbox) -> None:
    program = "#!/bin/sh\nsleep 300 &\necho $!\n"
    actor = support.ready(http("ada"), support.image(sandbox.tenant.root, program))
    child = int(support.printed(http("ada"), actor))
    wait_for(lambda: not alive(child))


def test_a_signal_is_told_as_docker_tells_it(http: HttpFactory, sandbox: Sandbox) -> None:
    actor = support.ready(
        http("ada"), support.image(sandbox.tenant.root, "#!/bin/sh\nkill -TERM $$\n")
    )
    found = support.end(http("ada"), actor, support.send(http("ada"), actor))
    assert found["exitCode"] == 128 + signal.SIGTERM


def test_deleting_an_actor_ends_what_it_runs_and_removes_what_it_had(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada, told = http("ada"), support.pipe(tmp_path)
    program = '#!/bin/sh\nsleep 300 &\necho $$ $! > "$TOLD"\nwait\n'
    name = support.image(sandbox.tenant.root, program)
    actor = support.ready(ada, name, defaultEnvironment={"TOLD": str(told)})
    running, waiting = support.send(ada, actor), support.send(ada, actor)
    pids = [int(word) for word in told.read_text().split()]
    answer = ada.delete(f"/actors/v2/{actor}")
    assert (answer.status_code, answer.json()["result"]) == (200, None)
    wait_for(lambda: not any(alive(pid) for pid in pids))
    assert ada.get(f"/actors/v2/{actor}/executions").status_code == 404
    for execution in (running, waiting):
        found = http("admin").get("/actors/v2/search/executions", params={"id": execution})
        assert found.json()["result"]["search"] == []
    everyone = http("admin").get("/actors/v2/admin/workers").json()["result"]
    assert actor not in {worker["actorId"] for worker in everyone}
    scratch = sandbox.tenant.root / "actors" / "scratch" / running
    wait_for(lambda: not scratch.exists())


def test_a_new_image_gets_a_new_worker_while_the_old_one_ends_what_it_does(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada, gate = http("ada"), support.pipe(tmp_path)
    name = support.image(sandbox.tenant.root, support.GATED)
    actor = support.ready(ada, name, defaultEnvironment={"GATE": str(gate)})
    running = support.send(ada, actor, "old")
    old = support.in_status(ada, actor, running, "RUNNING")["workerId"]
    ada.put(f"/actors/v2/{actor}", json={"image": "sandbox/env"})
    support.until(ada, actor, "READY")
    found = environment(ada, actor)
    assert found["_abaco_actor_revision"] == "2"
    assert found["_abaco_container_repo"] == "sandbox/env"
    assert found["_abaco_worker_id"] != old
    assert "GATE" not in found
    assert support.execution(ada, actor, running)["status"] == "RUNNING"
    support.open_gate(gate, "late")
    assert support.end(ada, actor, running)["exitCode"] == 0
    assert "old ends: late" in support.logs(ada, actor, running)
    wait_for(lambda: [worker["id"] for worker in support.workers(ada, actor)] != [old])
    wait_for(lambda: len(support.workers(ada, actor)) == 1)


def test_forcing_an_update_looks_for_the_same_image_again(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    actor = support.add(ada, "tests/comes-later")["id"]
    support.until(ada, actor, "ERROR")
    run = sandbox.tenant.root / "images" / "tests" / "comes-later" / "run"
    run.parent.mkdir(parents=True)
    run.write_text("#!/bin/sh\necho here\n")
    run.chmod(0o755)
    body = {"image": "tests/comes-later"}
    assert ada.put(f"/actors/v2/{actor}", json=body).json()["result"]["status"] == "ERROR"
    ada.put(f"/actors/v2/{actor}", json={**body, "force": True})
    support.until(ada, actor, "READY")
    assert support.printed(ada, actor) == "here\n"


def test_the_demo_actor_answers_with_its_message(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        (actor,) = ada.get("/actors/v2").json()["result"]
        assert actor["name"] == "echo"
        support.until(ada, actor["id"], "READY")
        assert support.printed(ada, actor["id"], "hello there") == "hello there\n"


def test_the_client_sends_messages_and_takes_results(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
        actor = support.ready(ada, "sandbox/env")
        body = {"message": "hello"}
        sent = ag.actors.sendMessage(actorId=actor, body=body, environment={"COLOUR": "blue"})
        support.end(ada, actor, sent.executionId)
        log = ag.actors.getExecutionLogs(actorId=actor, executionId=sent.executionId).logs
        assert {"MSG=hello", "COLOUR=blue"} <= set(log.splitlines())
        actor = support.ready(ada, "abacosamples/py3_func")
        call = cloudpickle.dumps({"func": sum, "args": [[1, 2, 3]], "kwargs": {}})
        sent = ag.actors.sendBinaryMessage(actorId=actor, message=call)
        assert support.end(ada, actor, sent.executionId)["status"] == "COMPLETE"
        where = {"actorId": actor, "executionId": sent.executionId}
        assert cloudpickle.loads(ag.actors.getOneExecutionResult(**where).content) == 6
        assert ag.actors.getOneExecutionResult(**where).content == b""


def test_a_snapshot_brings_actors_back_as_they_were(fresh_sandbox: Sandbox, tmp_path: Path) -> None:
    gate = support.pipe(tmp_path)
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        name = support.image(fresh_sandbox.tenant.root, support.GATED)
        actor = support.ready(ada, name, defaultEnvironment={"GATE": str(gate)})
        running, waiting = support.send(ada, actor, "a"), support.send(ada, actor, "b")
        support.in_status(ada, actor, running, "RUNNING")
        fresh_sandbox.control.snapshot()
        # Whatever runs comes to rest for a snapshot, as in a restart, and what waits goes on.
        assert support.execution(ada, actor, running)["status"] == "ERROR"
        for _ in range(2):
            support.in_status(ada, actor, waiting, "RUNNING")
            support.open_gate(gate)
            assert support.end(ada, actor, waiting)["exitCode"] == 0
            fresh_sandbox.control.restore()
        support.in_status(ada, actor, waiting, "RUNNING")
        assert ada.delete(f"/actors/v2/{actor}").status_code == 200


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 2500 + "a", "b:" + "t" * 300])
def test_an_image_with_a_name_that_no_directory_can_have_is_an_error(
    http: HttpFactory, name: str
) -> None:
    actor = support.until(http("ada"), support.add(http("ada"), name)["id"], "ERROR", "READY")
    assert actor["status"] == "ERROR"
    assert "Unable to pull image" in actor["statusMessage"]
