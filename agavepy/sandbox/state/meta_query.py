"""Queries over metadata in the language of MongoDB, and projections.

mongomock compares as MongoDB does where mongoquery does not: members of arrays, null and missing
fields, ``$not`` and ``$regex`` with ``$options``. It is imported with the first query.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote_plus

from dateutil import parser as date_parser

from agavepy.sandbox import patterns
from agavepy.sandbox.errors import ApiError

Document = dict[str, Any]

#: Fields that are dates in the database, which a query gives as text.
_DATES = frozenset({"created", "lastUpdated"})
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: A ``*`` is a wildcard; in a regular expression's ``.*`` it is one too.
_WILDCARD = re.compile(r"\.?\*")
#: Operators whose operands are lists of queries.
#: Levels of a query, as MongoDB bounds them: Pythons differ in what their stacks stand.
_DEEPEST = 100
_LOGICAL = frozenset({"$and", "$or", "$nor"})
#: Operators whose operands are values to compare with, or conditions on the same value.
_COMPARING = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$not", "$all"})


def compiled(text: str) -> Callable[[Document], bool]:
    """Return the test that the value of ``q`` is, as the gateway passed it: decoded once.

    The service decodes it again (agave-metadata MetadataCollection). Raises ApiError 400 for what
    is no query of MongoDB.
    """
    try:
        condition = _prepared(_parse(text))
    except RecursionError as error:
        raise _malformed("nested too deeply") from error
    matches, refusals = _matcher(), _refusals()

    def test(item: Document) -> bool:
        try:
            return matches(condition, _stored(item))
        except refusals as error:
            raise _malformed(str(error)) from error

    test({})  # a query that cannot be is refused over nothing as well
    return test


def projected(items: Iterable[Document], names: str) -> list[Document]:
    """Return items cut down to comma-separated dotted fields, those with nothing left taken out."""
    tree: Document = {}
    for name in names.split(","):
        branch = tree
        for step in filter(None, name.strip().split(".")):
            branch = branch.setdefault(step, {})
    return [cut for cut in (_cut(item, tree) for item in items) if cut]


def _cut(node: Any, tree: Document) -> Any:
    if not tree:
        return node
    if isinstance(node, list):
        return [_cut(member, tree) for member in node if isinstance(member, dict | list)]
    return {
        name: _cut(value, tree[name])
        for name, value in node.items()
        if name in tree and (not tree[name] or isinstance(value, dict | list))
    }


def _parse(text: str) -> Document:
    broken = _BROKEN_ESCAPE.search(text)
    if broken is not None:
        raise _malformed("q is decoded twice, so encode a literal % twice")
    text = unquote_plus(text)
    try:
        query = json.loads(text)
    except ValueError as error:
        # MongoDB's parser takes single quotes, and programs send str(dict).
        try:
            query = json.loads(json.dumps(ast.literal_eval(text.strip())))
        except (ValueError, TypeError, SyntaxError, MemoryError):
            raise _malformed(str(error)) from error
    if not isinstance(query, dict):
        raise _malformed(f"{query!r:.80} is not an object")
    level: list[Any] = [query]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise _malformed("nested too deeply")
    return query


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _prepared(query: Document, dates: frozenset[str] = _DATES) -> Document:
    """Return a query with its wildcards as patterns and texts of ``dates`` as dates."""
    parts = [_part(name, value, dates) for name, value in query.items()]
    return {"$and": parts} if len(parts) > 1 else parts[0] if parts else {}


def _part(name: str, value: Any, dates: frozenset[str]) -> Document:
    """Return one condition of a query.

    mongomock finds nothing below a value without fields, where MongoDB finds a field missing.
    """
    if name in _LOGICAL and isinstance(value, list):
        if not value or not all(isinstance(member, dict) for member in value):
            raise _malformed(f"{name} takes queries")
        return {name: [_prepared(member, dates) for member in value]}
    if name.startswith("$"):
        return {name: value}
    value = _operand(value, name in dates)
    if value is None or value == {"$eq": None}:
        return {"$or": [{name: value}, {name: {"$exists": False}}]}
    if isinstance(value, dict) and "$not" in value:
        without = {"$nor": [{name: value.pop("$not")}]}
        return {"$and": [without, {name: value}]} if value else without
    return {name: value}


def _operand(value: Any, is_date: bool) -> Any:
    """Return what a field is compared with, or the operators on it; sub-documents as they are."""
    if isinstance(value, str):
        return _text(value, is_date)
    if isinstance(value, list):
        return [_operand(member, is_date) for member in value]
    if not isinstance(value, dict) or not any(name.startswith("$") for name in value):
        return value
    if set(value) == {"$date"}:
        moment = _date(value["$date"])
        if moment is None:
            raise _malformed(f"{value['$date']!r} is not a date")
        return moment
    _check(value)
    return {name: _applied(name, operand, is_date) for name, operand in value.items()}


def _applied(operator: str, operand: Any, is_date: bool) -> Any:
    if operator == "$elemMatch":
        fields = not any(key.startswith("$") and key not in _LOGICAL for key in operand)
        return _prepared(operand, frozenset()) if fields else _operand(operand, False)
    return _operand(operand, is_date) if operator in _COMPARING else operand


def _check(operators: Document) -> None:
    """Refuse what mongomock would see only where a field has a value."""
    if "$regex" in operators:
        flags = str(operators.get("$options", ""))
        try:
            patterns.check(operators["$regex"])
        except (re.error, TypeError) as error:
            raise _malformed(f"$regex: {error}") from error
        if set(flags) - set("imsx"):
            raise _malformed(f"$options are of i, m, s and x, not {flags!r}")
    if not isinstance(operators.get("$elemMatch", {}), dict):
        raise _malformed("$elemMatch takes an object")
    if "$not" in operators and not isinstance(operators["$not"], dict):
        text = operators["$not"]
        if not isinstance(text, str) or "*" not in text:
            raise _malformed("$not takes operators or a text with a wildcard")


def _text(text: str, is_date: bool) -> Any:
    """Return what a text is compared as: a pattern, a date, or the text."""
    if "*" in text:
        return patterns.glob(_WILDCARD.sub("*", text))
    return (_date(text) if is_date else None) or text


def _stored(item: Document) -> Document:
    return {
        name: _date(value) or value if name in _DATES else value for name, value in item.items()
    }


def _date(value: Any) -> datetime | None:
    """Return a date in UTC and without a zone, as the database has them; None for no date."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value / 1000, timezone.utc)
        else:
            moment = date_parser.isoparse(value)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment


def _matcher() -> Callable[[Any, Document], bool]:
    from mongomock import filtering

    applies: Callable[[Any, Document], Any] = filtering.filter_applies
    return lambda condition, item: bool(applies(condition, item))


def _refusals() -> tuple[type[Exception], ...]:
    """Return what mongomock raises about a query that is none, or that it cannot do."""
    from mongomock import OperationFailure

    return (
        OperationFailure, NotImplementedError, TypeError, ValueError, AttributeError, KeyError,
        RecursionError, re.error,
    )  # fmt: skip


def _malformed(why: str) -> ApiError:
    return ApiError(400, f"Malformed JSON Query: {why}")
