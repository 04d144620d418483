"""Queries over metadata against a plain reading of MongoDB's rules, over all kinds of documents."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mongomock import filtering

from agavepy.sandbox import Sandbox
from agavepy.sandbox.state import meta_query
from tests.conftest import Http
from tests.sandbox.answers import result
from tests.sandbox.meta_support import DATA, SCHEMAS, new_name

#: Few letters and numbers, so that what is looked for is often there.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.5, 1.5]),
    st.text("ab", max_size=2),
)
FIELDS = st.sampled_from(["a", "b"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=2),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(FIELDS, VALUES, max_size=2)
PATHS = st.lists(FIELDS, min_size=1, max_size=2).map(".".join)
CONDITIONS = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=2),
    st.fixed_dictionaries(
        {},
        optional={
            "$eq": SCALARS, "$ne": SCALARS, "$gt": st.integers(-2, 2),
            "$gte": st.text("ab", max_size=1), "$mod": st.tuples(st.just(2), st.integers(-1, 1)),
            "$lt": st.sampled_from([0.5, 2]), "$lte": st.integers(-2, 2),
            "$in": st.lists(SCALARS, max_size=3), "$nin": st.lists(SCALARS, max_size=3),
            "$exists": st.booleans(), "$size": st.integers(0, 3),
            "$all": st.lists(SCALARS, max_size=2),
            "$regex": st.sampled_from(["a", "^a", "b$", "^$"]),
        },
    ).filter(len),
)  # fmt: skip
QUERIES = st.recursive(
    st.dictionaries(PATHS, CONDITIONS, max_size=2),
    lambda inner: st.builds(
        lambda word, members: {word: members},
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=3,
)
MISSING = object()


def holds(document: Any, query: dict[str, Any]) -> bool:
    """Tell whether a query holds, as the manual of MongoDB says."""
    for name, condition in query.items():
        if name == "$and":
            held = all(holds(document, member) for member in condition)
        elif name == "$or":
            held = any(holds(document, member) for member in condition)
        elif name == "$nor":
            held = not any(holds(document, member) for member in condition)
        else:
            held = matches([*reached(document, name.split("."))], condition)
        if not held:
            return False
    return True


def reached(node: Any, steps: list[str]) -> Iterator[Any]:
    """Yield what a dotted path leads to: through each member of a list that is a document."""
    if not steps:
        yield node
    elif isinstance(node, list):
        for member in node:
            if isinstance(member, dict):
                yield from reached(member, steps)
    elif isinstance(node, dict) and steps[0] in node:
        yield from reached(node[steps[0]], steps[1:])
    else:
        yield MISSING


def matches(found: list[Any], condition: Any) -> bool:
    """Tell whether what a path leads to meets a value or each of several operators."""
    if not isinstance(condition, dict) or not condition:
        return OPERATORS["$eq"](found, condition)
    return all(OPERATORS[name](found, operand) for name, operand in condition.items())


def members(found: list[Any]) -> list[Any]:
    """Return what is compared: each value, and each member of one that is a list."""
    return [*found, *(m for value in found if isinstance(value, list) for m in value)]


def same(value: Any, wanted: Any) -> bool:
    """Compare as MongoDB does: 1 is 1.0, and true is no 1."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(same, value, wanted))
    return type(value) is not object and bool(value == wanted)


def equals(found: list[Any], wanted: Any) -> bool:
    # A path through a list without documents leads nowhere (null_query_semantics.js of MongoDB).
    if wanted is None and MISSING in found:
        return True
    return any(same(value, wanted) for value in members(found))


def orders(compare: Callable[[Any, Any], bool]) -> Callable[[list[Any], Any], bool]:
    """Compare numbers with numbers and texts with texts: others have no order."""

    def kind(value: Any) -> str:
        if isinstance(value, bool):
            return "boolean"
        return "number" if isinstance(value, int | float) else type(value).__name__

    return lambda found, wanted: any(
        kind(value) == kind(wanted) and compare(value, wanted) for value in members(found)
    )


