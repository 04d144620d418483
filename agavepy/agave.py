"""The door of earlier releases: ``from agavepy.agave import Agave``, and all else they had there.

What is not here itself is loaded from its module when it is first asked for.
"""

from __future__ import annotations

import builtins
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agavepy.auth.login import Token
from agavepy.client import Agave
from agavepy.errors import AgaveError, AgaveException
from agavepy.operation import Operation
from agavepy.operation import Service as Resource
from agavepy.result import AttrDict

if TYPE_CHECKING:
    from collections.abc import Callable

    input: Callable[[str], str]

__all__ = [
    "Agave",
    "AgaveError",
    "AgaveException",
    "AttrDict",
    "Operation",
    "Resource",
    "Token",
]

_HOMES = {
    "EXCEPTION_MODELS": "agavepy.aloe",
    "LAST_PRE_ALOE_VERSION": "agavepy.aloe",
    "ConfigGen": "agavepy.configgen",
    "load_resource": "agavepy.configgen",
    "updateDict": "agavepy.configgen",
    "AgaveProcessor": "agavepy.processor",
    "SwaggerClient": "agavepy.processor",
    "SynchronousHttpClient": "agavepy.processor",
    "json_response": "agavepy.util",
    "with_refresh": "agavepy.util",
    "tenant_list": "agavepy.tenants",
    "token_create": "agavepy.tokens",
    "refresh_token": "agavepy.tokens",
    "load_config": "agavepy.utils",
    "save_config": "agavepy.utils",
}
_PACKAGES = {"clients_": "agavepy.clients", "files_": "agavepy.files"}


def __getattr__(name: str) -> Any:
    if name == "input":
        # Not kept: notebooks put their own in the place of Python's. The interactive commands ask
        # through this name, and programs' tests replace it.
        return builtins.input
    home = _HOMES.get(name) or _PACKAGES.get(name[: name.find("_") + 1])
    found = getattr(import_module(home), name, None) if home else None
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    packages = map(import_module, _PACKAGES.values())
    functions = (name for package in packages for name in getattr(package, "__all__", ()))
    return sorted({*globals(), *_HOMES, *functions, "input"})
