"""The executor as programs use any executor of Python, and what goes wrong with it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import agavepy
from agavepy.actors import AbacoAsyncResponse, AbacoExecutor
from agavepy.agave import Agave, AgaveError
from agavepy.errors import AnswerError, NotFound, TimedOut, UsageError
from agavepy.futures import ExecutionError
from agavepy.sandbox import Sandbox
from tests.sandbox import actors_run_support as support
from tests.unit.loopback import Loopback, Reply
from tests.waiting import wait_for

IMAGE = "abacosamples/py3_func"
ROOT = Path(agavepy.__file__).parent.parent


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(check_answers=True) as running:
        yield running


@pytest.fixture
def ag(tenant: Sandbox) -> Agave:
    return tenant.client("ada")


@pytest.fixture
def executor(ag: Agave) -> Iterator[AbacoExecutor]:
    made = AbacoExecutor(ag, image=IMAGE)
    yield made
    made.delete()


def wait_at(path: str) -> str:
    """Wait until somebody writes into a pipe; for functions that tests hold up."""
    with open(path) as pipe:  # noqa: PTH123 - runs elsewhere
        return pipe.readline()


def test_it_is_an_executor_for_whoever_takes_one(executor: AbacoExecutor) -> None:
    assert isinstance(executor, concurrent.futures.Executor)
    with executor as pool:
        futures: dict[concurrent.futures.Future[list[int]], int] = {
            pool.submit(pow, 2, number): number for number in range(4)
        }
        for future in concurrent.futures.as_completed(futures, timeout=60):
            assert future.result() == [2 ** futures[future]]
    with pytest.raises(RuntimeError, match="shutdown"):
        executor.submit(pow, 2, 2)


def test_map_gives_values_for_items_and_futures_for_lists_of_arguments(
    executor: AbacoExecutor,
) -> None:
    assert list(executor.map(str, [1, 2])) == ["1", "2"]
    assert list(executor.map(pow, [2, 3], [4, 5], timeout=60)) == [16, 243]
    futures = executor.map(pow, [(2, 4), (3, 5)])
    assert [future.result() for future in futures] == [[16], [243]]
    futures = executor.map(int, args_list=[["11"]], kwargs_list=[{"base": 2}])
    assert [future.result() for future in futures] == [[3]]
    with pytest.raises(UsageError, match="2 and 1"):
        executor.map(int, [["1"], ["2"]], kwargs_list=[{}])


def test_a_function_that_raises_is_an_error_with_its_traceback(executor: AbacoExecutor) -> None:
    future = executor.submit(lambda: os.environ["NOWHERE"])
    with pytest.raises(ExecutionError, match=r"(?s)exit code 1.*KeyError: 'NOWHERE'") as caught:
        future.result(60)
    assert future.exception() is caught.value
    assert "Traceback" in caught.value.log
    assert future.status == "COMPLETE"


def test_waiting_ends_when_its_time_is_up_and_the_result_comes_later(
    executor: AbacoExecutor, tmp_path: Path
) -> None:
    gate = support.pipe(tmp_path)
    future = executor.submit(wait_at, str(gate))
    waiting = executor.submit(pow, 1, 1)
    with pytest.raises(concurrent.futures.TimeoutError):
        future.result(timeout=0.1)
    assert future.running()
    assert not future.done()
    assert not waiting.cancel(), "what waits for its turn cannot be taken back"
    threading.Thread(target=support.open_gate, args=(gate, "go")).start()
    assert future.result(60) == ["go\n"]
    assert future.result() == ["go\n"], "a second time"
    assert (waiting.value(60), waiting.running(), future.cancel()) == (1, False, False)


def test_what_runs_is_stopped_by_cancelling_it(executor: AbacoExecutor, tmp_path: Path) -> None:
    future = executor.submit(wait_at, str(support.pipe(tmp_path)))
    wait_for(lambda: future.running() and future.status == "RUNNING")
    told: list[object] = []
    future.add_done_callback(told.append)
    assert future.cancel()
    assert told == [future]
    with pytest.raises(concurrent.futures.CancelledError):
        future.result()
    assert concurrent.futures.wait([future], timeout=5).not_done == set()


def test_what_was_stopped_is_cancelled_though_somebody_looks_at_that_moment(
    executor: AbacoExecutor, tmp_path: Path
) -> None:
    future = executor.submit(wait_at, str(support.pipe(tmp_path)))
    wait_for(lambda: future.running() and future.status == "RUNNING")

    def look(answer: requests.Response, **_: object) -> None:
        if answer.request.method == "DELETE":
            somebody = threading.Thread(target=wait_for, args=(future.done,))
            somebody.start()
            somebody.join(1)  # second: it is kept waiting until the end is written down

    executor.ag.transport.session.hooks["response"].append(look)
    assert future.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(5)


def test_shutting_down_waits_for_all_and_stops_what_runs_when_asked(
    executor: AbacoExecutor, tmp_path: Path
) -> None:
    held = executor.submit(wait_at, str(support.pipe(tmp_path)))
    wait_for(lambda: held.running() and held.status == "RUNNING")
    after = executor.submit(pow, 2, 2)
    executor.shutdown(cancel_futures=True)
    assert held.cancelled()
    assert after.result(0) == [4]


def test_a_coroutine_awaits_an_execution(executor: AbacoExecutor) -> None:
    async def call() -> list[int]:
        return await asyncio.wrap_future(executor.submit(pow, 2, 5))

    assert asyncio.run(asyncio.wait_for(call(), 60)) == [32]


def test_an_execution_is_asked_for_by_whoever_knows_its_id(
    ag: Agave, executor: AbacoExecutor
) -> None:
    sent = executor.submit(pow, 3, 3)
    wait_for(sent.done)
    elsewhere = AbacoAsyncResponse(ag, executor.actor_id, sent.execution_id)
    assert elsewhere.result(60) == [27], "nobody has taken the result before"
    assert sent.result() == []


def test_a_callback_is_told_without_anybody_asking(executor: AbacoExecutor) -> None:
    told = threading.Event()
    results: list[object] = []

    def hear(future: concurrent.futures.Future[list[object]]) -> None:
        results.extend(future.result())
        told.set()

    executor.submit(pow, 2, 3).add_done_callback(hear)
    assert told.wait(30)
    assert results == [8]


def test_an_actor_that_is_gone_ends_the_waiting(ag: Agave) -> None:
    executor = AbacoExecutor(ag, image=IMAGE)
    future = executor.submit(time.sleep, 60)
    wait_for(lambda: future.running() and future.status == "RUNNING")
    executor.delete()
    error = future.exception(60)
    assert isinstance(error, NotFound | ExecutionError), error


def test_a_result_that_was_cut_says_so(executor: AbacoExecutor) -> None:
    future = executor.submit(bytes, 200_000)
    with pytest.raises(AnswerError, match=r"131072 bytes; Abaco cuts"):
        future.result(60)


def test_what_cannot_be_pickled_is_not_sent(executor: AbacoExecutor) -> None:
    with pytest.raises(AgaveError, match="cannot be pickled"):
        executor.submit(threading.Lock().acquire)


def test_the_next_executor_finds_the_actor_and_another_image_has_its_own(
    ag: Agave, tenant: Sandbox, executor: AbacoExecutor
) -> None:
    assert AbacoExecutor(ag, image=IMAGE).actor_id == executor.actor_id
    assert AbacoExecutor(ag).actor_id == executor.actor_id
    by_id = AbacoExecutor(ag, actor_id=executor.actor_id)
    assert (by_id.image, by_id.status) == (IMAGE, "READY")
    other = AbacoExecutor(ag, context="py3")
    assert other.image == f"{IMAGE}:dev"
    assert other.actor_id != executor.actor_id
    other.delete()


def test_the_actor_of_another_user_is_not_trusted_for_its_name(
    tenant: Sandbox, executor: AbacoExecutor
) -> None:
    theirs = executor.actor_id
    everyone = {"user": "ABACO_WORLD", "level": "EXECUTE"}
    executor.ag.actors.updatePermissions(actorId=theirs, body=everyone)
    grace = tenant.client("grace")
    assert theirs in {actor.id for actor in grace.actors.list()}
    mine = AbacoExecutor(grace, image=IMAGE)
    assert mine.actor_id != theirs
    mine.delete()


def test_an_image_that_there_is_not_ends_the_waiting_with_its_name(ag: Agave) -> None:
    for _ in range(2):
        with pytest.raises(AgaveError, match=r"no/such.*ERROR.*Unable to pull image no/such"):
            AbacoExecutor(ag, image="no/such")
    assert "no/such" not in {actor.image for actor in ag.actors.list()}, "it is not left behind"


def test_an_actor_that_somebody_else_registered_is_left_where_it_is(ag: Agave) -> None:
    broken = ag.actors.add(body={"image": "no/such"})
    with pytest.raises(AgaveError, match="Unable to pull image"):
        AbacoExecutor(ag, actor_id=broken.id)
    assert ag.actors.get(actorId=broken.id).status == "ERROR"
    ag.actors.delete(actorId=broken.id)


def test_an_actor_that_is_not_ready_in_time_is_said_to_be_so() -> None:
    actor = {"id": "x", "image": "large/one", "status": "SUBMITTED"}
    envelope = {"status": "success", "message": "", "version": "1", "result": actor}
    answer = Reply(body=json.dumps(envelope).encode())
    with Loopback(lambda _: answer) as server:
        ag = Agave(api_server=server.url, token="token")
        with pytest.raises(TimedOut, match=r"large/one is SUBMITTED after 0\.1.*longer timeout"):
            AbacoExecutor(ag, actor_id="x", timeout=0.1)


def test_more_workers_are_for_administrators(tenant: Sandbox) -> None:
    with pytest.raises(AgaveError, match="addWorker"):
        AbacoExecutor(tenant.client("ada"), image=IMAGE, num_workers=2)
    admin = AbacoExecutor(tenant.client("admin"), image=IMAGE, num_workers=2)
    workers = admin.ag.actors.listWorkers(actorId=admin.actor_id)
    assert len(workers) == 2
    admin.delete()


def test_an_unknown_context_is_told_and_the_default_is_used(ag: Agave) -> None:
    with pytest.warns(UserWarning, match="context='py2' is unknown; there are py3"):
        executor = AbacoExecutor(ag, context="py2")
    assert executor.image is not None
    executor.delete()


WITHOUT = """
import sys
sys.modules["cloudpickle"] = None
from agavepy import actors
try:
    {call}
except ImportError as error:
    print(isinstance(error, actors.AgaveError), error)
"""


@pytest.mark.parametrize("call", ["actors.AbacoExecutor(None)", "actors.send_python_result(1)"])
def test_without_cloudpickle_the_error_says_what_to_install(call: str) -> None:
    program = WITHOUT.format(call=call)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.startswith("True ")
    assert "pip install 'agavepy[executor]'" in done.stdout
