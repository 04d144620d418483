"""The commands of earlier releases for people at a terminal: they ask, act and print.

They are methods of ``Agave``, and each is a call of a described operation between a question and a
table.
"""

from __future__ import annotations

from agavepy.earlier import ClientCommands, DeprecatedCommands, TokenCommands

__all__ = ["ClientCommands", "DeprecatedCommands", "DiscontinuedError", "TokenCommands"]


class DiscontinuedError(NotImplementedError):
    """What agavepy 1.0 raised in place of these commands; nothing raises it any more."""
