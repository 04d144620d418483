"""What the functions of agavepy 0.9 made of a server's refusal."""

from __future__ import annotations

import requests

from agavepy.deprecation import deprecated
from agavepy.errors import from_response
from agavepy.interactive.errors import AgaveAPICallError

__all__ = ["AgaveAPICallError", "handle_bad_response_status_code"]


@deprecated("agavepy.errors.from_response")
def handle_bad_response_status_code(r: requests.Response) -> None:
    """Raise AgaveAPICallError for an answer that is no success, with the server's own words."""
    if not r.ok:
        raise AgaveAPICallError.of(from_response(r, ""))
