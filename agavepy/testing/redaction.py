"""What gives access, blotted out of the calls that a cassette keeps."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import requests

from agavepy.curl import BLOT, SECRET_NAME, blotted
from agavepy.errors import redact_url

#: Text shorter than this is not looked for in answers: it would be found everywhere.
_SHORTEST = 6
#: The nonces of postits and the signatures of links that storage services give for a while.
_ALSO = re.compile(r"(?i)^postit$|signature$|^sig$")
_TERM = re.compile(r"([?&]([^=&#\s]+)=)[^&#\s'\"<>]+")
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
_PRIVATE_KEY = re.compile(r"(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END|\Z)")


class Redaction:
    """The secrets of one recording.

    They are learned from headers, and from arguments and answers by the names that they have
    there; :meth:`__call__` then finds them wherever else they are. ``public`` are texts that are
    none, such as the user's name, whatever field they are found in.
    """

    def __init__(self) -> None:
        self.public: set[str] = set()
        self._secrets: set[str] = set()

    def add(self, texts: Iterable[str | None]) -> None:
        """Blot these out."""
        for text in filter(None, texts):
            self._secrets |= {text, quote(text, safe="")}

    def learn(self, data: Any) -> None:
        """Blot out what is named like a secret in JSON data."""
        self.add(_named(data))

    def learn_headers(self, request: requests.PreparedRequest) -> None:
        """Blot out the credentials of a request; who logs in is no secret."""
        headers: Any = request.headers
        for name, value in headers.items():
            if SECRET_NAME.search(name):
                text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                secret = text.partition(" ")[2] or text
                self.add([secret])
                with suppress(ValueError):
                    pair = base64.b64decode(secret, validate=True).decode()
                    self.add(pair.split(":", 1))

    def __call__(self, data: Any) -> Any:
        """Return JSON data without secrets; bytes too."""
        words = sorted(self._secrets - self.public, key=len, reverse=True)
        return _applied(blotted(data), [word for word in words if len(word) >= _SHORTEST])


def fits(recorded: Any, wanted: Any) -> bool:
    """Tell whether data are those recorded, as far as the recording still shows them."""
    if isinstance(recorded, dict) and isinstance(wanted, dict):
        same = recorded.keys() == wanted.keys()
        return same and all(fits(recorded[key], wanted[key]) for key in recorded)
    if isinstance(recorded, list) and isinstance(wanted, list):
        return len(recorded) == len(wanted) and all(map(fits, recorded, wanted))
    if isinstance(recorded, str) and isinstance(wanted, str) and BLOT in recorded:
        pattern = ".*".join(map(re.escape, recorded.split(BLOT)))
        return re.fullmatch(pattern, wanted, re.DOTALL) is not None
    return bool(recorded == wanted)


def _named(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, item in data.items():
            if isinstance(item, str) and _is_secret(str(key)):
                yield item
            else:
                yield from _named(item)
    elif isinstance(data, list):
        for item in data:
            yield from _named(item)


def _applied(data: Any, secrets: list[str]) -> Any:
    if isinstance(data, dict):
        hidden = {key for key, item in data.items() if item and _ALSO.search(str(key))}
        return {
            key: BLOT if key in hidden and isinstance(item, str) else _applied(item, secrets)
            for key, item in data.items()
        }
    if isinstance(data, list):
        return [_applied(item, secrets) for item in data]
    if isinstance(data, bytes):
        for secret in secrets:
            data = data.replace(secret.encode(), BLOT.encode())
        return data
    return _text(data, secrets) if isinstance(data, str) else data


def _text(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, BLOT)
    text = _TERM.sub(_without_value, redact_url(text))
    return _PRIVATE_KEY.sub(rf"\1{BLOT}\2", _JWT.sub(BLOT, text))


def _without_value(term: re.Match[str]) -> str:
    return f"{term[1]}{BLOT}" if _is_secret(term[2]) else term[0]


def _is_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name) or _ALSO.search(name))
