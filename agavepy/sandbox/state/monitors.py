"""Monitors: which systems are checked how often, for whom, and what happened to each monitor.

A monitor is a document ``{id, target, owner, frequency, updateSystemStatus, internalUsername,
active, lastSuccess, lastUpdated, nextUpdate, created, lastCheck}``: ``frequency`` in minutes, times
in epoch seconds of the tenant's clock, ``lastCheck`` the check itself. Rules are those of
agave-monitors MonitorsCollection and MonitorResource.
"""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import events, internal_users, systems, users
from agavepy.sandbox.state.systems_fields import Fields
from agavepy.sandbox.tenant import Tenant

MONITOR = "monitor"
CHECK = "monitor_check"
EVENT = "monitor_event"
#: Key under which a running tenant holds what wakes the thread that checks.
WAKE = "monitors.wake"

#: Minutes between checks: the least, and what holds when a request does not say.
LEAST_FREQUENCY, FREQUENCY = 5, 720
_ACTIONS = {"enable": True, "disable": False}

Monitor = dict[str, Any]


def add(tenant: Tenant, user: str, body: Any) -> Monitor:
    """Have a system checked for ``user``, and return the monitor.

    Raises ApiError 400 for a bad request or a second monitor of that system, 404 for an unknown
    system, 403 for one that the user may not use or, with updateSystemStatus, not administer.
    """
    fields = Fields(body)
    fields.require("target")
    now = tenant.clock.now()
    with tenant.store.transaction():
        monitor: Monitor = {
            "id": tenant.ids.uuid("014"),
            "target": "",
            "owner": user,
            "frequency": FREQUENCY,
            "updateSystemStatus": False,
            "internalUsername": None,
            "active": True,
            "lastSuccess": None,
            "lastUpdated": now,
            "nextUpdate": None,
            "created": now,
            "lastCheck": None,
        }
        _change(tenant, user, monitor, fields)
        _schedule(tenant, monitor)
        save(tenant, monitor)
        note(tenant, monitor, "CREATED", user, f"Monitor of {monitor['target']} was created")
    return monitor


def update(tenant: Tenant, user: str, monitor_id: str, body: Any) -> Monitor:
    """Change the fields that a body gives and return the monitor; ApiError as :func:`add`."""
    with tenant.store.transaction():
        monitor = reach(tenant, user, monitor_id)
        was_active, frequency = monitor["active"], monitor["frequency"]
        _change(tenant, user, monitor, Fields(body))
        if (was_active, frequency) != (monitor["active"], monitor["frequency"]):
            _schedule(tenant, monitor)
        monitor["lastUpdated"] = tenant.clock.now()
        save(tenant, monitor)
        note(tenant, monitor, "UPDATED", user, f"Monitor was updated by {user}")
        if monitor["active"] != was_active:
            _note_activity(tenant, monitor, user)
    return monitor


def _change(tenant: Tenant, user: str, monitor: Monitor, fields: Fields) -> None:
    """Take checked fields over into a monitor."""
    monitor["target"] = fields.text("target", monitor["target"])
    frequency = fields.count("frequency", monitor["frequency"]) or FREQUENCY
    if frequency < LEAST_FREQUENCY:
        raise fields.refuse(
            "frequency", f"expected minutes, {LEAST_FREQUENCY} or more, got {frequency}"
        )
    monitor["frequency"] = frequency
    monitor["updateSystemStatus"] = fields.flag("updateSystemStatus", monitor["updateSystemStatus"])
    monitor["active"] = fields.flag("active", monitor["active"])
    name = fields.text("internalUsername", monitor["internalUsername"])
    if name != monitor["internalUsername"]:
        _check_internal_user(tenant, monitor["owner"], fields, name)
        monitor["internalUsername"] = name
    target = monitor["target"]
    systems.require(tenant, user, target, "USER", "monitor system")
    if monitor["updateSystemStatus"]:
        systems.require(tenant, user, target, "ADMIN", "update the status of system")
    same = tenant.store.all(
        MONITOR, owner=monitor["owner"], target=target, internalUsername=monitor["internalUsername"]
    )
    if any(other["id"] != monitor["id"] for other in same):
        raise ApiError(400, f"Monitor already exists for {target}")


def _check_internal_user(tenant: Tenant, owner: str, fields: Fields, name: str | None) -> None:
    if name is not None:
        try:
            internal_users.find(tenant, owner, owner, name)
        except ApiError as error:
            raise fields.refuse("internalUsername", error.message) from error


