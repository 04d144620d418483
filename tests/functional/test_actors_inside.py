"""``agavepy.actors`` inside of real executions, and in the places of a real container."""

from __future__ import annotations

import json
import os
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

import agavepy
from agavepy import actors
from agavepy.agave import Agave, AgaveError
from agavepy.errors import CredentialsError, NotFound
from agavepy.sandbox import Sandbox
from tests.sandbox import actors_run_support as support
from tests.waiting import wait_for

ROOT = Path(agavepy.__file__).parent.parent


class Actor:
    """An actor of ada's whose image is a program of the test's."""

    def __init__(self, sandbox: Sandbox, program: str, **fields: Any) -> None:
        self.ag = sandbox.client("ada")
        image = support.image(sandbox.tenant.root, program)
        environment = {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]}
        body = {"image": image, "defaultEnvironment": environment, **fields}
        self.id = self.ag.actors.add(body=body).id
        self.execution_id = ""

    def run(self, message: Any, **environment: str) -> str:
        """Send a message, wait for the end of its execution and return what it printed."""
        sent = (
            self.ag.actors.sendBinaryMessage(actorId=self.id, message=message)
            if isinstance(message, bytes)
            else self.ag.actors.sendMessage(actorId=self.id, body=message, environment=environment)
        )
        self.execution_id = sent.executionId
        where = {"actorId": self.id, "executionId": self.execution_id}
        done = wait_for(
            lambda: (now := self.ag.actors.getExecution(**where)).status == "COMPLETE" and now
        )
        log: str = self.ag.actors.getExecutionLogs(**where).logs
        assert done is not False
        assert done.exitCode == 0, log
        return log

    def result(self) -> bytes:
        content: bytes = self.ag.actors.getOneExecutionResult(
            actorId=self.id, executionId=self.execution_id
        ).content
        return content


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"a": {"b": [True, None]}}, {"a": {"b": [True, None]}}),
        ({"message": '{"a": true}'}, {"a": True}),
        ({"message": "{'a': True}"}, {"a": True}),
        ({"message": "[1, 2]"}, {}),
        ({"message": "just text"}, {}),
    ],
)
def test_a_message_is_a_dict_however_it_was_written(
    sandbox: Sandbox, message: Any, expected: Any
) -> None:
    program = """
import json
from agavepy.actors import get_context
context = get_context()
context.pop("_abaco_access_token")
print(json.dumps(context))
"""
    actor = Actor(sandbox, program, name="reader")
    context = json.loads(actor.run(message, username="root", COLOUR="red"))
    assert context["message_dict"] == expected
    assert context["execution_id"] == actor.execution_id
    assert context["actor_id"] == actor.id
    assert context["actor_dbid"].endswith(actor.id)
    assert (context["actor_name"], context["COLOUR"]) == ("reader", "red")
    assert context["actor_repo"] == actor.ag.actors.get(actorId=actor.id).image
    assert context["worker_id"]
    assert context["username"] == "ada", "a sender cannot pass for another by a variable"
    assert context["content_type"] in {"str", "application/json"}
    is_text = message == {"message": "just text"}
    assert bool(context["raw_message_parse_log"]) == (is_text or "true" in str(message))


def test_an_actor_calls_services_with_a_client_and_counts_in_its_state(sandbox: Sandbox) -> None:
    program = """
from agavepy.actors import get_client, get_context, update_state
count = (eval(get_context().state) or {}).get("count", 0) + 1
update_state({"count": count})
print(get_client().profiles.get().username, count)
"""
    actor = Actor(sandbox, program, stateless=False)
    assert [actor.run({"message": "go"}), actor.run({"message": "go"})] == ["ada 1\n", "ada 2\n"]
    assert actor.ag.actors.getState(actorId=actor.id).state == {"count": 2}


def test_bytes_come_in_and_results_go_out_one_by_one(sandbox: Sandbox) -> None:
    program = """
from agavepy.actors import get_binary_message, send_bytes_result, send_python_result
message = get_binary_message()
send_bytes_result(message[::-1])
send_python_result({"length": len(message), "double": lambda x: 2 * x})
"""
    import cloudpickle

    actor = Actor(sandbox, program)
    message = bytes(range(256)) * 400
    actor.run(message)
    assert actor.result() == message[::-1]
    answer = cloudpickle.loads(actor.result())
    assert (answer["length"], answer["double"](4)) == (102400, 8)
    assert actor.result() == b""


