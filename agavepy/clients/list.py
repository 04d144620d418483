"""``clients_list`` of agavepy 0.9."""

from __future__ import annotations

import getpass  # noqa: F401 - the name by which tests replace the question for a password

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.clients_list")
def clients_list(username: str, tenant_url: str) -> None:
    """Print name and description of the user's OAuth clients; the password is asked for.

    Raises AgaveClientError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, username=username).clients_list()
