"""Search terms ``word[.op]=value`` and sorting (agave-common ``SearchTerm`` and its filters)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from dateutil import parser as date_parser
from dateutil.relativedelta import relativedelta

from agavepy.sandbox import patterns
from agavepy.sandbox.errors import ApiError

Rules = Mapping[str, tuple[str, str]]

_OPERATOR_WORDS = "eq on neq lt before lte gt after gte in nin like rlike nlike between"
OPERATORS = frozenset(_OPERATOR_WORDS.split())
_ALIASES = {"on": "eq", "before": "lt", "after": "gt"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: "2 days ago", "an hour from now"
_AWAY = re.compile(
    r"(\d+|an?)\s+(second|minute|hour|day|week|month|year)s?\s+(ago|from now)", re.IGNORECASE
)
_NAMED_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}


def value_of(item: Any, field: str) -> Any:
    """Return what a dotted field of ``item`` holds; a list gives the values of its members."""
    for step in field.split("."):
        if isinstance(item, list):
            item = [member.get(step) for member in item if isinstance(member, dict)]
        elif isinstance(item, dict):
            item = item.get(step)
        else:
            return None
    return item


def search(
    items: Iterable[dict[str, Any]], rules: Rules, query: list[tuple[str, str]], now: float
) -> list[dict[str, Any]]:
    """Return the items that match every term of ``query``; words that no rule knows are ignored.

    Raises ApiError 400 for a value of the wrong type or an operator that the type does not have.
    """
    known = {word.lower(): rule for word, rule in rules.items()}
    tests: list[tuple[str, Callable[[Any], bool]]] = []
    for key, text in query:
        word, operator = key.lower(), "eq"
        if word not in known and "." in word:
            word, _, operator = word.rpartition(".")
        if word in known and operator in OPERATORS:
            kind, field = known[word]
            tests.append((field, _test(word, kind, _ALIASES.get(operator, operator), text, now)))
    return [item for item in items if all(test(value_of(item, field)) for field, test in tests)]


def order(
    items: list[dict[str, Any]], rules: Rules, by: str, direction: str
) -> list[dict[str, Any]]:
    """Return the items sorted by a search word or field, DESC unless ``direction`` is ASC….

    Items alike stay as they came, oldest first, when ascending; descending is that turned round, so
    that what was created within one millisecond is still listed newest first.
    """
    kinds = {field: kind for kind, field in rules.values()}
    known = {word.lower(): field for word, (_, field) in rules.items()}
    field = known.get(by.lower(), by)
    dated = kinds.get(field) == "date"

    def key(item: dict[str, Any]) -> tuple[int, Any]:
        value = value_of(item, field)
        if isinstance(value, bool | int | float):
            return (1, value)
        if dated and isinstance(value, str):  # as text, the hour in which summer ends comes twice
            return (1, datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp())
        return (0, "") if value is None else (2, str(value).lower())

    found = sorted(items, key=key)
    return found if direction.upper().startswith("ASC") else found[::-1]


def _test(word: str, kind: str, operator: str, text: str, now: float) -> Callable[[Any], bool]:
    if kind == "date" and operator in {"in", "nin", "like", "nlike", "rlike"}:
        raise ApiError(400, f"Operator {operator} is not supported for date field {word}")
    if kind == "boolean" and operator not in {"eq", "neq"}:
        raise ApiError(400, f"Operator {operator} is not supported for boolean field {word}")
    if operator in {"like", "nlike", "rlike"}:
        test = _matches(word, operator, text)
    elif operator in {"in", "nin"}:
        wanted = [_convert(word, kind, part.strip(), now) for part in text.split(",")]
        test = lambda value: _plain(kind, value, now) in wanted  # noqa: E731
    elif operator == "between":
        low, comma, high = text.partition(",")
        if not comma:
            raise ApiError(400, f"Invalid range for {word}: give two values with a comma between")
        bounds = _convert(word, kind, low.strip(), now), _convert(word, kind, high.strip(), now)
        test = _compares(kind, now, lambda value: bool(bounds[0] <= value <= bounds[1]))
    else:
        test = _compare(word, kind, operator, text, now)
    if operator in {"neq", "nin", "nlike"}:
        return lambda value: not _any(test, value)
    return lambda value: _any(test, value)


def _any(test: Callable[[Any], bool], value: Any) -> bool:
    return any(test(member) for member in value) if isinstance(value, list) else test(value)


def _matches(word: str, operator: str, text: str) -> Callable[[Any], bool]:
    if operator == "rlike":
        try:
            patterns.check(text)
            pattern = re.compile(text, re.IGNORECASE)
        except re.error as error:
            raise ApiError(
                400, f"Invalid regular expression for {word}: {text}: {error}"
            ) from error
        return lambda value: value is not None and pattern.search(str(value)) is not None
    glob = patterns.glob(text, re.IGNORECASE)
    return lambda value: value is not None and glob.fullmatch(str(value)) is not None


def _compare(word: str, kind: str, operator: str, text: str, now: float) -> Callable[[Any], bool]:
    wanted = _convert(word, kind, text, now)
    is_day = _DAY.fullmatch(text) or text.strip().lower() in _NAMED_DAYS
    if kind == "date" and operator in {"eq", "neq"} and is_day:
        day = timedelta(days=1)
        return _compares(kind, now, lambda value: bool(timedelta(0) <= value - wanted < day))
    compare: dict[str, Callable[[Any], bool]] = {
        "eq": lambda value: bool(value == wanted),
        "neq": lambda value: bool(value == wanted),
        "lt": lambda value: bool(value < wanted),
        "lte": lambda value: bool(value <= wanted),
        "gt": lambda value: bool(value > wanted),
        "gte": lambda value: bool(value >= wanted),
    }
    return _compares(kind, now, compare[operator])


def _compares(kind: str, now: float, test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return ``test`` over values as the type of the field has them; None matches nothing."""

    def check(value: Any) -> bool:
        plain = _plain(kind, value, now)
        return plain is not None and test(plain)

    return check


