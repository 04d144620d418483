"""``clients_delete`` of agavepy 0.9."""

from __future__ import annotations

import getpass  # noqa: F401 - the name by which tests replace the question for a password

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.clients_delete")
def clients_delete(tenant_url: str, username: str, client_name: str) -> None:
    """Delete an OAuth client; the password is asked for.

    Raises AgaveClientError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, username=username).clients_delete(client_name)
