"""Functions of agavepy 0.9 for tokens; the methods of ``Agave`` do the same."""

from __future__ import annotations

from agavepy.tokens.create_access_token import token_create
from agavepy.tokens.exceptions import AgaveTokenError
from agavepy.tokens.refresh_tokens import refresh_token

__all__ = ["AgaveTokenError", "refresh_token", "token_create"]
