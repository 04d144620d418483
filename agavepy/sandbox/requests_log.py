"""What the tenant was asked: the last requests, with no credential in them."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from agavepy.curl import blotted as blotted_data

MOST = 10_000
_SECRET = re.compile(
    r"(?i)([?&](?:x-nonce|token|access_token|refresh_token|password|client_secret|code)=)[^&]+"
)
#: The key of a postit: whoever knows it may use it.
_KEY = re.compile(r"(?<=/)[0-9a-f]{32}(?=[/?]|$)")


class RequestLog:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[dict[str, Any]] = deque(maxlen=MOST)

    def note(self, **request: Any) -> None:
        """Keep a request (its fields are those of the description)."""
        request["path"] = blotted(request["path"])
        self._kept.append(request)

    def listing(self, operation: str = "") -> list[dict[str, Any]]:
        """Return the requests for one operation, or all."""
        kept = [{**item, "arguments": blotted_data(item["arguments"])} for item in self._kept]
        return [item for item in kept if item["operation"] == operation] if operation else kept

    def clear(self) -> None:
        """Forget them."""
        self._kept.clear()


def blotted(path: str) -> str:
    """Return a path and query without the values of credentials."""
    path = _KEY.sub("***", path)
    return _SECRET.sub(r"\1***", path) if "?" in path else path
