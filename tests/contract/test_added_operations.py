"""The operations that the released clients lacked are described under the addresses they have.

``added_operations.json`` was written from the routes of the servers and not from the descriptions,
so that a slip of the pen in a description is not its own proof. It has also the parameters and
statuses that servers have and the released descriptions of old operations had not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.described import EVERY
from tests.contract.released import RELEASED

ADDED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("added_operations.json").read_text("utf-8")
)
DESCRIBED = {operation.id: operation for operation in EVERY}
#: Described beside both lists: the same on the default system, at a second address, and so on.
BESIDE = {
    "files.getHeadersOnDefaultSystem",
    "files.startIndex",
    "files.startIndexOnDefaultSystem",
    "postits.redeemByPost",
    "postits.redeemByPut",
    "tenants.getV2",
    "tenants.listV2",
    "token.approve",
    "uuids.createUuid",
    "uuids.getUuid",
    "uuids.listUuid",
}


@pytest.mark.parametrize("name", ADDED)
def test_an_added_operation_is_where_servers_have_it(name: str) -> None:
    wanted, operation = ADDED[name], DESCRIBED[name]
    assert (operation.method, operation.path) == (wanted["method"], wanted["path"])
    assert set(wanted["statuses"]) <= set(operation.responses)
    given = {parameter["name"] for parameter in operation.at("query", "header", "formData")}
    assert set(wanted.get("parameters", ())) <= given


def test_every_operation_is_a_released_one_an_added_one_or_known() -> None:
    released = {f"{service}.{name}" for service in RELEASED for name in RELEASED[service]}
    assert set(DESCRIBED) == released | set(ADDED) | BESIDE
