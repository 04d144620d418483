"""Renders the pages of the sandbox: templates, style sheet and script lie beside this module."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agavepy.sandbox.call import Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.tenant import Tenant

if TYPE_CHECKING:
    from jinja2 import Environment

#: The document that describes the pages.
SERVICE = "_page"
FOLDER = Path(__file__).resolve().parent
#: Files that pages load, with their media types.
ASSETS = {
    "style.css": "text/css",
    "live.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
#: A page loads nothing from elsewhere and nothing inline: what users upload cannot act in it.
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
HTML = "text/html; charset=utf-8"
_TITLES = {
    400: "That cannot be asked",
    401: "This tenant is not open to everybody",
    404: "There is no such thing",
    405: "A page can only be looked at",
}
#: Characters of a value that a page shows.
_SHORT = 4096


def answer(tenant: Tenant, template: str, status: int = 200, **values: Any) -> Reply:
    """Return a page of a tenant; every value is escaped."""
    values |= {"tenant": tenant, "link": partial(link, tenant), "state": partial(_state, tenant)}
    text = _environment().get_template(f"{template}.html").render(**values)
    # Half a surrogate pair, which a name may hold and UTF-8 may not, is shown as a question mark.
    return Reply.raw(text.encode(errors="replace"), HTML, status, dict(HEADERS))


def refusal(tenant: Tenant, error: ApiError) -> Reply:
    """Return the page that says why there is none."""
    title = _TITLES.get(error.status, "This page could not be made")
    values = {"title": title, "text": error.message, "known": error.status != 401}
    reply = answer(tenant, "refused", error.status, **values)
    reply.headers |= error.headers
    return reply


def link(tenant: Tenant, operation: str, **arguments: Any) -> str:
    """Return the address of a page."""
    return tenant.router.path(SERVICE, operation, arguments)


def _state(tenant: Tenant, item: dict[str, Any]) -> str:
    """Return the state of a job, actor or execution: of what a test holds, how."""
    held = tenant.pace.held(item["id"])
    return f"{item['status']}, held {held.replace('_', ' ')}" if held else str(item["status"])


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "size": _size, "short": _short}
    return environment


def _moment(epoch: float | None) -> str:
    if epoch is None:
        return ""
    return f"{datetime.fromtimestamp(epoch, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def _size(count: int) -> str:
    """Return a number of bytes as people read it."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _short(value: Any) -> str:
    """Return a value as JSON, or the beginning of it."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]} …"
