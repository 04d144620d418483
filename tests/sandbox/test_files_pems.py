"""Who may do what with files: homes, sharing, everybody, administrators."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import STORAGE, at, content, events, names, upload


def share(http: Http, path: str, username: str, permission: str, recursive: bool = False) -> Any:
    body = {"username": username, "permission": permission, "recursive": recursive}
    answer = http.post(at("pems", path), json=body)
    return result(answer, 200 if permission == "NONE" else 201)


@pytest.fixture
def shared_system(http: HttpFactory) -> str:
    """A private storage system of ada's."""
    system = f"shared-{uuid.uuid4().hex[:8]}"
    storage = {
        "host": "h.example.org",
        "port": 22,
        "protocol": "SFTP",
        "auth": {"type": "PASSWORD", "username": "ada", "password": "x"},
    }
    body = {"id": system, "name": system, "type": "STORAGE", "storage": storage}
    assert http("ada").post("/systems/v2", json=body).status_code == 201
    return system


def test_a_home_is_private(http: HttpFactory) -> None:
    grace = http("grace")
    for kind in ("listings", "media", "pems", "history", "index"):
        refusal(grace.get(at(kind, "ada/data/hello.txt")), 403)
        refusal(grace.get(at(kind, "/home/ada")), 403)
    hello = at("media", "ada/data/hello.txt")
    assert grace.head(hello).status_code == 403
    refusal(grace.delete(hello), 403)
    refusal(grace.post(at("media", "ada"), files={"fileToUpload": ("x", b"1")}), 403)
    for action in ("mkdir", "copy", "move", "rename"):
        refusal(grace.put(hello, json={"action": action, "path": "grace/x"}), 403)
    refusal(grace.post(at("pems", "ada"), json={"username": "grace", "permission": "ALL"}), 403)
    refusal(grace.delete(at("pems", "ada")), 403)
    assert {".", "hello.txt", "reads.fa"} <= set(names(grace, "grace/data"))


def test_what_is_missing_in_a_private_home_is_not_told(http: HttpFactory) -> None:
    refusal(http("grace").get(at("listings", "ada/no/such")), 403)


def test_nothing_is_put_into_somebody_elses_home(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "f", b"1")
    for action in ("copy", "move"):
        body = {"action": action, "path": "grace/planted"}
        refusal(ada.put(at("media", f"{where}/f"), json=body), 403)
    assert "planted" not in names(http("grace"), "grace")


def test_what_is_not_a_home_is_read_by_all_and_written_by_administrators(
    http: HttpFactory,
) -> None:
    admin, ada = http("admin"), http("ada")
    name = f"public-{uuid.uuid4().hex[:8]}"
    refusal(ada.put(at("media", "/"), json={"action": "mkdir", "path": name}), 403)
    refusal(ada.post(at("media", ""), files={"fileToUpload": (name, b"1")}), 403)
    result(admin.put(at("media", "/"), json={"action": "mkdir", "path": name}), 201)
    upload(admin, f"/{name}", "f", b"for all")
    assert content(ada, f"/{name}/f") == b"for all"
    assert result(ada.get(at("listings", f"/{name}")))[1]["permissions"] == "READ"
    refusal(ada.delete(at("media", f"/{name}/f")), 403)


def test_an_administrator_reaches_every_home(http: HttpFactory, where: str) -> None:
    upload(http("ada"), where, "f", b"1")
    assert content(http("admin"), f"{where}/f") == b"1"
    assert http("admin").delete(at("media", f"{where}/f")).status_code == 200


def test_homes_are_not_copied_by_way_of_their_directory(http: HttpFactory, where: str) -> None:
    for path in ("/home", "/", ""):
        body = {"action": "copy", "path": f"{where}/everything"}
        refusal(http("ada").put(at("media", path), json=body), 400, 403)
    assert names(http("ada"), where) == ["."]


def test_a_file_can_be_shared_for_reading(http: HttpFactory, where: str, sandbox: Sandbox) -> None:
    ada, grace = http("ada"), http("grace")
    upload(ada, where, "f", b"1")
    upload(ada, where, "other", b"2")
    granted = share(ada, f"{where}/f", "grace", "READ")
    link = f"{sandbox.url}/files/v2/pems/system/{STORAGE}//home/{where}/f?username.eq=grace"
    assert granted == [
        {
            "username": "grace",
            "internalUsername": None,
            "permission": {"read": True, "write": False, "execute": False},
            "recursive": False,
            "_links": {
                "self": {"href": link},
                "file": {"href": f"{sandbox.url}/files/v2/media/system/{STORAGE}//home/{where}/f"},
                "profile": {"href": f"{sandbox.url}/profiles/v2/grace"},
            },
        }
    ]
    assert content(grace, f"{where}/f") == b"1"
    assert result(grace.get(at("listings", f"{where}/f")))[0]["permissions"] == "READ"
    refusal(grace.delete(at("media", f"{where}/f")), 403)
    refusal(grace.get(at("media", f"{where}/other")), 403)
    refusal(grace.get(at("listings", where)), 403)
    assert result(ada.get(link)) == granted
    assert "PERMISSION_GRANT" in events(ada, f"{where}/f")


