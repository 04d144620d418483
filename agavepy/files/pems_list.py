"""``files_pems_list`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_pems_list")
def files_pems_list(tenant_url: str, access_token: str, path: str) -> None:
    """Print who may read, write and execute a file or directory.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_pems_list(path)
