"""``token_create`` of agavepy 0.9."""

from __future__ import annotations

import getpass  # noqa: F401 - the name by which tests replace the question for a password
from typing import Any

from agavepy.client import Agave
from agavepy.deprecation import deprecated
from agavepy.interactive.errors import AgaveTokenError


@deprecated("Agave.get_access_token")
def token_create(username: str, api_key: str, api_secret: str, tenant_url: str) -> dict[str, Any]:
    """Log in by a password that is asked for, and return the pair of tokens.

    The keys: access_token, refresh_token, expires_in (seconds), created_at (epoch seconds, as text)
    and expires_at (text, local time). Raises AgaveTokenError, or AgaveAPICallError when the server
    refuses.
    """
    if not (api_key and api_secret):
        raise AgaveTokenError("a token needs the api_key and api_secret of an OAuth client")
    ag = Agave(
        api_server=tenant_url,
        username=username,
        api_key=api_key,
        api_secret=api_secret,
        cache_client=False,
    )
    ag.get_access_token()
    return token_data(ag)


def token_data(ag: Agave) -> dict[str, Any]:
    """Return the pair of a client as :func:`token_create` does."""
    return {
        "access_token": ag._token or "",
        "refresh_token": ag.refresh_token or "",
        "expires_in": ag.expires_in,
        "created_at": str(ag.created_at),
        "expires_at": ag.expires_at,
    }
