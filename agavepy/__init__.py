"""The Python client for the Agave (Tapis v2) and Abaco APIs: ``from agavepy import Agave``.

Names are loaded when they are first used, so that ``import agavepy`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agavepy.client import Agave as Agave
    from agavepy.errors import AgaveError as AgaveError
    from agavepy.errors import AgaveException as AgaveException

    __version__: str

__all__ = ["Agave", "AgaveError", "AgaveException", "__version__"]

_HOMES = {
    "Agave": "agavepy.client",
    "AgaveError": "agavepy.errors",
    "AgaveException": "agavepy.errors",
}
#: Modules that earlier releases loaded with the package.
_MODULES = ("asynchronous", "interactive", "settings", "tenants")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
    elif name in _MODULES:
        from importlib import import_module

        value = import_module(f"{__name__}.{name}")
    elif name == "__version__":
        from importlib.metadata import version

        value = version("agavepy")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
