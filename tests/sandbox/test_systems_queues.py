"""Batch queues of execution systems: their limits, and the one that is the default."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import execution_system, new_id, storage_system

BASE = "/systems/v2"


@pytest.fixture
def queues(http: HttpFactory) -> str:
    """The address of the queues of a batch system of ada: small, the default, and large."""
    system_id = new_id()
    result(http("ada").post(BASE, json=execution_system(system_id)), 201)
    return f"{BASE}/{system_id}/queues"


def _names(http: HttpFactory, queues: str) -> dict[str, bool]:
    return {item["name"]: item["default"] for item in result(http("ada").get(queues))}


def test_queues_are_listed_with_their_limits(http: HttpFactory, queues: str) -> None:
    small, large = result(http("ada").get(queues))
    assert (small["maxNodes"], small["maxMemoryPerNode"], small["maxJobs"]) == (2, 64, -1)
    assert small["maxRequestedTime"] == "12:00:00"
    assert (large["mappedName"], large["maxMemoryPerNode"]) == ("lg.q", 2048)
    assert large["maxRequestedTime"] is None
    for item in (small, large):
        assert result(http("ada").get(item["_links"]["self"]["href"])) == item
    assert result(http("ada").get(queues, params={"limit": 1, "offset": 1})) == [large]


def test_a_new_queue_is_answered_200_and_belongs_to_the_system(
    http: HttpFactory, queues: str
) -> None:
    wanted = {
        **{"name": "gpu", "description": "Two cards", "maxJobs": 4, "maxUserJobs": 2},
        **{"maxNodes": 8, "maxProcessorsPerNode": 32, "maxMemoryPerNode": "1TB"},
        **{"maxRequestedTime": "120:00:00", "customDirectives": "#SBATCH --gres=gpu"},
    }
    queue = result(http("ada").post(queues, json=wanted), 200)
    assert queue["maxMemoryPerNode"] == 1024
    wanted["maxMemoryPerNode"] = 1024
    assert {name: queue[name] for name in wanted} == wanted
    system = result(http("ada").get(queues.removesuffix("/queues")))
    assert [item["name"] for item in system["queues"]] == ["small", "large", "gpu"]
    assert "gpu" in refusal(http("ada").post(queues, json=wanted), 400)


def test_there_is_always_one_default_queue(http: HttpFactory, queues: str) -> None:
    assert _names(http, queues) == {"small": True, "large": False}
    result(http("ada").post(queues, json={"name": "gpu", "default": True}))
    assert _names(http, queues) == {"small": False, "large": False, "gpu": True}
    result(http("ada").delete(f"{queues}/gpu"))
    assert _names(http, queues) == {"small": True, "large": False}
    result(http("ada").post(f"{queues}/large", json={"default": True}))
    assert _names(http, queues) == {"small": False, "large": True}


def test_an_update_replaces_all_limits_and_keeps_the_name(http: HttpFactory, queues: str) -> None:
    queue = result(http("ada").post(f"{queues}/small", json={"maxNodes": 3}))
    assert (queue["name"], queue["maxNodes"]) == ("small", 3)
    assert (queue["maxMemoryPerNode"], queue["maxRequestedTime"]) == (-1, None)
    assert result(http("ada").get(f"{queues}/small")) == queue
    assert "other" in refusal(http("ada").post(f"{queues}/small", json={"name": "other"}), 400)


def test_the_last_queue_of_a_batch_system_stays(http: HttpFactory, queues: str) -> None:
    result(http("ada").delete(f"{queues}/small"))
    refusal(http("ada").delete(f"{queues}/large"), 400)
    assert _names(http, queues) == {"large": True}


def test_an_unknown_queue_is_told_with_the_known_ones(http: HttpFactory, queues: str) -> None:
    for request in (http("ada").get, http("ada").delete):
        message = refusal(request(f"{queues}/huge"), 404)
        assert "huge" in message
        assert "small, large" in message


def test_queues_are_seen_by_users_and_changed_by_administrators(
    http: HttpFactory, queues: str
) -> None:
    refusal(http("grace").get(queues), 403)
    roles = queues.removesuffix("/queues") + "/roles/grace"
    result(http("ada").post(roles, json={"role": "PUBLISHER"}), 201)
    assert len(result(http("grace").get(queues))) == 2
    refusal(http("grace").post(queues, json={"name": "mine"}), 403)
    refusal(http("grace").post(f"{queues}/small", json={"maxNodes": 99}), 403)
    refusal(http("grace").delete(f"{queues}/small"), 403)
    refusal(http("ada").post(f"{BASE}/sandbox.exec/queues", json={"name": "mine"}), 403)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("maxJobs", 0),
        ("maxUserJobs", -2),
        ("maxNodes", 1.5),
        ("maxProcessorsPerNode", True),
        ("maxMemoryPerNode", "0GB"),
        ("maxMemoryPerNode", "64 apples"),
        ("maxMemoryPerNode", "9" * 400),
        ("maxRequestedTime", "12h"),
        ("maxRequestedTime", "12:99:00"),
        ("default", "maybe"),
    ],
)
def test_a_limit_that_is_none_is_named(
    http: HttpFactory, queues: str, field: str, value: Any
) -> None:
    message = refusal(http("ada").post(queues, json={"name": "gpu", field: value}), 400)
    assert f"'{field}'" in message
    assert "gpu" not in _names(http, queues)


@pytest.mark.parametrize(
    ("memory", "gigabytes"),
    [("512MB", 0.5), ("2TB", 2048), ("16", 16), (1.5, 1.5), ("64 gb", 64), (-1, -1)],
)
def test_memory_is_answered_in_gigabytes(
    http: HttpFactory, queues: str, memory: Any, gigabytes: float
) -> None:
    queue = result(http("ada").post(queues, json={"name": "mem", "maxMemoryPerNode": memory}))
    assert queue["maxMemoryPerNode"] == gigabytes


def test_storage_systems_have_no_queues(http: HttpFactory) -> None:
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    assert "STORAGE" in refusal(http("ada").get(f"{BASE}/{system_id}/queues"), 400)
