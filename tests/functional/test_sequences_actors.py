"""What reactors and notebooks of earlier releases do with actors and the executor."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from agavepy.actors import AbacoExecutor, get_client, get_context, update_state
from agavepy.agave import Agave
from agavepy.sandbox import Sandbox
from tests.waiting import wait_for


@pytest.fixture
def ag(fresh_sandbox: Sandbox) -> Agave:
    return fresh_sandbox.client("ada")


@pytest.fixture
def actor_id(ag: Agave) -> Iterator[str]:
    actor = ag.actors.add(body={"image": "sandbox/env", "name": "told", "stateless": False})
    yield actor.id
    ag.actors.delete(actorId=actor.id)


def test_an_actor_reads_its_message_answers_and_keeps_its_state(
    ag: Agave, actor_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = {"uri": "agave://sandbox.storage/ada", "deep": {"list": [1, {"two": None}]}}
    sent = ag.actors.sendMessage(
        actorId=actor_id, body={"message": json.dumps(message)}, environment={"LOCAL_ONLY": "1"}
    )
    where = {"actorId": actor_id, "executionId": sent.executionId}
    wait_for(lambda: ag.actors.getExecution(**where).status == "COMPLETE")
    # What the container was given is what a process of ours is given now.
    for line in ag.actors.getExecutionLogs(**where).logs.splitlines():
        name, _, value = line.partition("=")
        if name.startswith("_abaco") or name in {"MSG", "LOCAL_ONLY"}:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("_abaco_access_token", str(ag._token))  # that of the execution has ended
    context = get_context()
    assert context.message_dict == message
    assert context.message_dict.deep.list[1].two is None
    assert (context["actor_id"], context.execution_id) == (actor_id, sent.executionId)
    assert (context.username, context.LOCAL_ONLY) == ("ada", "1")
    client = get_client()
    assert client.token is None
    assert client.profiles.get().username == "ada"
    update_state({"seen": [sent.executionId]})
    assert ag.actors.getState(actorId=actor_id).state == {"seen": [sent.executionId]}
    nonce = ag.actors.addNonce(
        actorId=actor_id, body=json.dumps({"level": "EXECUTE", "maxUses": 1})
    )
    assert nonce["id"]
    nonces = ag.actors.listNonces(actorId=actor_id)
    assert isinstance(nonces, list)
    assert [item["id"] for item in nonces] == [nonce["id"]]


@pytest.mark.parametrize("image", ["abacosamples/py3_func", None])
def test_functions_run_as_executions_without_an_actor_of_ones_own(
    ag: Agave, image: str | None
) -> None:
    assert "agpy_abaco_executor" not in {actor.get("name") for actor in ag.actors.list()}
    before = datetime.now(timezone.utc).replace(microsecond=0)
    executor = AbacoExecutor(ag, image=image)
    offset = 1

    def add(x: int, y: int, times: int = 1) -> int:
        return (x + y) * times * offset

    answer = executor.submit(add, 10, y=20)
    wait_for(answer.done)
    assert answer.result() == [30]
    answers = executor.map(add, [[1, 2], [3, 4]], [{"times": 10}, {}])
    assert isinstance(answers, list)
    assert [item.result(timeout=30) for item in answers] == [[30], [7]]
    where = {"actorId": executor.actor_id, "executionId": answer.execution_id}
    # To the second, because Abaco's form ends as the milliseconds will: "Z", "Z0" or nothing.
    text = ag.actors.getExecution(**where).finalState["StartedAt"][: len("2026-11-24T16:43:27")]
    started = datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
    assert before <= started <= datetime.now(timezone.utc)
    assert executor.blocking_call(os.path.join, "a", "b") == ["a/b"]
    executor.delete()
    assert executor.actor_id not in {actor.id for actor in ag.actors.list()}
