"""``load_config`` of agavepy 0.9."""

from __future__ import annotations

import os
from typing import Any

from agavepy.deprecation import deprecated
from agavepy.interactive.sessions import cached_login


@deprecated("Agave.restore, or Agave.load_configs")
def load_config(
    cache_dir: str | os.PathLike[str],
    tenant_id: str | None,
    username: str | None,
    client_name: str | None,
) -> tuple[str, dict[str, Any]]:
    """Return client name and record of the cached login that is named, or of the current one.

    Raises FileNotFoundError when no logins are kept in ``cache_dir``, NoSuchChoice (a KeyError)
    when none is the one that is named.
    """
    found = cached_login(cache_dir, tenant_id=tenant_id, username=username, client_name=client_name)
    return str(found.keywords.get("client_name") or ""), found.record
