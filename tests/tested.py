"""The count of operations: described, handled by the sandbox, and tested with it.

An operation is tested when one test was answered well and one was refused, each with a status that
its document has. A plain session (``Http`` of conftest.py) hands its answers to :func:`watch`; one
counts when the test has read its status, in a test that passed. The records travel with the reports
of tests, from the processes of ``-n`` too, and are counted when all is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests

from agavepy import loader
from agavepy.sandbox import registry
from agavepy.sandbox.router import Router
from tests.contract.described import EVERY, Described

ANSWERED, REFUSED, TURNED_AWAY = "answered", "refused", "turned away"
#: What the running test has seen: one of the words above, the id of an operation and a status.
seen: set[tuple[str, str, int]] = set()

#: What cannot be answered well, as on the servers.
NEVER_WELL = {
    "admin.updateAccount": "the servers route no PUT to an account (admin-apis)",
    "files.downloadHome": "a home directory is no file (agave-files answers 501)",
    "files.downloadHomeFromDefaultSystem": "a home directory is no file (agave-files answers 501)",
    "transforms.transformAndStage": "no encoder has been deployed since transforms are deprecated",
}
#: The gateway's: no service says it of one operation.
_GATEWAY = {429}


class Watched(requests.Response):
    """An answer that is seen when its status is read."""

    @property
    def status_code(self) -> int:  # type: ignore[override]
        """Return the status, and see the answer."""
        status: int = vars(self)["status_code"]
        kind, name = _kind(self, status), _operation(self.request)
        if kind and name:
            seen.add((kind, name, status))
        return status


def watch(response: requests.Response) -> requests.Response:
    """Return an answer that counts when a test reads its status."""
    response.__class__ = Watched
    return response


@dataclass(frozen=True)
class Count:
    """How many operations there are, and the faults of those that are not tested."""

    described: int
    handled: int
    tested: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"described: {self.described}, handled: {self.handled}, tested: {self.tested}"


def count(records: Iterable[tuple[str, Any]]) -> Count:
    """Count what tests that passed have recorded: words as :data:`seen` has, and the rest."""
    statuses: dict[str, dict[str, set[int]]] = {ANSWERED: {}, REFUSED: {}, TURNED_AWAY: {}}
    for kind, found in records:
        if kind in statuses:
            name, status = found
            statuses[kind].setdefault(name, set()).add(status)
    faults = {operation.id: [*_faults(operation, statuses)] for operation in EVERY}
    handlers, _, _ = registry.load()
    handled = {f"{service}.{name}" for service, name in handlers} & set(faults)
    told = [f"{name}: {text}" for name, texts in faults.items() for text in texts]
    told += [f"{name}: nothing handles it" for name in faults if name not in handled]
    return Count(len(faults), len(handled), sum(not texts for texts in faults.values()), (*told,))


def _faults(operation: Described, statuses: Mapping[str, Mapping[str, set[int]]]) -> Iterable[str]:
    described = set(operation.responses) - _GATEWAY
    refusals = {status for status in described if 400 <= status < 500 or status == 501}
    words = [REFUSED]
    if refusals <= {401}:
        words.append(TURNED_AWAY)  # all who are logged in may, and no argument can be wrong
    good = statuses[ANSWERED].get(operation.id, set()) & described
    bad = {status for word in words for status in statuses[word].get(operation.id, ())} & refusals
    if operation.id in NEVER_WELL:
        if good:
            yield "it was answered well: take it out of NEVER_WELL"
    elif not good:
        yield "no test was answered well"
    if refusals and not bad:
        yield "no test was refused"


def _kind(response: requests.Response, status: int) -> str:
    if status < 400:
        return ANSWERED
    if status >= 500 and status != 501:
        return ""
    if response.request.method == "HEAD":
        return REFUSED
    try:
        body = response.json()
    except ValueError:
        return REFUSED if response.text.strip() else ""  # a page, or the words of a naked answer
    if not isinstance(body, dict):
        return ""
    if "fault" in body:
        return TURNED_AWAY
    return REFUSED if body.get("message") or body.get("error_description") else ""


def _operation(request: requests.PreparedRequest) -> str:
    path = request.path_url.partition("?")[0]
    kind = str(request.headers.get("Content-Type") or "").partition(";")[0]
    plan, _, _ = _router().match(str(request.method), path, kind)
    return plan.id if plan else ""


@cache
def _router() -> Router:
    services = map(loader.service_plan, loader.services())
    return Router(plan for service in services for plan in service.values())
