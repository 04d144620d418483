"""``save_config`` of agavepy 0.9."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agavepy import config
from agavepy.auth.cache import Cache, Identity
from agavepy.auth.keeper import CachedLogin
from agavepy.auth.tokens import Pair
from agavepy.deprecation import deprecated


@deprecated("Agave.save_configs")
def save_config(
    cache_dir: str | os.PathLike[str], current_context: Mapping[str, Any], client_name: str
) -> None:
    """Make a record the current login in ``cache_dir``; the one before goes to the sessions.

    Raises OSError when the files cannot be written.
    """
    login = {"api_secret": "", **config.keywords(current_context), "client_name": client_name}
    cache = Cache(Path(cache_dir), home=Path(cache_dir))
    with CachedLogin(cache, Identity.of(login), lambda: login).locked():
        cache.log_in(login, Pair.from_record(login) or Pair(""))
