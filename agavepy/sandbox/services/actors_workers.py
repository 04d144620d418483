"""The workers of actors (abaco ``controllers.py``)."""

from __future__ import annotations

from agavepy.sandbox import actors_runtime as runtime
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors
from agavepy.sandbox.state import actors_workers as workers
from agavepy.sandbox.state.actors_search import search


@handler("actors", "listWorkers")
def list_workers(call: Call) -> Reply:
    """List the workers of an actor, or search them."""
    actor = actors.require(call, "READ")
    shown = [workers.detail(worker) for worker in workers.of_actor(call.tenant, actor["id"])]
    found = search(call, shown)
    return Reply(shown if found is None else found, message="Workers retrieved successfully.")


@handler("actors", "addWorker")
def add_workers(call: Call) -> Reply:
    """See to it that an actor has a number of workers; more than that are left alone."""
    actor = actors.require(call, "UPDATE")
    if not call.is_admin:
        raise ApiError(400, "Not authorized -- only administrators may add workers.")
    number = (call.body.get("num") if isinstance(call.body, dict) else None) or 1
    try:
        number = int(number)
    except (TypeError, ValueError, OverflowError) as error:
        raise ApiError(400, f"Invalid num: {number!r} is not a number of workers") from error
    if number < 1:
        raise ApiError(400, f"Invalid num: {number} is less than 1")
    added, before = runtime.add_workers(call.tenant, actor, number)
    if added:
        text = f"Scheduled {added} new worker(s) to start. Previously, there were {before} workers."
    else:
        text = f"Actor {actor['id']} already had {before} worker(s)."
    return Reply.empty(message=text)


@handler("actors", "getWorker")
def get_worker(call: Call) -> Reply:
    """Show a worker."""
    actor = actors.require(call, "READ")
    worker = workers.require(call.tenant, actor, call.args["workerId"])
    return Reply(workers.detail(worker), message="Worker retrieved successfully.")


@handler("actors", "deleteWorker")
def stop_worker(call: Call) -> Reply:
    """Stop a worker, at the end of what it does."""
    actor = actors.require(call, "UPDATE")
    worker = workers.require(call.tenant, actor, call.args["workerId"])
    runtime.of(call.tenant).release(worker)
    return Reply.empty(message="Worker scheduled to be stopped.")
