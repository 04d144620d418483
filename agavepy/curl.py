"""A request as a curl command line with no credential in it: for reports, logs and questions."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sys
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests

from agavepy.errors import SECRET_NAMES, redact_url

#: Headers and fields that hold credentials, by their names: documents need not say it.
SECRET_NAME = re.compile(
    r"(?i)passw|secret|token(?!_type)|private.?key|passphrase|nonce|credential|authorization|cookie|jwt"
    r"|assertion|api.?key|^code$"
)
BLOT = "***"
#: What says nothing to a reader, and what curl sends by itself.
_USUAL = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "user-agent", "transfer-encoding"}
)
#: The key of a postit in a path: whoever knows it may use it.
_KEY = re.compile(r"(?<=/)[0-9a-f]{32}(?=[/?]|$)")
#: Characters of a body or message that are shown.
_LONGEST = 2000


def as_curl(request: requests.PreparedRequest) -> str:
    """Return ``request`` as a line for a shell, each credential in it replaced by ``***``.

    Of a body that is streamed or is no text, only the size is told.
    """
    words = ["curl"]
    if request.method != "GET":
        words += ["-X", str(request.method)]
    words.append(blotted_url(str(request.url)))
    headers: Any = request.headers
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if SECRET_NAME.search(name) or name.lower() in SECRET_NAMES:
            scheme, _, rest = text.partition(" ")
            text = f"{scheme} {BLOT}" if rest else BLOT
        if name.lower() not in _USUAL:
            words += ["-H", f"{name}: {text}"]
    words += _body(request.body, str(headers.get("Content-Type", "")))
    return shlex.join(words)


def blotted_url(url: str) -> str:
    """Return an address without the credentials in it: of its user, its query and its path."""
    return _KEY.sub(BLOT, redact_url(url))


def show(session: requests.Session, wanted: bool = True) -> None:
    """Write each request of ``session`` that is answered to standard error, or stop doing so."""
    hooks: Any = session.hooks["response"]
    if _write in hooks:
        hooks.remove(_write)
    if wanted:
        hooks.append(_write)


def _write(response: requests.Response, **_: Any) -> None:
    sys.stderr.write(f"{as_curl(response.request)}\n")


def _body(body: Any, kind: str) -> list[str]:
    if not body:
        return []
    try:
        text = body.decode() if isinstance(body, bytes) else body
    except UnicodeDecodeError:
        return ["--data-binary", f"<{len(body)} bytes>"]
    if not isinstance(text, str):
        size = getattr(text, "size", None)
        return ["--data-binary", "<a stream>" if size is None else f"<{size} bytes>"]
    if "form-urlencoded" in kind:
        text = urlencode(blotted(parse_qsl(text, keep_blank_values=True)), safe="*/:")
    else:
        with contextlib.suppress(ValueError):
            text = json.dumps(blotted(json.loads(text)), ensure_ascii=False)
    return ["--data-raw", cut(text)]


def cut(text: str) -> str:
    """Return a text, shortened where nobody would read all of it."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… <{len(text)} characters>"


def blotted(value: Any) -> Any:
    """Return JSON data, or the pairs of a form, with ``***`` for each value named as a secret.

    Credentials in addresses, such as the one that a file is fetched from, are left out as well.
    """
    if isinstance(value, dict):
        return {
            key: _hidden(item) if SECRET_NAME.search(str(key)) else blotted(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [blotted(item) for item in value]
    if isinstance(value, tuple) and len(value) == 2:
        return (value[0], BLOT if SECRET_NAME.search(str(value[0])) else blotted(value[1]))
    return redact_url(value) if isinstance(value, str) and "://" in value else value


def _hidden(value: Any) -> Any:
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return BLOT if value and isinstance(value, str) else blotted(value)
