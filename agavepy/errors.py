"""The errors that callers see, and how an answer of a server becomes one of them.

::

    AgaveError                      everything that this package raises on purpose
     ├─ HttpError                   an answer that is no success (a requests.HTTPError too)
     │   ├─ BadRequest 400, NotAuthenticated 401, Forbidden 403, NotFound 404, Conflict 409,
     │   ├─ Throttled 429, ServerError 5xx
     │   └─ TokenError              the token service refused to give a token
     ├─ ConnectionFailed            no answer (a requests.ConnectionError too)
     ├─ TimedOut                    no answer in time (a requests.Timeout too)
     ├─ UsageError                  wrong arguments (a TypeError too)
     ├─ UnknownName                 no such service or operation (an AttributeError too)
     ├─ CredentialsError            no credentials, or credentials of something else
     ├─ MissingPackage              a package that an extra installs (an ImportError too)
     ├─ DescriptionError            a document that cannot be used (a ValueError too)
     └─ AnswerError                 an answer that is not what its description says (a ValueError)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from http.client import responses as REASONS
from typing import Any

import requests

#: The longest server text that an error repeats when it is no message of a known kind.
MAX_TEXT = 300
#: Query terms, and headers besides the usual ones, whose values are credentials. These are names;
#: those of the API keys of described services are added when such a key is first used.
SECRET_NAMES = {
    "x-nonce",
    "access_token",
    "refresh_token",
    "token",
    "password",
    "client_secret",
    "code",
}

# Patterns are compiled when they are first needed: a program that meets no error needs none.
_HIDDEN_IN_QUERY = r"(?i)([?&](?:{names})=)[^&#\s'\"]+"
_USERINFO = r"((?:\A|:)//)[^/?#@\s]+@"
#: WSO2 names the refused access token in the description of its faults.
_FAULT_KEY = r"(?i)(with key:?\s*)[^\s<,]+"
_CODE = r"<(?:\w+:)?code>\s*(\d+)"
_FAULT_TEXT = r"(?s)<(?:\w+:)?(message|description)>(.*?)</"
_TAG = r"(?is)<(script|style)\b.*?</\1>|<[^>]*>"
_EXPIRED = frozenset({900903, 900904})


class AgaveError(Exception):
    """The root of all errors that this package raises on purpose."""


#: The name of older releases.
AgaveException = AgaveError


class HttpError(AgaveError, requests.HTTPError):
    """An answer that is no success.

    ``status`` is the HTTP status, ``message`` the server's own words ("" if it gave none),
    ``operation`` what was called, such as ``files.list``, ``response`` and ``request`` those of
    requests. As in earlier releases ``errno`` is the status, ``strerror`` the reason and the
    address, ``filename`` the message.
    """

    def __init__(
        self, response: requests.Response, message: str = "", operation: str = "", hint: str = ""
    ) -> None:
        self.status = response.status_code
        self.message = message
        self.operation = operation
        self.hint = hint
        self.reason = _reason(response)
        self.url = redact_url(str(response.url or ""))
        strerror = f"{self.reason} for {self.url}"
        super().__init__(self.status, strerror, message, response=response)

    def __str__(self) -> str:
        if not verbose(os.environ):
            return self._short()
        text = f"[Errno {self.status}] {self.reason} for {self.url}: {self.message!r}"
        return text + self._trailer()

    def _short(self) -> str:
        """Return the text with which requests reports the status."""
        side = "Client" if self.status < 500 else "Server"
        return f"{self.status} {side} Error: {self.reason} for url: {self.url}"

    def _trailer(self) -> str:
        trailer = ": ".join(filter(None, (self.operation, self.hint)))
        return f"\n{trailer}" if trailer else ""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle everything but the request's headers and body, which hold credentials."""
        return type(self), (_bare(self.response), self.message, self.operation, self.hint)


def verbose(environ: Mapping[str, str]) -> bool:
    """Tell whether errors of servers are told with the server's own words, as they usually are."""
    return environ.get("TAPIS_PY_VERBOSE_ERRORS", "").lower() not in {"0", "false", "no"}


