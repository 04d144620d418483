"""``clients_subscribe`` of agavepy 0.9."""

from __future__ import annotations

import getpass  # noqa: F401 - the name by which tests replace the question for a password

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.clients_subscribe")
def clients_subscribe(
    username: str,
    client_name: str,
    tenant_url: str,
    api_name: str,
    api_version: str,
    api_provider: str,
) -> None:
    """Subscribe an OAuth client to an API; the password is asked for.

    Raises AgaveClientError, or AgaveAPICallError when the server refuses.
    """
    ag = Agave(api_server=tenant_url, username=username)
    ag.clients_subscribe(api_name, api_version, api_provider, client_name)
