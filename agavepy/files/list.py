"""``files_list`` of agavepy 0.9."""

from __future__ import annotations

from agavepy.client import Agave
from agavepy.deprecation import deprecated


@deprecated("Agave.files_list")
def files_list(
    tenant_url: str, access_token: str, system_path: str, long_format: bool = False
) -> None:
    """Print the names in a directory, directories with a slash.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    Agave(api_server=tenant_url, token=access_token).files_list(system_path, long_format)
