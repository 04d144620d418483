"""The control door of a sandbox as Python: of one in this process or of any other."""

from __future__ import annotations

import time
from typing import Any

import requests

from agavepy import loader
from agavepy.auth.authenticators import Authenticator
from agavepy.errors import CredentialsError
from agavepy.operation import Service
from agavepy.transport import Transport


class Door(Authenticator):
    """The described operations of the control door, each a method: ``door.call.getClock()``.

    ``secret`` is that of the run; the ready file of ``agavepy sandbox`` holds it. What the door
    refuses is raised as for any call.
    """

    header_name = "X-Sandbox-Secret"

    def __init__(self, url: str, secret: str, verify: bool | str = True) -> None:
        super().__init__(url)
        session = requests.Session()  # of its own: nobody watches it or answers in its place
        session.trust_env = False
        # It waits for real, and once: the pauses of clients are moves of the clock behind it.
        self.transport = Transport(url, verify=verify, session=session, retries=1, sleep=time.sleep)
        self._secret = secret
        self.call = Service(self, loader.load(loader.SPECS / "_sandbox.yaml"))

    @property
    def opens(self) -> bool:
        """Whether the secret is known."""
        return bool(self._secret)

    def stamp(self, request: requests.PreparedRequest) -> None:
        """Put the secret on a request."""
        request.headers[self.header_name] = self._secret

    def advice(self, status: int, operation: str) -> str:
        """Return where arguments are described: no ``Agave`` has these operations."""
        name = operation.rpartition(".")[2]
        called = f"help(door.call.{name}), `door` being that of agave_sandbox,"
        return f"{called} describes what it takes" if status == 400 else ""

    def authenticator(self, security: str) -> Authenticator:
        """Return itself: the door's operations need its secret."""
        if not self._secret:
            raise CredentialsError(
                "the sandbox's control door needs the secret of its run: give --agave-url the "
                "path of the ready file that `agavepy sandbox --ready-file` writes"
            )
        return self

    def service(self, name: str) -> Any:
        """Return the door's operations."""
        return self.call

    def close(self) -> None:
        """Close the connection."""
        self.transport.close()
