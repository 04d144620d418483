"""What held the credential of a :class:`~agavepy.swaggerpy.client.SwaggerClient`."""

from __future__ import annotations

from typing import Any


class SynchronousHttpClient:
    """Holds the credential of a client, as keywords of ``Agave``; the last one that is set counts.

    ``verify`` is True, False or the path of a CA bundle. A credential is sent to the address of the
    client and to no other, whatever ``host`` is.
    """

    def __init__(self, verify: bool | str | None = None) -> None:
        self._verify: dict[str, Any] = {} if verify is None else {"verify": verify}
        self._credential: dict[str, Any] = {"use_nonce": True}

    @property
    def credentials(self) -> dict[str, Any]:
        """The keywords of ``Agave``."""
        return {**self._verify, **self._credential}

    def set_basic_auth(self, host: str, username: str, password: str) -> None:
        """Send a user's name and password, for the clients service."""
        self._credential = {"username": username, "password": password}

    def set_token(self, host: str, token: str) -> None:
        """Send an access token."""
        self._credential = {"token": token}

    def set_jwt(self, host: str, header_name: str, jwt: str) -> None:
        """Send an assertion in a header of its own."""
        self._credential = {"jwt_header_name": header_name, "jwt": jwt}

    def set_nonce(self, host: str) -> None:
        """Send nothing but the ``nonce=`` of each call."""
        self._credential = {"use_nonce": True}

    def close(self) -> None:
        """Do nothing: connections are those of the client."""