class BadRequest(HttpError):
    """400: a parameter or the body was refused."""


class NotAuthenticated(HttpError):
    """401: the credential is missing, wrong, expired or revoked."""


class Forbidden(HttpError):
    """403: the caller has not the permission or role that the operation needs."""


class NotFound(HttpError):
    """404: nothing of that name exists, or the caller may not know of it."""


class Conflict(HttpError):
    """409: the state of the thing, or its name, is in the way."""


class Throttled(HttpError):
    """429: the quota of the client or tenant is used up for now."""


class ServerError(HttpError):
    """5xx: the server failed, or does not do what was asked (501)."""


class TokenError(HttpError):
    """The token service refused; the text starts with the status, as it always did."""

    def __str__(self) -> str:
        text = self._short()
        return ": ".join(filter(None, (text, self.message))) + self._trailer()


class _NoAnswer(AgaveError):
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the text alone: the request holds credentials."""
        return type(self), self.args


class ConnectionFailed(_NoAnswer, requests.ConnectionError):
    """The server could not be reached, or the connection broke before an answer was complete."""


class TimedOut(_NoAnswer, requests.Timeout):
    """The server did not answer in time."""


class UsageError(AgaveError, TypeError):
    """An argument is unknown, missing or of the wrong type."""


class UnknownName(AgaveError, AttributeError):
    """There is no service or operation of that name."""


class CredentialsError(AgaveError):
    """There are no credentials for the call, or they belong to something else."""


class MissingPackage(AgaveError, ImportError):
    """A feature needs a package that is not installed; the text says which extra has it."""


class DescriptionError(AgaveError, ValueError):
    """A description cannot be read or used."""


class AnswerError(AgaveError, ValueError):
    """An answer is not what its description promises, such as JSON."""


_CLASSES: dict[int, type[HttpError]] = {
    400: BadRequest,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: Throttled,
}


def from_response(response: requests.Response, operation: str, hint: str = "") -> HttpError:
    """Make the error for an answer that is no success; ``hint`` replaces the usual advice.

    The body is read, its connection released. Credentials that the server repeats are left out.
    """
    status = response.status_code
    fallback = ServerError if status >= 500 else HttpError
    kind: type[HttpError] = _CLASSES.get(status, fallback)
    if 900800 <= fault_code(response) <= 900807:
        kind = Throttled  # older gateways answer 503 when a quota is used up
    advice = hint or _ADVICE.get(kind, "").format(operation=operation)
    return kind(response, server_message(response), operation, advice)


_ADVICE: dict[type[HttpError], str] = {
    BadRequest: "help(ag.{operation}) describes what it takes",
    NotAuthenticated: "the server does not accept the credentials: log in again",
    Forbidden: "the owner of the thing, or a tenant administrator, can grant you the permission",
    NotFound: "check the id or path in the arguments, and that it is visible to you",
    Throttled: "too many requests: wait a minute, then try again",
    ServerError: "the server's failure, not yours: try again later, and report it if it stays",
}


def server_message(response: requests.Response) -> str:
    """Return what the server says is wrong, "" if it says nothing.

    That is the envelope's message (with the errors of single fields), the text of an API manager's
    fault in XML or JSON, an OAuth ``error_description``, or else the start of the body's text.
    """
    text = _text(response)
    data = _json(text)
    if isinstance(data, dict):
        message = _json_message(data)
    elif re.search(_CODE, text):
        import html

        parts = dict(re.findall(_FAULT_TEXT, text))
        message = html.unescape(_joined([parts.get("message"), parts.get("description")]))
    elif data is not None and not isinstance(data, str):
        message = text
    else:
        message = re.sub(_TAG, " ", data if isinstance(data, str) else text)
    message = " ".join(message.split())
    if len(message) > MAX_TEXT and not isinstance(data, dict):
        message = message[:MAX_TEXT] + "…"
    return _redact(message, response)


def _json_message(data: dict[str, Any]) -> str:
    fault = data.get("fault")
    if isinstance(fault, dict):
        return _joined([fault.get("message"), fault.get("description")])
    message = data.get("message") or data.get("error_description") or data.get("error") or ""
    fields = data.get("result")
    if data.get("status") == "error" and isinstance(fields, dict) and fields:
        # The profiles service says in the result which field was refused.
        message = _joined([message, json.dumps(fields, ensure_ascii=False)])
    return message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)


def _joined(parts: Iterable[Any]) -> str:
    return ": ".join(str(part).strip() for part in parts if part)


def fault_code(response: requests.Response) -> int:
    """Return the number of an API manager's fault, such as 900904; 0 when the body is none."""
    if response.status_code < 400:
        return 0
    text = _text(response)
    if "fault" not in text:
        return 0
    data = _json(text)
    code = data.get("fault") if isinstance(data, dict) else None
    if isinstance(code, dict):
        found = str(code.get("code", ""))
        return int(found) if found.isdecimal() else 0
    match = re.search(_CODE, text)
    return int(match[1]) if match else 0


