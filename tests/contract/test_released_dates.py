"""Callers get datetimes where the released clients gave them, and text everywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.described import EVERY, Described, follow, properties
from tests.contract.released import RELEASED

_JOB = frozenset({"submitTime", "startTime", "endTime"})
_ALOE = frozenset({"started", "ended", "remoteSubmitted", "remoteEnded", "lastStatusCheck"})
_ITEM = frozenset({"created", "lastUpdated"})
_MONITOR = frozenset({"created", "lastUpdated", "lastSuccess", "nextUpdate", "lastCheck.created"})
_NOTIFICATION = frozenset({"created", "lastUpdated", "lastSent"})
#: operation -> the fields that are datetimes; no other released operation has any.
DATETIMES: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        ("apps.list", "apps.add", "apps.get", "apps.update", "apps.manage", "apps.listByName",
         "apps.listByTag", "apps.listByOntologyTerm", "apps.listBySystemId",
         "files.list", "files.listOnDefaultSystem", "files.importData", "files.manage",
         "files.importToDefaultSystem", "files.manageOnDefaultSystem", "jobs.listOutputs",
         "systems.get", "systems.add", "systems.update"),
        frozenset({"lastModified"}),
    ),
    # The released clients modelled no result here; it is the same system.
    "systems.manage": frozenset({"lastModified"}),
    "files.getHistory": frozenset({"created"}),
    "files.getHistoryOnDefaultSystem": frozenset({"created"}),
    "jobs.getHistory": frozenset({"created"}),
    "jobs.list": frozenset({"startTime", "endTime", "started", "ended"}),
    **dict.fromkeys(("jobs.get", "jobs.submit", "jobs.manage"), _JOB | _ALOE),
    **dict.fromkeys(
        ("meta.getMetadata", "meta.addMetadata", "meta.updateMetadata", "meta.searchSchema",
         "meta.getSchema", "meta.addSchema", "meta.updateSchema"),
        _ITEM,
    ),
    **dict.fromkeys(("monitors.list", "monitors.get", "monitors.add", "monitors.update"), _MONITOR),
    **dict.fromkeys(
        ("monitors.listChecks", "monitors.runCheck", "monitors.getCheck"), frozenset({"created"})
    ),
    **dict.fromkeys(
        ("notifications.list", "notifications.get", "notifications.add", "notifications.update"),
        _NOTIFICATION,
    ),
    "postits.list": frozenset({"created", "expires"}),
}  # fmt: skip
RELEASED_ONES = [o for o in EVERY if o.name in RELEASED.get(o.service, {})]


def datetimes(schema: Any, name: str = "", within: tuple[int, ...] = ()) -> Iterator[str]:
    schema = follow(schema)
    if id(schema) in within:
        return
    if schema.get("format") == "date-time" and not schema.get("x-agavepy-text"):
        yield name.removeprefix("result.")
    if "items" in schema:
        yield from datetimes(schema["items"], name, (*within, id(schema)))
    for key, field in properties(schema).items():
        yield from datetimes(field, f"{name}.{key}".strip("."), (*within, id(schema)))


@pytest.mark.parametrize("operation", RELEASED_ONES, ids=lambda operation: operation.id)
def test_dates_are_datetimes_where_they_were(operation: Described) -> None:
    found = {
        name
        for status in operation.successes
        for key in ("schema", "x-agavepy-aloe")
        for name in datetimes(operation.responses[status].get(key))
    }
    assert found == DATETIMES.get(operation.id, frozenset())


def test_every_operation_with_datetimes_is_a_released_one() -> None:
    assert set(DATETIMES) <= {operation.id for operation in RELEASED_ONES}
