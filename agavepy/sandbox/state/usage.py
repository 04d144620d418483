"""What each user has of the tenant and has done with it, counted from what the tenant keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from agavepy.sandbox.lifecycle import Lifecycle
from agavepy.sandbox.state import apps, clients, files_records, jobs, postits, systems, tags, users
from agavepy.sandbox.state import transfers as moves
from agavepy.sandbox.tenant import Tenant

_HOUR_S = 3600.0


def report(tenant: Tenant, username: str) -> dict[str, Any]:
    """Return the usage of one user."""
    store, now = tenant.store, tenant.clock.now()
    return {
        "jobs": _jobs(store.all(jobs.KIND, owner=username), tenant.jobs.states, now),
        "transfers": _transfers(store.all(moves.KIND, owner=username)),
        "resources": {
            "apps": len(store.all(apps.KIND, owner=username, deleted=False)),
            "clients": len(clients.owned(tenant, username)),
            "files": len(store.all(files_records.FILE, owner=username)),
            "postits": len(postits.listing(tenant, username, "ACTIVE")),
            "systems": len(store.all(systems.SYSTEM, owner=username, deleted=False)),
            "tags": len(store.all(tags.KIND, owner=username)),
        },
    }


def visible(tenant: Tenant, user: str) -> list[dict[str, Any]]:
    """Return the users whose usage ``user`` may see: just that one, all for an administrator."""
    everybody = users.everybody(tenant)
    if users.is_admin(tenant, user):
        return everybody
    return [item for item in everybody if item["username"] == user]


def _jobs(found: Iterable[jobs.Job], states: Lifecycle, now: float) -> dict[str, Any]:
    """Count jobs, hidden ones too, and the hours for which they have held nodes."""
    count: Counter[str] = Counter()
    hours = 0.0
    for job in found:
        status = job["status"]
        count["total"] += 1
        count[status.lower() if states.ended(status) else "active"] += 1
        if job["startTime"] is not None:
            seconds = (job["endTime"] or now) - job["startTime"]
            hours += max(seconds, 0.0) / _HOUR_S * float(job["nodeCount"] or 1)
    words = ("total", "active", "finished", "failed", "stopped", "killed")
    return {**{word: count[word] for word in words}, "nodeHours": round(hours, 6)}


def _transfers(found: Iterable[moves.Transfer]) -> dict[str, int]:
    done = [item for item in found if item["status"] == "COMPLETED"]
    return {
        "completed": len(done),
        "files": sum(item["files"] for item in done),
        "bytes": sum(item["bytes"] for item in done),
    }
