"""``files_pems_delete`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_pems_delete")
def files_pems_delete(tenant_url: str, access_token: str, path: str) -> None:
    """Take away all permissions on a file or directory but those of its owner.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_pems_delete(path)
