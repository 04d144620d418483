"""The credential files as programs for agavepy 0.9 and 1.0 reach for them through the class."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agavepy import config
from agavepy.auth import files
from agavepy.auth.account import Account
from agavepy.auth.cache import Cache, Found
from agavepy.deprecation import deprecated
from agavepy.errors import CredentialsError

if TYPE_CHECKING:
    from agavepy.client import Agave


def tapis_cache_path(cls: type[Agave]) -> str:
    """Return the credentials directory, made if it is not there; ValueError if it is a file."""
    directory = config.credentials_directory(os.environ)
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"{directory} is no directory")
    files.make_directory(directory)
    return str(directory)


def tapis_current_path(cls: type[Agave]) -> str:
    """Return the path of ``current``, the login in use, whether it is there or not."""
    return str(Cache.of(os.environ).current)


def agavecurrent_path(cls: type[Agave]) -> str:
    """Return what :func:`tapis_current_path` does, by the name of agavepy 0.9."""
    return tapis_current_path(cls)


def tapis_sessions_path(cls: type[Agave]) -> str:
    """Return the path of ``config.json``, all logins, whether it is there or not."""
    return str(Cache.of(os.environ).config)


def agpy_path(cls: type[Agave]) -> str:
    """Return the first that is there of ``current`` and the ``.agpy`` files, else ``current``."""
    cache = Cache.of(os.environ)
    places = map(str, (cache.current, *cache.agpy))
    # Not Path.exists: it raises where a directory may not be looked into.
    return next(filter(os.path.exists, places), str(cache.current))


def _read_current(cls: type[Agave], agave_kwargs: bool = False) -> dict[str, Any]:
    """Return the record in ``current`` as it is, or with ``agave_kwargs`` as client keywords.

    Raises FileNotFoundError when there is none that can be read.
    """
    found = _records(tapis_current_path(cls))[0]
    if not agave_kwargs:
        return found.record
    bash = config.BASH_KEYS
    others = {key: value for key, value in found.record.items() if key not in bash.values()}
    return {**others, **dict.fromkeys(bash, ""), **found.keywords}


def _read_clients(cls: type[Agave]) -> list[dict[str, Any]]:
    """Return the records at :func:`agpy_path`, keywords of a client in each.

    The keys that a record had besides are there too, and ``verify``. Raises FileNotFoundError when
    there is none that can be read.
    """
    verify = {"verify": config.default_verify(os.environ)}
    return [{**verify, **found.record, **found.keywords} for found in _records(agpy_path(cls))]


def _read_sessions(cls: type[Agave]) -> dict[str, Any]:
    """Return the content of ``config.json``, without any session if it cannot be read."""
    content = files.read(Path(tapis_sessions_path(cls)))
    return content if isinstance(content, dict) else {"sessions": {}}


def _write_client(ag: Agave, permissive: bool = True) -> bool:
    """Make the login of ``ag`` the current cached one, and tell whether it was written.

    A client that cannot renew its token is not; unless ``permissive``, NotImplementedError says so.
    Raises CredentialsError when the files cannot be written.
    """
    if not ag.can_refresh:
        if not permissive:
            raise NotImplementedError("a client that cannot renew its token is not cached")
        return False
    Account.save_configs(ag)
    return True


def _restore_direct(
    cls: type[Agave], api_server: str | None = None, token: str | None = None
) -> Agave:
    """Return a bare client of a server and a token, each given or from the environment.

    Raises CredentialsError naming what is missing.
    """
    have = config.from_environment(os.environ)
    given = {
        "api_server": api_server or have.get("api_server"),
        "token": token or have.get("token"),
    }
    missing = [config.VARIABLES[name] for name, value in given.items() if not value]
    if missing:
        raise CredentialsError(f"no argument gives it, nor is it set: {' and '.join(missing)}")
    return cls(**given)  # type: ignore[arg-type]


def _restore_cached(cls: type[Agave], **selectors: str | None) -> Agave:
    """Return a client of the cached login that the selectors name, or of the current one.

    Raises CredentialsError when there is none.
    """
    found = Cache.of(os.environ).find(**selectors)
    if found is None:
        wanted = " and ".join(f"{key}={value!r}" for key, value in selectors.items())
        where = config.credentials_directory(os.environ)
        raise CredentialsError(f"no cached login {wanted and f'has {wanted} '}in {where}")
    return cls(**found.keywords)


@deprecated("Agave.restore", "Agave._restore_client")
def _restore_client(cls: type[Agave], **selectors: str | None) -> Agave:
    """Do what :func:`_restore_cached` does, by the name of agavepy 0.9."""
    return _restore_cached(cls, **selectors)


def _restore_env(cls: type[Agave]) -> Agave:
    """Return a client of what the environment variables give.

    Raises CredentialsError when that is not enough for one.
    """
    have = config.from_environment(os.environ)
    enough = "api_server" in have and ("token" in have or {"username", "password"} <= have.keys())
    if not enough:
        raise CredentialsError(
            "the environment holds no login: set TAPIS_BASE_URL, and TAPIS_TOKEN or TAPIS_USERNAME "
            "and TAPIS_PASSWORD"
        )
    return cls(**have)  # type: ignore[arg-type]


def _records(path: str) -> list[Found]:
    records = [found for found in Cache.of(os.environ).records() if str(found.path) == path]
    if not records:
        raise FileNotFoundError(errno.ENOENT, "no login that can be read", path)
    return records
