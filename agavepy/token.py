"""The door of agavepy 1.0 to the login of a user, ``Token``."""

from __future__ import annotations

from agavepy.auth.login import Token

__all__ = ["Token"]
