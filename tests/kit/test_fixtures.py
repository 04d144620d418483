"""Each fixture gives what the documentation says, and takes it back when the test is over."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agavepy import Agave
from agavepy.errors import BadRequest, NotFound, UsageError
from agavepy.sandbox import Sandbox
from agavepy.testing import Actor, Calls, Clock, System

HOME = {"systemId": "sandbox.storage", "filePath": "ada"}


def test_a_client_of_ada_is_at_hand(agave: Agave, agave_server: Sandbox) -> None:
    assert agave.profiles.get().username == "ada"
    assert agave.api_server == agave_server.url


def test_clients_of_others_are_at_hand(agave_admin: Agave, agave_as: Callable[[str], Any]) -> None:
    assert agave_admin.profiles.get().username == "admin"
    assert agave_as("grace").profiles.get().username == "grace"
    assert agave_as("grace") is agave_as("grace")


def test_code_that_restores_its_own_client_finds_the_sandbox(
    agave_home: Path, agave_server: Sandbox
) -> None:
    assert Agave.restore().api_server == agave_server.url
    assert agave_home == Path(os.environ["HOME"], ".agave")
    program = "from agavepy import Agave; print(Agave.restore().profiles.get().username)"
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == "ada\n"


@pytest.mark.parametrize("number", range(2))
def test_what_another_test_did_is_undone(agave: Agave, agave_sandbox: Any, number: int) -> None:
    names = [entry.name for entry in agave.files.list(**HOME)]
    assert not {"made0", "made1"}.intersection(names), "the other of these tests has left it"
    agave.files.manage(**HOME, body={"action": "mkdir", "path": f"made{number}"})
    agave.meta.addMetadata(body={"name": "left", "value": number})
    assert len(agave.meta.listMetadata(q='{"name": "left"}')) == 1


def test_ids_are_the_same_in_every_run(agave: Agave, agave_server: Any) -> None:
    first = agave.meta.addMetadata(body={"name": "x", "value": 1}).uuid
    agave_server.door.call.restoreSnapshot(name="agavepy-testing")
    again = agave_server.client("ada").meta.addMetadata(body={"name": "x", "value": 1}).uuid
    assert first == again


def test_calls_are_told_by_operation_and_arguments(agave: Agave, agave_calls: Calls) -> None:
    agave.files.list(**HOME, limit=1)
    agave.meta.addMetadata(body={"name": "x", "value": {"a": 1}})
    agave_calls.assert_called(agave.files.list, 1, filePath="ada", limit=1)
    agave_calls.assert_called("meta.addMetadata", body={"name": "x", "value": {"a": 1}})
    agave_calls.assert_not_called(agave.files.list, limit=2)
    with pytest.raises(AssertionError, match=r"files\.list was called 1 times, not 2 times"):
        agave_calls.assert_called(agave.files.list, times=2)
    with pytest.raises(AssertionError, match=r"jobs\.submit was called 0 times with \{'body': 1\}"):
        agave_calls.assert_called(agave.jobs.submit, body=1)
    agave_calls.clear()
    assert agave_calls.listing() == []


def test_calls_that_differ_in_their_search_only_are_told_apart(
    agave: Agave, agave_calls: Calls
) -> None:
    agave.jobs.list(search={"status.eq": "RUNNING"}, limit=1)
    agave_calls.assert_called("jobs.list", 1, search={"status.eq": "RUNNING"}, limit=1)
    agave_calls.assert_not_called("jobs.list", search={"status.eq": "FAILED"})


def test_what_cannot_have_been_called_is_no_proof_that_it_was_not(
    agave: Agave, agave_calls: Calls
) -> None:
    with pytest.raises(UsageError, match=r"'files\.lst' \(did you mean 'files\.list'\?\)"):
        agave_calls.assert_not_called("files.lst")
    with pytest.raises(UsageError, match=r"'filepath' \(did you mean 'filePath'\?\)"):
        agave_calls.assert_not_called(agave.files.list, filepath="ada")
    with pytest.raises(UsageError, match="no operation '<Service files"):
        agave_calls.listing(agave.files)


def test_a_token_expires_without_waiting(
    agave: Agave, agave_clock: Clock, agave_calls: Calls
) -> None:
    before = agave._token
    agave.profiles.get()
    agave_calls.assert_not_called("token.create")
    agave_clock.advance(14400)
    agave.profiles.get()
    assert agave._token != before
    agave_calls.assert_called("token.create", 1)


def test_the_clock_is_set_to_an_instant(agave: Agave, agave_clock: Clock) -> None:
    there = agave_clock.set(4_000_000_000)
    assert abs(there - 4_000_000_000) < 60  # seconds that a busy machine may take
    made = agave.meta.addMetadata(body={"name": "x", "value": 1})
    assert abs(made.created.timestamp() - 4_000_000_000) < 60


def test_time_is_back_when_a_test_ends(agave_clock: Clock) -> None:
    import time

    assert abs(agave_clock.now() - time.time()) < 60


def test_a_new_user_can_work_at_once(agave_user: Callable[..., Agave]) -> None:
    linus = agave_user("linus")
    assert linus.profiles.get().username == "linus"
    assert [entry.name for entry in linus.files.list(systemId="sandbox.storage", filePath="linus")]
    other = agave_user(admin=True)
    assert other.admin.listAccounts() is not None
    with pytest.raises(BadRequest, match="already exists"):
        agave_user("linus")


def test_files_of_a_system_are_those_of_a_directory(
    agave: Agave, agave_system: Callable[..., System]
) -> None:
    system = agave_system("my.data", description="What a test needs")
    assert agave.systems.get(systemId="my.data").description == "What a test needs"
    assert system.put("in/a.txt", "from the test") == "agave://my.data/in/a.txt"
    assert agave.files.download(systemId=system.id, filePath="in/a.txt").text == "from the test"
    agave.files.manage(systemId=system.id, filePath="/", body={"action": "mkdir", "path": "new"})
    agave.files.manage(
        systemId=system.id, filePath="in/a.txt", body={"action": "copy", "path": "b"}
    )
    assert system.tree() == ["b", "in/a.txt", "new/"]
    assert system.get("b") == b"from the test"
    with pytest.raises(UsageError, match="leads out"):
        system.put("../x", "")


def test_a_system_is_gone_with_its_test(agave: Agave) -> None:
    with pytest.raises(NotFound):
        agave.systems.get(systemId="my.data")


def test_a_job_really_runs(agave: Agave, agave_job: Callable[..., Any]) -> None:
    job = agave_job(parameters={"mode": "bytes"}, archive=True)
    assert job.status == "FINISHED"
    output = agave.jobs.downloadOutput(jobId=job.id, filePath="count.txt").text
    hello = agave.files.download(systemId="sandbox.storage", filePath="ada/data/hello.txt")
    assert int(output.split()[0]) == len(hello.content)
    submitted = agave_job(wait=False)
    assert submitted.id != job.id


def test_an_actor_runs_a_function_of_the_test(agave_actor: Callable[..., Actor]) -> None:
    factor = 3

    def multiply(message: str) -> str:
        sys.stdout.write(f"asked for {message} {os.environ['COLOUR']}\n")
        return str(factor * int(message))

    actor = agave_actor(multiply, defaultEnvironment={"COLOUR": "red"})
    assert actor.run("14") == b"42"
    assert actor.run("2", COLOUR="blue") == b"6"
    execution = actor.send("x")
    assert actor.wait(execution).exitCode == 1
    assert "asked for x red" in actor.logs(execution)
    assert "ValueError" in actor.logs(execution)
    with pytest.raises(AssertionError, match="ValueError"):
        actor.run("x")


def test_an_actors_function_has_the_client_of_its_owner(agave_actor: Callable[..., Actor]) -> None:
    def whoami(message: str) -> str:
        from agavepy import Agave

        given = dict(os.environ)
        ag = Agave(api_server=given["_abaco_api_server"], token=given["_abaco_access_token"])
        return f"{message} {ag.profiles.get().username}"

    assert agave_actor(whoami).run("I am") == b"I am ada"
