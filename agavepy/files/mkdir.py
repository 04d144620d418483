"""``files_mkdir`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_mkdir")
def files_mkdir(tenant_url: str, access_token: str, location: str) -> None:
    """Make a directory, and those above it.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_mkdir(location)
