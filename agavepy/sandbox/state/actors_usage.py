"""What the executions of actors used, for the administrators' totals."""

from __future__ import annotations

from agavepy.sandbox.state import actors_executions
from agavepy.sandbox.tenant import Tenant

#: Seconds, 10^-9 seconds of processing time, and bytes.
AMOUNTS = ("runtime", "cpu", "io")


def used(tenant: Tenant, actor_id: str) -> dict[str, int]:
    """Return the number of executions of an actor and their sums of AMOUNTS."""
    found = actors_executions.of_actor(tenant, actor_id)
    sums = {name: sum(execution[name] for execution in found) for name in AMOUNTS}
    return {"executions": len(found), **sums}
