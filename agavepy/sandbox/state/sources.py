"""What an address leads to for who wants its content: files and job outputs of the tenant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import disk, files, files_access, jobs_outputs
from agavepy.sandbox.tenant import Tenant

_WEB = ("http://", "https://")


class Source(NamedTuple):
    """A place of a system: its logical path, and where it is on this machine."""

    system: dict[str, Any]
    logical: str
    real: Path

    def there(self) -> Source:
        """Return the source; ApiError 404 when nothing is there."""
        if not self.real.exists():
            raise ApiError(404, f"File/folder does not exist: {self.logical}")
        return self


def locate(tenant: Tenant, user: str, uri: str) -> Source | None:
    """Return what ``user`` may read all of at an address; None for one of the web elsewhere.

    Takes what ``files.parse_uri`` takes and addresses of job outputs. Raises ApiError 400 for an
    address that is neither or a system that is down, 403 without the permission, 404 for what
    ``user`` does not see. A file need not be there.
    """
    output = jobs_outputs.parse(tenant, user, uri)
    if output is not None:  # whoever may see a job may read its outputs
        system, logical = output
    elif uri.lower().startswith(_WEB) and not files.is_own(tenant, uri):
        return None
    else:
        system, logical = files.parse_uri(tenant, user, uri)
    files.usable(system)
    real = disk.real(tenant, system, logical, user_home=False)
    if output is None:
        files_access.authorize(tenant, user, system, logical, "READ", tree=real.is_dir())
    # Path.resolve fails for a link that leads to itself, of which nothing is there.
    return Source(system, logical, Path(os.path.realpath(real)))
