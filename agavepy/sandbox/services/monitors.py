"""Monitors on the wire (agave-monitors MonitorsCollection, MonitorResource, history)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.links import Linker, hrefs
from agavepy.sandbox.registry import handler, on_start, on_stop
from agavepy.sandbox.services.monitors_checks import told_check
from agavepy.sandbox.state import events, monitors
from agavepy.sandbox.state.monitors import Monitor
from agavepy.sandbox.tenant import Tenant
from agavepy.sandbox.watcher import Watcher

#: Key under which a running tenant holds the thread that checks.
_LIVE = "monitors"
_SUMMARY = (
    "id", "target", "owner", "frequency", "updateSystemStatus", "active", "lastSuccess",
    "lastUpdated", "nextUpdate",
)  # fmt: skip


def _links(linker: Linker, monitor: Monitor) -> dict[str, Any]:
    this = {"monitorId": monitor["id"]}
    links = {
        "self": linker.link("monitors", "get", **this),
        "checks": linker.link("monitors", "listChecks", **this),
        "notifications": linker.link("notifications", "list", associatedUuid=monitor["id"]),
        "owner": linker.link("profiles", "listByUsername", username=monitor["owner"]),
        "system": linker.link("systems", "get", systemId=monitor["target"]),
    }
    return hrefs(links)


def _body(monitor: Monitor) -> dict[str, Any]:
    return {
        "id": monitor["id"],
        "target": monitor["target"],
        "owner": monitor["owner"],
        "frequency": monitor["frequency"],
        "updateSystemStatus": monitor["updateSystemStatus"],
        "internalUsername": monitor["internalUsername"],
        "lastSuccess": _date(monitor["lastSuccess"]),
        "lastUpdated": _date(monitor["lastUpdated"]),
        "nextUpdate": _date(monitor["nextUpdate"]),
        "created": _date(monitor["created"]),
        "active": monitor["active"],
        "lastCheck": monitor["lastCheck"] and _last(monitor["lastCheck"]),
    }


def _last(check: dict[str, Any]) -> dict[str, Any]:
    """Return a check within its monitor, whose fields come in an order of their own."""
    told = told_check(check)
    return {name: told[name] for name in ("id", "result", "message", "type", "created")}


def _whole(linker: Linker, monitor: Monitor) -> dict[str, Any]:
    return {**_body(monitor), "_links": _links(linker, monitor)}


def _summary(linker: Linker, monitor: Monitor) -> dict[str, Any]:
    body, links = _body(monitor), _links(linker, monitor)
    return {**{name: body[name] for name in _SUMMARY}, "_links": {"self": links["self"]}}


def _date(epoch: float | None) -> str | None:
    return None if epoch is None else dates.java(epoch)


events.register(
    "014",
    events.Source(
        name="monitor",
        find=monitors.find,
        may=monitors.may,
        link=lambda linker, monitor: linker.link("monitors", "get", monitorId=monitor["id"]),
        document=lambda tenant, _, monitor: _whole(tenant, monitor),
    ),
)


@handler("monitors", "list")
def list_monitors(call: Call) -> Reply:
    """List the caller's monitors that match the query, the one that changed last first."""
    found = monitors.listing(call.tenant, call.user)
    by_id = {monitor["id"]: monitor for monitor in found}
    chosen = call.select([_body(monitor) for monitor in found])
    view = _whole if call.wants_full else _summary
    return Reply([view(call, by_id[item["id"]]) for item in chosen])


@handler("monitors", "add")
def add(call: Call) -> Reply:
    """Have a system checked from now on."""
    return Reply(_whole(call, monitors.add(call.tenant, call.user, call.body)), 201)


@handler("monitors", "get")
def get(call: Call) -> Reply:
    """Show a monitor."""
    return Reply(_whole(call, monitors.reach(call.tenant, call.user, call.args["monitorId"])))


@handler("monitors", "update")
def update(call: Call) -> Reply:
    """Change a monitor."""
    monitor = monitors.update(call.tenant, call.user, call.args["monitorId"], call.body)
    return Reply(_whole(call, monitor))


@handler("monitors", "manage")
def manage(call: Call) -> Reply:
    """Enable or disable a monitor."""
    monitor = monitors.manage(call.tenant, call.user, call.args["monitorId"], call.body)
    return Reply(_whole(call, monitor))


@handler("monitors", "delete")
def delete(call: Call) -> Reply:
    """Remove a monitor."""
    monitors.delete(call.tenant, call.user, call.args["monitorId"])
    return Reply.empty()


@handler("monitors", "getHistory")
def get_history(call: Call) -> Reply:
    """List what happened to a monitor, oldest first."""
    found = monitors.history(call.tenant, call.user, call.args["monitorId"])
    return Reply([_event(call, item) for item in call.page(found)])


@handler("monitors", "getHistoryEvent")
def get_history_event(call: Call) -> Reply:
    """Show one event of a monitor."""
    this = call.args["monitorId"], call.args["eventId"]
    return Reply(_event(call, monitors.history_event(call.tenant, call.user, *this)))


def _event(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    this = {"monitorId": item["monitor"]}
    profile = call.link("profiles", "listByUsername", username=item["createdBy"])
    address = call.link("monitors", "getHistoryEvent", eventId=item["id"], **this)
    return {
        "id": item["id"],
        "status": item["status"],
        "created": dates.java(item["created"]),
        "createdBy": item["createdBy"],
        "description": item["description"],
        "_links": {
            "self": {"href": address},
            "monitor": {"href": call.link("monitors", "get", **this)},
            "profile": {"href": profile},
        },
    }


@on_start
def start(tenant: Tenant) -> None:
    """Check what is due from now on."""
    watcher = tenant.live[_LIVE] = Watcher(tenant)
    tenant.live[monitors.WAKE] = watcher.wake


@on_stop
def stop(tenant: Tenant) -> None:
    """Begin no more checks."""
    del tenant.live[monitors.WAKE]
    tenant.live.pop(_LIVE).close()
