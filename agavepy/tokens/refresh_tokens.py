"""``refresh_token`` of agavepy 0.9."""

from __future__ import annotations

from typing import Any

from agavepy.client import Agave
from agavepy.deprecation import deprecated
from agavepy.interactive.errors import AgaveTokenError, failing_as
from agavepy.tokens.create_access_token import token_data


@deprecated("Agave.refresh")
def refresh_token(
    api_key: str, api_secret: str, refresh_token: str, tenant_url: str
) -> dict[str, Any]:
    """Trade a refresh token, once, for a new pair, and return that as ``token_create`` does.

    Raises AgaveTokenError, or AgaveAPICallError when the server refuses.
    """
    with failing_as(AgaveTokenError):
        ag = Agave(
            api_server=tenant_url,
            api_key=api_key,
            api_secret=api_secret,
            refresh_token=refresh_token,
            cache_client=False,
        )
        ag.refresh()
    return token_data(ag)
