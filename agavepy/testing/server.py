"""The tenant that tests share: a sandbox of this process, or one that runs already."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from unittest import mock

from agavepy import timing
from agavepy.errors import AgaveError, ConnectionFailed
from agavepy.sandbox import DEFAULT_USERS, Sandbox
from agavepy.testing.clock import Clock
from agavepy.testing.door import Door

if TYPE_CHECKING:
    from agavepy.client import Agave

#: The snapshot that every test starts from.
START = "agavepy-testing"
#: What ids are made from: they are the same in every run.
SEED = 0


class Server(Protocol):
    """What the kit needs of a tenant: the part of ``Sandbox`` that outsiders have, and its door."""

    url: str
    ca_bundle: str | None

    @property
    def tenant_id(self) -> str:
        """The code of the tenant."""

    @property
    def door(self) -> Door:
        """The control door."""

    def credentials(self, username: str) -> dict[str, Any]:
        """Return a fresh login of a user."""

    def client(self, username: str) -> Agave:
        """Return a logged-in client."""


class LocalServer(Sandbox):
    """A sandbox of this process whose state was kept when it had started."""

    def start(self) -> LocalServer:
        """Start it and keep its state."""
        super().start()
        self._door = Door(self.url, self.control.secret, self.ca_bundle or True)
        # Not through the door: what comes in there is checked by libraries that take a second to
        # load, and most tests need nothing else of it.
        self.control.seed_ids(SEED)
        self.control.snapshot(START)
        return self

    @property
    def door(self) -> Door:
        """The control door."""
        return self._door

    def stop(self) -> None:
        """Stop it."""
        self._door.close()
        super().stop()


class RemoteServer:
    """A sandbox that somebody else has started, such as ``agavepy sandbox`` in a CI service.

    ``where`` is its address, or the path of its ready file: only that holds the secret of the
    control door, by which state is brought back, time moved and faults ordered. Raises AgaveError
    for a file that is none.
    """

    def __init__(self, where: str) -> None:
        ready: dict[str, Any]
        ready = {"url": where.rstrip("/")} if "://" in where else _read(Path(where))
        self.url: str = ready["url"]
        self.ca_bundle: str | None = ready.get("ca_bundle")
        default = {**DEFAULT_USERS, "admin": "admin"}
        users = ready.get("users") or [{"username": n, "password": p} for n, p in default.items()]
        self._users: dict[str, dict[str, Any]] = {user["username"]: dict(user) for user in users}
        self._tenant_id: str = ready.get("tenant_id", "")
        self._door = Door(self.url, ready.get("secret", ""), self.ca_bundle or True)

    @property
    def door(self) -> Door:
        """The control door."""
        return self._door

    @property
    def tenant_id(self) -> str:
        """The code of the tenant, which its tenants service tells if no file does."""
        if not self._tenant_id:
            self._tenant_id = self._agave().tenants.list()[0].code
        return self._tenant_id

    def start(self) -> RemoteServer:
        """Keep its state, if the door opens."""
        if self._door.opens:
            self._door.call.seedIds(body={"seed": SEED})
            self._door.call.keepSnapshot(name=START)
        return self

    def stop(self) -> None:
        """Leave it as it was found."""
        if self._door.opens:
            self._door.call.restoreSnapshot(name=START)
        self._door.close()

    def credentials(self, username: str) -> dict[str, Any]:
        """Return a fresh login of a user, with the keys of ``Sandbox.credentials``."""
        client = self.client(username)
        names = ("username", "password", "api_server", "tenant_id", "client_name", "api_key")
        record = client.to_dict() | {"password": client.password, "tenant_id": self.tenant_id}
        times = ("token", "refresh_token", "expires_in", "created_at")
        return {name: record[name] for name in (*names, "api_secret", *times)}

    def client(self, username: str) -> Agave:
        """Return a logged-in client that caches nothing; AgaveError for a user unknown here."""
        user = self._users.get(username)
        if user is None:
            raise AgaveError(f"no user {username!r} is known: there are {', '.join(self._users)}")
        client = self._agave(**user)
        if not client.api_key:
            client.clients.create(body={"clientName": f"agavepy-testing-{time.time_ns():x}"})
        client.tokens()
        return client

    def _agave(self, **settings: Any) -> Agave:
        from agavepy.client import Agave

        verify: bool | str = self.ca_bundle or True
        return Agave(
            api_server=self.url,
            tenant_id=self._tenant_id,
            verify=verify,
            cache_client=False,
            **settings,
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        ready = json.loads(path.read_text())
        return {**ready, "url": str(ready["url"])}
    except OSError as error:
        raise AgaveError(f"cannot read the ready file {path}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError) as error:
        raise AgaveError(f"{path} is no ready file of `agavepy sandbox`: {error!r}") from error


@contextmanager
def login(server: Server, client: Agave, directory: Path) -> Iterator[None]:
    """Keep a client's login in a credentials directory; within the block, its tenant is trusted.

    Processes that are started there trust it too.
    """
    client.save_configs(directory)
    trust = {"REQUESTS_CA_BUNDLE": server.ca_bundle} if server.ca_bundle else {}
    with mock.patch.dict(os.environ, trust):
        yield


@contextmanager
def restored(server: Server) -> Iterator[Clock]:
    """Bring the tenant back, time and faults included, when the block ends.

    Clients share the tenant's time meanwhile: what they wait before they repeat a call passes at
    once and moves it. What they look at runs for real, and has its time. A tenant whose door is
    closed to us is left as the block leaves it.
    """
    clock = Clock(server.door)
    if not server.door.opens:
        yield clock
        return

    def pause(seconds: float) -> None:
        with suppress(ConnectionFailed):  # a tenant that is gone has no time
            clock.advance(seconds)

    timing.pause = pause
    try:
        yield clock
    finally:
        timing.pause = timing.look_pause = time.sleep
        timing.ahead_s = 0.0
        server.door.call.restoreSnapshot(name=START)
