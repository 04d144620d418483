"""Which function answers which operation, and what runs when a tenant starts and stops."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agavepy.sandbox.call import Call, Reply
    from agavepy.sandbox.tenant import Tenant

Handler = Callable[["Call"], "Reply"]
Hook = Callable[["Tenant"], None]

_handlers: dict[tuple[str, str], Handler] = {}
_starting: list[Hook] = []
_stopping: list[Hook] = []


def handler(service: str, operation: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as what answers ``service.operation``."""

    def register(function: Handler) -> Handler:
        other = _handlers.setdefault((service, operation), function)
        if other is not function:
            raise ValueError(f"{service}.{operation} is answered by {other.__qualname__} already")
        return function

    return register


def on_start(hook: Hook) -> Hook:
    """Run the decorated function whenever a tenant starts, before it answers requests."""
    _starting.append(hook)
    return hook


def on_stop(hook: Hook) -> Hook:
    """Run the decorated function when a tenant stops, after its last request."""
    _stopping.append(hook)
    return hook


def load() -> tuple[dict[tuple[str, str], Handler], list[Hook], list[Hook]]:
    """Import every module of ``services`` and return handlers, start hooks and stop hooks."""
    from agavepy.sandbox import services

    for module in iter_modules(services.__path__):
        import_module(f"{services.__name__}.{module.name}")
    return _handlers, _starting, _stopping
