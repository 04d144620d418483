"""``clients_create`` of agavepy 0.9."""

from __future__ import annotations

import getpass  # noqa: F401 - the name by which tests replace the question for a password

from agavepy.client import Agave
from agavepy.deprecation import deprecated
from agavepy.interactive.errors import AgaveClientError


@deprecated("Agave.clients_create")
def clients_create(
    username: str, client_name: str, description: str, tenant_url: str
) -> tuple[str, str]:
    """Create an OAuth client and return its key and secret; the password is asked for.

    Raises AgaveClientError, or AgaveAPICallError when the server refuses.
    """
    if not client_name:
        raise AgaveClientError("Error creating client: invalid client_name")
    ag = Agave(api_server=tenant_url, username=username, cache_client=False)
    made = ag.clients_create(client_name, description)
    return made["api_key"], made["api_secret"]
