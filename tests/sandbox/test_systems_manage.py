"""Actions on systems: publishing, defaults, cloning, disabling, erasing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import execution_system, new_id, storage_system
from tests.waiting import wait_for

BASE = "/systems/v2"


@pytest.fixture
def mine(http: HttpFactory) -> Iterator[str]:
    """A private storage system of ada, made nobody's default afterwards."""
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    yield system_id
    http("admin").put(f"{BASE}/{system_id}", json={"action": "erase"})


@pytest.fixture
def users(fresh_sandbox: Sandbox) -> Iterator[dict[str, Http]]:
    """Sessions by user on a tenant whose defaults may be changed."""
    names = ("ada", "grace", "admin")
    sessions = {
        name: Http(fresh_sandbox.url, fresh_sandbox.credentials(name)["token"]) for name in names
    }
    yield sessions
    for session in sessions.values():
        session.close()


def _put(session: Http, system_id: str, action: str, **fields: Any) -> Any:
    return session.put(f"{BASE}/{system_id}", json={"action": action, **fields})


def _default(session: Http, kind: str = "STORAGE") -> str:
    (system,) = result(session.get(BASE, params={"default": "true", "type": kind}))
    return str(system["id"])


@pytest.mark.parametrize("action", ["publish", "PUBLISH", "Publish"])
def test_a_published_system_is_everybodys_and_case_does_not_matter(
    http: HttpFactory, mine: str, action: str
) -> None:
    refusal(http("grace").get(f"{BASE}/{mine}"), 403)
    assert result(_put(http("admin"), mine, action))["public"] is True
    assert result(http("grace").get(f"{BASE}/{mine}"))["public"] is True
    assert result(_put(http("admin"), mine, "unpublish"))["public"] is False
    refusal(http("grace").get(f"{BASE}/{mine}"), 403)


@pytest.mark.parametrize(
    "action", ["publish", "unpublish", "setGlobalDefault", "unsetGlobalDefault", "erase"]
)
def test_only_tenant_administrators_act_for_the_whole_tenant(
    http: HttpFactory, mine: str, action: str
) -> None:
    assert mine in refusal(_put(http("ada"), mine, action), 403)
    result(http("ada").get(f"{BASE}/{mine}"))


def test_unknown_and_missing_actions_are_refused_with_the_known_ones(
    http: HttpFactory, mine: str
) -> None:
    message = refusal(_put(http("ada"), mine, "explode"), 400)
    assert "explode" in message
    assert "setGlobalDefault" in message
    assert "'action'" in refusal(http("ada").put(f"{BASE}/{mine}", json={"name": "x"}), 400)
    refusal(_put(http("ada"), "no.such", "enable"), 404)


def test_a_user_has_one_default_of_each_type(users: dict[str, Http]) -> None:
    ada, grace = users["ada"], users["grace"]
    for system_id in ("one", "two"):
        result(ada.post(BASE, json=storage_system(system_id)), 201)
    result(ada.post(BASE, json=execution_system("cluster")), 201)
    assert result(_put(ada, "one", "setDefault"))["default"] is True
    assert result(_put(ada, "two", "SETDEFAULT"))["default"] is True
    assert _default(ada) == "two"
    assert result(ada.get(f"{BASE}/one"))["default"] is False
    assert _default(ada, "EXECUTION") == "sandbox.exec"
    result(_put(ada, "cluster", "setDefault"))
    assert (_default(ada, "EXECUTION"), _default(ada)) == ("cluster", "two")
    assert _default(grace) == "sandbox.storage"
    assert result(_put(ada, "two", "unsetDefault"))["default"] is False
    assert _default(ada) == "sandbox.storage"


def test_a_default_that_goes_leaves_the_global_one(users: dict[str, Http]) -> None:
    ada, grace = users["ada"], users["grace"]
    result(ada.post(BASE, json=storage_system("shared")), 201)
    result(ada.post(f"{BASE}/shared/roles/grace", json={"role": "USER"}), 201)
    for user in (ada, grace):
        result(_put(user, "shared", "setDefault"))
    assert _default(grace) == "shared"
    result(ada.delete(f"{BASE}/shared/roles/grace"))
    assert _default(grace) == "sandbox.storage"
    result(ada.delete(f"{BASE}/shared"))
    assert _default(ada) == "sandbox.storage"


def test_a_default_system_is_where_paths_without_a_system_go(users: dict[str, Http]) -> None:
    ada = users["ada"]
    result(ada.post(BASE, json=storage_system("other")), 201)
    result(_put(ada, "other", "setDefault"))
    listing = result(ada.get("/files/v2/listings/"))
    assert listing[0]["system"] == "other"


