"""``files_copy`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_copy")
def files_copy(tenant_url: str, access_token: str, source: str, destination: str) -> None:
    """Copy a file or directory on its system.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_copy(source, destination)
