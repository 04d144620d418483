"""The notifications of a job request: who is told of which events."""

from __future__ import annotations

import json
from typing import Any

from agavepy.sandbox.errors import ApiError

#: Whom a single address stands for: somebody who wants to know how the job ended.
_ENDS = ("FINISHED", "FAILED", "STOPPED")


def subscriptions(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the subscriptions that a request asks for: url, event and persistent of each.

    ``notifications`` is an array, or the http(s) or e-mail address to tell of the end, as is
    ``callbackUrl``. Raises ApiError 400 for anything else.
    """
    given = request.get("notifications", request.get("callbackUrl")) or []
    if isinstance(given, str) and given.lstrip().startswith("["):  # a form carries JSON as text
        try:
            given = json.loads(given)
        except ValueError as error:
            raise ApiError(400, f"Invalid notifications: not a JSON array: {error}") from error
    if isinstance(given, str):
        given = [{"url": given, "event": event} for event in _ENDS]
    if not isinstance(given, list):
        raise ApiError(400, "Invalid notifications: give an array, or an http(s) or e-mail address")
    return [_subscription(item) for item in given]


def _subscription(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ApiError(400, f"Invalid notification {item!r}: it must be an object of url and event")
    url, event = item.get("url"), item.get("event")
    if not isinstance(url, str) or not _is_address(url):
        raise ApiError(400, f"Invalid notification url {url!r}: give an http(s) or e-mail address")
    if not isinstance(event, str) or not 0 < len(event) < 32:
        raise ApiError(400, f"Invalid notification event {event!r}: give a job status, or *")
    persistent = item.get("persistent", False)
    if not isinstance(persistent, bool):
        raise ApiError(400, f"Invalid persistent {persistent!r}: it must be true or false")
    return {"url": url, "event": event.upper(), "persistent": persistent}


def _is_address(url: str) -> bool:
    if url.lower().startswith(("http://", "https://")):
        return len(url) > len("https://")
    name, mark, host = url.partition("@")
    return bool(name and mark and host) and not any(character.isspace() for character in url)
