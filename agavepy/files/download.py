"""``files_download`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_download")
def files_download(tenant_url: str, access_token: str, source: str, destination: str) -> None:
    """Download a file to a local path, whole or not at all.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_download(source, destination)
