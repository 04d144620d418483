"""What a request asks for: its operation and its arguments, as the descriptions have them."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from agavepy import loader
from agavepy.plan import Plan
from agavepy.sandbox.arguments import Arguments, read
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.router import Router


class Asked(NamedTuple):
    """An operation, None where no description has the address, and its arguments by name.

    A JSON body is the argument ``body``, an uploaded file the name that it has.
    """

    plan: Plan | None
    arguments: dict[str, Any]


@cache
def _router() -> Router:
    services = map(loader.service_plan, loader.services())
    return Router(plan for service in services for plan in service.values())


def plan_of(
    request: requests.PreparedRequest, base_url: str = ""
) -> tuple[Plan | None, dict[str, str]]:
    """Return the operation of a request to the tenant at ``base_url``, and its path variables."""
    path = urlsplit(str(request.url)).path.removeprefix(urlsplit(base_url).path.rstrip("/"))
    headers: Any = request.headers
    kind = str(headers.get("Content-Type", "")).partition(";")[0]
    plan, variables, _ = _router().match(str(request.method), path, kind)
    return plan, variables


def asked(request: requests.PreparedRequest, base_url: str = "") -> Asked:
    """Return what a request asks for.

    A body that can be read only once is left alone. Raises AssertionError for arguments that the
    description does not allow: no server would take them.
    """
    plan, variables = plan_of(request, base_url)
    if plan is None:
        return Asked(None, {})
    url = urlsplit(str(request.url))
    headers: Any = request.headers
    environ = EnvironBuilder(
        path=url.path,
        query_string=url.query,
        method=str(request.method),
        headers=dict(headers),
        input_stream=io.BytesIO(_body(request.body)),
    ).get_environ()
    with tempfile.TemporaryDirectory() as spool, closing(Arguments()) as arguments:
        try:
            read(arguments, plan, Request(environ), variables, Path(spool))
        except ApiError as error:
            raise AssertionError(f"{plan.id}: {error.message}") from error
        return Asked(plan, arguments.noted())


def _body(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    if body is None or isinstance(body, bytes):
        return body or b""
    blocks: Iterable[Any] = body if getattr(body, "replayable", False) else ()
    return b"".join(bytes(block) for block in blocks)
