"""Search terms against a plain reading of their rules, over values and terms of every kind."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agavepy.sandbox import Sandbox
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.search import OPERATORS, search
from tests.conftest import Http

NOW = 1_541_174_934.0
RULES = {
    "name": ("string", "name"),
    "size": ("number", "size"),
    "open": ("boolean", "open"),
    "made": ("date", "made"),
    "inputs.id": ("string", "inputs.id"),
}
WORDS = st.text("abAB*.,^$ 1", max_size=4)
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, -0.5, 1e10]))
DAYS = st.datetimes(
    datetime(2018, 1, 1),
    datetime(2018, 1, 4),
    timezones=st.just(timezone.utc),
).map(lambda moment: moment.replace(microsecond=0, minute=0, second=0))
ITEMS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | WORDS,
            "size": st.none() | NUMBERS,
            "open": st.none() | st.booleans(),
            "made": st.none() | DAYS.map(datetime.isoformat),
            "inputs": st.lists(st.fixed_dictionaries({"id": WORDS}), max_size=2),
        }
    ),
    max_size=4,
)
ORDERS = {
    "lt": lambda a, b: a < b, "before": lambda a, b: a < b, "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "after": lambda a, b: a > b, "gte": lambda a, b: a >= b,
}  # fmt: skip


def ids(items: list[dict[str, Any]]) -> list[int]:
    return [id(item) for item in items]


def found(items: list[dict[str, Any]], *terms: tuple[str, str]) -> list[int]:
    return ids(search(items, RULES, list(terms), NOW))


def case(data: st.DataObject, word: str) -> str:
    return "".join(
        letter.upper() if data.draw(st.booleans()) else letter.lower() for letter in word
    )


@given(items=ITEMS, data=st.data(), wanted=WORDS)
@pytest.mark.parametrize("operator", ["", "eq", "on", "neq", "lt", "lte", "gt", "gte", "before"])
def test_texts_compare_whatever_their_case(
    items: list[dict[str, Any]], data: st.DataObject, wanted: str, operator: str
) -> None:
    def matches(item: dict[str, Any]) -> bool:
        value = item["name"]
        if operator == "neq":
            return value is None or value.lower() != wanted.lower()
        if value is None:
            return False
        if operator in ORDERS:
            return bool(ORDERS[operator](value.lower(), wanted.lower()))
        return bool(value.lower() == wanted.lower())

    term = case(data, f"name.{operator}" if operator else "name")
    assert found(items, (term, wanted)) == ids([item for item in items if matches(item)])


@given(items=ITEMS, wanted=NUMBERS)
@pytest.mark.parametrize("operator", ["eq", "neq", "lt", "lte", "gt", "gte"])
def test_numbers_compare_as_numbers(
    items: list[dict[str, Any]], wanted: float, operator: str
) -> None:
    def matches(item: dict[str, Any]) -> bool:
        value = item["size"]
        if operator == "neq":
            return bool(value != wanted)
        if value is None:
            return False
        return bool(ORDERS[operator](value, wanted) if operator in ORDERS else value == wanted)

    expected = ids([item for item in items if matches(item)])
    assert found(items, (f"size.{operator}", str(wanted))) == expected


@given(items=ITEMS, low=NUMBERS, high=NUMBERS)
def test_between_takes_both_ends(items: list[dict[str, Any]], low: float, high: float) -> None:
    expected = [i for i in items if i["size"] is not None and low <= i["size"] <= high]
    assert found(items, ("size.between", f"{low},{high}")) == ids(expected)


@given(items=ITEMS, wanted=WORDS)
def test_a_star_stands_for_anything_and_nothing_else_does(
    items: list[dict[str, Any]], wanted: str
) -> None:
    # No letter of the texts but the star means anything to fnmatch.
    like = [
        i
        for i in items
        if i["name"] is not None and fnmatch.fnmatchcase(i["name"].lower(), wanted.lower())
    ]
    assert found(items, ("name.like", wanted)) == ids(like)
    rest = [item for item in items if item not in like]
    assert found(items, ("name.nlike", wanted)) == ids([i for i in items if i in rest])


@given(items=ITEMS, parts=st.lists(st.text("abAB*. 1", max_size=3), min_size=1, max_size=3))
def test_in_takes_each_of_a_list(items: list[dict[str, Any]], parts: list[str]) -> None:
    text = ",".join(parts)
    wanted = {part.strip().lower() for part in parts}
    chosen = [i for i in items if i["name"] is not None and i["name"].lower() in wanted]
    assert found(items, ("name.in", text)) == ids(chosen)
    others = [item for item in items if id(item) not in ids(chosen)]
    assert found(items, ("name.nin", text)) == ids(others)


@given(items=ITEMS, wanted=st.booleans(), spelling=st.booleans())
def test_booleans_are_words_or_digits(
    items: list[dict[str, Any]], wanted: bool, spelling: bool
) -> None:
    text = str(wanted) if spelling else str(int(wanted))
    assert found(items, ("open", text)) == ids([i for i in items if i["open"] is wanted])
    assert found(items, ("open.neq", text)) == ids([i for i in items if i["open"] is not wanted])


@given(items=ITEMS, moment=DAYS)
def test_a_day_is_all_of_it_and_a_moment_is_that_moment(
    items: list[dict[str, Any]], moment: datetime
) -> None:
    def made(item: dict[str, Any]) -> datetime | None:
        return datetime.fromisoformat(item["made"]) if item["made"] else None

    day = moment.replace(hour=0)
    within = [i for i in items if (at := made(i)) and day <= at < day + timedelta(days=1)]
    assert found(items, ("made.on", f"{day:%Y-%m-%d}")) == ids(within)
    same = [i for i in items if made(i) == moment]
    assert found(items, ("made", moment.isoformat())) == ids(same)
    assert found(items, ("made", str(int(moment.timestamp())))) == ids(same)
    before = [i for i in items if (at := made(i)) and at < moment]
    assert found(items, ("made.before", moment.isoformat())) == ids(before)
    after = [i for i in items if (at := made(i)) and at > moment]
    assert found(items, ("made.after", moment.isoformat())) == ids(after)


@given(items=ITEMS, wanted=WORDS)
def test_one_member_of_a_list_is_enough(items: list[dict[str, Any]], wanted: str) -> None:
    chosen = [i for i in items if any(m["id"].lower() == wanted.lower() for m in i["inputs"])]
    assert found(items, ("inputs.id", wanted)) == ids(chosen)


@given(items=ITEMS, first=WORDS, second=NUMBERS, unknown=WORDS)
def test_terms_narrow_and_unknown_words_do_not(
    items: list[dict[str, Any]], first: str, second: float, unknown: str
) -> None:
    assume(unknown.lower() not in RULES)
    terms = [("name.like", first), ("size.lt", str(second))]
    both = found(items, *terms, (unknown, "x"))
    assert both == [i for i in found(items, terms[0]) if i in found(items, terms[1])]


@given(
    word=st.sampled_from([*RULES, "inputs", ""]),
    operator=st.sampled_from([*sorted(OPERATORS), "", "EQ", "of"]),
    text=st.one_of(st.text(max_size=12), WORDS, NUMBERS.map(str), st.text("()[]*+?{}|\\^$a")),
)
def test_any_term_is_answered_or_refused_with_the_word(word: str, operator: str, text: str) -> None:
    items = [{"name": "a", "size": 1, "open": True, "made": "2018-01-01", "inputs": [{"id": "x"}]}]
    try:
        answer = search(items, RULES, [(f"{word}.{operator}", text)], NOW)
    except ApiError as error:
        answer, refused = [], (error.status, word in error.message)
    else:
        refused = (400, True)
    assert refused == (400, True)
    assert answer in ([], items)


@pytest.fixture(scope="module")
def ada(sandbox: Sandbox) -> Iterator[Http]:
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as session:
        yield session


@given(
    service=st.sampled_from(["systems", "apps", "jobs", "monitors", "notifications", "tags"]),
    word=st.sampled_from(["name", "id.like", "created.lt", "status.in", "public", "storage.port"]),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
)
def test_no_term_breaks_a_listing(ada: Http, service: str, word: str, text: str) -> None:
    answer = ada.get(f"/{service}/v2/", params={word: text})
    assert (answer.status_code, answer.json()["status"]) in {(200, "success"), (400, "error")}
