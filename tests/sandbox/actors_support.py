"""Actors for tests, and what their answers have in common."""

from __future__ import annotations

import uuid
from typing import Any

import requests

from tests.conftest import Http
from tests.sandbox.answers import flask_refusal as refusal
from tests.sandbox.answers import flask_result

BASE = "/actors/v2"
IMAGE = "sandbox/echo"

Document = dict[str, Any]


def new_name(prefix: str = "test") -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def result(response: requests.Response) -> Any:
    """Return the result of an answer, whose message tells of a success."""
    message = response.json()["message"]
    assert message.endswith("successfully.") or message.startswith("The request")
    return flask_result(response)


def refused(response: requests.Response, status: int, *words: str) -> None:
    """Check that an answer is a refusal of that status whose message has these words."""
    message = refusal(response, status)
    assert [word for word in words if word not in message] == [], message


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
