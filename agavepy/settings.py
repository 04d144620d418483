"""What the environment sets, by the names that agavepy 1.0 had: read when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from agavepy import config
from agavepy.auth import tenants
from agavepy.errors import verbose
from agavepy.result import AttrDict

__all__ = [
    "LOG_LEVEL",
    "SHOW_CURL",
    "SWAGGERPY_LOG_LEVEL",
    "TAPISPY_LOG_LEVEL",
    "TAPISPY_VERIFY_SSL",
    "TAPIS_DEFAULT_TENANT_ID",
    "TAPIS_TENANTS_URL",
    "VERBOSE_ERRORS",
    "all_settings",
]

LOG_LEVEL: str
SHOW_CURL: bool
SWAGGERPY_LOG_LEVEL: str
TAPISPY_LOG_LEVEL: str
TAPISPY_VERIFY_SSL: bool
TAPIS_DEFAULT_TENANT_ID: str
TAPIS_TENANTS_URL: str
VERBOSE_ERRORS: bool

_Environment = Mapping[str, str]


def _log_level(environ: _Environment, *names: str) -> str:
    found = (environ.get(f"TAPIS_PY_{name}") for name in (*names, "LOG_LEVEL"))
    return next(filter(None, found), "WARNING")


_SETTINGS: dict[str, Callable[[_Environment], Any]] = {
    "TAPIS_TENANTS_URL": tenants.default_url,
    "TAPIS_DEFAULT_TENANT_ID": lambda env: env.get("TAPIS_DEFAULT_TENANT_ID") or "tacc.prod",
    "TAPISPY_VERIFY_SSL": config.default_verify,
    "SHOW_CURL": config.show_curl,
    "VERBOSE_ERRORS": verbose,
    "LOG_LEVEL": _log_level,
    "TAPISPY_LOG_LEVEL": lambda env: _log_level(env, "TAPISPY_LOG_LEVEL"),
    "SWAGGERPY_LOG_LEVEL": lambda env: _log_level(env, "SWAGGERPY_LOG_LEVEL", "TAPISPY_LOG_LEVEL"),
}


def __getattr__(name: str) -> Any:
    if name not in _SETTINGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _SETTINGS[name](os.environ)


def __dir__() -> list[str]:
    return sorted({*globals(), *_SETTINGS})


def all_settings() -> AttrDict:
    """Return each setting by its name."""
    return AttrDict({name: read(os.environ) for name, read in _SETTINGS.items()})
