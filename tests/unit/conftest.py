"""A web server that answers as a test scripts it, and the way to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agavepy.transport import Transport
from tests.unit.loopback import Loopback


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def transport(server: Loopback) -> Iterator[Transport]:
    ours = Transport(server.url, retries=0)
    yield ours
    ours.close()
