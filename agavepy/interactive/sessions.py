"""Commands for cached logins: save that of a client, load another one into it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from agavepy import config
from agavepy.auth.account import Account
from agavepy.auth.cache import Cache, Found
from agavepy.auth.tokens import Pair
from agavepy.interactive.errors import NoSuchChoice

if TYPE_CHECKING:
    from agavepy.client import Agave

_LOADED = (
    "tenant_id",
    "client_name",
    "username",
    "token_username",
    "api_key",
    "api_secret",
)


def save_configs(ag: Agave, cache_dir: str | os.PathLike[str] | None = None) -> None:
    """Make the login of ``ag`` the current cached one, in ``current`` and ``config.json``.

    They are in ``cache_dir`` or the credentials directory; the login that was current is among the
    sessions of ``config.json`` then. A login without a client_name is not saved, unless it is of
    Tapis v3, and that is printed. Raises CredentialsError when there is no OAuth client, or the
    files cannot be written.
    """
    if not (ag.client_name or ag.speaks_v3):
        print(
            "You must set the client_name attribute before saving configurations with this method"
        )
        return
    Account.save_configs(ag, cache_dir)


def load_configs(
    ag: Agave,
    cache_dir: str | os.PathLike[str] | None = None,
    tenant_id: str | None = None,
    username: str | None = None,
    client_name: str | None = None,
) -> None:
    """Go on with a cached login: the one that is named, or the current one.

    It is looked for in ``cache_dir`` or the credentials directory. Raises FileNotFoundError when no
    logins are kept there, NoSuchChoice (a KeyError) when none is the one that is named.
    """
    found = cached_login(
        cache_dir, ag.flavour, tenant_id=tenant_id, username=username, client_name=client_name
    )
    for name in _LOADED:
        setattr(ag, name, found.keywords.get(name))
    ag.api_server = config.server_url(found.keywords["api_server"])
    ag._start_over(Pair.from_record(found.keywords))


def cached_login(
    cache_dir: str | os.PathLike[str] | None, flavour: str = "agave", **selectors: str | None
) -> Found:
    """Return the cached login that the selectors name, or the current one.

    The errors are those of :func:`load_configs`.
    """
    directory = Path(cache_dir) if cache_dir else config.credentials_directory(os.environ)
    cache = Cache.of({"HOME": str(directory)}, flavour, directory)
    if not (cache.current.exists() or cache.config.exists()):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(cache.config))
    found = cache.find(**selectors)
    if found is None:
        given = {key: value for key, value in selectors.items() if value is not None}
        named = ", ".join(f"{key}={value!r}" for key, value in given.items())
        raise NoSuchChoice(f"{directory} keeps no login {f'with {named}' if named else 'to load'}")
    return found
