"""Answers carry the keys of the server's family, and a filter keeps what it names."""

from __future__ import annotations

from typing import Any

import pytest

from agavepy.sandbox.envelope import failure, keep, success


@pytest.mark.parametrize(
    ("family", "keys"),
    [
        ("java", ["status", "message", "version", "result"]),
        ("php", ["status", "message", "result", "version"]),
        ("django", ["status", "message", "result", "version"]),
        ("flask", ["message", "result", "status", "version"]),
    ],
)
def test_a_success_has_the_keys_of_its_family_in_their_order(family: str, keys: list[str]) -> None:
    body = success(family, None, [1], has_result=True)
    assert list(body) == keys
    assert body["result"] == [1]


def test_without_a_result_each_family_answers_its_own_nothing() -> None:
    assert "result" not in success("java", None, None, has_result=False)
    assert success("php", None, None, has_result=False)["result"] == ""
    assert success("django", None, None, has_result=False)["result"] == {}
    assert success("flask", None, None, has_result=False)["result"] is None
    assert "result" not in failure("java", "no")


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ("id", {"id": 1}),
        ("id,storage.host", {"id": 1, "storage": {"host": "h"}}),
        ("storage.port", {"storage": {"port": None}}),
        ("storage.auth.type", {}),
        ("inputs.id", {"inputs": [{"id": "a"}, {"id": None}]}),
        (
            "inputs.id,inputs.other",
            {"inputs": [{"id": "a", "other": None}, {"id": None, "other": 1}]},
        ),
        ("storage,storage.port", {"storage": {"host": "h", "auth": {"type": "x"}}}),
        ("storage.port,storage", {"storage": {"host": "h", "auth": {"type": "x"}}}),
        ("none", {}),
        (" id , name ", {"id": 1, "name": "n"}),
    ],
)
def test_a_filter_keeps_one_or_two_levels(names: str, kept: dict[str, Any]) -> None:
    item = {
        "id": 1,
        "name": "n",
        "storage": {"host": "h", "auth": {"type": "x"}},
        "inputs": [{"id": "a"}, {"other": 1}],
    }
    assert keep(item, names) == kept
    assert keep([item], names) == ([kept] if kept else [])
    assert keep(item, "*") == item
