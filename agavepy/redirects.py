"""Where an answer points to and what may travel there; pure, nothing is sent.

Credentials stay at the origin (scheme, host and port) they were meant for: requests drops only
``Authorization`` on the way to another host, and keeps the headers of this API.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests
from requests.utils import requote_uri

from agavepy.config import PORTS, origin
from agavepy.errors import SECRET_NAMES, ConnectionFailed, redact_url
from agavepy.plan import FORM

MOST = 10
STATUSES = frozenset({301, 302, 303, 307, 308})
_SECRET_HEADERS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-jwt-assertion",
    "x-tapis-token",
    "x-agave-",
)


def target(response: requests.Response) -> str | None:
    """Return the absolute address that the answer redirects to, None if it is no redirect."""
    location = response.headers.get("Location")
    if response.status_code not in STATUSES or not location:
        return None
    # Header text is Latin-1 to http.client; servers write UTF-8 into it.
    location = location.encode("latin-1", "replace").decode("utf-8", "replace")
    parts = urlsplit(urljoin(str(response.url), location))
    where = parts.netloc.rpartition("@")[2]
    return requote_uri(urlunsplit((parts.scheme, where, parts.path, parts.query, "")))


def follow(response: requests.Response, url: str) -> tuple[requests.PreparedRequest, bool]:
    """Return the request to send next and whether it stays at its origin.

    To another origin no credential goes: neither header, cookie nor nonce. Raises ConnectionFailed
    where a body must not follow: a form (which may hold a password) to another origin, anything
    from https to http, and what is no web address.
    """
    request = response.request.copy()
    here = origin(str(response.url))
    try:
        there = origin(url)
    except ValueError as error:
        raise _refused(response, url, "no address of a web server") from error
    if there[0] not in PORTS or not there[1]:
        raise _refused(response, url, "no address of a web server")
    status, method = response.status_code, request.method
    # As browsers do it (WHATWG fetch, HTTP-redirect fetch): 307 and 308 repeat the request.
    if (status in (301, 302) and method == "POST") or (
        status == 303 and method not in ("GET", "HEAD")
    ):
        request.method = "GET"
        request.body = None
        for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
            request.headers.pop(name, None)
    stays = here == there
    if not stays:
        url = _without_credentials(request, url)
        if request.body is not None:
            if here[0] == "https" and there[0] == "http":
                raise _refused(response, url, "not encrypted, and the request has a body")
            if str(request.headers.get("Content-Type", "")).startswith(FORM):
                raise _refused(response, url, "another server, and the form may hold a password")
    request.url = url
    return request, stays


def _without_credentials(request: requests.PreparedRequest, url: str) -> str:
    for name in list(request.headers):
        lowered = name.lower()
        if lowered.startswith(_SECRET_HEADERS) or lowered in SECRET_NAMES or lowered == "host":
            del request.headers[name]
    parts = urlsplit(url)
    terms = parse_qsl(parts.query, keep_blank_values=True)
    kept = [term for term in terms if term[0].lower() not in SECRET_NAMES]
    if len(kept) < len(terms):
        parts = parts._replace(query=urlencode(kept))
    return urlunsplit(parts)


def _refused(response: requests.Response, url: str, why: str) -> ConnectionFailed:
    return ConnectionFailed(
        f"{redact_url(str(response.url))} redirects to {redact_url(url)}, which is {why}; "
        "if that is the tenant's address, give it as api_server"
    )
