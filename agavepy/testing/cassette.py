"""Record the calls of a test once, to a file that people can read, and replay them ever after."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from agavepy import config
from agavepy.curl import BLOT, blotted
from agavepy.errors import UsageError, redact_url
from agavepy.testing.asked import asked
from agavepy.testing.isolation import current, unhurried
from agavepy.testing.redaction import Redaction, fits
from agavepy.testing.wire import Answer, Wire

if TYPE_CHECKING:
    from agavepy.client import Agave

FORMAT = 1
MODES = ("none", "once", "rewrite")
#: Headers of answers that callers see the effect of; the others say something about one server.
_HEADERS = ("Content-Type", "Content-Disposition", "Content-Range", "Location", "Retry-After")
#: What every call has.
_SHAPES = {"operation": str, "arguments": dict, "headers": dict}
#: Characters of a name that a file may have everywhere, with room for what is added.
_LONGEST = 150


class CassetteError(AssertionError):
    """A call that was not recorded, or a cassette that cannot be read; no AgaveError."""


def path_for(module: Path, names: Sequence[str]) -> Path:
    """Return where the cassette of a test is: ``names`` are those of its classes and its own.

    A name that no file can have is shortened and told from others like it by a hash.
    """
    whole = ".".join(names)
    name = re.sub(r"[^\w.\[\]-]+", "_", whole, flags=re.ASCII)[:_LONGEST]
    if name != whole:
        name += f"-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
    return module.parent / "cassettes" / module.stem / f"{name}.yaml"


class Cassette:
    """The calls of one test: operation, arguments, answer, and who called if it is another user.

    ``path`` is the file. ``mode`` is ``none`` (replay only), ``once`` (record if there is no file)
    or ``rewrite`` (record anew). Credentials are blotted out before anything is written. Raises
    CassetteError for a file that is none, or that is not there when it is to be replayed.
    """

    def __init__(self, path: Path, mode: str) -> None:
        self.path = path
        #: The client whose calls are recorded or replayed.
        self.client: Agave
        self.recording = mode == "rewrite" or (mode == "once" and not path.exists())
        #: The address of the tenant that was recorded, and who called.
        self.api_server = ""
        self.username = ""
        self._calls: list[dict[str, Any]] = []
        self._others: dict[str, Agave] = {}
        self._login: Callable[[str], Agave]
        self._redaction = Redaction()
        if not self.recording:
            self._load()

    @property
    def calls(self) -> list[str]:
        """The operations recorded, in order."""
        return [call["operation"] for call in self._calls]

    def hide(self, *texts: str) -> None:
        """Blot these out as well: what gives access, and is named like nothing that does.

        The path of a webhook is such a text.
        """
        self._redaction.add(texts)

    def client_of(self, username: str) -> Agave:
        """Return the client of a user, whose calls are told from those of others.

        Raises UsageError when a real tenant is recorded: its login is that of one user.
        """
        if username == self.username:
            return self.client
        if username not in self._others:
            self._others[username] = other = self._login(username)
            self._redaction.public.add(username)
            self._hide_login(other)
        return self._others[username]

    @contextmanager
    def replaying(self, wire: Wire) -> Iterator[None]:
        """Answer the calls within the block, those of ``Agave.restore()`` too."""
        from agavepy.client import Agave

        def login(username: str) -> Agave:
            known: dict[str, Any] = {"username": username, "password": BLOT}
            own = BLOT if username == self.username else _token_of(username)
            if any(call.startswith("token.") for call in self.calls):  # it was renewed
                known |= {"refresh_token": BLOT, "api_key": own, "api_secret": BLOT}
            return Agave(api_server=self.api_server, token=own, cache_client=False, **known)

        left = list(self._calls)
        lock = threading.Lock()

        def answer(request: requests.PreparedRequest) -> Answer | None:
            if config.origin(str(request.url)) != config.origin(self.api_server):
                return None
            wanted = self._described(request)
            with lock:
                found = next((call for call in left if _is(call, wanted)), None)
                if found is not None:
                    left.remove(found)
                    return _answer_of(found)
            known = any(_is(call, wanted) for call in self._calls)
            raise CassetteError(
                f"{self.path} holds no {'further ' if known else ''}"
                f"{wanted['operation']} with {blotted(wanted['arguments'])}; it holds "
                f"{', '.join(self.calls) or 'nothing'}. Record it: pytest --agave-record=rewrite"
            )

        self._login, self.client = login, login(self.username)
        wire.sources.append(answer)
        try:
            with current(self.api_server, BLOT), unhurried():
                yield
        finally:
            wire.sources.remove(answer)

    @contextmanager
    def keeping(
        self, wire: Wire, client: Agave, login: Callable[[str], Agave] | None = None
    ) -> Iterator[None]:
        """Keep what is called within the block at the tenant of ``client``.

        ``login`` makes the clients of other users; a real tenant has none.
        """

        def none(username: str) -> Agave:
            raise UsageError(f"there is no login of {username}: --agave-live is that of one user")

        self.client, self._login = client, login or none
        self.api_server = api_server = str(client.api_server)
        self.username = client.username or ""
        self._redaction.public.add(self.username)
        self._hide_login(client)

        def watch(request: requests.PreparedRequest, response: requests.Response) -> None:
            if config.origin(str(request.url)) == config.origin(api_server):
                self._redaction.learn_headers(request)
                self._calls.append({**self._described(request), **_answered(response)})

        wire.watchers.append(watch)
        try:
            with current(api_server, client._token or ""):
                yield
        finally:
            wire.watchers.remove(watch)

    def _hide_login(self, client: Agave) -> None:
        known = (client.password, client.api_secret, client._token, client.refresh_token)
        self._redaction.add(known)

    def _caller(self, request: requests.PreparedRequest) -> dict[str, str]:
        """Return who called, nothing for the user of the cassette."""
        headers: Any = request.headers
        _, _, secret = str(headers.get("Authorization", "")).partition(" ")
        for username, client in self._others.items():
            logins = (username, client.password), (client.api_key, client.api_secret)
            basics = [base64.b64encode(f"{a}:{b}".encode()).decode() for a, b in logins]
            if secret in (client._token, *basics):
                return {"user": username}
        return {}

    def save(self) -> None:
        """Write what was kept, whole or not at all. Raises CassetteError where that cannot be."""
        import yaml

        for call in self._calls:
            for part in ("arguments", "headers", "json"):
                self._redaction.learn(call.get(part))
        content = {
            "agavepy_cassette": FORMAT,
            "api_server": self.api_server,
            "username": self.username,
            "calls": [self._without_secrets(call) for call in self._calls],
        }
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")  # another run may write it, too
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self.path)
        except OSError as error:
            raise CassetteError(f"cannot write {self.path}: {error.strerror}") from error

    def _without_secrets(self, call: dict[str, Any]) -> dict[str, Any]:
        kept = {
            name: self._redaction(value)
            if name in {"arguments", "headers", "json", "text"}
            else value
            for name, value in call.items()
        }
        if "base64" in call:
            content = self._redaction(base64.b64decode(call["base64"]))
            kept["base64"] = base64.b64encode(content).decode()
        return kept

    def _described(self, request: requests.PreparedRequest) -> dict[str, Any]:
        plan, arguments = asked(request, self.api_server)
        name = plan.id if plan else f"{request.method} {redact_url(request.path_url)}"
        return {"operation": name, **self._caller(request), "arguments": arguments}

    def _load(self) -> None:
        import yaml

        try:
            content = yaml.safe_load(self.path.read_text(encoding="utf-8"))
            if content["agavepy_cassette"] != FORMAT:
                raise ValueError(f"its format is {content['agavepy_cassette']}, not {FORMAT}")
            self.api_server, self.username = content["api_server"], content["username"]
            if config.origin(self.api_server)[0] not in {"http", "https"}:
                raise ValueError(f"api_server is {self.api_server!r}")
            self._calls = [*map(_checked, content["calls"])]
        except FileNotFoundError as error:
            raise CassetteError(
                f"there is no cassette {self.path}: record it with pytest --agave-record=once"
            ) from error
        except OSError as error:
            raise CassetteError(f"cannot read {self.path}: {error.strerror}") from error
        except LookupError as error:
            raise CassetteError(f"{self.path} is no cassette: it lacks {error}") from error
        except (ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise CassetteError(f"{self.path} is no cassette: {error}") from error


def _is(call: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(
        fits(call.get(name), wanted.get(name)) for name in ("operation", "user", "arguments")
    )


def _checked(call: dict[str, Any]) -> dict[str, Any]:
    """Return a call as it was recorded. Raises ValueError, or LookupError, for one that was not."""
    call = {"headers": {}, **call, "status": int(call["status"])}
    for name, shape in _SHAPES.items():
        if not isinstance(call[name], shape):
            raise ValueError(f"{name} of a call is {call[name]!r}")
    base64.b64decode(call.get("base64", ""), validate=True)
    return call


def _token_of(username: str) -> str:
    """Return what stands for the token of another user, whose calls are told by it."""
    return f"{BLOT}{username}"


def _answered(response: requests.Response) -> dict[str, Any]:
    """Return an answer as readable as it can be: parsed JSON, text, or base64 of bytes."""
    headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
    kept: dict[str, Any] = {"status": response.status_code, "headers": headers}
    content = response.content
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {**kept, "base64": base64.b64encode(content).decode()}
    with suppress(ValueError):
        data = json.loads(text)
        if isinstance(data, dict | list):
            return {**kept, "json": data}
    return {**kept, "text": text}


def _answer_of(call: dict[str, Any]) -> Answer:
    if "json" in call:
        data = call["json"]
        if "user" in call and isinstance(data, dict) and "access_token" in data:
            data = {**data, "access_token": _token_of(call["user"])}
        body = json.dumps(data).encode()
    elif "base64" in call:
        body = base64.b64decode(call["base64"])
    else:
        body = str(call.get("text", "")).encode()
    headers = {name: str(value) for name, value in call["headers"].items()}
    return Answer(call["status"], {**headers, "Content-Length": str(len(body))}, body)
