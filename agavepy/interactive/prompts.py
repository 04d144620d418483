"""Questions: what is asked, through which functions, and whether there is anybody to answer."""

from __future__ import annotations

import getpass
import sys
from types import BuiltinFunctionType
from typing import TYPE_CHECKING

from agavepy.errors import CredentialsError

if TYPE_CHECKING:
    from agavepy.client import Agave


def can_ask() -> bool:
    """Tell whether a question has a chance of an answer.

    It has one on a terminal, and where ``input`` is no longer Python's own: notebooks put theirs
    in its place, and so do tests.
    """
    from agavepy import agave

    if not isinstance(agave.input, BuiltinFunctionType):
        return True
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> str:
    """Return the answer to a question, asked by ``agavepy.agave.input``.

    Raises CredentialsError when the input ends instead.
    """
    from agavepy import agave  # its name is the one that tests replace

    try:
        return str(agave.input(question)).strip()
    except EOFError as error:
        raise CredentialsError(
            f"nobody answers {question.strip()!r}: the input has ended"
        ) from error


def ask_password() -> str:
    """Return the password, asked for without showing it.

    Raises CredentialsError when the input ends instead.
    """
    try:
        return getpass.getpass(prompt="API password: ")
    except EOFError as error:
        raise CredentialsError("nobody gives a password: the input has ended") from error


def username_of(ag: Agave) -> str:
    """Return the user's name, asked for and kept if the client does not know it."""
    if not ag.username:
        ag.username = ask("API username: ")
    return ag.username
