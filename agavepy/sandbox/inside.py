"""Requests that the tenant makes to itself on a user's behalf: no socket, nothing is copied."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from requests.utils import requote_uri

from agavepy.sandbox.app import ACTING
from agavepy.sandbox.errors import SandboxError
from agavepy.sandbox.gateway import Identity
from agavepy.sandbox.tenant import Tenant


@dataclass
class Answer:
    """What the tenant answered; the body is made while it is read, and must be closed."""

    status: int
    headers: dict[str, str]
    body: Iterable[bytes]

    def close(self) -> None:
        """End the answer, read or not."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()

    def document(self) -> Any:
        """Read and close the answer; return its JSON, None when the body is something else."""
        try:
            if not self.headers.get("Content-Type", "").startswith("application/json"):
                return None
            return json.loads(b"".join(self.body))
        finally:
            self.close()


def request(
    tenant: Tenant,
    acting: Identity | None,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    remote_addr: str = "127.0.0.1",
) -> Answer:
    """Answer a request to an address of this tenant as if ``acting`` had sent it with a token.

    ``acting`` None sends no token; ``body`` is an open binary file. Only operations that ask for
    an access token take ``acting`` for one: those that ask for a password refuse, as a server does.
    """
    if tenant.app is None:
        raise SandboxError("the tenant is not served yet, so that it cannot ask itself")
    parts = urlsplit(requote_uri(url))
    path = parts.path or "/"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": f"{path}?{parts.query}" if parts.query else path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or {"https": 443}.get(parts.scheme, 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": remote_addr,
        "HTTP_HOST": parts.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": body if body is not None else io.BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        ACTING: acting,
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    started: list[Any] = []

    def start_response(status: str, fields: list[tuple[str, str]], *_: Any) -> None:
        started[:] = [int(status.split(" ", 1)[0]), dict(fields)]

    content = tenant.app(environ, start_response)
    return Answer(started[0], started[1], content)