def test_a_result_that_cannot_be_sent_is_an_error_and_a_line_of_the_log(sandbox: Sandbox) -> None:
    program = """
import threading
from agavepy.actors import send_bytes_result, send_python_result
from agavepy.agave import AgaveError
for send, value in ((send_bytes_result, "text"), (send_python_result, threading.Lock()),
                    (send_bytes_result, bytes(10_000_000))):
    try:
        send(value)
    except AgaveError as error:
        print("ERROR", error)
"""
    log = Actor(sandbox, program).run({"message": "go"})
    for text in ("must be bytes, not str", "of type lock cannot be pickled", "cannot be sent to"):
        assert log.count(text) == 2, log
    assert "the result has 10000000 bytes, of which Abaco keeps 131072" in log


def test_a_stateless_actor_has_no_state_to_set(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = Actor(sandbox, "print('never')")
    monkeypatch.setenv("_abaco_api_server", sandbox.url)
    monkeypatch.setenv("_abaco_access_token", sandbox.credentials("ada")["token"])
    with pytest.raises(CredentialsError, match="_abaco_actor_id is not set"):
        actors.update_state({})
    monkeypatch.setenv("_abaco_actor_id", actor.id)
    with pytest.raises(NotFound, match="stateless"):
        actors.update_state("text")


def test_a_message_in_the_pipe_that_abaco_keeps_open_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    monkeypatch.setenv("_abaco_binary_data", str(path))
    message = os.urandom(300_000)  # more than a pipe holds
    pipe = os.open(path, os.O_RDWR)
    try:
        writer = threading.Thread(target=os.write, args=(pipe, message))
        writer.start()
        assert actors.get_binary_message() == message
        writer.join()
    finally:
        os.close(pipe)


def test_without_a_message_of_bytes_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        actors.get_binary_message()
    with pytest.raises(AgaveError, match=r"/_abaco_results\.sock"):
        actors.send_bytes_result(b"lost")


def test_where_no_actor_runs_the_context_is_empty_and_the_client_that_of_the_login(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = actors.get_context()
    for key in ("raw_message", "content_type", "execution_id", "username", "state", "actor_id"):
        assert context[key] is None
    assert context.message_dict == {}
    assert os.environ["HOME"] == context.HOME
    assert not set(actors.reserved_environment_vars()) & set(os.environ)
    with pytest.raises(AgaveError, match=r"(?s)_abaco_access_token.*no credentials found"):
        actors.get_client()
    sandbox.client("ada").save_configs()
    assert actors.get_client().profiles.get().username == "ada"
    monkeypatch.setenv("_abaco_api_server", sandbox.url)
    developer = actors.get_client()
    assert (developer.jwt, developer.header_name) == ("123", "X-JWT-Assertion-dev_sandbox")


def test_a_variable_with_the_dash_of_earlier_releases_is_read_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_abaco_Content-Type", "str")
    assert actors.get_context().content_type == "str"
    monkeypatch.setenv("_abaco_Content_Type", "application/json")
    assert actors.get_context().content_type == "application/json"


def test_notebooks_know_the_image_of_their_tenant() -> None:
    assert not actors.is_tapis_notebook()
    image = actors.get_tapis_abaco_image("https://agave.designsafe-ci.org")
    assert image == "taccsciapps/jupyteruser-ds-abaco:1.2.14"
    assert actors.get_tapis_abaco_image(f"https://{uuid.uuid4().hex}.example.org") is None


def test_a_pause_of_earlier_releases_grows_and_has_an_end() -> None:
    assert [actors.exp_backoff(0.5, count) for count in (1, 9)] == [0.5, 0.5]
    assert actors.exp_backoff(5, 10) == 2.0
    assert actors.exp_backoff(1000, 10) == actors.MAX_SLEEP == 60


def test_an_agave_client_of_the_door_is_the_client() -> None:
    assert actors.Agave is Agave
    with pytest.raises(AttributeError, match="no_such"):
        actors.no_such  # noqa: B018