OPERATORS: dict[str, Callable[[list[Any], Any], bool]] = {
    "$eq": equals,
    "$ne": lambda found, wanted: not equals(found, wanted),
    "$gt": orders(lambda value, wanted: bool(value > wanted)),
    "$gte": orders(lambda value, wanted: bool(value >= wanted)),
    "$lt": orders(lambda value, wanted: bool(value < wanted)),
    "$lte": orders(lambda value, wanted: bool(value <= wanted)),
    "$in": lambda found, wanted: any(equals(found, one) for one in wanted),
    "$nin": lambda found, wanted: not any(equals(found, one) for one in wanted),
    "$exists": lambda found, wanted: any(value is not MISSING for value in found) is wanted,
    "$all": lambda found, wanted: bool(wanted) and all(equals(found, one) for one in wanted),
    "$mod": lambda found, pair: any(
        type(v) in {int, float} and math.fmod(int(v), pair[0]) == pair[1] for v in members(found)
    ),
    "$size": lambda found, size: any(isinstance(v, list) and len(v) == size for v in found),
    "$regex": lambda found, wanted: any(
        isinstance(value, str) and re.search(wanted, value) is not None for value in members(found)
    ),
}  # fmt: skip


@given(document=DOCUMENTS, query=QUERIES)
def test_a_query_holds_where_mongodb_says_so(document: Any, query: dict[str, Any]) -> None:
    assert meta_query.compiled(quote(json.dumps(query)))(document) is holds(document, query)


def plain(value: Any) -> bool:
    """Tell whether mongomock takes a value as MongoDB does: it has trouble with these."""
    if isinstance(value, dict):
        return not value.keys() & {"$size", "$mod", "$all"} and all(map(plain, value.values()))
    return all(map(plain, value)) if isinstance(value, list) else type(value) in {int, float, str}


@given(document=DOCUMENTS.filter(plain), query=QUERIES.filter(plain))
def test_a_query_holds_where_mongomock_says_so(document: Any, query: dict[str, Any]) -> None:
    applies: Callable[[Any, Any], Any] = filtering.filter_applies
    wanted = bool(applies(query, document))
    assert meta_query.compiled(quote(json.dumps(query)))(document) is wanted


@given(document=DOCUMENTS, path=PATHS, condition=CONDITIONS)
def test_not_is_the_opposite_of_what_it_denies(document: Any, path: str, condition: Any) -> None:
    operators = condition if isinstance(condition, dict) else {"$eq": condition}
    met = meta_query.compiled(quote(json.dumps({path: operators})))(document)
    assert meta_query.compiled(quote(json.dumps({path: {"$not": operators}})))(document) is not met


@given(document=DOCUMENTS, condition=CONDITIONS)
def test_an_element_meets_what_its_array_is_asked_for(document: Any, condition: Any) -> None:
    query = {"a": {"$elemMatch": {"b": condition}}}
    found = document.get("a")
    wanted = isinstance(found, list) and any(
        isinstance(member, dict) and holds(member, {"b": condition}) for member in found
    )
    assert meta_query.compiled(quote(json.dumps(query)))(document) is wanted


@pytest.fixture(scope="module")
def ada(sandbox: Sandbox) -> Iterator[Http]:
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as session:
        result(session.post(DATA, json={"name": new_name(), "value": {"a": [{"b": 1}]}}), 201)
        yield session


WORDS = ["$and", "$or", "$nor", "$not", "$eq", "$ne", "$gt", "$in", "$nin", "$all", "$size", "$mod",
         "$type", "$regex", "$options", "$elemMatch", "$exists", "$date", "$comment", "$where",
         "$expr", "$foo"]  # fmt: skip
NAMES = st.sampled_from([*WORDS, "a", "value.a", "value.a.0.b", "created", "", ".", "a..b", "name"])
ODD = st.sampled_from([float("inf"), float("nan"), 1 << 80, "*", "(", "2020-01-01", "\ud800", "%"])
ANYTHING = st.recursive(
    SCALARS | ODD,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=6,
)


@given(query=st.dictionaries(NAMES, ANYTHING, max_size=2) | ANYTHING)
def test_whatever_is_asked_is_answered_or_refused(ada: Http, query: Any) -> None:
    for address in (DATA, SCHEMAS):
        answer = ada.get(address, params={"q": quote(json.dumps(query))})
        assert answer.status_code in {200, 400}, answer.text
        if answer.status_code == 400:
            assert answer.json()["message"].startswith("Malformed JSON Query")


@given(text=st.text(max_size=30))
def test_no_text_of_a_query_breaks_the_service(ada: Http, text: str) -> None:
    answer = ada.get(DATA, params={"q": text.encode(errors="replace")})
    assert answer.status_code in {200, 400}, answer.text
