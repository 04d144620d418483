"""Messages: sending them to actors, counting and purging what waits (abaco ``controllers.py``)."""

from __future__ import annotations

import json
from typing import Any

from agavepy.sandbox import actors_runtime as runtime
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors
from agavepy.sandbox.state import actors_executions as executions
from agavepy.sandbox.state import actors_messages as messages

_DONE = "The request was successful"
#: Seconds after which an execution that somebody waits for is looked at, whatever happens.
_LOOK_S = 600.0
_NO_JSON = (
    "message POST body could not be serialized. Please pass JSON data or use the message attribute."
)


@handler("actors", "getMessages")
def count_messages(call: Call) -> Reply:
    """Return how many messages wait."""
    actor = actors.require(call, "READ")
    links = _links(call, actor, call.link("actors", "getMessages", actorId=actor["id"]))
    waiting = runtime.of(call.tenant).waiting(actor["id"])
    return Reply({"messages": waiting, "_links": links}, message=_DONE)


@handler("actors", "deleteMessages")
def purge(call: Call) -> Reply:
    """Throw away what waits."""
    actor = actors.require(call, "UPDATE")
    runtime.of(call.tenant).purge(actor)
    links = _links(call, actor, call.link("actors", "getMessages", actorId=actor["id"]))
    return Reply({"msg": "Actor mailbox purged.", "_links": links}, message=_DONE)


@handler("actors", "sendMessage")
@handler("actors", "sendBinaryMessage")
def send(call: Call) -> Reply:
    """Send a message: text, JSON or, by the type of the body, bytes."""
    actor = actors.require(call, "EXECUTE")
    content, kind = _content(call)
    environment = _environment(call)
    at_work = runtime.of(call.tenant)
    if call.args.get("_abaco_synchronous"):
        waiting = at_work.waiting(actor["id"])
        if waiting > runtime.MAX_WAITING:
            raise ApiError(
                400,
                "Cannot issue synchronous execution when actor message queue > "
                f"{runtime.MAX_WAITING}. {waiting} messages wait.",
            )
        execution = messages.put(call.tenant, actor, call.user, content, kind, environment)
        return _answer_of(call, execution)
    execution = at_work.send(actor, call.user, content, kind, environment)
    where = call.link("actors", "getExecution", actorId=actor["id"], executionId=execution["id"])
    links = _links(call, actor, where)
    links["messages"] = call.link("actors", "getMessages", actorId=actor["id"])
    told = "binary - omitted" if kind == messages.BINARY else content
    result = {"executionId": execution["id"], "msg": told, "_links": links}
    return Reply(result, message=_DONE)


def _answer_of(call: Call, execution: dict[str, Any]) -> Reply:
    """Return the first result of an execution, or its log when it ends without one."""
    tenant, execution_id = call.tenant, execution["id"]
    at_work = runtime.of(tenant)
    with at_work.watching(execution_id) as changed:

        def over() -> bool:
            return changed.is_set() or tenant.closing.is_set()

        at_work.deliver(execution)
        while True:
            changed.clear()
            actor = actors.find(tenant, execution["actorId"])
            current = executions.find(tenant, execution_id)
            result = executions.pop_result(tenant, execution_id)
            if result:
                return Reply.raw(result, messages.BINARY)
            if actor is None or current is None:
                raise ApiError(404, f"Actor with identifier '{execution['actorId']}' not found")
            if executions.EXECUTIONS.ended(current["status"]):
                log = executions.log(tenant, execution_id)
                return Reply.raw(log.encode(errors="replace"), messages.BINARY)
            kept = f"the message of execution {execution_id} is kept"
            if actor["status"] == "ERROR" and current["status"] == "SUBMITTED":
                raise ApiError(400, f"The actor cannot run, {kept}: {actor['statusMessage']}")
            if tenant.closing.is_set():
                raise ApiError(500, f"The sandbox is being closed, {kept}")
            tenant.clock.wait(over, _LOOK_S)


def _content(call: Call) -> tuple[Any, str]:
    """Return the message of a request and its type, as the service finds them.

    Whatever has a ``message`` is text; an empty one counts as none (abaco
    ``MessagesResource.validate_post``).
    """
    body = call.body
    kind = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    given = body.get("message") if isinstance(body, dict) else None
    if given in (None, ""):
        given = next((value for name, value in call.query if name == "message"), None)
    if given not in (None, ""):
        return str(given), messages.TEXT
    if kind == messages.BINARY:
        if "Content-Length" not in call.headers:
            raise ApiError(400, f"Content Length required for {messages.BINARY}.")
        return body or b"", messages.BINARY
    if isinstance(body, str) and kind != messages.JSON:
        try:
            return json.loads(body), messages.TEXT
        except ValueError as error:
            raise ApiError(400, _NO_JSON) from error
    if body is None or kind == "application/x-www-form-urlencoded":
        raise ApiError(400, _NO_JSON)
    return body, messages.JSON if body else messages.TEXT


def _environment(call: Call) -> dict[str, str]:
    """Return the query as environment variables, ``x-nonce`` included."""
    found = {name: value for name, value in call.query if name != "message"}
    for name, value in found.items():
        if not name or "=" in name or "\0" in name + value:
            raise ApiError(400, f"The query term {name!r} cannot become an environment variable")
    return found


def _links(call: Call, actor: dict[str, Any], itself: str) -> dict[str, str]:
    owner = call.link("profiles", "listByUsername", username=actor["owner"])
    return {"self": itself, "owner": owner}
