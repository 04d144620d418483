"""Actors for tests, and what their answers have in common."""

from __future__ import annotations

import uuid
from typing import Any

import requests

from tests.conftest import Http

BASE = "/actors/v2"
IMAGE = "sandbox/echo"

Document = dict[str, Any]


def new_name(prefix: str = "test") -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def result(response: requests.Response) -> Any:
    """Return the result of an answer after checking its envelope: Abaco succeeds with 200 only."""
    assert response.status_code == 200, f"{response.status_code}: {response.text[:500]}"
    body = response.json()
    assert list(body) == ["message", "result", "status", "version"]
    assert body["status"] == "success"
    assert body["message"].endswith("successfully.") or body["message"].startswith("The request")
    return body["result"]


def refusal(response: requests.Response, status: int = 400) -> str:
    """Return the message of an answer after checking that it is a refusal of that status."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    body = response.json()
    assert list(body) == ["message", "result", "status", "version"]
    assert (body["status"], body["result"]) == ("error", None)
    message: str = body["message"]
    return message


def register(http: Http, **fields: Any) -> Document:
    """Register an actor and return it."""
    actor: Document = result(http.post(BASE, json={"image": IMAGE, **fields}))
    return actor


def address(actor: Document, *rest: str) -> str:
    """Return the path of an actor, or of something below it."""
    return "/".join([BASE, actor["id"], *rest])


def share(http: Http, actor: Document, user: str, level: str) -> None:
    """Give a user a permission on an actor."""
    result(http.post(address(actor, "permissions"), json={"user": user, "level": level}))
