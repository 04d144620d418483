"""Somebody who answers the questions of the interactive commands, as tests of programs do it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest import mock

#: The names that programs' tests put their own answers in.
PASSWORD_QUESTIONS = (
    *(
        f"agavepy.clients.{name}.getpass.getpass"
        for name in ("create", "delete", "list", "subscribe", "subscribtions")
    ),
    "agavepy.tokens.create_access_token.getpass.getpass",
)


@dataclass
class Person:
    """Answers with a name and a password, and counts the questions for each."""

    asked: mock.Mock
    passwords: mock.Mock

    @property
    def questions(self) -> list[str]:
        """The questions that were asked through ``input``."""
        return [call.args[0] for call in self.asked.call_args_list]


@contextmanager
def person(
    *answers: str, password: str = "", question: str = PASSWORD_QUESTIONS[0]
) -> Iterator[Person]:
    """Answer the questions that come, in turn; each question for a password gets the same one."""
    with ExitStack() as stack:
        asked = stack.enter_context(mock.patch("agavepy.agave.input", side_effect=answers))
        secret = stack.enter_context(mock.patch(question, return_value=password))
        yield Person(asked, secret)
