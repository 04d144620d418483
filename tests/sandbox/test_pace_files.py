"""Imports that a test holds: no file is there before its import has come to its end."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http
from tests.sandbox import files_support as support
from tests.sandbox.answers import result
from tests.sandbox.files_support import at
from tests.sandbox.pace_support import PATIENCE_S, choose, tell, under_way
from tests.waiting import wait_for

IMPORT = ["STAGING_QUEUED", "STAGING", "STAGING_COMPLETED"]


def sent(http: Http, name: str = "new.txt", content: bytes = b"new") -> dict[str, Any]:
    """Upload a file into ada's home and return its record, which is answered before it is there."""
    answer = http.post(at("media", "ada"), files={"fileToUpload": (name, content)})
    record: dict[str, Any] = result(answer, 202)
    return record


def words(http: Http, name: str = "new.txt") -> list[str]:
    return support.events(http, f"ada/{name}")


def happened(http: Http, number: int) -> bool:
    return len(words(http)) == number


def transfer(http: Http, name: str = "new.txt") -> dict[str, Any]:
    event = result(http.get(at("history", f"ada/{name}")))[0]
    found: dict[str, Any] = result(http.get(event["_links"]["transfer"]["href"]))
    return found


def test_an_import_held_by_hand_arrives_when_it_is_told(ada: Http, door: Http) -> None:
    choose(door, "files", "by_hand")
    uuid = sent(ada)["uuid"]
    assert (words(ada), transfer(ada)["status"]) == (IMPORT[:1], "QUEUED")
    (thing,) = under_way(door, "files")
    assert (thing["id"], thing["state"], thing["held"]) == (uuid, "STAGING_QUEUED", True)
    assert tell(door, "files", id=uuid)[0]["state"] == "STAGING"
    assert (words(ada), transfer(ada)["status"]) == (IMPORT[:2], "TRANSFERRING")
    assert ada.get(at("media", "ada/new.txt")).status_code == 404
    (told,) = tell(door, "files", id=transfer(ada)["uuid"])
    assert told["state"] == "STAGING_COMPLETED"
    assert (words(ada), transfer(ada)["status"]) == (IMPORT, "COMPLETED")
    assert support.content(ada, "ada/new.txt") == b"new"
    assert under_way(door, "files") == []


def test_an_import_that_fails_fails_when_it_is_told(ada: Http, door: Http) -> None:
    choose(door, "files", "by_hand")
    gone = {"urlToIngest": "http://127.0.0.1:9/gone.txt"}
    result(ada.post(at("media", "ada"), data=gone), 202)
    assert tell(door, "files")[0]["state"] == "STAGING"
    assert tell(door, "files")[0]["state"] == "STAGING_FAILED"
    assert transfer(ada, "gone.txt")["status"] == "FAILED"


def test_imports_for_one_path_arrive_in_their_order(ada: Http, door: Http) -> None:
    choose(door, "files", "by_hand")
    sent(ada, content=b"first")
    sent(ada, content=b"second")
    tell(door, "files", transitions=2, wait=0)
    wait_for(lambda: under_way(door, "files") == [])
    assert support.content(ada, "ada/new.txt") == b"second"
    told = [word for word in words(ada) if word not in {"STAGING_QUEUED", "OVERWRITTEN"}]
    assert told == [*IMPORT[1:], *IMPORT[1:]]


def test_each_state_of_an_import_lasts_its_time(tenant: Sandbox, ada: Http) -> None:
    tenant.control.pace.set("files", "by_time", seconds=600)
    sent(ada)
    for number, state in enumerate(IMPORT[:-1]):
        wait_for(partial(happened, ada, number + 1))
        tenant.tenant.clock.advance(570)
        assert words(ada)[-1] == state
        tenant.tenant.clock.advance(31)
    assert support.staged(ada, "ada/new.txt") == IMPORT


def test_an_import_goes_on_after_some_looks_at_its_history_or_transfer(
    ada: Http, door: Http
) -> None:
    choose(door, "files", "by_hand", looks=1)
    sent(ada)
    assert words(ada) == IMPORT[:1]
    href = result(ada.get(at("listings", "ada")))  # a listing is no look
    assert href
    assert words(ada) == IMPORT[:2]
    assert words(ada) == IMPORT


def test_held_imports_starve_nobody(tenant: Sandbox, ada: Http, door: Http) -> None:
    choose(door, "files", "by_hand")
    for number in range(3 * tenant.settings.workers):
        sent(ada, f"held{number}.txt")
    image = {"image": "sandbox/echo"}
    actor = ada.post("/actors/v2", json=image).json()["result"]["id"]
    wait_for(lambda: ada.get(f"/actors/v2/{actor}").json()["result"]["status"] == "READY")
    assert len(under_way(door, "files")) == 3 * tenant.settings.workers
    choose(door, "files", "at_once")
    wait_for(lambda: not under_way(door, "files"))
    assert support.content(ada, "ada/held0.txt") == b"new"


@pytest.mark.parametrize("steps", [0, 1])
def test_a_directory_with_a_held_import_can_be_deleted(ada: Http, door: Http, steps: int) -> None:
    result(ada.put(at("media", "ada"), json={"action": "mkdir", "path": "box"}), 201)
    choose(door, "files", "by_hand")
    answer = ada.post(at("media", "ada/box"), files={"fileToUpload": ("new.txt", b"new")})
    uuid = result(answer, 202)["uuid"]
    if steps:
        tell(door, "files", transitions=steps)
    result(ada.delete(at("media", "ada/box")))
    wait_for(lambda: not under_way(door, "files"))
    assert door.post("/transitions", json={"kind": "files", "id": uuid}).status_code == 404
    assert ada.get(at("media", "ada/box")).status_code == 404


def test_held_imports_outlast_a_snapshot_and_a_restart(tenant: Sandbox, ada: Http) -> None:
    control = tenant.control
    control.pace.set("files", "by_hand")
    uuid = sent(ada)["uuid"]
    control.pace.advance("files", wait_s=PATIENCE_S)
    control.snapshot("held")
    assert [item["id"] for item in control.pace.listing()[1]["things"]] == [uuid]
    control.restore("held")
    (told,) = control.pace.advance("files", uuid, transitions=2, wait_s=PATIENCE_S)
    assert told["state"] == "STAGING_COMPLETED"
    assert support.content(ada, "ada/new.txt") == b"new"
