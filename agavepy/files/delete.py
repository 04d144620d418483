"""``files_delete`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_delete")
def files_delete(tenant_url: str, access_token: str, file_path: str) -> None:
    """Delete a file or directory.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_delete(file_path)
