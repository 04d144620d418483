"""Systems to have events of, subscriptions to them, and web hooks that keep what they are told."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import Http
from tests.sandbox.answers import result
from tests.sandbox.systems_support import new_id, storage_system
from tests.unit.loopback import Loopback

Document = dict[str, Any]
COLLECTION = "/notifications/v2/"


def system(http: Http) -> Document:
    """Register a system of the user's own, whose events are to be told of."""
    return dict(result(http.post("/systems/v2/", json=storage_system(new_id("told"))), 201))


def change(http: Http, of: Document) -> None:
    """Make the event DISABLED happen to a system."""
    result(http.put(f"/systems/v2/{of['id']}", json={"action": "disable"}))


def add(http: Http, url: str, uuid: str, event: str = "*", **fields: Any) -> Document:
    """Subscribe an address to events of a resource."""
    body = {"url": url, "associatedUuid": uuid, "event": event, **fields}
    return dict(result(http.post(COLLECTION, json=body), 201))


def get(http: Http, notification: Document) -> Document:
    """Return a notification as it now is."""
    return dict(result(http.get(f"{COLLECTION}{notification['id']}")))


def attempts(http: Http, notification: Document) -> list[Document]:
    """Return the attempts of a notification, newest first."""
    return list(result(http.get(f"{COLLECTION}{notification['id']}/attempts")))


def told(hook: Loopback) -> list[tuple[str, Document]]:
    """Return the path and the document of each message that a web hook got."""
    return [(s.target, json.loads(s.body)) for s in hook.requests if s.method == "POST"]
