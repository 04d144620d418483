"""``files_upload`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_upload")
def files_upload(tenant_url: str, access_token: str, source: str, destination: str) -> None:
    """Upload a local file to a system.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_upload(source, destination)
