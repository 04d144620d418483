"""What a call gives back: the envelope's result as attribute dicts, its dates as datetimes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, NoReturn

import requests

from agavepy.errors import AnswerError, from_response, nearest, redact_url, server_message
from agavepy.plan import JSON, Plan


class AttrDict(dict[str, Any]):
    """A dict whose items are attributes as well; the methods of dict keep their names.

    The dicts inside an answer are of this kind too. A missing name raises an error that is both a
    KeyError, as in earlier releases, and an AttributeError, so that ``hasattr``, ``copy`` and
    ``pickle`` work.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise MissingKey(name, self) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise MissingKey(name, self) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(key for key in self if str(key).isidentifier())]

    def copy(self) -> AttrDict:
        """Return a shallow copy that is an AttrDict as well."""
        return AttrDict(self)


class MissingKey(KeyError, AttributeError):
    """An AttrDict has no such key."""

    def __init__(self, name: str, owner: Iterable[str] = ()) -> None:
        super().__init__(name)
        self._keys = owner

    def __str__(self) -> str:
        keys = [str(key) for key in self._keys]
        return f"{self.args[0]!r} is not here{nearest(str(self.args[0]), keys)}; there are: " + (
            ", ".join(keys) or "no keys at all"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self.args, [str(key) for key in self._keys])


#: Making each dict as it is parsed is as fast as plain dicts and leaves none unwrapped; walking
#: over a parsed listing of 250 entries adds half of the time that parsing it takes.
_decode = json.JSONDecoder(object_hook=AttrDict).decode


class Interpreter:
    """Turns successful answers of one operation into results.

    Raw answers (downloads, and bytes where an operation answers either these or JSON), answers to
    HEAD and those without content (204) are the response itself; close a raw one, or read it to its
    end, to give its connection back. An answer of a type of text that the operation may answer with
    (XML, CSV, plain text) is that text. Otherwise the result is the envelope's ``result`` (None if
    there is none), or the body itself where it has no envelope, as with ``naked``.

    Raises AnswerError when the body is no JSON, and HttpError when an envelope says ``error``
    although the status says success: gateways do that, and a failure must not pass for a result.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._dates = _Dates(plan.answer.dates)
        #: The media types of answers that are no JSON.
        self._others = tuple(kind for kind in plan.produces if kind != JSON)

    def __call__(self, response: requests.Response, naked: bool = False) -> Any:
        """Return the result of one answer."""
        plan = self.plan
        if plan.answer.kind == "raw" or response.status_code == 204 or plan.method == "HEAD":
            return response
        if self._others:
            given = self._as_it_is(response)
            if given is not None:
                return given
        content = response.content
        if not content:
            return None
        result = self._parse(response, content)
        if not naked and plan.answer.kind != "plain" and _is_envelope(result):
            if str(result.get("status")).lower() == "error":
                raise from_response(response, plan.id, "the server calls its answer an error")
            result = result.get("result")
        elif plan.answer.kind == "none":
            return result
        if self._dates:
            self._dates.convert(result)
        return result

    def _as_it_is(self, response: requests.Response) -> requests.Response | str | None:
        """Return an answer of a type that is described and no JSON; None for any other."""
        from agavepy import media

        given = response.headers.get("Content-Type", "")
        kind = media.kind(given)
        if not given or kind == "json" or not any(media.matches(given, o) for o in self._others):
            return None
        if kind != "text":
            return response
        if not response.content:
            return None
        if "charset" not in given:  # requests would read text as Latin-1 then, as HTTP once did
            try:
                return response.content.decode()
            except UnicodeDecodeError:
                pass
        return response.text

    def _parse(self, response: requests.Response, content: bytes) -> Any:
        try:
            return _decode(content.decode())
        except RecursionError as error:
            self._not_json(response, error)
        except ValueError as error:
            try:
                # A byte order mark, or a charset other than the one that JSON has.
                encoding: str = json.detect_encoding(content)
                if encoding == "utf-8":
                    encoding = response.encoding or encoding
                return _decode(content.decode(encoding))
            except (ValueError, LookupError):
                if self.plan.answer.kind == "none":
                    return response.text
            self._not_json(response, error)

    def _not_json(self, response: requests.Response, cause: Exception) -> NoReturn:
        kind = response.headers.get("Content-Type", "no content type")
        raise AnswerError(
            f"{self.plan.id}: {redact_url(str(response.url))} answered {response.status_code} with "
            f"{kind} in place of JSON: {server_message(response)!r}; is that the address of a "
            "tenant, and nothing between that answers for it?"
        ) from cause


def _is_envelope(body: Any) -> bool:
    """Tell an envelope of any family from a bare answer that may have a ``status`` of its own."""
    if not isinstance(body, dict) or "status" not in body:
        return False
    if "result" in body:
        return "message" in body or "version" in body
    words = ("success", "error")
    return str(body["status"]).lower() in words and ("message" in body or "version" in body)


class _Dates:
    """The dates within a result, as a tree of keys; ``[]`` in a path stands for each item."""

    __slots__ = ("children", "items", "leaves")

    def __init__(self, paths: Iterable[tuple[str, ...]]) -> None:
        grouped: dict[str, list[tuple[str, ...]]] = {}
        for path in paths:
            if path:
                grouped.setdefault(path[0], []).append(path[1:])
        #: Keys whose values are dates, or lists of dates.
        self.leaves = tuple(key for key, rest in grouped.items() if () in rest or ("[]",) in rest)
        #: A server may answer one object for a list or a list for an object: both are walked.
        self.items = _Dates(grouped.pop("[]")) if "[]" in grouped else None
        self.children = tuple(
            (key, _Dates(deeper))
            for key, rest in grouped.items()
            if (deeper := [path for path in rest if path and path != ("[]",)])
        )

    def __bool__(self) -> bool:
        return bool(self.leaves or self.children or self.items)

    def convert(self, value: Any) -> None:
        """Replace the texts of dates within ``value`` by datetimes."""
        if value.__class__ is list:
            inner = self.items or self
            for item in value:
                inner.convert(item)
            return
        if not isinstance(value, dict):
            return
        for key in self.leaves:
            found = value.get(key)
            if found.__class__ is str:
                value[key] = date(found)
            elif found.__class__ is list:
                value[key] = [date(item) if item.__class__ is str else item for item in found]
        for key, child in self.children:
            if value.get(key):
                child.convert(value[key])
        if self.items is not None:
            self.items.convert(value)


_fromisoformat = datetime.fromisoformat


def date(text: str) -> datetime | str:
    """Return an aware datetime (UTC where the text names no zone), or the text if it is no date."""
    try:
        when = _fromisoformat(text)
    except ValueError:
        when_or_none = _unusual(text)
        if when_or_none is None:
            return text
        when = when_or_none
    return when if when.tzinfo is not None else when.replace(tzinfo=timezone.utc)


def _unusual(text: str) -> datetime | None:
    """Parse what ``fromisoformat`` does not take: "Z" before Python 3.11, offsets without colon."""
    if text.endswith(("Z", "z")):
        try:
            return _fromisoformat(text[:-1] + "+00:00")
        except ValueError:
            pass
    if ":" not in text:
        return None  # a bare number or word, of which dateutil would make a day of this month
    from dateutil import parser

    try:
        return parser.parse(text)
    except (ValueError, OverflowError):
        return None
