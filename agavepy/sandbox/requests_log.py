"""What the tenant was asked: the last requests, with no credential in them."""

from __future__ import annotations

from collections import deque
from typing import Any

from agavepy.curl import blotted, blotted_url

MOST = 10_000


class RequestLog:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[dict[str, Any]] = deque(maxlen=MOST)

    def note(self, **request: Any) -> None:
        """Keep a request (its fields are those of the description)."""
        request["path"] = blotted_url(request["path"])
        self._kept.append(request)

    def listing(self, operation: str = "") -> list[dict[str, Any]]:
        """Return the requests for one operation, or all."""
        return [_shown(item) for item in self._kept.copy() if operation in ("", item["operation"])]

    def newest(self, before: int, most: int) -> list[dict[str, Any]]:
        """Return up to ``most`` requests, newest first, after the ``before`` newest ones."""
        return [_shown(item) for item in list(self._kept.copy())[::-1][before : before + most]]

    def clear(self) -> None:
        """Forget them."""
        self._kept.clear()


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "arguments": blotted(item["arguments"])}
