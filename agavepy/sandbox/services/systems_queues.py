"""Batch queues of execution systems on the wire."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.systems import link, system_link
from agavepy.sandbox.state import systems_queues as queues


def _item(call: Call, queue: dict[str, Any]) -> dict[str, Any]:
    system_id = call.args["systemId"]
    own = call.link("systems", "getQueue", systemId=system_id, queueName=queue["name"])
    return {**queue, "_links": {"self": link(own), "system": system_link(call, system_id)}}


@handler("systems", "listQueues")
def list_queues(call: Call) -> Reply:
    """List the queues of a system."""
    found = queues.listing(call.tenant, call.user, call.args["systemId"])
    return Reply([_item(call, queue) for queue in call.page(found)])


@handler("systems", "getQueue")
def get_queue(call: Call) -> Reply:
    """Show one queue."""
    system_id, name = call.args["systemId"], call.args["queueName"]
    return Reply(_item(call, queues.get(call.tenant, call.user, system_id, name)))


@handler("systems", "addQueue")
def add_queue(call: Call) -> Reply:
    """Add a queue; 200, because agave-systems BatchQueueResource sets no other status."""
    queue = queues.add(call.tenant, call.user, call.args["systemId"], call.body)
    return Reply(_item(call, queue))


@handler("systems", "updateQueue")
def update_queue(call: Call) -> Reply:
    """Replace a queue."""
    system_id, name = call.args["systemId"], call.args["queueName"]
    queue = queues.update(call.tenant, call.user, system_id, name, call.body)
    return Reply(_item(call, queue))


@handler("systems", "deleteQueue")
def delete_queue(call: Call) -> Reply:
    """Remove a queue."""
    queues.delete(call.tenant, call.user, call.args["systemId"], call.args["queueName"])
    return Reply.empty()
