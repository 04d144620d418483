"""The error of the functions of agavepy 0.9 for OAuth clients."""

from __future__ import annotations

from agavepy.interactive.errors import AgaveClientError

__all__ = ["AgaveClientError"]
