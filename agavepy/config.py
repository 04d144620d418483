"""Where settings come from and how they are spelled: keywords, variables, cached records.

Nothing here reads a file: environments and records are handed in.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agavepy.errors import UsageError, nearest, redact_url

#: What a cached login holds, as keywords of the client.
RECORD_KEYS = (
    "tenant_id",
    "api_server",
    "api_secret",
    "api_key",
    "username",
    "token",
    "refresh_token",
    "created_at",
    "expires_in",
    "expires_at",
    "client_name",
    "token_username",
    "use_nonce",
    "verify",
    "proxies",
)
#: How the bash tools and ``current`` spell some of those (agave-cli ``common.sh``, agavepy 0.9).
BASH_KEYS = {
    "tenant_id": "tenantid",
    "api_server": "baseurl",
    "api_secret": "apisecret",
    "api_key": "apikey",
    "token": "access_token",
}
#: What stands for a value that is not there.
NOTHING = (None, "", "null")
#: Keys of records whose value is a flag, which some programs write as text.
_FLAGS = frozenset({"use_nonce", "verify"})
#: Keys of records that :func:`seconds` reads.
_TIMES = frozenset({"created_at", "expires_in", "expires_at"})
#: Keys of records that say nothing to a client.
IGNORED_KEYS = frozenset({"devurl"})

#: The tenant whose service lists all tenants, unless TAPIS_TENANTS_URL names another.
CENTRAL_SERVER = "https://api.tacc.utexas.edu"
#: The environment variable of each keyword.
VARIABLES = {
    "api_server": "TAPIS_BASE_URL",
    "token": "TAPIS_TOKEN",
    "refresh_token": "TAPIS_REFRESH_TOKEN",
    "username": "TAPIS_USERNAME",
    "password": "TAPIS_PASSWORD",
    "api_key": "TAPIS_API_KEY",
    "api_secret": "TAPIS_API_SECRET",
}
DIRECTORY_VARIABLES = ("TAPIS_CACHE_DIR", "AGAVE_CACHE_DIR")
VERIFY_VARIABLE = "TAPIS_DEFAULT_VERIFY_SSL"
TENANTS_VARIABLE = "TAPIS_TENANTS_URL"
#: The credentials directory in the home directory, unless a variable names another.
DIRECTORY = ".agave"
SPECS_VARIABLE = "AGAVEPY_SPECS"
#: Names that people give for a keyword although they are spelled unlike it.
_MEANT = {"base_url": "api_server", "url": "api_server", "host": "api_server", "user": "username"}
_IGNORED = IGNORED_KEYS | {"scope", "token_type", "expiration"}
#: Keywords of the client that are not kept in records.
_MORE_KEYWORDS = (
    "password", "jwt", "jwt_header_name", "token_callback", "flavour", "specs", "auth", "trust",
)  # fmt: skip
TAPIS3 = "tapis3"
FLAVOURS = ("agave", TAPIS3)
_FALSE = frozenset({"0", "false", "no", "off"})
PORTS = {"http": 80, "https": 443}


def from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the keywords that environment variables give a value; an empty one gives none."""
    return {key: environ[name] for key, name in VARIABLES.items() if environ.get(name)}


def credentials_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory of the cached logins: from the environment, else ``~/.agave``."""
    for name in DIRECTORY_VARIABLES:
        if environ.get(name):
            return Path(environ[name]).expanduser()
    return Path(_home(environ), DIRECTORY)


def home_directory(environ: Mapping[str, str]) -> Path:
    """Return the user's home directory as HOME has it, else as the system knows it."""
    return Path(_home(environ))


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - no error if none


def specs_directory(environ: Mapping[str, str]) -> str:
    """Return the directory of the user's own descriptions: ``~/.agave/specs``."""
    return f"{_home(environ)}/{DIRECTORY}/specs"


def may_have_specs(environ: Mapping[str, str]) -> bool:
    """Tell whether there may be descriptions in the environment or the home directory."""
    # Every client asks once for each service, so it is done without making a Path.
    return bool(environ.get(SPECS_VARIABLE)) or os.path.isdir(specs_directory(environ))  # noqa: PTH112


def default_verify(environ: Mapping[str, str]) -> bool:
    """Tell whether certificates are checked when a client does not say."""
    return environ.get(VERIFY_VARIABLE, "").lower() not in _FALSE


def show_curl(environ: Mapping[str, str]) -> bool:
    """Tell whether clients show their requests when they do not say."""
    return environ.get("TAPIS_PY_SHOW_CURL", "").lower() not in _FALSE | {""}


