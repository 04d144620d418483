"""The errors of the interactive commands, by which programs for agavepy 0.9 tell what failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agavepy.errors import AgaveError, HttpError


class _CommandError(AgaveError):
    """A command could not be done, and no server said so; ``msg`` says why."""

    def __init__(self, msg: object) -> None:
        super().__init__(str(msg))
        self.msg = str(msg)


class AgaveClientError(_CommandError):
    """A ``clients_…`` command could not be done."""


class AgaveFilesError(_CommandError):
    """A ``files_…`` command could not be done."""


class AgaveTokenError(_CommandError):
    """No token could be asked for."""


class AgaveAPICallError(HttpError):
    """A server refused what a command asked of it; ``msg`` is the text of the error."""

    @property
    def msg(self) -> str:
        """The text of the error."""
        return str(self)

    @classmethod
    def of(cls, error: HttpError) -> AgaveAPICallError:
        """Make one of what a call raised."""
        return cls(error.response, error.message, error.operation, error.hint)


class NoSuchChoice(AgaveError, KeyError):
    """A question was answered, or a command called, with a name that is not there."""

    def __str__(self) -> str:
        return str(self.args[0])


@contextmanager
def failing_as(kind: type[_CommandError]) -> Iterator[None]:
    """Raise what fails inside as the errors of agavepy 0.9, with the first one as the cause."""
    try:
        yield
    except _CommandError:
        raise
    except HttpError as error:
        raise AgaveAPICallError.of(error) from error
    except (AgaveError, OSError) as error:
        raise kind(error) from error
