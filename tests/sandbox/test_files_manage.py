"""Making, copying, moving, renaming, deleting, and the history of it, over real requests."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import STORAGE, at, content, events, names, upload, workplace
from tests.sandbox.systems_support import new_id


@pytest.fixture
def put(http: HttpFactory) -> Any:
    def send(path: str, action: str, target: str | None = None, **more: Any) -> requests.Response:
        body = {"action": action, **({} if target is None else {"path": target}), **more}
        return http("ada").put(at("media", path), json=body)

    return send


def test_mkdir_makes_parents_too(http: HttpFactory, where: str, put: Any) -> None:
    answer = put(where, "mkdir", "a/b/c")
    made = result(answer, 201)
    assert answer.json()["message"] is None
    assert (made["name"], made["path"]) == ("c", f"/home/{where}/a/b/c")
    assert (made["owner"], made["status"]) == ("ada", "STAGING_COMPLETED")
    assert made["nativeFormat"] == "dir"
    assert names(http("ada"), f"{where}/a/b") == [".", "c"]


def test_mkdir_of_a_directory_that_is_there_is_told(
    http: HttpFactory, where: str, put: Any
) -> None:
    first = result(put(where, "mkdir", "a"), 201)
    again = put(where, "MKDIR", "a")
    assert result(again, 200)["uuid"] == first["uuid"]
    assert again.json()["message"] == f"Directory /home/{where}/a already exists"
    assert events(http("ada"), f"{where}/a") == ["CREATED", "CREATED"]


def test_mkdir_does_not_replace_a_file(http: HttpFactory, where: str, put: Any) -> None:
    upload(http("ada"), where, "f", b"1")
    refusal(put(where, "mkdir", "f"), 400)
    refusal(put(where, "mkdir", "f/below"), 400)
    assert content(http("ada"), f"{where}/f") == b"1"


def test_a_body_may_be_a_form(http: HttpFactory, where: str) -> None:
    answer = http("ada").put(at("media", where), data={"action": "mkdir", "path": "form"})
    assert result(answer, 201)["name"] == "form"


def test_actions_that_are_missing_or_unknown_are_refused(where: str, put: Any) -> None:
    assert refusal(put(where, ""), 400) == "Please provide a file action to perform"
    for action in ("index", "list", "touch", "remove", "cksum", "teleport"):
        assert action in refusal(put(where, action, "x"), 501)
    for action in ("mkdir", "rename", "move", "copy"):
        assert "path" in refusal(put(f"{where}/x", action), 400)


def test_a_body_that_is_no_object_is_refused(http: HttpFactory, where: str) -> None:
    refusal(http("ada").put(at("media", where), json=["mkdir"]), 400)
    refusal(http("ada").put(at("media", where)), 400)


def test_rename_takes_a_name_beside_the_old_one(http: HttpFactory, where: str, put: Any) -> None:
    ada = http("ada")
    old = upload(ada, where, "old", b"1")
    answer = put(f"{where}/old", "rename", "new")
    renamed = result(answer)
    assert answer.json()["message"] == "Rename success"
    assert (renamed["name"], renamed["path"]) == ("new", f"/home/{where}/new")
    assert renamed["uuid"] == old["uuid"]
    assert names(ada, where) == [".", "new"]
    assert events(ada, f"{where}/new")[-1] == "RENAME"
    refusal(ada.get(at("history", f"{where}/old")), 404)


def test_rename_does_not_replace_anything(http: HttpFactory, where: str, put: Any) -> None:
    ada = http("ada")
    upload(ada, where, "a", b"1")
    upload(ada, where, "b", b"2")
    refusal(put(f"{where}/a", "rename", "b"), 400)
    refusal(put("", "rename", "b"), 400)
    refusal(put("/", "rename", "b"), 400)
    refusal(put(f"{where}/none", "rename", "b"), 404)
    assert content(ada, f"{where}/b") == b"2"


def test_move_goes_to_a_path_from_home_or_root(http: HttpFactory, where: str, put: Any) -> None:
    ada = http("ada")
    upload(ada, where, "a", b"1")
    answer = put(f"{where}/a", "move", f"{where}/b")
    assert result(answer)["path"] == f"/home/{where}/b"
    assert answer.json()["message"] == "Move success"
    assert events(ada, f"{where}/b")[-1] == "MOVED"
    result(put(f"{where}/b", "move", f"/home/{where}/c"))
    assert names(ada, where) == [".", "c"]
    assert content(ada, f"{where}/c") == b"1"


def test_move_replaces_a_file_and_says_so(http: HttpFactory, where: str, put: Any) -> None:
    ada = http("ada")
    upload(ada, where, "a", b"new")
    upload(ada, where, "b", b"old")
    result(put(f"{where}/a", "move", f"{where}/b"))
    assert content(ada, f"{where}/b") == b"new"
    assert events(ada, f"{where}/b")[-1] == "OVERWRITTEN"


def test_a_directory_moves_with_all_that_is_known_of_it(
    http: HttpFactory, where: str, put: Any
) -> None:
    ada = http("ada")
    result(put(where, "mkdir", "d/e"), 201)
    inner = upload(ada, f"{where}/d/e", "f", b"1")
    share = {"username": "grace", "permission": "READ"}
    result(ada.post(at("pems", f"{where}/d/e/f"), json=share), 201)
    result(put(f"{where}/d", "move", f"{where}/moved"))
    refusal(http("grace").get(at("media", f"{where}/d/e/f")), 403)
    assert content(http("grace"), f"{where}/moved/e/f") == b"1"
    words = events(ada, f"{where}/moved/e/f")
    assert words[:3] == ["STAGING_QUEUED", "STAGING", "STAGING_COMPLETED"]
    body = {"action": "rename", "path": "g"}
    assert result(ada.put(at("media", f"{where}/moved/e/f"), json=body))["uuid"] == inner["uuid"]


def test_nothing_is_put_into_a_directory_that_is_there(
    http: HttpFactory, where: str, put: Any
) -> None:
    ada = http("ada")
    upload(ada, where, "f", b"1")
    result(put(where, "mkdir", "d"), 201)
    result(put(where, "mkdir", "e"), 201)
    for action in ("move", "copy"):
        refusal(put(f"{where}/f", action, f"{where}/d"), 400)
        refusal(put(f"{where}/d", action, f"{where}/f"), 400)
    refusal(put(f"{where}/d", "move", f"{where}/e"), 400)
    assert names(ada, where) == [".", "d", "e", "f"]


def test_a_directory_is_not_put_into_itself(http: HttpFactory, where: str, put: Any) -> None:
    result(put(where, "mkdir", "d"), 201)
    for action in ("move", "copy"):
        refusal(put(f"{where}/d", action, f"{where}/d/inner"), 400)
        refusal(put(f"{where}/d", action, f"{where}/d"), 400)
    assert names(http("ada"), f"{where}/d") == ["."]


def test_a_missing_source_or_destination_directory_is_told(
    http: HttpFactory, where: str, put: Any
) -> None:
    upload(http("ada"), where, "f", b"1")
    for action in ("move", "copy"):
        refusal(put(f"{where}/none", action, f"{where}/x"), 404)
        refusal(put(f"{where}/f", action, f"{where}/none/x"), 404)


def test_copy_is_recursive_and_independent(http: HttpFactory, where: str, put: Any) -> None:
    ada = http("ada")
    result(put(where, "mkdir", "d/e"), 201)
    original = upload(ada, f"{where}/d/e", "f", b"1")
    answer = put(f"{where}/d", "copy", f"{where}/copied")
    assert answer.json()["message"] == "Copy success"
    assert result(answer)["path"] == f"/home/{where}/copied"
    upload(ada, f"{where}/d/e", "f", b"changed")
    assert content(ada, f"{where}/copied/e/f") == b"1"
    one = result(put(f"{where}/d/e/f", "copy", f"{where}/one"))
    assert one["uuid"] != original["uuid"]
    assert events(ada, f"{where}/one") == ["CREATED"]


def test_copy_merges_into_a_directory_and_replaces_files(
    http: HttpFactory, where: str, put: Any
) -> None:
    ada = http("ada")
    for directory in ("d", "e"):
        result(put(where, "mkdir", directory), 201)
    upload(ada, f"{where}/d", "same", b"new")
    upload(ada, f"{where}/e", "same", b"old")
    upload(ada, f"{where}/e", "kept", b"kept")
    result(put(f"{where}/d", "copy", f"{where}/e"))
    assert names(ada, f"{where}/e") == [".", "kept", "same"]
    assert content(ada, f"{where}/e/same") == b"new"


def test_copy_onto_the_same_text_is_refused(http: HttpFactory, where: str, put: Any) -> None:
    upload(http("ada"), where, "f", b"1")
    refusal(put(f"{where}/f", "copy", f"{where}/F".replace("/W", "/w")), 400)
    refusal(put(f"{where}/f", "copy", f"/home/{where}/f"), 400)


def test_copy_can_append(http: HttpFactory, where: str, put: Any) -> None:
    ada = http("ada")
    upload(ada, where, "a", b"one\n")
    upload(ada, where, "b", b"two\n")
    result(put(f"{where}/b", "copy", f"{where}/a", append=True))
    assert content(ada, f"{where}/a") == b"one\ntwo\n"
    assert events(ada, f"{where}/a")[-1] == "CONTENT_CHANGE"
    result(put(f"{where}/b", "copy", f"{where}/c", append=True))
    assert content(ada, f"{where}/c") == b"two\n"
    refusal(put(where, "copy", "ada/appended", append=True), 400)
    refusal(put(f"{where}/b", "copy", f"{where}/a", append="perhaps"), 400)


def test_appends_at_the_same_time_are_all_kept(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "log", b"")
    upload(ada, where, "line", b"line\n")
    url = ada.base_url + at("media", f"{where}/line")
    body = {"action": "copy", "path": f"{where}/log", "append": True}
    headers = {"Authorization": str(ada.headers["Authorization"])}

    def append() -> None:
        assert requests.put(url, json=body, headers=headers, timeout=30).status_code == 200

    threads = [threading.Thread(target=append) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content(ada, f"{where}/log") == b"line\n" * 8


def test_delete_takes_everything_along(http: HttpFactory, where: str, put: Any) -> None:
    ada = http("ada")
    result(put(where, "mkdir", "d/e"), 201)
    first = upload(ada, f"{where}/d/e", "f", b"1")
    result(
        ada.post(at("pems", f"{where}/d/e/f"), json={"username": "grace", "permission": "ALL"}), 201
    )
    answer = ada.delete(at("media", f"{where}/d"))
    assert answer.json()["status"] == "success"
    assert "result" not in answer.json()
    refusal(ada.delete(at("media", f"{where}/d")), 404)
    for kind in ("listings", "history", "media"):
        refusal(ada.get(at(kind, f"{where}/d/e/f")), 404)
    result(put(where, "mkdir", "d/e"), 201)
    second = upload(ada, f"{where}/d/e", "f", b"2")
    assert second["uuid"] != first["uuid"]
    refusal(http("grace").get(at("media", f"{where}/d/e/f")), 403)


def test_delete_works_on_the_default_system(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "f", b"1")
    body = {"action": "rename", "path": "g"}
    assert result(ada.put(f"/files/v2/media/{where}/f", json=body))["name"] == "g"
    assert ada.delete(f"/files/v2/media/{where}/g").status_code == 200
    assert names(ada, where) == ["."]


def test_the_root_of_a_system_stays(http: HttpFactory, sandbox: Sandbox) -> None:
    admin = http("admin")
    refusal(admin.delete(at("media", "/")), 400)
    refusal(admin.put(at("media", "/"), json={"action": "move", "path": "x"}), 400)
    assert (sandbox.tenant.root / "systems" / STORAGE / "home" / "ada").is_dir()


def test_a_name_that_no_disk_takes_is_refused(http: HttpFactory, where: str, put: Any) -> None:
    refusal(put(where, "mkdir", "x" * 300), 400)
    refusal(put(where, "mkdir", "x/" * 3000), 400)
    refusal(put(where, "mkdir", "half\ud800"), 400)
    refusal(http("ada").get(at("listings", "x" * 300)), 400)
    files = {"fileToUpload": ("x" * 300, b"1")}
    refusal(http("ada").post(at("media", where), files=files), 400)
    assert names(http("ada"), where) == ["."]


def test_history_is_paged_with_the_newest_last(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "f", b"1")
    page = result(ada.get(at("history", f"{where}/f"), params={"limit": "1", "offset": "2"}))
    assert [event["status"] for event in page] == ["STAGING_COMPLETED"]
    about = {"status", "created", "createdBy", "description", "progress", "_links"}
    assert set(page[0]) == about
    assert page[0]["createdBy"] == "ada"
    assert result(ada.get(f"/files/v2/history/{where}/f"))[2] == page[0]


def test_what_the_service_did_not_make_has_an_empty_history(
    http: HttpFactory, where: str, sandbox: Sandbox
) -> None:
    (sandbox.tenant.root / "systems" / STORAGE / "home" / where / "made").write_text("by a job")
    assert result(http("ada").get(at("history", f"{where}/made"))) == []


def test_files_of_a_system_that_is_down_are_not_served(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    system = f"down-{where.rpartition('/')[2]}"
    storage = {
        "host": "h.example.org",
        "port": 22,
        "protocol": "SFTP",
        "auth": {"type": "PASSWORD", "username": "ada", "password": "x"},
    }
    definition = {"id": system, "name": system, "type": "STORAGE", "storage": storage}
    assert ada.post("/systems/v2", json=definition).status_code == 201
    result(ada.get(at("listings", "", system)))
    down = {**definition, "status": "DOWN"}
    assert ada.post(f"/systems/v2/{system}", json=down).status_code == 200
    for kind in ("listings", "media", "history", "pems"):
        assert system in refusal(ada.get(at(kind, "", system)), 400)


def test_a_disabled_system_is_called_disabled_and_not_up(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    system = f"off-{where.rpartition('/')[2]}"
    storage = {
        "host": "h.example.org",
        "port": 22,
        "protocol": "SFTP",
        "auth": {"type": "PASSWORD", "username": "ada", "password": "x"},
    }
    definition = {"id": system, "name": system, "type": "STORAGE", "storage": storage}
    assert ada.post("/systems/v2", json=definition).status_code == 201
    assert ada.put(f"/systems/v2/{system}", json={"action": "disable"}).status_code == 200
    said = refusal(ada.get(at("listings", "", system)), 400)
    assert "disabled" in said
    assert "UP" not in said


def test_an_internal_user_is_remembered_with_what_is_made_for_them(http: HttpFactory) -> None:
    ada = http("ada")
    where, name = workplace(ada), new_id("helper")
    person = {"username": name, "email": "helper@example.org"}
    result(ada.post("/profiles/v2/ada/users", json=person), 201)
    upload(ada, where, "own.txt", b"own")
    asks: list[tuple[str, str, dict[str, Any], int]] = [
        ("POST", where, {"files": {"fileToUpload": ("new.txt", b"new")}}, 202),
        ("PUT", where, {"json": {"action": "mkdir", "path": "box"}}, 201),
        ("PUT", f"{where}/own.txt", {"json": {"action": "copy", "path": f"{where}/c"}}, 200),
    ]
    for method, path, sent, _ in asks:
        wrong = {"X-Agave-InternalUser": "nobody"}
        answer = ada.request(method, at("media", path), headers=wrong, **sent)
        assert "nobody" in refusal(answer, 404)
    assert names(ada, where) == [".", "own.txt"]
    for method, path, sent, status in asks:
        right = {"X-Agave-InternalUser": name}
        answer = ada.request(method, at("media", path), headers=right, **sent)
        assert result(answer, status)["internalUsername"] == name
    body = {"action": "rename", "path": "d"}
    assert result(ada.put(at("media", f"{where}/c"), json=body))["internalUsername"] == name
