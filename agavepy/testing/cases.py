"""The test kit for ``unittest``: a mixin that gives each test a tenant and clients."""

from __future__ import annotations

import tempfile
import unittest
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from agavepy.testing.calls import Calls
from agavepy.testing.faults import Faults
from agavepy.testing.isolation import loopback_only, surroundings
from agavepy.testing.server import LocalServer, login, restored
from agavepy.testing.transitions import Transitions
from agavepy.testing.wire import Wire

if TYPE_CHECKING:
    from agavepy.client import Agave

    _Base = unittest.TestCase  # what it is mixed into
else:
    _Base = object


class AgaveTestMixin(_Base):
    """``class MyTests(AgaveTestMixin, unittest.TestCase)``: every test has a tenant of its own.

    ``agave`` is a logged-in client of the user ada, ``agave_admin`` the administrator's,
    ``agave_as("grace")`` another user's. ``agave_clock``, ``agave_faults``, ``agave_calls``,
    ``agave_transition`` and ``agave_home`` are what the fixtures of these names are. The sandbox
    runs once for a class and is brought back after each test; ``agave_settings`` are keywords of
    ``Sandbox``.
    """

    agave_settings: ClassVar[dict[str, Any]] = {}
    agave_server: ClassVar[LocalServer]

    @classmethod
    def setUpClass(cls) -> None:
        """Start the sandbox of the class."""
        super().setUpClass()
        cls.agave_server = LocalServer(**cls.agave_settings)
        cls.agave_server.start()
        cls.addClassCleanup(cls.agave_server.stop)

    def setUp(self) -> None:
        """Set the surroundings aside, and make the clients when they are asked for."""
        super().setUp()
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agave-home-")))
            self.agave_home = stack.enter_context(surroundings(home))
            stack.enter_context(loopback_only())
            stack.enter_context(Wire())
            self.agave_clock = stack.enter_context(restored(self.agave_server))
            self.agave_faults = Faults(self.agave_server.door)
            self.agave_transition = Transitions(self.agave_server.door)
            self.agave_calls = Calls(self.agave_server.door)
            self.agave_as = cache(self.agave_server.client)
            stack.enter_context(login(self.agave_server, self.agave, self.agave_home))
            self.agave_calls.clear()
            self.addCleanup(stack.pop_all().close)

    @property
    def agave(self) -> Agave:
        """The client of ada."""
        return self.agave_as("ada")

    @property
    def agave_admin(self) -> Agave:
        """The administrator's client."""
        return self.agave_as("admin")
