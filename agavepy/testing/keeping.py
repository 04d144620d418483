"""The generic service: it keeps what it is sent and gives it back, by verb and path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from agavepy.plan import Plan
from agavepy.sandbox.router import Router

_VARIABLE = re.compile(r"\{([^}]+)\}$")
#: Fields by which items are found, in this order, where the path's variable is none of theirs.
_IDS = ("id", "uuid", "name")
#: Names under which lists are cut into pages in query strings of all kinds.
_LIMITS, _OFFSETS = ("limit", "per_page", "pageSize", "size"), ("offset", "skip", "start")


class Asked(NamedTuple):
    """A request: its operation, path variables, query and body (JSON, a form's fields, text)."""

    operation: str
    variables: Mapping[str, str]
    query: Mapping[str, str]
    body: Any


class Refused(Exception):
    """What a service does not do: the caller is told why, with an HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Keeping:
    """Collections of items, by the paths under which callers reach them.

    POST to a collection keeps an item and gives it an id; GET lists the collection, by the terms of
    the query that are fields of items, or reads one item; PUT, PATCH and DELETE replace, change and
    remove it. A path without a variable, to which nothing is POSTed, holds a single thing.
    """

    def __init__(self, plans: Mapping[str, Plan], router: Router) -> None:
        self._plans, self._router = plans, router
        #: The items by the path of their collection and their id, a single thing under "".
        self.items: dict[str, dict[str, Any]] = {}

    def answer(self, plan: Plan, asked: Asked, path: str) -> Any:
        """Return the result of a request at ``path``. Raises Refused 404 for what is not there."""
        path = path.rstrip("/")
        variable = _VARIABLE.search(plan.path.rstrip("/"))
        if variable is not None:
            return self._item(plan, asked, path.rpartition("/")[0], variable[1])
        items = self.items.setdefault(path, {})
        if plan.method == "POST":
            return self._create(path, plan, asked.body)
        if plan.method in {"PUT", "PATCH"}:
            old = items.get("", {}) if plan.method == "PATCH" else {}
            items[""] = {**old, **asked.body} if isinstance(asked.body, dict) else asked.body
        elif plan.method == "DELETE":
            items.clear()
            return None
        if "" in items:
            return items[""]
        if not items and list_field(plan) is None:
            raise Refused(404, f"there is nothing at {path}")
        return _listed(items.values(), asked.query)

    def _item(self, plan: Plan, asked: Asked, collection: str, variable: str) -> Any:
        items = self.items.setdefault(collection, {})
        key, body = asked.variables[variable], asked.body
        if plan.method == "PUT" and key not in items and not self._takes_new(collection):
            return self._create(collection, plan, body, key)
        if key not in items:
            raise Refused(404, f"there is no {key} in {collection}")
        if plan.method == "DELETE":
            del items[key]
            return None
        if plan.method == "PUT" and not isinstance(body, dict):
            items[key] = body
        elif plan.method in {"PUT", "PATCH", "POST"} and isinstance(body, dict):
            name, old = self._id_name(collection), items[key]
            same = {name: old[name]} if isinstance(old, dict) and name in old else {}
            items[key] = {**({} if plan.method == "PUT" else old), **body, **same}
        return items[key]

    def _create(self, collection: str, plan: Plan, body: Any, key: str = "") -> Any:
        items = self.items.setdefault(collection, {})
        name = self._id_name(collection)
        given: Any = body.get(name) if isinstance(body, dict) else None
        if given is None or given == "":
            given = key or self._next_id(items, name)
        item = body
        if isinstance(body, dict):
            item = {name: None, **body}
            item[name] = given
            for field, kind, _ in plan.answer.fields:
                if kind == "date-time" and "." not in field:
                    item.setdefault(field, datetime.now(timezone.utc).isoformat())
        items[str(given)] = item
        return item

    def _next_id(self, items: Mapping[str, Any], name: str) -> Any:
        number = len(items) + 1
        while str(number) in items:
            number += 1
        kinds = {
            kind
            for plan in self._plans.values()
            for field, kind, _ in plan.answer.fields
            if field == name
        }
        return number if kinds & {"integer", "number"} else str(number)

    def _takes_new(self, collection: str) -> bool:
        return self._router.match("POST", collection)[0] is not None

    def _id_name(self, collection: str) -> str:
        """Return the field by which the items of a collection are found."""
        plan, variables, _ = self._router.match("GET", f"{collection}/x")
        fields = {name for name, _, _ in plan.answer.fields} if plan else set()
        names = (*list(variables)[-1:], *_IDS)
        return next((name for name in names if name in fields), "id")


def list_field(plan: Plan) -> str | None:
    """Return the field of an operation's answer that holds a list: "" for the answer itself.

    None where it gives no list.
    """
    answer = plan.answer
    if answer.type.startswith("array") or answer.kind == "envelope":
        return ""
    return next((name for name, kind, _ in answer.fields if kind.startswith("array")), None)


def _listed(items: Iterable[Any], query: Mapping[str, str]) -> list[Any]:
    """Return the items that the query asks for: by field, and by page."""
    found = [item for item in items if _fits(item, query)]
    offset = next((int(query[n]) for n in _OFFSETS if query.get(n, "").isdecimal()), 0)
    limit = next((int(query[n]) for n in _LIMITS if query.get(n, "").isdecimal()), len(found))
    return found[offset : offset + limit]


def _fits(item: Any, query: Mapping[str, str]) -> bool:
    if not isinstance(item, dict):
        return True
    return all(text_of(item[name]) == text for name, text in query.items() if name in item)


def text_of(value: Any) -> str:
    """Return text as it is, and anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
