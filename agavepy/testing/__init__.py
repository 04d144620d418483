"""The test kit: a tenant, faults, time, stubs and cassettes for projects that use the client.

With pytest nothing needs to be imported: the fixtures are there when the package is installed. For
``unittest`` there is :class:`~agavepy.testing.cases.AgaveTestMixin`; the classes behind the
fixtures are here for annotations. Names are loaded when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agavepy.testing.calls import Calls as Calls
    from agavepy.testing.cases import AgaveTestMixin as AgaveTestMixin
    from agavepy.testing.cassette import Cassette as Cassette
    from agavepy.testing.cassette import CassetteError as CassetteError
    from agavepy.testing.clock import Clock as Clock
    from agavepy.testing.factories import Actor as Actor
    from agavepy.testing.factories import System as System
    from agavepy.testing.faults import Faults as Faults
    from agavepy.testing.isolation import IsolationError as IsolationError
    from agavepy.testing.keeping import Asked as Asked
    from agavepy.testing.keeping import Refused as Refused
    from agavepy.testing.own import OwnService as OwnService
    from agavepy.testing.stub import Stub as Stub
    from agavepy.testing.stub import StubError as StubError
    from agavepy.testing.transitions import Transitions as Transitions
    from agavepy.testing.validate import AnswerMismatch as AnswerMismatch
    from agavepy.testing.validate import AnswerWarning as AnswerWarning

_HOMES = {
    "Actor": "factories",
    "AgaveTestMixin": "cases",
    "AnswerMismatch": "validate",
    "AnswerWarning": "validate",
    "Asked": "keeping",
    "Calls": "calls",
    "Cassette": "cassette",
    "CassetteError": "cassette",
    "Clock": "clock",
    "Faults": "faults",
    "IsolationError": "isolation",
    "OwnService": "own",
    "Refused": "keeping",
    "Stub": "stub",
    "StubError": "stub",
    "System": "factories",
    "Transitions": "transitions",
}
__all__ = [*_HOMES]  # noqa: PLE0604 - their names are text


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