def expired_token(response: requests.Response) -> bool:
    """Tell whether the answer means "refresh the access token and ask again".

    XML faults 900903 and 900904 do, JSON ones too, and JSON faults "Invalid Credentials": newer
    gateways answer an expired token so (WSO2 API Manager; agavepy 0.9 and 1.0 did the same).
    """
    if response.status_code != 401:
        return False
    if fault_code(response) in _EXPIRED:
        return True
    data = _json(_text(response))
    fault = data.get("fault") if isinstance(data, dict) else None
    return isinstance(fault, dict) and "Invalid Credentials" in str(fault.get("message", ""))


def redact_url(url: str) -> str:
    """Return ``url`` without the credentials in it: nonces, tokens, names and passwords."""
    if "?" in url or "&" in url:
        names = "|".join(map(re.escape, sorted(SECRET_NAMES)))
        url = re.sub(_HIDDEN_IN_QUERY.format(names=names), r"\1***", url)
    return re.sub(_USERINFO, r"\1", url)


def keep_secret(name: str) -> None:
    """Let no error show the value of the query term or header of this name."""
    SECRET_NAMES.add(name.lower())


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `` (did you mean X?)`` for the name most like ``name``, "" if none is."""
    import difflib

    known = {item.lower(): item for item in names}
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f" (did you mean {known[close[0]]!r}?)" if close else ""


def _redact(text: str, response: requests.Response) -> str:
    text = re.sub(_FAULT_KEY, r"\1***", redact_url(text))
    for name, value in getattr(response.request, "headers", {}).items():
        lowered = name.lower()
        known = lowered in SECRET_NAMES or lowered in ("authorization", "cookie")
        if known or lowered.startswith(("x-jwt-", "x-tapis-token")):
            sent = value.decode("latin-1") if isinstance(value, bytes) else value
            terms = sent.split("; ") if lowered == "cookie" else [sent.split(" ")[-1]]
            for term in terms:
                secret = term.partition("=")[2] if lowered == "cookie" else term
                if len(secret) > 3:
                    text = text.replace(secret, "***")
    return text


def _reason(response: requests.Response) -> str:
    reason: Any = response.reason or REASONS.get(response.status_code, "Unknown status")
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _text(response: requests.Response) -> str:
    """Return the body as text: these bodies are UTF-8, whatever a missing charset suggests."""
    try:
        return response.content.decode("utf-8", "replace")
    except (requests.RequestException, RuntimeError):
        return ""  # cut short, or streamed and already read: the status is all that there is


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _bare(response: requests.Response) -> requests.Response:
    """Return a copy of an answer whose request is only a method and an address."""
    copy: Any = requests.Response()
    state: Any = response
    url = redact_url(str(response.url or ""))
    copy.__setstate__({**state.__getstate__(), "history": [], "url": url})
    if response.request is not None:
        copy.request = requests.PreparedRequest()
        copy.request.method = response.request.method
        copy.request.url = redact_url(str(response.request.url or ""))
        copy.request.headers = requests.structures.CaseInsensitiveDict()
    bare: requests.Response = copy
    return bare
