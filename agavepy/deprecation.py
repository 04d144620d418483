"""Names that still work and have a better one: a warning says which, once for each."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
#: The names that this process has been told of.
_told: set[str] = set()


def deprecated(instead: str, name: str = "") -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function warn when it is first called, naming what is to be used instead.

    ``name`` is what callers know it as, where that is not its module and its name in there. It is
    kept in ``__deprecated__``, with ``instead``.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        known_as = name or f"{function.__module__}.{function.__qualname__}"

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            if known_as not in _told:
                _told.add(known_as)
                text = f"{known_as} is deprecated: use {instead}"
                warnings.warn(text, DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        call.__deprecated__ = known_as, instead  # type: ignore[attr-defined]
        return call

    return decorate