def _plain(kind: str, value: Any, now: float) -> Any:
    if value is None:
        return None
    try:
        return _convert("", kind, value if isinstance(value, str) else str(value), now)
    except ApiError:
        return None


def _convert(word: str, kind: str, text: str, now: float) -> Any:
    if kind == "number":
        try:
            return float(text)
        except ValueError as error:
            raise ApiError(400, f"Invalid number for {word}: {text}") from error
    if kind == "boolean":
        if text.lower() in {"true", "1"}:
            return True
        if text.lower() in {"false", "0"}:
            return False
        raise ApiError(400, f"Invalid boolean for {word}: {text}")
    return _date(word, text, now) if kind == "date" else text.lower()


def _date(word: str, text: str, now: float) -> datetime:
    """Parse ISO dates, days, epoch (seconds or milliseconds), "today" and "2 days ago"."""
    try:
        return _moment(text, now)
    except (ValueError, OverflowError, OSError) as error:
        raise ApiError(400, f"Invalid date for {word}: {text:.80}") from error


def _moment(text: str, now: float) -> datetime:
    present = datetime.fromtimestamp(now, timezone.utc)
    today = present.replace(hour=0, minute=0, second=0, microsecond=0)
    word = text.strip().lower()
    if word == "now":
        return present
    if word in _NAMED_DAYS:
        return today + timedelta(days=_NAMED_DAYS[word])
    away = _AWAY.fullmatch(word)
    if away:
        count = int(away[1]) if away[1].isdigit() else 1
        span = relativedelta(**{f"{away[2]}s": count})  # type: ignore[arg-type]
        return present - span if away[3] == "ago" else present + span
    if text.isdigit() and len(text) > 8:
        epoch = int(text)
        return datetime.fromtimestamp(epoch / 1000 if epoch > 10**11 else epoch, timezone.utc)
    moment = date_parser.parse(text, default=today.replace(tzinfo=None))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
