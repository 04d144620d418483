"""A directory to work in, a web hook; and a tenant for the control door to break and restore."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agavepy.sandbox import Sandbox, pace
from tests.conftest import Http, HttpFactory
from tests.sandbox.files_support import workplace
from tests.sandbox.pace_support import PATIENCE_S
from tests.unit.loopback import Loopback
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    """A tenant that no other module uses."""
    with Sandbox(check_answers=True) as running:
        # The demo's actor gets its image in its own time: kept before, it would do so ever again.
        wait_for(lambda: not any(kind["things"] for kind in running.control.pace.listing()))
        running.control.snapshot("start")
        yield running


@pytest.fixture
def ada(tenant: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    """A session of ada in the tenant as it was at its start.

    A look that lets something go on waits for it on a slow machine, too.
    """
    monkeypatch.setattr(pace, "_LOOK_S", PATIENCE_S)
    tenant.control.restore("start")
    with Http(tenant.url, tenant.credentials("ada")["token"]) as session:
        yield session


@pytest.fixture
def door(tenant: Sandbox, ada: Http) -> Iterator[Http]:
    """A session at the control door of the tenant."""
    with Http(tenant.url + "/_sandbox", "") as session:
        session.headers["X-Sandbox-Secret"] = tenant.control.secret
        yield session


@pytest.fixture
def where(http: HttpFactory) -> str:
    """A directory of ada's that no other test uses, as a path from the home directory."""
    return workplace(http("ada"))


@pytest.fixture
def hook() -> Iterator[Loopback]:
    """A web server that notifications and events may be sent to."""
    with Loopback() as running:
        yield running
