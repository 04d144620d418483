"""Record the calls of a test once, to a file that people can read, and replay them ever after."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from agavepy import config
from agavepy.curl import BLOT, blotted
from agavepy.errors import AgaveError, redact_url
from agavepy.testing.asked import asked
from agavepy.testing.redaction import Redaction, fits
from agavepy.testing.wire import Answer, Wire

if TYPE_CHECKING:
    from agavepy.client import Agave

FORMAT = 1
MODES = ("none", "once", "rewrite")
#: Headers of answers that callers see the effect of; the others say something about one server.
_HEADERS = ("Content-Type", "Content-Disposition", "Content-Range", "Location", "Retry-After")
#: Characters of a name that a file may have everywhere, with room for what is added.
_LONGEST = 150


class CassetteError(AgaveError, AssertionError):
    """A call that was not recorded, or a cassette that cannot be read."""


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
    """The calls of one test: operation, arguments, answer.

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

    @contextmanager
    def replaying(self, wire: Wire) -> Iterator[dict[str, Any]]:
        """Answer the calls within the block; yield the keywords of a client to make them with."""
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

        wire.sources.append(answer)
        try:
            login = {"username": self.username, "password": BLOT, "token": BLOT}
            if any(call.startswith("token.") for call in self.calls):  # it was renewed
                login |= dict.fromkeys(("refresh_token", "api_key", "api_secret"), BLOT)
            yield {"api_server": self.api_server, "cache_client": False, **login}
        finally:
            wire.sources.remove(answer)

    @contextmanager
    def keeping(self, wire: Wire, client: Agave) -> Iterator[None]:
        """Keep what is called within the block at the tenant of ``client``."""
        self.api_server = api_server = str(client.api_server)
        self.username = client.username or ""
        self._redaction.public.add(self.username)
        known = (client.password, client.api_secret, client._token, client.refresh_token)
        self._redaction.add(known)

        def watch(request: requests.PreparedRequest, response: requests.Response) -> None:
            if config.origin(str(request.url)) == config.origin(api_server):
                self._redaction.learn_headers(request)
                self._calls.append({**self._described(request), **_answered(response)})

        wire.watchers.append(watch)
        try:
            yield
        finally:
            wire.watchers.remove(watch)

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
        temporary = self.path.with_suffix(".tmp")
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
        if plan is None:
            return {
                "operation": f"{request.method} {redact_url(request.path_url)}",
                "arguments": {},
            }
        return {"operation": plan.id, "arguments": arguments}

    def _load(self) -> None:
        import yaml

        try:
            content = yaml.safe_load(self.path.read_text(encoding="utf-8"))
            if content["agavepy_cassette"] != FORMAT:
                raise ValueError(f"its format is {content['agavepy_cassette']}, not {FORMAT}")
            self.api_server, self.username = content["api_server"], content["username"]
            self._calls = [
                {key: call[key] for key in ("operation", "arguments", "status")} | call
                for call in content["calls"]
            ]
        except FileNotFoundError as error:
            raise CassetteError(
                f"there is no cassette {self.path}: record it with pytest --agave-record=once"
            ) from error
        except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError) as error:
            raise CassetteError(f"{self.path} is no cassette: {error}") from error


def _is(call: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(fits(call[name], wanted[name]) for name in wanted)


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
        body = json.dumps(call["json"]).encode()
    elif "base64" in call:
        body = base64.b64decode(call["base64"])
    else:
        body = str(call.get("text", "")).encode()
    headers = {**call.get("headers", {}), "Content-Length": str(len(body))}
    return Answer(int(call["status"]), headers, body)
