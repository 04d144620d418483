"""The auth plugin for bravado, and the way of bravado's calls through an agavepy transport."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from bravado import requests_client
from bravado.client import SwaggerClient
from bravado.config import bravado_config_from_config_dict
from requests.auth import AuthBase

from agavepy.auth.authenticators import Authenticator, Replaying
from agavepy.transport import Transport


class BravadoAuthenticator(requests_client.Authenticator):
    """A ``bravado.requests_client.Authenticator`` of any :class:`Authenticator`.

    For clients that bring their own session: ``RequestsClient().authenticator`` takes it. A request
    whose token has expired is sent again, once, with a new one.
    """

    def __init__(self, authenticator: Authenticator, base_url: str) -> None:
        super().__init__(urlsplit(base_url).netloc)
        self.auth = Replaying(authenticator)

    def matches(self, url: str) -> bool:
        """Tell whether the address is on the server of the credential, its scheme included."""
        return self.auth.authenticator.matches(url)

    def apply(self, request: requests.Request) -> requests.Request:
        """Put the credential on a request when it is prepared; so ``~/.netrc`` has no say."""
        request.auth = self.auth
        return request


def swagger_client(
    spec: Any, transport: Transport, authenticator_of: Callable[[str], Authenticator | None]
) -> Any:
    """Return a stock ``SwaggerClient`` of a ``bravado_core`` spec whose calls ``transport`` sends.

    ``authenticator_of(operation id)`` gives the credential of each operation, None for none.
    """
    spec.http_client = _Client(transport, authenticator_of)
    spec.config["bravado"] = bravado_config_from_config_dict(spec.config)
    make: Callable[[Any], Any] = SwaggerClient
    return make(spec)


class _Way(AuthBase):
    """How a request will be sent. It stamps nothing yet, and keeps ``~/.netrc`` out."""

    def __init__(self, transport: Transport, auth: Authenticator | None, operation: str) -> None:
        self.transport = transport
        self.auth = auth
        self.operation = operation

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Future(requests_client.RequestsFutureAdapter):
    timeout_errors = (requests.Timeout,)

    def result(self, timeout: float | None = None) -> requests.Response:
        """Send the request and wait for the answer; ``timeout`` in seconds."""
        request, way = self.request, self.request.auth
        request.headers = {
            name: value if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        prepared = self.session.prepare_request(request)
        response: requests.Response = way.transport.send(
            prepared, auth=way.auth, timeout=self.build_timeout(timeout), operation=way.operation
        )
        return response


class _Client(requests_client.RequestsClient):
    def __init__(
        self, transport: Transport, authenticator_of: Callable[[str], Authenticator | None]
    ) -> None:
        super().__init__(future_adapter_class=_Future)
        self.session = transport.session
        self._transport = transport
        self._authenticator_of = authenticator_of

    def request(
        self, request_params: Any, operation: Any = None, request_config: Any = None
    ) -> Any:
        """Start a call; slashes of a path variable that may hold some are left as they are.

        bravado writes them as %2F, and a %2F that the caller means as %252F.
        """
        request_params = dict(request_params)
        parameters = operation.params.values()
        if any(parameter.param_spec.get("x-agavepy-tail") for parameter in parameters):
            request_params["url"] = request_params["url"].replace("%2F", "/")
        name = operation.operation_id
        request_params["auth"] = _Way(self._transport, self._authenticator_of(name), name)
        return super().request(request_params, operation, request_config)
