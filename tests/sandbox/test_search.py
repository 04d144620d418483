"""What a search term finds, by every operator and type."""

from __future__ import annotations

from typing import Any

import pytest

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.search import order, search

RULES = {
    "name": ("string", "name"),
    "nodes": ("number", "nodes"),
    "public": ("boolean", "public"),
    "created": ("date", "created"),
    "storage.host": ("string", "storage.host"),
    "inputs.id": ("string", "inputs.id"),
}
NOW = 1_541_174_934.0  # 2018-11-02T16:08:54Z
ITEMS: list[dict[str, Any]] = [
    {"name": "Alpha", "nodes": 1, "public": True, "created": "2018-11-02T10:08:54.000-05:00",
     "storage": {"host": "a.org"}, "inputs": [{"id": "in1"}, {"id": "in2"}]},
    {"name": "beta", "nodes": 20, "public": False, "created": "2018-10-31T10:08:54.000-05:00",
     "storage": {"host": "b.org"}, "inputs": []},
    {"name": "gamma", "nodes": None, "public": False, "created": None, "storage": None},
]  # fmt: skip


def found(term: str, value: str) -> list[str]:
    return [item["name"] for item in search(ITEMS, RULES, [(term, value)], NOW)]


@pytest.mark.parametrize(
    ("term", "value", "names"),
    [
        ("name", "ALPHA", ["Alpha"]),
        ("NAME.EQ", "alpha", ["Alpha"]),
        ("name.neq", "alpha", ["beta", "gamma"]),
        ("name.like", "*A*", ["Alpha", "beta", "gamma"]),
        ("name.like", "b*", ["beta"]),
        ("name.like", "et", []),
        ("name.nlike", "b*", ["Alpha", "gamma"]),
        ("name.rlike", "^(a|g)", ["Alpha", "gamma"]),
        ("name.in", "beta, gamma", ["beta", "gamma"]),
        ("name.nin", "beta,gamma", ["Alpha"]),
        ("nodes.gt", "1", ["beta"]),
        ("nodes.gte", "1", ["Alpha", "beta"]),
        ("nodes.lt", "20", ["Alpha"]),
        ("nodes.between", "1,5", ["Alpha"]),
        ("public", "true", ["Alpha"]),
        ("public.neq", "1", ["beta", "gamma"]),
        ("created", "2018-11-02", ["Alpha"]),
        ("created.before", "2018-11-01", ["beta"]),
        ("created.after", "2 days ago", ["Alpha"]),
        ("created.between", "2018-10-30,2018-11-01", ["beta"]),
        ("created.on", "2018-11-02T15:08:54Z", ["Alpha"]),
        ("created.on", "Today", ["Alpha"]),
        ("created.neq", "today", ["beta", "gamma"]),
        ("created.on", "yesterday", []),
        ("created.before", "today", ["beta"]),
        ("created.between", "3 days ago,tomorrow", ["Alpha", "beta"]),
        ("created.after", "an hour ago", []),
        ("created.after", "a month ago", ["Alpha", "beta"]),
        ("created.before", "1 year from now", ["Alpha", "beta"]),
        ("created.after", "15:00", ["Alpha"]),
        ("storage.host", "b.org", ["beta"]),
        ("storage.host.like", "*.org", ["Alpha", "beta"]),
        ("inputs.id", "in2", ["Alpha"]),
        ("unheard", "of", ["Alpha", "beta", "gamma"]),
    ],
)
def test_a_search_term_finds_just_what_it_asks_for(term: str, value: str, names: list[str]) -> None:
    assert found(term, value) == names


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("nodes.gt", "many"),
        ("public", "maybe"),
        ("public.like", "tr*"),
        ("created", "not a day"),
        ("created.in", "2018-11-02,2018-11-03"),
        ("name.rlike", "("),
        ("nodes.between", "1"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(term: str, value: str) -> None:
    with pytest.raises(ApiError) as caught:
        found(term, value)
    assert caught.value.status == 400
    assert term.partition(".")[0] in caught.value.message


def test_items_are_sorted_by_the_word_asked_for_and_missing_values_come_last() -> None:
    assert [i["name"] for i in order(ITEMS, RULES, "nodes", "DESC")] == ["beta", "Alpha", "gamma"]
    assert [i["name"] for i in order(ITEMS, RULES, "NAME", "asc")] == ["Alpha", "beta", "gamma"]


def test_what_was_made_in_one_millisecond_is_listed_newest_first() -> None:
    items = [{"id": number, "created": "2026-11-24T16:43:27.860Z"} for number in (1, 2, 3)]
    assert [item["id"] for item in order(items, {}, "created", "DESC")] == [3, 2, 1]
    assert [item["id"] for item in order(items, {}, "created", "ASC")] == [1, 2, 3]


def test_times_are_sorted_as_times_in_the_hour_that_comes_twice() -> None:
    hours = ["01:50:00.000-05:00", "01:10:00.000-06:00", "02:00:00.000-06:00"]
    items = [{"created": f"2018-11-04T{hour}"} for hour in hours]
    for given in (items, items[::-1]):
        for field in ("created", "Created"):
            assert order(given, RULES, field, "ASC") == items


@pytest.mark.parametrize("operator", ["eq", "gt", "between"])
@pytest.mark.parametrize(
    "text", ["9" * 30, "999999999999 days ago", "\u00b2" * 9, "0000-01-01", "9" * 5000]
)
def test_a_date_out_of_all_bounds_is_refused(operator: str, text: str) -> None:
    value = f"now,{text}" if operator == "between" else text
    with pytest.raises(ApiError) as caught:
        found(f"created.{operator}", value)
    assert caught.value.status == 400


def test_the_last_day_that_there_is_can_be_asked_for() -> None:
    assert found("created.on", "9999-12-31") == []
    assert found("created.on", "2018-11-02") == ["Alpha"]


def test_of_two_of_one_moment_the_newer_one_comes_first_where_the_newest_does() -> None:
    items = [{"name": name, "created": "2018-11-02"} for name in ("older", "newer")]
    for direction, names in (("DESC", ["newer", "older"]), ("ASC", ["older", "newer"])):
        assert [item["name"] for item in order(items, RULES, "created", direction)] == names
