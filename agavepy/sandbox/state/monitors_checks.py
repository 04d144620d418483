"""Checks of systems: looking whether they can be used, and what follows from the result.

A check is kept as a document ``{id, monitor, type, result, message, created}``. A storage system is
checked by listing its root directory, an execution system also by using the directory in which its
jobs run (agave-monitors ``MonitorManager``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import disk, jobs_outputs, monitors, systems
from agavepy.sandbox.state.monitors import CHECK, Monitor
from agavepy.sandbox.tenant import Tenant

RESULTS = ("PASSED", "FAILED", "UNKNOWN")
TYPES = ("LOGIN", "STORAGE", "URL")

Check = dict[str, Any]


def run(tenant: Tenant, monitor_id: str, by: str | None = None) -> Check:
    """Check a monitor's system now, write down the result, and return the check that tells most.

    That is the first one that did not pass, else the last one. ``by`` is who asked for it; without
    it the check is one of those that the frequency asks for. Raises ApiError 404 when the monitor
    is gone.
    """
    with tenant.lock(f"monitor/{monitor_id}"):
        monitor = _current(tenant, monitor_id)
        if by is not None:
            text = f"A check was requested by {by}"
            monitors.note(tenant, monitor, "FORCED_CHECK_REQUESTED", by, text)
        system = systems.find(tenant, monitor["target"])
        found = _look(tenant, monitor, system)
        with tenant.store.transaction():
            return _conclude(tenant, _current(tenant, monitor_id), system, found, by)


def _current(tenant: Tenant, monitor_id: str) -> Monitor:
    monitor = monitors.find(tenant, monitor_id)
    if monitor is None:
        raise ApiError(404, f"No monitor found matching {monitor_id}")
    return monitor


def _look(
    tenant: Tenant, monitor: Monitor, system: dict[str, Any] | None
) -> list[tuple[str, str, str]]:
    """Return type, result and message of each check of a system."""
    owner, target = monitor["owner"], monitor["target"]
    if system is None:
        return [("STORAGE", "UNKNOWN", f"System {target} does not exist any more")]
    if not systems.may(tenant, owner, system, "USER"):
        return [("STORAGE", "UNKNOWN", f"{owner} may not use system {target} any more")]
    if not system["available"]:
        return [("STORAGE", "UNKNOWN", f"System {target} is disabled")]
    checks = {"STORAGE": _list_root}
    if system["type"] == "EXECUTION":
        checks["LOGIN"] = _use_work_directory
    found = []
    for kind, check in checks.items():
        try:
            found.append((kind, "PASSED", check(tenant, system)))
        except (ApiError, OSError) as error:
            reason = error.message if isinstance(error, ApiError) else error.strerror or str(error)
            found.append((kind, "FAILED", f"{kind} check of {target} failed: {reason}"))
    return found


def _list_root(tenant: Tenant, system: dict[str, Any]) -> str:
    """List the root directory, and find the home directory in it."""
    count = len(disk.names(disk.root(tenant, system)))
    home = disk.real(tenant, system, disk.home(system), user_home=False)
    disk.names(home)
    return f"The root directory was listed: {count} entries"


def _use_work_directory(tenant: Tenant, system: dict[str, Any]) -> str:
    """Write and run something where jobs of a system run."""
    if shutil.which("bash") is None and not os.access("/bin/sh", os.X_OK):
        raise ApiError(500, "there is no shell to run jobs with")
    directory = disk.real(tenant, system, jobs_outputs.base(system), user_home=False)
    with disk.storing(system):
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(b"check")
            probe.flush()
    return "The directory in which jobs run can be used"


def _conclude(
    tenant: Tenant,
    monitor: Monitor,
    system: dict[str, Any] | None,
    found: list[tuple[str, str, str]],
    by: str | None,
) -> Check:
    now = tenant.clock.now()
    checks = [_keep(tenant, monitor, now, *item) for item in found]
    told = next((check for check in checks if check["result"] != "PASSED"), checks[-1])
    before = monitor["lastCheck"] and monitor["lastCheck"]["result"]
    monitor.update(lastCheck=told, lastUpdated=now)
    if told["result"] == "PASSED":
        monitor["lastSuccess"] = now
    if by is None and monitor["active"]:
        monitor["nextUpdate"] = now + monitor["frequency"] * 60
    monitors.save(tenant, monitor)
    user = by or monitor["owner"]
    monitors.note(tenant, monitor, f"CHECK_{told['result']}", user, told["message"])
    if before not in {None, told["result"]}:
        text = f"The result changed from {before} to {told['result']}"
        monitors.note(tenant, monitor, "RESULT_CHANGE", user, text)
    if system is not None and monitor["updateSystemStatus"]:
        _set_status(tenant, monitor, system["id"], told["result"], user)
    return told


def _keep(
    tenant: Tenant, monitor: Monitor, now: float, kind: str, result: str, message: str
) -> Check:
    check = {
        "id": tenant.ids.uuid("015"),
        "monitor": monitor["id"],
        "type": kind,
        "result": result,
        "message": message,
        "created": now,
    }
    tenant.store.put(CHECK, check["id"], check)
    return check


def _set_status(tenant: Tenant, monitor: Monitor, system_id: str, result: str, user: str) -> None:
    """Take a system down that failed, and up again; one in maintenance stays so."""
    system = systems.find(tenant, system_id)
    moves = {("UP", "FAILED"): "DOWN", ("UNKNOWN", "FAILED"): "DOWN"}
    moves |= {("DOWN", "PASSED"): "UP", ("UNKNOWN", "PASSED"): "UP"}
    status = system and moves.get((system["status"], result))
    if system is None or status is None:
        return
    if not systems.may(tenant, monitor["owner"], system, "ADMIN"):
        text = f"{monitor['owner']} may not change the status of {system_id} any more"
        monitors.note(tenant, monitor, "CHECK_FORBIDDEN", user, text)
        return
    text = f"Status changed from {system['status']} to {status} by monitor {monitor['id']}"
    system["status"] = status
    systems.save(tenant, system, "STATUS_UPDATE", user, text)
    monitors.note(tenant, monitor, "STATUS_CHANGE", user, text)


def listing(tenant: Tenant, user: str, monitor_id: str) -> list[Check]:
    """Return the checks of a monitor, oldest first; ApiError as ``monitors.reach`` raises."""
    monitors.reach(tenant, user, monitor_id)
    return tenant.store.all(CHECK, monitor=monitor_id)


def get(tenant: Tenant, user: str, monitor_id: str, check_id: str) -> Check:
    """Return one check; ApiError as ``monitors.reach`` raises, 404 without it."""
    monitors.reach(tenant, user, monitor_id)
    check = tenant.store.get(CHECK, check_id)
    if check is None or check["monitor"] != monitor_id:
        raise ApiError(404, f"No check of monitor {monitor_id} found with id {check_id}")
    return check
