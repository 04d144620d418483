"""Many items at a time: all of them, or none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.meta_support import BULK, DATA, NOBODY, add, add_schema, new_name, search


def made(answer: str) -> list[str]:
    """Return the uuids that an answer names."""
    return re.findall(r"\d{19}-\w+-\d{4}-012", answer)


def test_items_are_created_changed_and_deleted_together(http: HttpFactory) -> None:
    ada, name = http("ada"), new_name()
    items = [{"name": name, "value": number} for number in range(3)]
    answer = result(ada.post(f"{BULK}/create", json=items))
    assert answer.startswith("3 metadata items created")
    uuids = made(answer)
    found = search(ada, {"name": name})
    assert {item["uuid"]: item["value"] for item in found} == dict(
        zip(uuids, range(3), strict=True)
    )
    changes = [{"uuid": uuid, "update": {"value": {"n": 7}}} for uuid in uuids[:2]]
    assert made(result(ada.post(f"{BULK}/update", json=changes))) == uuids[:2]
    found = search(ada, {"name": name, "value.n": 7})
    assert {item["uuid"] for item in found} == set(uuids[:2])
    assert made(result(ada.post(f"{BULK}/delete", json=uuids[1:]))) == uuids[1:]
    assert [item["uuid"] for item in search(ada, {"name": name})] == uuids[:1]


@pytest.mark.parametrize(
    ("verb", "body", "said"),
    [
        ("create", [], "array"),
        ("create", {"name": "x"}, "array"),
        ("create", ["text"], "Item 0"),
        ("update", [], "array"),
        ("update", [{"update": {}}], "Item 0"),
        ("update", [NOBODY], "Item 0"),
        ("update", [{"uuid": NOBODY, "update": 5}], "Item 0"),
        ("delete", {}, "array"),
        ("delete", [5], "Item 0"),
    ],
)
def test_a_list_that_cannot_be_is_refused(
    http: HttpFactory, verb: str, body: Any, said: str
) -> None:
    assert said in refusal(http("ada").post(f"{BULK}/{verb}", json=body), 400)


def test_one_bad_item_leaves_all_as_they_were(http: HttpFactory) -> None:
    ada, name = http("ada"), new_name()
    schema = add_schema(ada)["uuid"]
    bad = [{"name": name, "value": 1}, {"name": name, "value": 1, "schemaId": schema}]
    assert "Item 1" in refusal(ada.post(f"{BULK}/create", json=bad), 400)
    assert search(ada, {"name": name}) == []
    kept, hers = add(ada, 1), add(http("grace"), 1)
    for uuid, status in ((NOBODY, 404), (hers["uuid"], 403)):
        changes = [
            {"uuid": kept["uuid"], "update": {"value": 2}},
            {"uuid": uuid, "update": {"value": 2}},
        ]
        assert "Item 1" in refusal(ada.post(f"{BULK}/update", json=changes), status)
        assert uuid in refusal(ada.post(f"{BULK}/delete", json=[kept["uuid"], uuid]), status)
        assert result(ada.get(f"{DATA}/{kept['uuid']}")) == kept
    both = [kept["uuid"], hers["uuid"]]
    assert made(result(http("admin").post(f"{BULK}/delete", json=both))) == both
