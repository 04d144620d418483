"""The door of earlier releases: what code inside an actor needs, and the executor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agavepy.errors import AgaveError
from agavepy.execution import (
    get_binary_message,
    get_client,
    get_context,
    get_tapis_abaco_image,
    is_tapis_notebook,
    reserved_environment_vars,
    send_bytes_result,
    send_python_result,
    update_state,
)
from agavepy.result import AttrDict

if TYPE_CHECKING:
    from concurrent.futures import TimeoutError

    from agavepy.client import Agave
    from agavepy.executor import AbacoExecutor
    from agavepy.futures import AbacoAsyncResponse

__all__ = [
    "MAX_SLEEP",
    "AbacoAsyncResponse",
    "AbacoExecutor",
    "Agave",
    "AgaveError",
    "AttrDict",
    "TimeoutError",
    "exp_backoff",
    "get_binary_message",
    "get_client",
    "get_context",
    "get_tapis_abaco_image",
    "is_tapis_notebook",
    "reserved_environment_vars",
    "send_bytes_result",
    "send_python_result",
    "update_state",
]

#: The longest pause that :func:`exp_backoff` gives, in seconds.
MAX_SLEEP = 60

#: What an actor, which must start fast, seldom needs, is loaded when it is first used.
_HOMES = {
    "AbacoAsyncResponse": "agavepy.futures",
    "AbacoExecutor": "agavepy.executor",
    "Agave": "agavepy.client",
    "TimeoutError": "concurrent.futures",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def exp_backoff(prev: float, count: int) -> float:
    """Return the pause after look number ``count`` in seconds: ``prev``, or every tenth time more.

    Earlier releases waited by it. ``agavepy.waiters.looks`` is what this one waits by.
    """
    return min(2.0 ** (prev * 0.2) if count % 10 == 0 else prev, MAX_SLEEP)
