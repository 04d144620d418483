"""Holding things in their states through the control door, for the tests of the kinds."""

from __future__ import annotations

from typing import Any

from tests.conftest import Http
from tests.sandbox.jobs_support import HELLO, submit

#: Seconds that a slow machine may need for what others do at once.
PATIENCE_S = 30
COUNT = {"parameters": {"mode": "lines"}, "inputs": {"file": HELLO}, "archive": True}


def choose(door: Http, kind: str, mode: str, **figures: Any) -> dict[str, Any]:
    """Choose the mode of a kind through the door and return the answer."""
    answer = door.put("/transitions", json={"kind": kind, "mode": mode, **figures})
    assert answer.status_code == 200, answer.text
    chosen: dict[str, Any] = answer.json()
    return chosen


def tell(door: Http, kind: str, **what: Any) -> list[dict[str, Any]]:
    """Tell things to go on through the door and return what has become of them, once they have."""
    answer = door.post("/transitions", json={"kind": kind, "wait": PATIENCE_S, **what})
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()
    return told


def under_way(door: Http, kind: str) -> list[dict[str, Any]]:
    """Return the things of a kind that are under way."""
    answer = door.get("/transitions")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = next(
        item["things"] for item in answer.json() if item["kind"] == kind
    )
    return found


def count(http: Http) -> str:
    """Submit a job that counts the lines of a file, archived at its end, and return its id."""
    return str(submit(http, "wc-1.0", **COUNT)["id"])
