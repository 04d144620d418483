"""Listing systems: who sees which, what is told of them, and how a listing is narrowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import result
from tests.sandbox.systems_support import execution_system, storage_system

BASE = "/systems/v2/"


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """A tenant in which ada and grace have systems besides the public ones."""
    with Sandbox(check_answers=True) as running:
        for user, definition in (
            ("ada", storage_system("ada.archive", description="Cold tape")),
            ("ada", execution_system("ada.cluster")),
            ("grace", storage_system("grace.archive", status="DOWN")),
        ):
            with Http(running.url, running.credentials(user)["token"]) as session:
                result(session.post(BASE, json=definition), 201)
        yield running


@pytest.fixture
def ada(server: Sandbox) -> Iterator[Http]:
    """Requests of ada."""
    with Http(server.url, server.credentials("ada")["token"]) as session:
        yield session


def _ids(session: Http, **terms: Any) -> set[str]:
    return {system["id"] for system in result(session.get(BASE, params=terms))}


MINE = {"ada.archive", "ada.cluster"}
PUBLIC = {"sandbox.storage", "sandbox.exec"}


def test_a_listing_holds_public_systems_and_those_with_a_role(ada: Http, server: Sandbox) -> None:
    assert _ids(ada) == MINE | PUBLIC
    with Http(server.url, server.credentials("admin")["token"]) as admin:
        assert _ids(admin) == MINE | PUBLIC | {"grace.archive"}


def test_a_listing_holds_summaries(ada: Http) -> None:
    summaries = result(ada.get(BASE, params={"id.eq": "ada.archive"}))
    assert list(summaries[0]) == [
        *("id", "name", "type", "description", "status", "public", "lastUpdated", "default"),
        "_links",
    ]
    assert list(summaries[0]["_links"]) == ["self"]


def test_a_filter_asks_for_whole_systems_and_picks_their_fields(ada: Http) -> None:
    whole = result(ada.get(BASE, params={"filter": "*", "id.eq": "ada.cluster"}))
    assert whole == [result(ada.get(f"{BASE}ada.cluster"))]
    picked = result(ada.get(BASE, params={"filter": "id,storage.host", "id.eq": "ada.cluster"}))
    assert picked == [{"id": "ada.cluster", "storage": {"host": "data.example.org"}}]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"type": "STORAGE"}, {"ada.archive", "sandbox.storage"}),
        ({"type": "execution"}, {"ada.cluster", "sandbox.exec"}),
        ({"type": "AUTH"}, set()),
        ({"public": "true"}, PUBLIC),
        ({"public": "false"}, MINE),
        ({"publicOnly": "true"}, PUBLIC),
        ({"publicOnly": "false"}, MINE | PUBLIC),
        ({"privateOnly": "true"}, MINE),
        ({"default": "true"}, PUBLIC),
        ({"default": "false"}, MINE),
        ({"defaultOnly": "true", "type": "STORAGE"}, {"sandbox.storage"}),
        ({"storage.protocol": "SFTP"}, MINE),
        ({"storage.protocol.in": "LOCAL,S3"}, PUBLIC),
        ({"login.auth.type": "SSHKEYS"}, {"ada.cluster"}),
        ({"queues.name": "large"}, {"ada.cluster"}),
        ({"queues.maxNodes.gte": "100"}, {"ada.cluster"}),
        ({"description.like": "*tape*"}, {"ada.archive"}),
        ({"owner.neq": "ada"}, PUBLIC),
        ({"lastUpdated.after": "2001-01-01"}, MINE | PUBLIC),
        ({"lastUpdated.before": "2001-01-01"}, set()),
        ({"globalDefault": "true", "scheduler": "FORK"}, {"sandbox.exec"}),
    ],
)
def test_search_terms_narrow_a_listing(
    ada: Http, terms: dict[str, str], expected: set[str]
) -> None:
    assert _ids(ada, **terms) == expected


def test_an_unknown_type_is_refused(ada: Http) -> None:
    answer = ada.get(BASE, params={"type": "CLOUD"})
    assert answer.status_code == 400
    assert "CLOUD" in answer.json()["message"]


def test_a_listing_is_sorted_and_paged(ada: Http) -> None:
    newest = [system["id"] for system in result(ada.get(BASE))]
    assert newest[0] == "ada.cluster"
    terms: dict[str, Any] = {"orderBy": "id", "order": "ASC"}
    by_id = [system["id"] for system in result(ada.get(BASE, params=terms))]
    assert by_id == sorted(MINE | PUBLIC)
    page = result(ada.get(BASE, params={**terms, "limit": 2, "offset": 1}))
    assert [system["id"] for system in page] == by_id[1:3]


def test_the_demo_systems_can_be_used_by_everybody(http: HttpFactory) -> None:
    for user in ("ada", "grace", "admin"):
        storage = result(http(user).get(f"{BASE}sandbox.storage"))
        assert (storage["public"], storage["default"], storage["type"]) == (True, True, "STORAGE")
        assert (storage["storage"]["rootDir"], storage["storage"]["homeDir"]) == ("/", "/home")
        execution = result(http(user).get(f"{BASE}sandbox.exec"))
        assert (execution["public"], execution["default"]) == (True, True)
        assert (execution["executionType"], execution["scheduler"]) == ("CLI", "FORK")
        (queue,) = execution["queues"]
        assert (queue["name"], queue["default"]) == ("normal", True)
        limits = ("maxJobs", "maxUserJobs", "maxNodes", "maxProcessorsPerNode", "maxMemoryPerNode")
        assert all(queue[limit] > 0 for limit in limits)
        assert queue["maxRequestedTime"] == "48:00:00"
