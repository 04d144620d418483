"""Functions that agavepy 1.0 had for programs beside the client."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import requests

from agavepy import loader
from agavepy.deprecation import deprecated
from agavepy.errors import expired_token
from agavepy.interactive.clients import random_client_name
from agavepy.result import AttrDict

__all__ = ["AttrDict", "clients_url", "json_response", "random_client_name", "with_refresh"]

P = ParamSpec("P")
T = TypeVar("T")


@deprecated("response.raise_for_status() and response.json()")
def json_response(f: Callable[P, requests.Response]) -> Callable[P, Any]:
    """Let a function that returns a response return its JSON, or raise HTTPError."""

    @wraps(f)
    def call(*args: P.args, **kwargs: P.kwargs) -> Any:
        response = f(*args, **kwargs)
        response.raise_for_status()
        return response.json()

    return call


@deprecated("the operations of a client, or Agave.geturl: both renew an expired token")
def with_refresh(client: Any, f: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Return ``f(*args, **kwargs)``; when its token has expired, refresh and call it again.

    An expired token is told by the HTTPError that ``f`` raises. Raises all others.
    """
    try:
        return f(*args, **kwargs)
    except requests.HTTPError as error:
        if error.response is None or not expired_token(error.response):
            raise
    client.refresh()
    return f(*args, **kwargs)


def clients_url(tenant_url: str) -> str:
    """Return the address of a tenant's clients service."""
    return tenant_url.rstrip("/") + loader.service_plan("clients")["list"].path.rstrip("/")
