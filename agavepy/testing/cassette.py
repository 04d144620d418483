"""Record the calls of a test once, to a file that people can read, and replay them ever after."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from agavepy import config
from agavepy.curl import BLOT, SECRET_NAME, blotted
from agavepy.errors import AgaveError, redact_url
from agavepy.testing.asked import asked
from agavepy.testing.wire import Answer, Wire

if TYPE_CHECKING:
    from agavepy.client import Agave

FORMAT = 1
MODES = ("none", "once", "rewrite")
#: Headers of answers that callers see the effect of; the others say something about one server.
_HEADERS = ("Content-Type", "Content-Disposition", "Content-Range", "Location", "Retry-After")
#: Text shorter than this is not looked for in answers: it would be found everywhere.
_SHORTEST = 6


class CassetteError(AgaveError, AssertionError):
    """A call that was not recorded, or a cassette that cannot be read."""


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
        self._secrets: set[str] = set()
        if not self.recording:
            self._load()

    @property
    def calls(self) -> list[str]:
        """The operations recorded, in order."""
        return [call["operation"] for call in self._calls]

    @contextmanager
    def replaying(self, wire: Wire) -> Iterator[dict[str, Any]]:
        """Answer the calls within the block; yield the keywords of a client to make them with."""
        left = list(self._calls)

        def answer(request: requests.PreparedRequest) -> Answer | None:
            if config.origin(str(request.url)) != config.origin(self.api_server):
                return None
            wanted = self._described(request)
            for call in left:
                if all(call[name] == wanted[name] for name in wanted):
                    left.remove(call)
                    return _answer_of(call)
            raise CassetteError(
                f"{self.path} holds no {'further ' if wanted in _keys(self._calls) else ''}"
                f"{wanted['operation']} with {wanted['arguments']}; it holds "
                f"{', '.join(self.calls) or 'nothing'}. Record it: pytest --agave-record=rewrite"
            )

        wire.sources.append(answer)
        try:
            yield {
                "api_server": self.api_server,
                "username": self.username,
                "password": BLOT,
                "token": BLOT,
                "cache_client": False,
            }
        finally:
            wire.sources.remove(answer)

    @contextmanager
    def keeping(self, wire: Wire, client: Agave) -> Iterator[None]:
        """Keep what is called within the block at the tenant of ``client``."""
        self.api_server = api_server = str(client.api_server)
        self.username = client.username or ""
        known = (client.password, client.api_secret, client._token, client.refresh_token)
        self._secrets.update(filter(None, known))

        def watch(request: requests.PreparedRequest, response: requests.Response) -> None:
            if config.origin(str(request.url)) == config.origin(api_server):
                self._note_secrets(request)
                self._calls.append({**self._described(request), **_answered(response)})

        wire.watchers.append(watch)
        try:
            yield
        finally:
            wire.watchers.remove(watch)

    def save(self) -> None:
        """Write what was kept, whole or not at all."""
        import yaml

        content = {
            "agavepy_cassette": FORMAT,
            "api_server": self.api_server,
            "username": self.username,
            "calls": self._calls,
        }
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST:
                text = text.replace(secret, BLOT)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.path)

    def _described(self, request: requests.PreparedRequest) -> dict[str, Any]:
        plan, arguments = asked(request, self.api_server)
        if plan is None:
            return {
                "operation": f"{request.method} {redact_url(request.path_url)}",
                "arguments": {},
            }
        return {"operation": plan.id, "arguments": blotted(arguments)}

    def _note_secrets(self, request: requests.PreparedRequest) -> None:
        headers: Any = request.headers
        for name, value in headers.items():
            if SECRET_NAME.search(name):
                text = str(value).partition(" ")[2] or str(value)
                self._secrets.add(text)
                with suppress(ValueError):
                    self._secrets.update(base64.b64decode(text, validate=True).decode().split(":"))

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


def _keys(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: call[name] for name in ("operation", "arguments")} for call in calls]


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
            return {**kept, "json": blotted(data)}
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
