"""What the functional tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents_support import Site
from tests.functional import wheels


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the package."""
    return wheels.build(tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def site() -> Iterator[Site]:
    """A server of documents, or of what they describe."""
    with Site() as running:
        yield running


@pytest.fixture
def other() -> Iterator[Site]:
    """Another server, which must not see what belongs elsewhere."""
    with Site() as running:
        yield running


@pytest.fixture
def tenant() -> Iterator[Site]:
    """The server of a tenant, which knows no service by itself."""
    with Site() as running:
        yield running
