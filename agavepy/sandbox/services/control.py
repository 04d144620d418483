"""The control door over HTTP: see ``agavepy.sandbox.control``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.control import NoSnapshotError, SnapshotNameError
from agavepy.sandbox.errors import ApiError, SandboxError
from agavepy.sandbox.pace import PATIENCE_S, NoThingError
from agavepy.sandbox.registry import handler

#: The status of the refusals that may come where another one is usual.
_STATUSES = {SnapshotNameError: 400, NoSnapshotError: 404, NoThingError: 404}


@contextmanager
def _refusing(usual: int) -> Iterator[None]:
    """Refuse by its text what the tenant refuses, with the status ``usual`` or one of its own."""
    try:
        yield
    except SandboxError as error:
        raise ApiError(_STATUSES.get(type(error), usual), str(error)) from error


@handler("_sandbox", "keepSnapshot")
def keep_snapshot(call: Call) -> Reply:
    """Keep the state under a name."""
    name = call.args["name"]
    with _refusing(409):  # it is busy
        return Reply.plain({"name": name, "files": call.tenant.control.snapshot(name)})


@handler("_sandbox", "restoreSnapshot")
def restore_snapshot(call: Call) -> Reply:
    """Bring a kept state back."""
    name = call.args["name"]
    with _refusing(409):  # it is busy
        return Reply.plain({"name": name, "files": call.tenant.control.restore(name)})


@handler("_sandbox", "seedIds")
def seed_ids(call: Call) -> Reply:
    """Make ids from a seed."""
    seed = _body(call)["seed"]
    call.tenant.control.seed_ids(seed)
    return Reply.plain({"seed": seed})


@handler("_sandbox", "makeAssertion")
def make_assertion(call: Call) -> Reply:
    """Sign an assertion."""
    username = call.args["username"]
    with _refusing(404):
        made = call.tenant.control.assertion(username)
    return Reply.plain({"username": username, **made})


@handler("_sandbox", "getClock")
def get_clock(call: Call) -> Reply:
    """Show the time."""
    clock = call.tenant.clock
    return Reply.plain({"now": clock.now(), "offset": clock.offset_s})


@handler("_sandbox", "moveClock")
def move_clock(call: Call) -> Reply:
    """Move the time."""
    body = _body(call)
    if len(body) != 1:
        raise ApiError(400, "give one of advance (seconds) and now (epoch seconds)")
    clock = call.tenant.clock
    try:
        clock.advance(body["advance"] if "advance" in body else body["now"] - clock.now())
    except SandboxError as error:
        raise ApiError(400, str(error)) from error
    return get_clock(call)


@handler("_sandbox", "listFaults")
def list_faults(call: Call) -> Reply:
    """List the faults that wait."""
    return Reply.plain(call.tenant.control.faults.listing())


@handler("_sandbox", "addFault")
def add_fault(call: Call) -> Reply:
    """Let a fault wait, checked against its description."""
    body = _body(call)
    with _refusing(400):
        return Reply.plain(call.tenant.control.faults.add(body))


@handler("_sandbox", "clearFaults")
def clear_faults(call: Call) -> Reply:
    """Take the faults back."""
    return Reply.plain(call.tenant.control.faults.clear())


@handler("_sandbox", "listTransitions")
def list_transitions(call: Call) -> Reply:
    """Show modes and what is under way."""
    return Reply.plain(call.tenant.pace.listing())


@handler("_sandbox", "setTransition")
def set_transition(call: Call) -> Reply:
    """Choose a mode."""
    with _refusing(400):
        return Reply.plain(call.tenant.pace.set(**_body(call)))


@handler("_sandbox", "advance")
def advance(call: Call) -> Reply:
    """Let things go on."""
    body = _body(call)
    told = body.get("id"), body.get("transitions", 1), body.get("wait", PATIENCE_S)
    with _refusing(400):
        return Reply.plain(call.tenant.pace.advance(body["kind"], *told))


@handler("_sandbox", "listRequests")
def list_requests(call: Call) -> Reply:
    """List the requests answered."""
    return Reply.plain(call.tenant.control.requests.listing(call.args.get("operation", "")))


@handler("_sandbox", "clearRequests")
def clear_requests(call: Call) -> Reply:
    """Forget the requests answered."""
    call.tenant.control.requests.clear()
    return Reply.plain([])


def _body(call: Call) -> dict[str, Any]:
    """Return the body, held against its description."""
    call.tenant.control.checks.body(call.plan, call.body)
    body: dict[str, Any] = call.body
    return body