def test_there_is_one_global_default_of_a_type_and_it_is_public(users: dict[str, Http]) -> None:
    admin, grace = users["admin"], users["grace"]
    result(admin.post(BASE, json=storage_system("central")), 201)
    assert "publish" in refusal(_put(admin, "central", "setGlobalDefault"), 400)
    result(_put(admin, "central", "publish"))
    assert result(_put(admin, "central", "setGlobalDefault"))["globalDefault"] is True
    assert _default(grace) == "central"
    assert result(grace.get(f"{BASE}/sandbox.storage"))["globalDefault"] is False
    assert result(_put(admin, "central", "unsetGlobalDefault"))["globalDefault"] is False
    assert result(grace.get(BASE, params={"default": "true", "type": "STORAGE"})) == []
    result(_put(admin, "central", "setGlobalDefault"))
    assert result(_put(admin, "central", "unpublish"))["globalDefault"] is False


def test_a_clone_is_a_private_copy_without_credentials(http: HttpFactory) -> None:
    system_id, clone_id = new_id(), new_id("clone")
    result(http("ada").post(BASE, json=execution_system(system_id)), 201)
    address = f"{BASE}/{system_id}"
    assert "'id'" in refusal(_put(http("ada"), system_id, "clone"), 400)
    assert system_id in refusal(_put(http("ada"), system_id, "clone", id=system_id), 400)
    refusal(_put(http("ada"), system_id, "clone", id="under_score"), 400)
    refusal(_put(http("grace"), system_id, "clone", id=clone_id), 403)
    result(http("ada").post(f"{address}/roles/grace", json={"role": "USER"}), 201)
    clone = result(_put(http("grace"), system_id, "clone", id=clone_id))
    assert (clone["id"], clone["owner"], clone["revision"]) == (clone_id, "grace", 1)
    assert [queue["name"] for queue in clone["queues"]] == ["small", "large"]
    assert clone["storage"]["auth"] is None
    assert clone["login"]["auth"] is None
    original = result(http("ada").get(address))
    assert clone["uuid"] != original["uuid"]
    assert original["login"]["auth"] == {"type": "SSHKEYS"}
    refusal(http("ada").get(f"{BASE}/{clone_id}"), 403)


def test_disabling_needs_the_role_admin_and_shows(http: HttpFactory, mine: str) -> None:
    result(http("ada").post(f"{BASE}/{mine}/roles/grace", json={"role": "USER"}), 201)
    refusal(_put(http("grace"), mine, "disable"), 403)
    assert result(_put(http("ada"), mine, "disable"))["available"] is False
    assert result(http("grace").get(f"{BASE}/{mine}"))["available"] is False
    refusal(http("ada").get(f"/files/v2/listings/system/{mine}/"), 400)
    assert result(_put(http("ada"), mine, "enable"))["available"] is True
    result(http("ada").get(f"/files/v2/listings/system/{mine}/"))


def test_guests_see_a_system_and_may_not_choose_it(http: HttpFactory, mine: str) -> None:
    result(http("ada").post(f"{BASE}/{mine}/roles/grace", json={"role": "GUEST"}), 201)
    result(http("grace").get(f"{BASE}/{mine}"))
    refusal(_put(http("grace"), mine, "setDefault"), 403)


def test_erasing_frees_the_id_and_leaves_nothing_behind(http: HttpFactory) -> None:
    system_id = new_id()
    address = f"{BASE}/{system_id}"
    first = result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    media = f"/files/v2/media/system/{system_id}/"
    upload = http("ada").post(media, files={"fileToUpload": ("secret.txt", b"secret")})
    assert upload.status_code == 202
    listing = f"/files/v2/listings/system/{system_id}/"
    wait_for(lambda: "secret.txt" in http("ada").get(listing).text)
    folder = http("ada").put(media, json={"action": "mkdir", "path": "private"})
    assert folder.status_code == 201
    result(http("ada").delete(address))
    erased = _put(http("admin"), system_id, "erase")
    assert result(erased) is None
    assert "result" not in erased.json()
    refusal(_put(http("admin"), system_id, "erase"), 404)
    again = result(http("grace").post(BASE, json=storage_system(system_id)), 201)
    assert (again["owner"], again["revision"]) == ("grace", 1)
    assert again["uuid"] != first["uuid"]
    events = result(http("grace").get(f"{address}/history"))
    assert [event["status"] for event in events] == ["CREATED"]
    entries = result(http("grace").get(listing))
    assert [entry["name"] for entry in entries] == ["."]
