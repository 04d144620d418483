"""Searching actors, executions, workers and logs (Abaco ``models.py``, ``Search``).

Terms are ``field[.operator]=value`` over the fields as answers show them, in camel or snake case. A
value is what it reads as: true, false, none, a number, JSON, or text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

from dateutil import parser as date_parser

from agavepy.sandbox import patterns
from agavepy.sandbox.call import Call
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.search import value_of

Item = dict[str, Any]
Test = Callable[[Any], bool]

_OPERATOR_WORDS = "eq neq lt lte gt gte in nin like nlike between"
OPERATORS = frozenset(_OPERATOR_WORDS.split())
DEFAULT_LIMIT = 100
_WORDS = frozenset({"limit", "skip", "search", "exactsearch"})
_CREDENTIAL = "x-nonce"
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_LITERALS = {"true": True, "false": False, "none": None}
_DATE_FIELD = re.compile(r".*(Time|StartedAt|FinishedAt)")


def search(call: Call, items: Iterable[Item]) -> Item | None:
    """Return what a call's terms find among the items, or None when it brings no term.

    Raises ApiError 500, Abaco's code for it, for a value that an operator cannot take.
    """
    terms = [(name, text) for name, text in call.query if name != _CREDENTIAL]
    return find(call, items) if terms else None


def find(call: Call, items: Iterable[Item]) -> Item:
    """Return what a call's terms find: ``_metadata`` and, in ``search``, the items."""
    limit, skip = int(call.args.get("limit", DEFAULT_LIMIT)), int(call.args.get("skip", 0))
    if limit < 0 or skip < 0:
        raise ApiError(500, f"Invalid search: limit={limit} and skip={skip} cannot be negative.")
    tests = [
        _term(name, text) for name, text in call.query if name not in _WORDS and name != _CREDENTIAL
    ]
    for name, words in (("search", _any_word), ("exactsearch", _phrase)):
        if call.args.get(name):
            tests.append(words(str(call.args[name])))
    found = [item for item in items if all(test(item) for test in tests)]
    page = found[skip : skip + limit]
    metadata = {
        "totalCount": len(found),
        "recordsSkipped": skip,
        "recordLimit": limit,
        "countReturned": len(page),
    }
    return {"_metadata": metadata, "search": page}


def _any_word(text: str) -> Test:
    wanted = set(re.findall(r"\w+", text.lower()))
    return lambda item: not wanted.isdisjoint(re.findall(r"\w+", _texts(item).lower()))


def _phrase(text: str) -> Test:
    wanted = text.lower()
    return lambda item: wanted in _texts(item).lower()


def _texts(value: Any) -> str:
    """Return the texts within an item, its links aside, one a line."""
    if isinstance(value, dict):
        return "\n".join(_texts(child) for key, child in value.items() if key != "_links")
    if isinstance(value, list):
        return "\n".join(_texts(child) for child in value)
    return value if isinstance(value, str) else ""


def _term(key: str, text: str) -> Test:
    name, dot, operator = key.rpartition(".")
    if not dot or operator not in OPERATORS:
        name, operator = key, "eq"
    first, dot, rest = name.partition(".")
    # The names of Abaco's store are snake_case, those of its answers camelCase.
    words = first.split("_")
    if words[0]:
        first = words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])
    field = first + dot + rest
    test = _operation(key, operator, text, bool(_DATE_FIELD.fullmatch(field)))
    return lambda item: _holds(test, operator, value_of(item, field))


def _holds(test: Test, operator: str, value: Any) -> bool:
    """Test a value; of a list the whole or a member has to do, for a negation all of them."""
    values = [value, *value] if isinstance(value, list) else [value]
    every = operator in {"neq", "nin", "nlike"}
    return all(map(test, values)) if every else any(map(test, values))


def _operation(key: str, operator: str, text: str, is_date: bool) -> Test:
    read = _date_reader(key) if is_date else _plain
    if operator in {"like", "nlike"}:
        pattern = _pattern(key, text)
        wanted = operator == "like"
        return lambda value: (isinstance(value, str) and bool(pattern.search(value))) is wanted
    if operator in {"in", "nin"}:
        members = [read(member) for member in _array(key, text)]
        wanted = operator == "in"
        return lambda value: any(_same(_seen(value, is_date), one) for one in members) is wanted
    if operator == "between":
        low, comma, high = text.partition(",")
        if not comma:
            raise _bad(key, text, "give two values with a comma between")
        bounds = read(low.strip()), read(high.strip())
        return lambda value: (
            _compare(">=", value, bounds[0], is_date) and _compare("<=", value, bounds[1], is_date)
        )
    other = read(text)
    if operator in {"eq", "neq"}:
        equal = operator == "eq"
        return lambda value: _same(_seen(value, is_date), other) is equal
    sign = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}[operator]
    return lambda value: _compare(sign, value, other, is_date)


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}


def _compare(sign: str, value: Any, other: Any, is_date: bool) -> bool:
    seen = _seen(value, is_date)
    return _kind(seen) == _kind(other) != "null" and _SIGNS[sign](seen, other)


def _same(value: Any, other: Any) -> bool:
    return _kind(value) == _kind(other) and bool(value == other)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _seen(value: Any, is_date: bool) -> Any:
    """Return a value of an item for comparing; a date that never was is null."""
    if not is_date or not isinstance(value, str):
        return value
    # Abaco writes Z for the last three digits when these are zeros.
    try:
        return _moment(value.replace("Z", "000") if "." in value else value)
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> datetime:
    moment = date_parser.parse(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _date_reader(key: str) -> Callable[[Any], Any]:
    def read(text: Any) -> Any:
        if text is None or str(text).lower() == "none":
            return None
        try:
            return _moment(str(text))
        except (ValueError, OverflowError) as error:
            raise _bad(key, str(text), "it is no ISO 8601 date") from error

    return read


def _plain(text: Any) -> Any:
    """Return what a text reads as."""
    if not isinstance(text, str):
        return text
    if text.lower() in _LITERALS:
        return _LITERALS[text.lower()]
    if _NUMBER.fullmatch(text):
        return float(text) if set(text) & set(".eE") else int(text)
    if text[:1] in {"{", "[", '"'}:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _array(key: str, text: str) -> list[Any]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(key, text, 'give a JSON array such as ["a", "b"]') from error
    if not isinstance(members, list):
        raise _bad(key, text, 'give a JSON array such as ["a", "b"]')
    return members


def _pattern(key: str, text: str) -> re.Pattern[str]:
    try:
        patterns.check(text)
        return re.compile(text)
    except re.error as error:
        raise _bad(key, text, f"it is no regular expression: {error}") from error


def _bad(key: str, text: str, why: str) -> ApiError:
    return ApiError(500, f"Invalid search {key}={text}: {why}.")
