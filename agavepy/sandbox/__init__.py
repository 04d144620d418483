"""A whole tenant in one process, on loopback: ``with Sandbox() as sandbox: sandbox.client("ada")``.

The names are imported when they are first asked for, so that a part can be used without the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agavepy.sandbox.errors import SandboxError
    from agavepy.sandbox.tenancy import DEFAULT_USERS, Sandbox

__all__ = ["DEFAULT_USERS", "Sandbox", "SandboxError"]


def __getattr__(name: str) -> Any:
    if name == "SandboxError":
        from agavepy.sandbox.errors import SandboxError

        return SandboxError
    if name in __all__:
        from agavepy.sandbox import tenancy

        return getattr(tenancy, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
