"""What users do with cached logins: see which there are, pick one, make it current, forget it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agavepy.auth.cache import Cache, Found, Identity
from agavepy.auth.keeper import CachedLogin
from agavepy.auth.sessions import HOW_TO_LOG_IN, SELECTORS
from agavepy.auth.tokens import Pair
from agavepy.errors import CredentialsError
from agavepy.shapes import one_line

#: The keywords of a token pair.
_PAIR = frozenset({"token", "refresh_token", "created_at", "expires_in", "expires_at"})


@dataclass
class SavedLogin:
    """One login as the cache has it: keywords of a client, and where they are kept."""

    keywords: dict[str, Any]
    record: dict[str, Any] = field(repr=False)
    is_current: bool = False
    paths: list[Path] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        """What tells it from other logins."""
        return Identity.of(self.keywords)

    @property
    def pair(self) -> Pair | None:
        """Its tokens, as they were when it was read."""
        return Pair.from_record(self.keywords)

    @property
    def name(self) -> str:
        """Its OAuth client by name, else by key."""
        return str(self.keywords.get("client_name") or self.keywords.get("api_key") or "(token)")

    def __repr__(self) -> str:
        """Name it, and no secret of it."""
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        have = self.keywords
        tenant = f" (tenant {have['tenant_id']})" if have.get("tenant_id") else ""
        user = have.get("token_username") or have.get("username") or "somebody"
        return one_line(f"{user} at {have['api_server']}{tenant} through {self.name}")


def all_of(cache: Cache) -> list[SavedLogin]:
    """Return each usable login once, with the latest tokens that are kept of it; current first."""
    current = cache.find()
    logins: list[SavedLogin] = []
    for found in (*([current] if current else []), *cache.records()):
        if not found.usable:
            continue
        for login in logins:
            if login.identity.matches(found.keywords):
                _merge(login, found)
                break
        else:
            first = not logins and current is not None
            logins.append(SavedLogin(found.keywords, found.record, first, [found.path]))
    return logins


def _merge(login: SavedLogin, found: Found) -> None:
    if found.path not in login.paths:
        login.paths.append(found.path)
    mine, theirs = login.pair, Pair.from_record(found.keywords)
    later = theirs is not None and (
        mine is None or (theirs.created_at or 0) > (mine.created_at or 0)
    )
    # Tokens as a whole: a refresh token belongs to its access token.
    pair = found.keywords if later else login.keywords
    login.keywords = {
        **{key: value for key, value in found.keywords.items() if key not in _PAIR},
        **{key: value for key, value in login.keywords.items() if key not in _PAIR},
        **{key: value for key, value in pair.items() if key in _PAIR},
    }


def choose(cache: Cache, name: str | None = None, **selectors: str | None) -> SavedLogin:
    """Return the one login with a client of that name or key, and with the given keywords.

    Where several have the name, one of the current user and tenant is meant; without anything, the
    current login. Raises CredentialsError that names those that there are.
    """
    wanted = {key: selectors[key] for key in SELECTORS if selectors.get(key) is not None}
    there = all_of(cache)
    fitting = [
        login
        for login in there
        if all(login.keywords.get(key) == value for key, value in wanted.items())
        and (name is None or name in (login.name, login.keywords.get("api_key")))
    ]
    if name is None and not wanted:
        fitting = [login for login in there if login.is_current]
    if len(fitting) > 1:
        fitting = _nearest(fitting, there) or fitting
    if len(fitting) == 1:
        return fitting[0]
    meant = {"name": name, **wanted} if name is not None else wanted
    asked = " and ".join(f"{key} {value!r}" for key, value in meant.items())
    if fitting:
        listed = "".join(f"\n  {login}" for login in fitting)
        raise CredentialsError(f"more than one cached login has {asked or 'no name'}:{listed}")
    listed = "".join(f"\n  {login}" for login in there)
    problem = f"no cached login has {asked}" if asked else "no cached login is current"
    raise CredentialsError(f"{problem}; there are:{listed or ' none. ' + HOW_TO_LOG_IN}")


def _nearest(fitting: list[SavedLogin], there: list[SavedLogin]) -> list[SavedLogin]:
    """Return those of the current user and tenant, if that leaves one."""
    for current in there:
        if current.is_current:
            keys = ("username", "tenant_id")
            near = [
                login
                for login in fitting
                if all(login.keywords.get(key) == current.keywords.get(key) for key in keys)
            ]
            return near if len(near) == 1 else []
    return []


def switch(cache: Cache, login: SavedLogin) -> bool:
    """Make a login the current one; False if it was.

    Raises CredentialsError when that cannot be written.
    """
    if login.is_current and cache.current in login.paths:
        return False
    try:
        with _held(cache, login):
            # Another process may have renewed it meanwhile.
            pair = cache.pair(login.identity) or login.pair or Pair("")
            cache.log_in(login.keywords, pair, login.record)
    except OSError as error:
        raise _unwritable(cache, error) from error
    return True


def forget(cache: Cache, login: SavedLogin) -> Pair | None:
    """Take a login out of all files and return the tokens that it had at last.

    Raises CredentialsError when a file that holds it cannot be written.
    """
    try:
        with _held(cache, login):
            pair = cache.pair(login.identity) or login.pair
            cache.remove(login.identity)
    except OSError as error:
        raise _unwritable(cache, error) from error
    return pair


def _held(cache: Cache, login: SavedLogin) -> Any:
    return CachedLogin(cache, login.identity, lambda: login.keywords).locked()


def _unwritable(cache: Cache, error: OSError) -> CredentialsError:
    # A file is written under another name beside it.
    where = Path(os.fsdecode(error.filename)).parent if error.filename else cache.directory
    return CredentialsError(f"cannot write to {where}: {error.strerror}")
