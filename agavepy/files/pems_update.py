"""``files_pems_update`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_pems_update")
def files_pems_update(
    tenant_url: str,
    access_token: str,
    path: str,
    username: str,
    perms: str,
    recursive: bool = False,
) -> None:
    """Give a user permissions on a file or directory.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_pems_update(
        path, username, perms, recursive
    )
