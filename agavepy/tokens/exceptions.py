"""The error of the functions of agavepy 0.9 for tokens."""

from __future__ import annotations

from agavepy.interactive.errors import AgaveTokenError

__all__ = ["AgaveTokenError"]