def server_url(address: str) -> str:
    """Return the base address of a tenant: with a scheme, without a trailing slash.

    ``host``, ``host:8080`` and ``http://host/prefix/`` are fine. Raises UsageError for what is no
    http or https address.
    """
    if not isinstance(address, str):
        raise UsageError(f"{address!r} is no text, as an address is: 'https://host'")
    text = address.strip()
    if "://" not in text:
        text = f"https://{text}"
    shown = redact_url(str(address))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{shown!r} is no address of a tenant: {error}") from error
    if parts.scheme.lower() not in PORTS or not parts.hostname or port == 0:
        raise UsageError(
            f"{shown!r} is no address of a tenant: give one such as 'https://host:8080/prefix'"
        )
    if parts.query or parts.fragment or parts.username is not None:
        raise UsageError(
            f"{shown!r} is more than the address of a tenant, such as "
            "'https://host:8080/prefix': it holds a user name, a query or a fragment"
        )
    return f"{parts.scheme.lower()}://{parts.netloc}{parts.path.rstrip('/')}"


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address, the port of the scheme where it names none.

    What is no address has an origin that equals no other's.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", url, 0
    scheme = parts.scheme.lower()
    return scheme, parts.hostname or "", PORTS.get(scheme, 0) if port is None else port


def same_server(one: str, other: str) -> bool:
    """Tell whether two spellings of a base address mean the same tenant."""
    try:
        first, second = server_url(one), server_url(other)
    except UsageError:
        return False
    return origin(first) == origin(second) and urlsplit(first).path == urlsplit(second).path


def keywords(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the client keywords of a cached record in any spelling; others are left out.

    Where a record has both spellings the client's own one counts, unless it is empty. Scripts turn
    all values into text, nothing into "null": these are read as what they were. A value of a kind
    that its keyword never has is none.
    """
    found = {}
    for key in RECORD_KEYS:
        value = record.get(key)
        if value in NOTHING and key in BASH_KEYS:
            value = record.get(BASH_KEYS[key])
        value = _fitting(key, value)
        if value not in NOTHING:
            found[key] = value
    return found


def _fitting(key: str, value: Any) -> Any:
    """Return a value of a record as the client has it, None where it cannot be one."""
    if key in _TIMES:
        return value
    if key == "proxies":
        if isinstance(value, str):
            with suppress(ValueError):
                value = json.loads(value)
        return value if isinstance(value, dict) else None
    if key in _FLAGS:
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower(), value)
        is_path = key == "verify" and isinstance(value, str)
        return value if is_path or isinstance(value, bool) else None
    if isinstance(value, int) and not isinstance(value, bool) and key != "api_server":
        return str(value)  # a key or a name that some program took for a number
    return value if isinstance(value, str) else None


def token_text(value: Any) -> str:
    """Return an access token without the blanks and ends of lines around it, "" for none.

    It may be the bytes that a file holds or a program printed. Raises UsageError, which does not
    repeat it, for what no header can carry.
    """
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    text = text.strip()
    if not all("!" <= letter <= "~" for letter in text):
        raise UsageError(
            "the token has a blank, the end of a line or a letter beyond ASCII in it, as no token "
            "has: was it copied whole, and alone?"
        )
    return text


def seconds(value: Any) -> float | None:
    """Return a time or a span as seconds; text of a number is read, anything else is None.

    A date as ``time.ctime`` writes it ("Fri May  1 10:25:41 2020", local time) is read as well.
    """
    if isinstance(value, bool) or value in (None, ""):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # that of 10**400
        try:
            number = time.mktime(time.strptime(str(value)))
        except (ValueError, OverflowError):
            return None
    return number if abs(number) < 1e12 else None


def other_spellings(others: Mapping[str, Any]) -> dict[str, Any]:
    """Return keywords in the spelling of cached records; warn about those that nobody knows."""
    bash = {theirs: ours for ours, theirs in BASH_KEYS.items()}
    found = {}
    for name, value in others.items():
        if name in bash:
            found[bash[name]] = value
        elif name not in _IGNORED:
            known = [*RECORD_KEYS, *_MORE_KEYWORDS]
            meant = _MEANT.get(name)
            hint = f" (did you mean {meant!r}?)" if meant else nearest(name, known)
            warnings.warn(f"Agave has no keyword {name!r}{hint}: it is ignored", stacklevel=3)
    return found


def flavour(name: str) -> str:
    """Return the kind of tenant that is meant. Raises UsageError for one that there is not."""
    if name not in FLAVOURS:
        known = ", ".join(map(repr, FLAVOURS))
        raise UsageError(f"flavour={name!r}{nearest(str(name), FLAVOURS)}: it is one of {known}")
    return name