def test_the_owner_is_listed_first(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    share(ada, where, "grace", "READ_WRITE", recursive=True)
    share(ada, where, "bob", "READ")
    listed = result(ada.get(at("pems", where)))
    assert [item["username"] for item in listed] == ["ada", "grace", "bob"]
    assert listed[0]["permission"] == {"read": True, "write": True, "execute": True}
    assert listed[1]["permission"] == {"read": True, "write": True, "execute": False}
    assert (listed[1]["recursive"], listed[2]["recursive"]) == (True, False)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"username": "bob"}, ["bob"]),
        ({"username.eq": "grace"}, ["grace"]),
        ({"username": "nobody"}, []),
        ({"permission": "READ"}, ["bob"]),
        ({"permission": "all"}, ["ada"]),
        ({"limit": "1", "offset": "1"}, ["grace"]),
    ],
)
def test_permissions_can_be_narrowed_down(
    http: HttpFactory, where: str, query: dict[str, str], expected: list[str]
) -> None:
    ada = http("ada")
    share(ada, where, "grace", "READ_WRITE")
    share(ada, where, "bob", "READ")
    listed = result(ada.get(at("pems", where), params=query))
    assert [item["username"] for item in listed] == expected


def test_a_recursive_grant_holds_below_and_later(http: HttpFactory, where: str) -> None:
    ada, grace = http("ada"), http("grace")
    upload(ada, where, "before", b"1")
    share(ada, where, "grace", "READ", recursive=True)
    result(ada.put(at("media", where), json={"action": "mkdir", "path": "deep/er"}), 201)
    upload(ada, f"{where}/deep/er", "after", b"2")
    assert content(grace, f"{where}/before") == b"1"
    assert content(grace, f"{where}/deep/er/after") == b"2"
    assert names(grace, where) == [".", "before", "deep"]
    refusal(grace.put(at("media", where), json={"action": "mkdir", "path": "x"}), 403)
    share(ada, where, "grace", "NONE")
    refusal(grace.get(at("media", f"{where}/before")), 403)


def test_a_grant_on_a_directory_alone_does_not_open_its_files(
    http: HttpFactory, where: str
) -> None:
    ada, grace = http("ada"), http("grace")
    upload(ada, where, "f", b"1")
    share(ada, where, "grace", "READ")
    assert [entry["permissions"] for entry in result(grace.get(at("listings", where)))] == [
        "READ",
        "NONE",
    ]
    refusal(grace.get(at("media", f"{where}/f")), 403)
    body = {"action": "copy", "path": "grace/taken"}
    refusal(grace.put(at("media", where), json=body), 403)


def test_a_writer_can_add_and_remove_but_not_share_on(http: HttpFactory, where: str) -> None:
    ada, grace = http("ada"), http("grace")
    share(ada, where, "grace", "READ_WRITE", recursive=True)
    assert upload(grace, where, "hers", b"1")["owner"] == "grace"
    upload(ada, where, "mine", b"2")
    result(grace.put(at("media", f"{where}/mine"), json={"action": "rename", "path": "ours"}))
    assert grace.delete(at("media", f"{where}/ours")).status_code == 200
    refusal(grace.post(at("pems", where), json={"username": "bob", "permission": "READ"}), 403)
    share(ada, where, "grace", "ALL", recursive=True)
    share(grace, where, "bob", "READ")


def test_none_takes_a_permission_away(http: HttpFactory, where: str) -> None:
    ada, grace = http("ada"), http("grace")
    upload(ada, where, "f", b"1")
    share(ada, f"{where}/f", "grace", "ALL")
    taken = share(ada, f"{where}/f", "grace", "NONE")
    assert taken[0]["permission"] == {"read": False, "write": False, "execute": False}
    refusal(grace.get(at("media", f"{where}/f")), 403)
    assert [item["username"] for item in result(ada.get(at("pems", f"{where}/f")))] == ["ada"]
    assert events(ada, f"{where}/f")[-1] == "PERMISSION_REVOKE"


