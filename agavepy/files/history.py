"""``files_history`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_history")
def files_history(tenant_url: str, access_token: str, path: str) -> None:
    """Print what has happened to a file or directory.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_history(path)
