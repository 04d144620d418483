"""What credentials look like on a request, and that they go to their own server only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase

from agavepy import config, errors

if TYPE_CHECKING:
    from agavepy.auth.tokens import TokenSource


class Authenticator(AuthBase, ABC):
    """Stamps requests to one server, told by scheme, host and port, and leaves all others alone."""

    #: The header that holds the credential, which a redirect to another server must not keep.
    header_name = "Authorization"

    def __init__(self, base_url: str) -> None:
        self._origin = config.origin(base_url)
        scheme, _, rest = base_url.partition("://")
        self._start = f"{scheme}://{rest.partition('/')[0]}"

    def matches(self, url: str | None) -> bool:
        """Tell whether the address is on the server that the credential is for."""
        if not url:
            return False
        # The usual spelling needs no parsing; the next character shows that the host ends there.
        if url.startswith(self._start) and url[len(self._start) :][:1] in "/?":
            return True
        return config.origin(url) == self._origin

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the credential on a request."""
        if self.matches(request.url):
            self.stamp(request)
        return request

    @abstractmethod
    def stamp(self, request: requests.PreparedRequest) -> None:
        """Put the credential on a request to the right server."""

    def renew(self, response: requests.Response) -> bool:
        """Replace a credential that a server refused as expired; True: send the request again."""
        return False

    def advice(self, status: int, operation: str) -> str:
        """Return what to do about a refusal of such a call, "" for what it says by itself."""
        return ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._start}>"


class Bearer(Authenticator):
    """The access token of a :class:`~agavepy.auth.tokens.TokenSource`."""

    def __init__(self, source: TokenSource, base_url: str) -> None:
        super().__init__(base_url)
        self.source = source

    def stamp(self, request: requests.PreparedRequest) -> None:
        """Set the Authorization header; raises what ``TokenSource.access`` does."""
        request.headers["Authorization"] = f"Bearer {self.source.access()}"

    def renew(self, response: requests.Response) -> bool:
        """Renew the token, unless that has been done since the request was stamped."""
        used = str(response.request.headers.get("Authorization", ""))
        kind, _, token = used.partition(" ")
        return kind == "Bearer" and self.matches(response.request.url) and self.source.renew(token)


class _Basic(Authenticator):
    def __init__(self, name: str, password: str, base_url: str) -> None:
        super().__init__(base_url)
        self._header = f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"

    def stamp(self, request: requests.PreparedRequest) -> None:
        """Set the Authorization header."""
        request.headers["Authorization"] = self._header


class UserBasic(_Basic):
    """HTTP basic with the user's own name and password, as the clients service wants it."""

    def advice(self, status: int, operation: str) -> str:
        """Return where to look: the service answers 400 to a wrong password, too (clients-api)."""
        if status == 400:
            arguments = f"the arguments (help(ag.{operation}))"
            return f"check the username and the password, or else {arguments}"
        return "check the username and the password" if status == 401 else ""


class ClientBasic(_Basic):
    """HTTP basic with the key and secret of an OAuth client, as the token service wants it."""


class Jwt(Authenticator):
    """A signed assertion in a header such as ``X-JWT-Assertion-TENANT``, as gateways send it."""

    def __init__(self, header_name: str, assertion: str, base_url: str) -> None:
        super().__init__(base_url)
        self.header_name = header_name
        self._assertion = assertion

    def stamp(self, request: requests.PreparedRequest) -> None:
        """Set the header."""
        request.headers[self.header_name] = self._assertion


class Nonce(Authenticator):
    """An actor's nonce in the query; it takes the place of every other credential."""

    def __init__(self, nonce: str, base_url: str) -> None:
        super().__init__(base_url)
        self._term = urlencode({"x-nonce": nonce})

    def stamp(self, request: requests.PreparedRequest) -> None:
        """Add the nonce, unless the request has it already, as one that is sent again has."""
        assert request.url is not None
        before, _, query = request.url.partition("?")
        terms = query.split("&") if query else []
        if self._term not in terms:
            request.url = f"{before}?{'&'.join([*terms, self._term])}"


class Replaying(AuthBase):
    """Gives any session of requests what the transport does by itself: one replay after a renewal.

    ``session.get(url, auth=Replaying(ag.authenticator("bearer")))``.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self.authenticator = authenticator

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Stamp the request and watch its answer."""
        if self.authenticator.matches(request.url):
            self.authenticator.stamp(request)
            try:
                position: Any = request.body.tell()  # type: ignore[union-attr]
            except (AttributeError, OSError):
                position = None

            def handle(response: requests.Response, **options: Any) -> requests.Response:
                return self._replay(response, position, handle, options)

            hooks: Any = request.hooks
            hooks["response"] = [*hooks.get("response", ()), handle]
        return request

    def _replay(
        self, response: requests.Response, position: Any, handle: Any, options: dict[str, Any]
    ) -> requests.Response:
        sent = response.request
        if not self.authenticator.matches(sent.url) or not errors.expired_token(response):
            return response
        if not _rewind(sent.body, position) or not self.authenticator.renew(response):
            return response
        _ = response.content  # the connection goes back to the pool
        response.close()
        again = sent.copy()
        hooks: Any = again.hooks
        again.hooks = {**hooks, "response": [h for h in hooks["response"] if h is not handle]}
        self.authenticator.stamp(again)
        answered: Any = response
        second: requests.Response = answered.connection.send(again, **options)
        second.history.append(response)
        second.request = again
        return second


def _rewind(body: Any, position: Any) -> bool:
    """Put a body back to where it was; False when it cannot be sent twice."""
    if body is None or isinstance(body, str | bytes):
        return True
    if position is None:
        return False
    try:
        body.seek(position)
    except (AttributeError, OSError, ValueError):
        return False
    return True
