"""The queries and projections of the metadata service: how they are written and what is meant."""

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
from agavepy.sandbox.state import meta_match
from agavepy.sandbox.state.meta_match import Document, malformed

#: Fields that are dates in the database, which a query gives as text.
_DATES = frozenset({"created", "lastUpdated"})
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: A ``*`` is a wildcard; in a regular expression's ``.*`` it is one too.
_WILDCARD = re.compile(r"\.?\*")
#: Levels of a query, as MongoDB bounds them: Pythons differ in what their stacks stand.
_DEEPEST = 100


def compiled(text: str) -> Callable[[Document], bool]:
    """Return the test that the value of ``q`` is, as the gateway passed it: decoded once.

    The service decodes it again (agave-metadata MetadataCollection). Raises ApiError 400 for what
    is no query of MongoDB.
    """
    try:
        query = _parse(text)
    except RecursionError as error:
        raise malformed("nested too deeply") from error
    matches = meta_match.compiled(query, _literal)
    return lambda item: matches(_stored(item))


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
        raise malformed("q is decoded twice, so encode a literal % twice")
    text = unquote_plus(text)
    try:
        query = json.loads(text)
    except ValueError as error:
        # MongoDB's parser takes single quotes, and programs send str(dict).
        try:
            query = json.loads(json.dumps(ast.literal_eval(text.strip())))
        except (ValueError, TypeError, SyntaxError, MemoryError):
            raise malformed(str(error)) from error
    if not isinstance(query, dict):
        raise malformed(f"{query!r:.80} is not an object")
    level: list[Any] = [query]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise malformed("nested too deeply")
    return query


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _literal(field: str, value: Any) -> Any:
    """Return what a value of a query is compared as: a pattern, a date, or what it is."""
    if isinstance(value, str) and "*" in value:
        return patterns.glob(_WILDCARD.sub("*", value))
    if isinstance(value, dict) and set(value) == {"$date"}:
        moment = _date(value["$date"])
        if moment is None:
            raise malformed(f"{value['$date']!r} is not a date")
        return moment
    is_date = isinstance(value, str) and field in _DATES
    return (_date(value) if is_date else None) or value


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