def manage(tenant: Tenant, user: str, monitor_id: str, body: Any) -> Monitor:
    """Enable or disable a monitor as ``action`` says, in any case, and return it.

    Raises ApiError as :func:`reach` does, 400 for another action.
    """
    fields = Fields(body)
    fields.require("action")
    word = (fields.text("action") or "").lower()
    if word not in _ACTIONS:
        raise ApiError(
            400, f"Unknown action {fields.text('action')!r}; the actions are enable and disable"
        )
    with tenant.store.transaction():
        monitor = reach(tenant, user, monitor_id)
        monitor.update(active=_ACTIONS[word], lastUpdated=tenant.clock.now())
        _schedule(tenant, monitor)
        save(tenant, monitor)
        _note_activity(tenant, monitor, user)
    return monitor


def _note_activity(tenant: Tenant, monitor: Monitor, user: str) -> None:
    word = "ENABLED" if monitor["active"] else "DISABLED"
    note(tenant, monitor, word, user, f"Monitor was {word.lower()} by {user}")


def _schedule(tenant: Tenant, monitor: Monitor) -> None:
    due = tenant.clock.now() + monitor["frequency"] * 60
    monitor["nextUpdate"] = due if monitor["active"] else None


def find(tenant: Tenant, monitor_id: str) -> Monitor | None:
    """Return a monitor, None when there is none. Checks no permission."""
    return tenant.store.get(MONITOR, monitor_id)


def may(tenant: Tenant, user: str, monitor: Monitor) -> bool:
    """Return whether a monitor is the user's, as all are a tenant administrator's."""
    return bool(monitor["owner"] == user) or users.is_admin(tenant, user)


def reach(tenant: Tenant, user: str, monitor_id: str) -> Monitor:
    """Return a monitor that is the user's; ApiError 404 for an unknown one, else 403."""
    monitor = find(tenant, monitor_id)
    if monitor is None:
        raise ApiError(404, f"No monitor found matching {monitor_id}")
    if not may(tenant, user, monitor):
        raise ApiError(
            403, f"Permission denied. You do not have permission to view monitor {monitor_id}"
        )
    return monitor


def listing(tenant: Tenant, user: str) -> list[Monitor]:
    """Return the user's monitors, an administrator everybody's, oldest first."""
    if users.is_admin(tenant, user):
        return tenant.store.all(MONITOR)
    return tenant.store.all(MONITOR, owner=user)


def delete(tenant: Tenant, user: str, monitor_id: str) -> None:
    """Remove a monitor with its checks and history; ApiError as :func:`reach` raises."""
    with tenant.store.transaction():
        monitor = reach(tenant, user, monitor_id)
        note(tenant, monitor, "DELETED", user, f"Monitor was deleted by {user}")
        for kind in (CHECK, EVENT):
            for item in tenant.store.all(kind, monitor=monitor_id):
                tenant.store.delete(kind, item["id"])
        tenant.store.delete(MONITOR, monitor_id)


def save(tenant: Tenant, monitor: Monitor) -> None:
    """Write a monitor, and have its next check waited for."""
    with tenant.store.transaction():
        tenant.store.put(MONITOR, monitor["id"], monitor)
        tenant.store.after_commit(tenant.live.get(WAKE, _nobody))


def note(tenant: Tenant, monitor: Monitor, status: str, user: str, description: str) -> None:
    """Add an event to a monitor's history and publish it; ``status`` is of MonitorEventType."""
    of = {"monitor": monitor["id"]}
    with tenant.store.transaction():
        events.record(tenant, EVENT, "035", of, status, user, description)
        events.publish(tenant, monitor["id"], status, owner=monitor["owner"])


def history(tenant: Tenant, user: str, monitor_id: str) -> list[dict[str, Any]]:
    """Return the events of a monitor, oldest first; ApiError as :func:`reach` raises."""
    reach(tenant, user, monitor_id)
    return tenant.store.all(EVENT, monitor=monitor_id)


def history_event(tenant: Tenant, user: str, monitor_id: str, event_id: str) -> dict[str, Any]:
    """Return one event of a monitor; ApiError as :func:`reach` raises, 404 without it."""
    reach(tenant, user, monitor_id)
    event = tenant.store.get(EVENT, event_id)
    if event is None or event["monitor"] != monitor_id:
        raise ApiError(404, f"No event of monitor {monitor_id} found with id {event_id}")
    return event


def _nobody() -> None:
    """Wake nobody: a tenant that starts looks for what is due by itself."""
