"""Packages that only some features need: the package, or an error that says how to install it."""

from __future__ import annotations

from typing import Any

from agavepy.errors import MissingPackage


def cloudpickle(feature: str) -> Any:
    """Return cloudpickle for ``feature``. Raises MissingPackage."""
    try:
        import cloudpickle as found
    except ImportError as error:
        raise MissingPackage(
            f"{feature} needs cloudpickle: pip install 'agavepy[executor]'", name="cloudpickle"
        ) from error
    return found
