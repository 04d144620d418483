"""Actors on the wire: listing, registering, changing and deleting them."""

from __future__ import annotations

from agavepy.sandbox import actors_runtime as runtime
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors
from agavepy.sandbox.state.actors_search import search
from agavepy.sandbox.state.actors_usage import used


@handler("actors", "list")
def list_actors(call: Call) -> Reply:
    """List the actors that the caller may read, or search them."""
    shown = [actors.view(call, a) for a in actors.listing(call.tenant, call.user, call.roles)]
    found = search(call, shown)
    return Reply(shown if found is None else found, message="Actors retrieved successfully.")


@handler("actors", "add")
def add(call: Call) -> Reply:
    """Register an actor, whose image is then fetched."""
    actor = actors.register(call.tenant, call.user, call.roles, call.body)
    reply = Reply(actors.view(call, actor), message="Actor created successfully.")
    runtime.registered(call.tenant, actor)
    return reply


@handler("actors", "get")
def get(call: Call) -> Reply:
    """Show an actor."""
    actor = actors.require(call, "READ")
    return Reply(actors.view(call, actor), message="Actor retrieved successfully.")


@handler("actors", "update")
def update(call: Call) -> Reply:
    """Replace the definition of an actor; a new image is fetched."""
    known = actors.require(call, "UPDATE")
    actor = actors.update(call.tenant, call.user, call.roles, known["id"], call.body)
    reply = Reply(actors.view(call, actor), message="Actor updated successfully.")
    runtime.registered(call.tenant, actor)  # of its schedule, too
    return reply


@handler("actors", "delete")
def delete(call: Call) -> Reply:
    """Delete an actor, what it runs and all that it has."""
    actor = actors.leave(call.tenant, actors.require(call, "UPDATE")["id"])
    actors.delete(call.tenant, actor, used(call.tenant, actor["id"]))
    runtime.deleted(call.tenant, actor)
    return Reply(None, message="Actor deleted successfully.")
