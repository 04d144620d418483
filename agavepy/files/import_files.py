"""``files_import`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_import")
def files_import(tenant_url: str, access_token: str, source: str, destination: str) -> None:
    """Let the server fetch a URL or an ``agave://`` address into a directory.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_import(source, destination)