@pytest.mark.parametrize("prefix", [f"/files/v2/pems/system/{STORAGE}/", "/files/v2/pems/"])
def test_all_permissions_can_be_taken_away_at_once(
    http: HttpFactory, where: str, prefix: str
) -> None:
    ada = http("ada")
    body = {"username": "grace", "permission": "READ", "recursive": "true"}
    assert result(ada.post(prefix + where, data=body), 201)[0]["recursive"] is True
    share(ada, where, "bob", "READ")
    assert len(result(ada.get(prefix + where))) == 3
    answer = ada.delete(prefix + where)
    assert answer.status_code == 200
    assert "result" not in answer.json()
    assert [item["username"] for item in result(ada.get(prefix + where))] == ["ada"]


def test_a_grant_that_makes_no_sense_is_refused(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    pems = at("pems", where)
    assert refusal(ada.post(pems, json={"permission": "READ"}), 400) == "No username specified"
    assert "READ_WRITE" in refusal(ada.post(pems, json={"username": "grace"}), 400)
    bad = {"username": "grace", "permission": "OWN"}
    assert "OWN" in refusal(ada.post(pems, json=bad), 400)
    assert "ada" in refusal(ada.post(pems, json={"username": "ada", "permission": "NONE"}), 400)
    assert "SOME" in refusal(ada.get(pems, params={"permission": "SOME"}), 400)


@pytest.mark.parametrize("everybody", ["public", "world"])
def test_a_published_file_needs_no_token(http: HttpFactory, where: str, everybody: str) -> None:
    ada, nobody = http("ada"), http("")
    upload(ada, where, "open.txt", b"0123456789")
    public = f"/files/v2/download/ada/system/{STORAGE}/{where}/open.txt"
    refusal(nobody.get(public), 403)
    share(ada, f"{where}/open.txt", everybody, "READ")
    answer = nobody.get(public)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    part = nobody.get(public, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    absolute = f"/files/v2/download/ada/system/{STORAGE}//home/{where}/open.txt"
    forced = nobody.get(absolute, params={"force": "true"})
    assert forced.headers["Content-Disposition"] == "attachment; filename=open.txt"
    assert content(http("grace"), f"{where}/open.txt") == b"0123456789"
    share(ada, f"{where}/open.txt", everybody, "NONE")
    refusal(nobody.get(public), 403)


def test_the_public_download_gives_nothing_else_away(http: HttpFactory, where: str) -> None:
    ada, nobody = http("ada"), http("")
    share(ada, where, "public", "READ", recursive=True)
    prefix = "/files/v2/download"
    refusal(nobody.get(f"{prefix}/ada/system/{STORAGE}/{where}"), 501)
    refusal(nobody.get(f"{prefix}/ada/system/{STORAGE}/{where}/none"), 404)
    refusal(nobody.get(f"{prefix}/ada/system/no.such/{where}"), 404)
    refusal(nobody.get(f"{prefix}/nobody/system/{STORAGE}/{where}"), 404)
    refusal(nobody.get(f"{prefix}/admin/system/{STORAGE}/ada/data/hello.txt"), 403)
    refusal(nobody.get(f"{prefix}/ada/system/{STORAGE}//"), 403)
    assert nobody.get(at("media", where)).status_code == 401


def test_roles_on_a_private_system_open_its_files(http: HttpFactory, shared_system: str) -> None:
    ada, grace = http("ada"), http("grace")
    upload(ada, "", "f", b"1", shared_system)

    def give(role: str) -> None:
        body = {"username": "grace", "role": role}
        assert ada.post(f"/systems/v2/{shared_system}/roles", json=body).status_code in {200, 201}

    refusal(grace.get(at("media", "f", shared_system)), 404)
    give("GUEST")
    assert content(grace, "f", shared_system) == b"1"
    refusal(grace.delete(at("media", "f", shared_system)), 403)
    give("USER")
    upload(grace, "", "g", b"2", shared_system)
    refusal(
        grace.post(at("pems", "f", shared_system), json={"username": "bob", "permission": "READ"}),
        403,
    )
    give("ADMIN")
    share_f = {"username": "bob", "permission": "READ"}
    result(grace.post(at("pems", "f", shared_system), json=share_f), 201)
    give("NONE")
    refusal(grace.get(at("media", "f", shared_system)), 404)


def test_permissions_are_not_told_of_storage_that_nobody_can_log_in_to(
    http: HttpFactory, shared_system: str
) -> None:
    ada = http("ada")
    upload(ada, "", "f", b"1", shared_system)
    assert result(ada.get(at("pems", "f", shared_system)))[0]["username"] == "ada"
    assert ada.delete(f"/systems/v2/{shared_system}/credentials").status_code == 200
    assert shared_system in refusal(ada.get(at("pems", "f", shared_system)), 412)
    refusal(ada.get(at("pems", "none", shared_system)), 404)
