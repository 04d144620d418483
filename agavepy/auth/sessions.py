"""Where ``Agave.restore()`` finds credentials, and in what order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agavepy import config
from agavepy.auth.cache import Cache, Found
from agavepy.errors import CredentialsError, UsageError

SELECTORS = ("api_key", "client_name", "tenant_id", "username")
HOW_TO_LOG_IN = (
    "To log in: `agavepy auth login` on the command line. In Python: "
    "Agave(api_server='https://…', username=…, password=…)"
    ".clients.create(body={'clientName': …}) makes an OAuth client and caches the login; with a "
    "client of your own, Agave(api_server=…, username=…, password=…, api_key=…, api_secret=…)."
)
_HOW_TO_LOG_IN_V3 = (
    "To log in: `agavepy auth --flavour tapis3 login` on the command line. In Python: "
    "Agave(api_server='https://…', flavour='tapis3', username=…, password=…)"
    ".save_configs()."
)


def find(
    *,
    token: str | None = None,
    api_server: str | None = None,
    environ: Mapping[str, str] | None = None,
    flavour: str = "agave",
    **selectors: str | None,
) -> dict[str, Any]:
    """Return the keywords of the client that ``Agave.restore`` makes of its arguments.

    The first of these that is there: ``token`` with a server; the cached login that ``selectors``
    name (``current``, then ``config.json``, then ``.agpy``); TAPIS_BASE_URL with TAPIS_TOKEN; the
    current cached login; TAPIS_BASE_URL with TAPIS_USERNAME and TAPIS_PASSWORD. ``api_server``
    stands in for TAPIS_BASE_URL, and only a cached login of that server is taken. ``environ`` is
    os.environ if not given. Cached logins are those of ``flavour``. Raises CredentialsError naming
    every place that was looked in, or the file whose token can be none.
    """
    environ = os.environ if environ is None else environ
    variables = config.from_environment(environ)
    server = api_server or variables.get("api_server")
    if token:
        if not server:
            raise CredentialsError(
                "token= was given without the server that it is for: add api_server= or set "
                "TAPIS_BASE_URL"
            )
        return {"api_server": server, "token": token}
    cache = Cache.of(environ, flavour)
    how_to_log_in = _HOW_TO_LOG_IN_V3 if flavour == config.TAPIS3 else HOW_TO_LOG_IN
    chosen = {key: value for key, value in selectors.items() if value is not None}
    if chosen:
        found = cache.find(api_server=api_server, **chosen)
        if found is None:
            raise CredentialsError(f"{_no_match(cache, chosen, api_server)}. {how_to_log_in}")
        return _keywords(found)
    if server and "token" in variables:
        return _of_token(server, variables)
    found = cache.find(api_server=api_server)
    if found is not None:
        return _keywords(found)
    if server and {"username", "password"} <= variables.keys():
        wanted = ("username", "password", "api_key", "api_secret")
        return {"api_server": server, **{k: variables[k] for k in wanted if k in variables}}
    given = {"api_server": api_server} if api_server else {}
    raise CredentialsError(_nothing(cache, {**variables, **given}, how_to_log_in))


def _keywords(found: Found) -> dict[str, Any]:
    try:
        config.token_text(found.keywords.get("token"))
    except UsageError as error:
        raise CredentialsError(f"the login in {found.path}: {error}") from error
    return found.keywords


def _of_token(server: str, variables: Mapping[str, str]) -> dict[str, Any]:
    keywords = {"api_server": server, "token": variables["token"]}
    needed = ("refresh_token", "api_key", "api_secret")
    if all(key in variables for key in needed):
        keywords.update({key: variables[key] for key in needed})
    return keywords


def _no_match(cache: Cache, chosen: Mapping[str, str], api_server: str | None) -> str:
    wanted = {**chosen, **({"api_server": api_server} if api_server else {})}
    text = " and ".join(f"{key}={value!r}" for key, value in wanted.items())
    names = ("client_name", "tenant_id", "username")
    there = dict.fromkeys(
        "(" + ", ".join(f"{key}={found.keywords.get(key)!r}" for key in names) + ")"
        for found in cache.records()
    )
    return (
        f"no cached login has {text}. Looked in: {_files(cache)}. "
        f"Logins there: {', '.join(there) or 'none'}"
    )


def _nothing(cache: Cache, have: Mapping[str, str], how_to_log_in: str) -> str:
    def variables(*keys: str) -> str:
        names = " and ".join(config.VARIABLES[key] for key in keys)
        missing = ", ".join(config.VARIABLES[key] for key in keys if key not in have)
        return f"  the variables {names} (not set: {missing})"

    if cache.find() is None and any(found.usable for found in cache.records()):
        how_to_log_in = (
            "None of the cached logins is current: `agavepy auth switch CLIENT` (of Tapis v3: "
            f"`agavepy auth --flavour tapis3 switch CLIENT`) makes one so.\n{how_to_log_in}"
        )
    return "\n".join(
        (
            "no credentials found. Looked in:",
            "  the argument token= (not given)",
            variables("api_server", "token"),
            f"  the current cached login: {_files(cache)}",
            variables("api_server", "username", "password"),
            how_to_log_in,
        )
    )


def _files(cache: Cache) -> str:
    usable = {found.path for found in cache.records() if found.usable}

    def remark(path: Path) -> str:
        # Not Path.exists: it raises where a directory may not be looked into.
        if not os.path.exists(path):  # noqa: PTH110
            return " (absent)"
        return "" if path in usable else " (holds no usable login)"

    return ", ".join(f"{path}{remark(path)}" for path in cache.paths)
