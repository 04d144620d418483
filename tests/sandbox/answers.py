"""What tests make of answers in envelopes: the result of a success, the message of a refusal."""

from __future__ import annotations

from typing import Any

import requests


def result(response: requests.Response, status: int = 200) -> Any:
    """Return the result of an answer after checking its status."""
    return _body(response, "success", status).get("result")


def refusal(response: requests.Response, *statuses: int) -> str:
    """Return the message of an answer after checking that it is a refusal of such a status."""
    return str(_body(response, "error", *statuses)["message"])


def flask_result(response: requests.Response) -> Any:
    """Return the result of an answer of the services in Flask, which succeed with 200 only."""
    body = _body(response, "success", 200)
    assert list(body) == ["message", "result", "status", "version"]
    return body["result"]


def flask_refusal(response: requests.Response, status: int = 400) -> str:
    """Return the message of a refusal of these services, which has an empty result."""
    body = _body(response, "error", status)
    assert list(body) == ["message", "result", "status", "version"]
    assert body["result"] is None
    return str(body["message"])


def _body(response: requests.Response, word: str, *statuses: int) -> dict[str, Any]:
    assert response.status_code in statuses, f"{response.status_code}: {response.text[:500]}"
    body: dict[str, Any] = response.json()
    assert body["status"] == word
    return body
