"""From method and raw path to an operation and its path variables; and back, for links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from agavepy.plan import Plan

_VARIABLE = re.compile(r"\{([^}]+)\}")


class Router:
    """The routes of all plans, most literal path first.

    A trailing slash is optional and a doubled leading one is taken as single, as the gateway did;
    slashes inside a path tail are never collapsed (agave-files ``PathResolver``).
    """

    def __init__(self, plans: Iterable[Plan]) -> None:
        self._plans: dict[tuple[str, str], Plan] = {}
        self._services: set[str] = set()
        self._contexts: dict[str, Plan] = {}
        routes: dict[str, tuple[tuple[int, ...], re.Pattern[str], dict[str, list[Plan]]]] = {}
        for plan in plans:
            self._plans[plan.service, plan.name] = plan
            self._services.add(plan.service)
            self._contexts.setdefault(_context(plan.path), plan)
            rank, pattern = _compile(plan)
            route = routes.setdefault(pattern, (rank, re.compile(pattern), {}))
            route[2].setdefault(plan.method, []).append(plan)
        self._routes = sorted(routes.values(), key=lambda route: route[0])

    def match(
        self, method: str, raw_path: str, content_type: str = ""
    ) -> tuple[Plan | None, dict[str, str], list[str]]:
        """Return the plan (or None), its decoded path variables, and the methods of that path.

        Of several operations with the method, the one that consumes ``content_type`` is meant, or
        else the first.
        """
        path = "/" + raw_path.lstrip("/")
        allowed: list[str] = []
        for _, pattern, methods in self._routes:
            found = pattern.fullmatch(path)
            if not found:
                continue
            plans = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
            if plans:
                plan = next((plan for plan in plans if content_type in plan.consumes), plans[0])
                names = _VARIABLE.findall(plan.path)
                values = (unquote(value) for value in found.groups())
                return plan, dict(zip(names, values, strict=True)), []
            allowed += methods
        return None, {}, sorted(set(allowed))

    def near(self, raw_path: str) -> Plan | None:
        """Return an operation of the service that a path without one would go to; None: to none."""
        return self._contexts.get(_context("/" + raw_path.lstrip("/")))

    def has(self, service: str, operation: str) -> bool:
        """Tell whether an operation is described."""
        return (service, operation) in self._plans

    def path(self, service: str, operation: str, arguments: Mapping[str, Any]) -> str:
        """Return the path, and for other arguments the query, of an operation.

        It is empty when no document describes the service: a tenant links to what it has.
        """
        if service not in self._services:
            return ""
        plan = self._plans[service, operation]
        tails = {item.name for item in plan.parameters if item.tail}
        rest = dict(arguments)

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            return quote(str(rest.pop(name)), safe="/" if name in tails else "")

        path = _VARIABLE.sub(fill, plan.path)
        return f"{path}?{urlencode(rest)}" if rest else path


def _context(path: str) -> str:
    """Return what the gateway chooses a service by: its name and version."""
    return "/".join(path.split("/")[:3])


def _compile(plan: Plan) -> tuple[tuple[int, ...], str]:
    """Return how literal the segments of a path are (0 most), and its pattern."""
    tails = {item.name for item in plan.parameters if item.tail}
    rank: list[int] = []
    pattern = ""
    for segment in plan.path.rstrip("/").split("/")[1:]:
        variable = _VARIABLE.fullmatch(segment)
        if variable is None:
            rank.append(0)
            pattern += "/" + re.escape(segment)
        elif variable[1] in tails:
            rank.append(2)
            pattern += "/(.*)"
        else:
            rank.append(1)
            pattern += "/([^/]+)"
    return tuple(rank), pattern if pattern.endswith("(.*)") else pattern + "/?"
