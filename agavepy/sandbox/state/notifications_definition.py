"""What users ask for with a notification: its fields, checked and completed.

Rules are those of agave-notifications ``Notification`` and ``NotificationPolicy``: names in any
case, an unknown one is refused with the one that was probably meant.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from typing import Any

from agavepy.sandbox.errors import ApiError

FIELDS = ("url", "associatedUuid", "event", "persistent", "policy", "status")
POLICY = ("retryStrategy", "retryLimit", "retryRate", "retryDelay", "saveOnFailure")
STRATEGIES = ("NONE", "IMMEDIATE", "DELAYED", "EXPONENTIAL")
#: What holds where a request says nothing: a failed message is tried five times more.
DEFAULT_POLICY = {
    "retryStrategy": "IMMEDIATE",
    "retryLimit": 5,
    "retryRate": 5,
    "retryDelay": 0,
    "saveOnFailure": False,
}
#: Names that servers took as well (``NotificationPolicy`` names the strategy after its type).
_SPELLINGS = {"retrystrategytype": "retryStrategy"}
#: The most retries, and the most seconds between two.
_MOST = {"retryLimit": 1440, "retryRate": 86400, "retryDelay": 86400}
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_ENDS_OF_JOBS = ("FINISHED", "FAILED", "STOPPED")
_DIGITS = re.compile(r"[0-9]{1,20}")
_PHONE = re.compile(r"\+?[0-9][0-9().\s-]{5,18}[0-9]")
_MAIL = re.compile(r"(?:mailto:)?[^\s@/]+@[^\s@/]+")

Document = dict[str, Any]


def parse(body: Any, *, required: Iterable[str] = ("url", "associatedUuid", "event")) -> Document:
    """Return the fields of a notification and of its policy that a body gives, under their names.

    Raises ApiError 400 for a missing, unknown or unusable field.
    """
    given = _named(body, FIELDS, "notification")
    for name in required:
        if given.get(name) in (None, ""):
            raise ApiError(400, f"Invalid notification: no {name} given, which is required")
    fields: Document = {}
    if "url" in given:
        fields["url"] = _url(given["url"])
    if "associatedUuid" in given:
        fields["associatedUuid"] = _text(given, "associatedUuid", 64)
    if "event" in given:
        fields["event"] = _text(given, "event", 31).upper()
    if "persistent" in given:
        fields["persistent"] = _flag(given, "persistent")
    if "policy" in given:
        fields["policy"] = _policy(given["policy"])
    if "status" in given:
        fields["status"] = _word(given, "status", ("ACTIVE", "INACTIVE"))
    return fields


def requested(given: Any, ends: Iterable[str] = _ENDS_OF_JOBS) -> list[Document]:
    """Return the notifications that come with a job or an import, without associatedUuid.

    ``given`` is an array of them, its JSON text, or one address that is to be told of each of
    ``ends``. Raises ApiError 400 for anything else.
    """
    if isinstance(given, str) and given.lstrip()[:1] in {"[", "{", '"'}:
        try:
            given = json.loads(given)
        except ValueError as error:
            raise ApiError(400, f"Invalid notifications: not JSON: {error}") from error
    if isinstance(given, str) and given:
        given = [{"url": given, "event": event} for event in ends]
    if not isinstance(given or [], list):
        raise ApiError(400, "Invalid notifications: give an array of objects, or one address")
    wanted = []
    for item in given or []:
        fields = parse(item, required=("url", "event"))
        if "associatedUuid" in fields:
            raise ApiError(400, "Invalid notification: associatedUuid is not known before")
        wanted.append({"persistent": False, **fields})
    return wanted


def _named(body: Any, names: tuple[str, ...], what: str) -> Document:
    """Return the fields of an object under their own names, in whatever case they came."""
    if isinstance(body, str):  # a form carries JSON as text
        try:
            body = json.loads(body)
        except ValueError as error:
            raise ApiError(400, f"Invalid {what} {body!r}: it must be an object") from error
    if not isinstance(body, dict):
        raise ApiError(400, f"Invalid {what} {body!r}: it must be an object")
    known = {name.lower(): name for name in names}
    if what == "policy":
        known |= _SPELLINGS
    found: Document = {}
    for name, value in body.items():
        lower = str(name).lower()
        if lower not in known:
            close = difflib.get_close_matches(lower, known, n=1)
            hint = f'Did you mean "{known[close[0]]}"?' if close else f"Use {', '.join(names)}."
            raise ApiError(400, f'Invalid {what}: unrecognized property "{name}". {hint}')
        if value is not None:
            found[known[lower]] = value
    return found


def _url(value: Any) -> str:
    """Return an address that can be told something: a web hook, a mailbox, a file, a phone."""
    if isinstance(value, str) and 0 < len(value) <= 1024:
        scheme, mark, rest = value.partition("://")
        if mark and scheme.lower() in {"http", "https", "agave"} and rest:
            return value
        if not mark and (_MAIL.fullmatch(value) or _PHONE.fullmatch(value)):
            return value
    raise ApiError(
        400,
        f"Invalid notification url {value!r}: give an http(s), agave:// or e-mail address, or a "
        "phone number",
    )


def _policy(value: Any) -> Document:
    given = _named(value, POLICY, "policy")
    policy: Document = {}
    if "retryStrategy" in given:
        policy["retryStrategy"] = _word(given, "retryStrategy", STRATEGIES)
    if "saveOnFailure" in given:
        policy["saveOnFailure"] = _flag(given, "saveOnFailure")
    for name, most in _MOST.items():
        if name in given:
            policy[name] = _number(given, name, most)
    return policy


def _text(given: Document, name: str, most: int) -> str:
    value = given[name]
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise ApiError(
            400, f"Invalid notification {name} {value!r}: it must be text of 1 to {most} characters"
        )
    return value


def _word(given: Document, name: str, words: tuple[str, ...]) -> str:
    value = given[name]
    if not isinstance(value, str) or value.upper() not in words:
        raise ApiError(400, f"Invalid {name} {value!r}: it must be one of {', '.join(words)}")
    return value.upper()


def _flag(given: Document, name: str) -> bool:
    value = given[name]
    flag = _FLAGS.get(value.lower(), value) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        raise ApiError(400, f"Invalid {name} {value!r}: it must be true or false")
    return flag


def _number(given: Document, name: str, most: int) -> int:
    value = given[name]
    number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= most:
        raise ApiError(400, f"Invalid {name} {value!r}: it must be a whole number from 0 to {most}")
    return number
