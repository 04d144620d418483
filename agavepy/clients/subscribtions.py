"""``clients_subscribtions`` of agavepy 0.9."""

from __future__ import annotations

import getpass  # noqa: F401 - the name by which tests replace the question for a password

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.clients_subscriptions")
def clients_subscribtions(username: str, client_name: str, tenant_url: str) -> None:
    """Print the APIs that an OAuth client is subscribed to; the password is asked for.

    Raises AgaveClientError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, username=username).clients_subscriptions(client_name)
