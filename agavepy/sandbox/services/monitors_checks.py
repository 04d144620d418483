"""Checks of monitors on the wire (agave-monitors ``MonitorCheck*Resource``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.search import order, search
from agavepy.sandbox.state import monitors, monitors_checks

#: How the bounds of a listing are looked for: the words of the query and the field they are about.
_BOUNDS = {"startDate": ("date", "created"), "endDate": ("date", "created")}


def told_check(check: dict[str, Any]) -> dict[str, Any]:
    """Return a check as answers have it, without links."""
    return {
        "id": check["id"],
        "type": check["type"],
        "result": check["result"],
        "message": check["message"],
        "created": dates.java(check["created"]),
    }


def _whole(call: Call, check: dict[str, Any], target: str) -> dict[str, Any]:
    this = {"monitorId": check["monitor"]}
    address = call.link("monitors", "getCheck", checkId=check["id"], **this)
    return {
        **told_check(check),
        "_links": {
            "self": {"href": address},
            "monitor": {"href": call.link("monitors", "get", **this)},
            "system": {"href": call.link("systems", "get", systemId=target)},
        },
    }


@handler("monitors", "listChecks")
def list_checks(call: Call) -> Reply:
    """List the checks of a monitor within bounds of time, of a result and a type, newest first."""
    monitor = monitors.reach(call.tenant, call.user, call.args["monitorId"])
    result = _word(call, "result", monitors_checks.RESULTS)
    kind = _word(call, "type", monitors_checks.TYPES)
    found = [
        _whole(call, check, monitor["target"])
        for check in monitors_checks.listing(call.tenant, call.user, monitor["id"])
        if (not result or check["result"] == result) and (not kind or check["type"] == kind)
    ]
    bounds = {"startDate": "gte", "endDate": "lte"}
    terms = [
        (f"{name}.{operator}", call.args[name])
        for name, operator in bounds.items()
        if call.args.get(name)
    ]
    found = search(found, _BOUNDS, terms, call.tenant.clock.now())
    by = str(call.args.get("orderBy") or "id")  # ids grow with time, created only by milliseconds
    return Reply(call.page(order(found, {}, by, str(call.args.get("order") or "DESC"))))


def _word(call: Call, name: str, words: tuple[str, ...]) -> str:
    word = str(call.args.get(name) or "").upper()
    if word and word not in words:
        raise ApiError(
            400, f"Invalid value for {name}: {call.args[name]!r} is not one of {', '.join(words)}"
        )
    return word


@handler("monitors", "runCheck")
def run_check(call: Call) -> Reply:
    """Check a system now."""
    monitor = monitors.reach(call.tenant, call.user, call.args["monitorId"])
    check = monitors_checks.run(call.tenant, monitor["id"], call.user)
    return Reply(_whole(call, check, monitor["target"]))


@handler("monitors", "getCheck")
def get_check(call: Call) -> Reply:
    """Show one check."""
    monitor = monitors.reach(call.tenant, call.user, call.args["monitorId"])
    check = monitors_checks.get(call.tenant, call.user, monitor["id"], call.args["checkId"])
    return Reply(_whole(call, check, monitor["target"]))
