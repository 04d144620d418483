"""The door of earlier releases to the choice of a session: ``agavepy.sessions.switch``."""

from __future__ import annotations

import os

from agavepy.auth import logins
from agavepy.auth.cache import Cache
from agavepy.errors import CredentialsError

__all__ = ["NoSuchSession", "switch"]


class NoSuchSession(CredentialsError, KeyError):
    """No cached session is the one that was asked for, or more than one are."""

    def __str__(self) -> str:
        return str(self.args[0])


def switch(
    client_name_or_key: str, username: str | None = None, tenant_id: str | None = None
) -> bool:
    """Make a cached session the current one; False if it was.

    Where several users or tenants have a client of that name, ``username`` and ``tenant_id`` tell
    which is meant; without them it is that of the current user and tenant. Raises NoSuchSession,
    and CredentialsError when it cannot be written.
    """
    cache = Cache.of(os.environ)
    try:
        login = logins.choose(cache, client_name_or_key, username=username, tenant_id=tenant_id)
    except CredentialsError as error:
        raise NoSuchSession(str(error)) from error
    return logins.switch(cache, login)
