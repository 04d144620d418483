"""Registering, seeing, changing and deleting systems, over the wire."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import SECRET, auth, execution_system, new_id, storage_system

BASE = "/systems/v2"


def test_a_registered_system_is_answered_whole_and_without_its_secrets(http: HttpFactory) -> None:
    wanted = execution_system(new_id(), site="lab", description="A cluster", status="maintenance")
    answer = http("ada").post(f"{BASE}/", json=wanted)
    system = result(answer, 201)
    assert SECRET not in answer.text
    assert "remote" not in answer.text
    assert system["storage"]["auth"] == {"type": "PASSWORD"}
    assert system["login"]["auth"] == {"type": "SSHKEYS"}
    assert system["storage"]["rootDir"] == "/export"
    assert system["storage"]["homeDir"] == "/home"
    assert (system["status"], system["site"], system["owner"]) == ("MAINTENANCE", "lab", "ada")
    assert (system["revision"], system["public"], system["available"]) == (1, False, True)
    assert system["uuid"].endswith("-006")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", system["lastModified"]
    )
    queues = {queue["name"]: queue for queue in system["queues"]}
    assert queues["small"]["default"]
    assert not queues["large"]["default"]
    assert queues["small"]["maxMemoryPerNode"] == 64
    assert queues["small"]["maxJobs"] == -1
    assert result(http("ada").get(f"{BASE}/{wanted['id']}")) == system


def test_every_link_of_a_system_leads_somewhere(http: HttpFactory) -> None:
    system = result(http("ada").post(BASE, json=storage_system(new_id())), 201)
    links = {"self", "roles", "credentials", "metadata", "history", "owner"}
    assert set(system["_links"]) == links
    about = {"name": "note", "value": 1, "associationIds": [system["uuid"]]}
    note = result(http("ada").post("/meta/v2/data", json=about), 201)
    found = {name: result(http("ada").get(system["_links"][name]["href"])) for name in links}
    assert found["self"] == system
    assert found["metadata"] == [note]


def test_secrets_are_not_even_written_to_the_disk(tmp_path: Path) -> None:
    with Sandbox(state=tmp_path / "state", check_answers=True) as sandbox:
        from tests.conftest import Http

        with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
            result(ada.post(BASE, json=execution_system("kept")), 201)
            result(ada.post(f"{BASE}/kept/credentials/bob", json=auth()), 201)
    database = sqlite3.connect(tmp_path / "state" / "state.sqlite")
    rows = database.execute("SELECT data FROM document WHERE kind LIKE 'system%'").fetchall()
    database.close()
    assert any('"kept"' in row[0] for row in rows)
    assert not any(SECRET in row[0] for row in rows)


@pytest.mark.parametrize(
    "system_id",
    ["", "a b", "under_score", "x" * 65, "Storage", "execution", "ümlaut", "..", 7, "slash/ed"],
)
def test_ids_outside_the_rules_are_refused(http: HttpFactory, system_id: Any) -> None:
    message = refusal(http("ada").post(BASE, json=storage_system(system_id)), 400)
    assert "'id'" in message


def test_the_longest_id_with_every_kind_of_character_is_taken(http: HttpFactory) -> None:
    system_id = (new_id("A-9.z") + "x" * 64)[:64]
    assert result(http("ada").post(BASE, json=storage_system(system_id)), 201)["id"] == system_id


def _without(document: dict[str, Any], path: str) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    *parents, last = path.split(".")
    inner = copy
    for name in parents:
        inner = inner[name]
    del inner[last]
    return copy


@pytest.mark.parametrize(
    "missing",
    [
        *("id", "name", "type", "storage", "storage.host", "storage.port", "storage.protocol"),
        *("storage.auth", "storage.auth.type", "storage.auth.password", "executionType"),
        *("login", "login.host", "login.port", "login.protocol", "login.auth", "scheduler"),
        *("login.auth.privateKey", "queues"),
    ],
)
def test_a_missing_field_is_named(http: HttpFactory, missing: str) -> None:
    wanted = _without(execution_system(new_id()), missing)
    assert f"'{missing}'" in refusal(http("ada").post(BASE, json=wanted), 400)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"type": "CLOUD"}, "CLOUD"),
        ({"status": "SLEEPING"}, "SLEEPING"),
        ({"executionType": "ABACUS"}, "ABACUS"),
        ({"scheduler": "COBALT"}, "COBALT"),
        ({"maxSystemJobs": 0}, "maxSystemJobs"),
        ({"storage": "sftp://host"}, "'storage'"),
        ({"queues": [{"name": "a"}, {"name": "a"}]}, "two queues"),
        ({"queues": [{"name": "a", "default": True}, {"name": "b", "default": True}]}, "default"),
        ({"queues": [{"name": "a", "maxNodes": "many"}]}, "queues[0].maxNodes"),
        ({"queues": [{"name": "a", "maxMemoryPerNode": "much"}]}, "queues[0].maxMemoryPerNode"),
        ({"queues": [{"name": "a", "maxRequestedTime": "1 day"}]}, "queues[0].maxRequestedTime"),
    ],
)
def test_a_wrong_value_is_named(http: HttpFactory, changes: dict[str, Any], named: str) -> None:
    wanted = execution_system(new_id(), **changes)
    assert named in refusal(http("ada").post(BASE, json=wanted), 400)


@pytest.mark.parametrize(
    ("field", "value"),
    [("port", 0), ("port", "ssh"), ("protocol", "GOPHER"), ("homeDir", "/a/../.."), ("mirror", 3)],
)
def test_a_wrong_value_in_storage_is_named(http: HttpFactory, field: str, value: Any) -> None:
    wanted = storage_system(new_id())
    wanted["storage"][field] = value
    assert f"'storage.{field}'" in refusal(http("ada").post(BASE, json=wanted), 400)


@pytest.mark.parametrize("body", [b"", b"[1]", b'"text"', b"{"])
def test_a_body_that_is_no_object_is_refused(http: HttpFactory, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert refusal(http("ada").post(BASE, data=body, headers=headers), 400)


def test_half_a_character_in_a_name_comes_back_as_it_came(http: HttpFactory) -> None:
    wanted = storage_system(new_id(), name="half \ud800", description="Zürich")
    system = result(http("ada").post(BASE, data=json.dumps(wanted)), 201)
    assert (system["name"], system["description"]) == (wanted["name"], "Zürich")
    result(http("ada").delete(f"{BASE}/{system['id']}"))


def test_defaults_are_filled_in(http: HttpFactory) -> None:
    wanted = storage_system(new_id())
    wanted["storage"] = {
        **{"host": "h", "port": "22", "protocol": "local"},
        "auth": {"type": "local"},
    }
    system = result(http("ada").post(BASE, json=wanted), 201)
    storage = system["storage"]
    assert (storage["rootDir"], storage["homeDir"], storage["port"]) == ("/", "/", 22)
    assert (storage["protocol"], storage["mirror"], storage["proxy"]) == ("LOCAL", False, None)
    assert (system["status"], system["description"]) == ("UP", None)
    assert "login" not in system


@pytest.mark.parametrize("changes", [{"executionType": "CLI"}, {"scheduler": "FORK"}])
def test_systems_that_start_processes_need_no_queue(
    http: HttpFactory, changes: dict[str, Any]
) -> None:
    wanted = execution_system(new_id(), queues=[], **changes)
    assert result(http("ada").post(BASE, json=wanted), 201)["queues"] == []


def test_the_command_lines_may_upload_a_definition_as_a_file(http: HttpFactory) -> None:
    wanted = storage_system(new_id())
    files = {"fileToUpload": ("system.json", json.dumps(wanted))}
    assert result(http("ada").post(BASE, files=files), 201)["id"] == wanted["id"]


def test_registering_an_own_id_again_updates_it_and_others_are_refused(http: HttpFactory) -> None:
    system_id = new_id()
    first = result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    again = result(http("ada").post(BASE, json=storage_system(system_id, name="Renamed")), 201)
    assert (again["uuid"], again["name"], again["revision"]) == (first["uuid"], "Renamed", 2)
    for user in ("grace", "admin"):
        assert system_id in refusal(http(user).post(BASE, json=storage_system(system_id)), 400)
    assert result(http("ada").get(f"{BASE}/{system_id}"))["name"] == "Renamed"


def test_unknown_and_private_systems_are_told_apart_as_the_server_does(http: HttpFactory) -> None:
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    assert (
        refusal(http("grace").get(f"{BASE}/{system_id}"), 403)
        == "Permission denied. You do not have permission to view this system"
    )
    assert (
        refusal(http("grace").get(f"{BASE}/no.such.system"), 404)
        == "No system found matching no.such.system"
    )
    assert result(http("admin").get(f"{BASE}/{system_id}"))["id"] == system_id
    assert http("").get(f"{BASE}/{system_id}").status_code == 401


def test_an_update_replaces_the_definition(http: HttpFactory) -> None:
    system_id = new_id()
    result(http("ada").post(BASE, json=execution_system(system_id)), 201)
    wanted = execution_system(system_id, name="New", maxSystemJobs=None, queues=[{"name": "only"}])
    del wanted["id"]
    system = result(http("ada").post(f"{BASE}/{system_id}", json=wanted), 200)
    assert (system["name"], system["maxSystemJobs"], system["revision"]) == ("New", None, 2)
    assert [queue["name"] for queue in system["queues"]] == ["only"]


def test_what_a_get_answered_can_be_sent_back(http: HttpFactory) -> None:
    system = result(http("ada").post(BASE, json=execution_system(new_id())), 201)
    address = f"{BASE}/{system['id']}"
    changed = result(http("ada").post(address, json={**system, "description": "now with text"}))
    assert changed["description"] == "now with text"
    for volatile in ("description", "revision", "lastModified"):
        del changed[volatile], system[volatile]
    assert changed == system


def test_an_update_cannot_change_the_id_or_the_type(http: HttpFactory) -> None:
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    address = f"{BASE}/{system_id}"
    assert "'id'" in refusal(http("ada").post(address, json=storage_system(new_id())), 400)
    assert "'type'" in refusal(http("ada").post(address, json=execution_system(system_id)), 400)


def test_updates_need_the_role_admin(http: HttpFactory) -> None:
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    address = f"{BASE}/{system_id}"
    refusal(http("grace").post(address, json=storage_system(system_id)), 403)
    result(http("ada").post(f"{address}/roles/grace", json={"role": "PUBLISHER"}), 201)
    refusal(http("grace").post(address, json=storage_system(system_id)), 403)
    result(http("ada").post(f"{address}/roles/grace", json={"role": "ADMIN"}), 201)
    system = result(http("grace").post(address, json=storage_system(system_id, name="Hers")))
    assert (system["name"], system["owner"]) == ("Hers", "ada")
    refusal(http("ada").post(f"{BASE}/no.such", json=storage_system("no.such")), 404)


def test_a_deleted_system_is_gone_and_its_id_stays_taken(http: HttpFactory) -> None:
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    address = f"{BASE}/{system_id}"
    result(http("ada").post(f"{address}/roles/grace", json={"role": "ADMIN"}), 201)
    refusal(http("grace").delete(address), 401)
    deleted = http("ada").delete(address)
    assert result(deleted) is None
    assert "result" not in deleted.json()
    for user in ("ada", "admin"):
        refusal(http(user).get(address), 404)
        refusal(http(user).post(BASE, json=storage_system(system_id)), 400)
    refusal(http("ada").put(address, json={"action": "enable"}), 404)
    refusal(http("ada").delete(address), 404)
    found = result(http("ada").get(BASE, params={"id.eq": system_id}))
    assert found == []


def test_public_systems_are_deleted_by_their_owner_or_an_administrator(http: HttpFactory) -> None:
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    result(http("admin").put(f"{BASE}/{system_id}", json={"action": "publish"}))
    refusal(http("grace").delete(f"{BASE}/{system_id}"), 401)
    result(http("admin").delete(f"{BASE}/{system_id}"))
    refusal(http("grace").get(f"{BASE}/{system_id}"), 404)


def test_the_history_tells_who_did_what_the_newest_last(http: HttpFactory) -> None:
    system_id = new_id()
    address = f"{BASE}/{system_id}"
    result(http("ada").post(BASE, json=execution_system(system_id)), 201)
    result(http("ada").post(f"{address}/roles/grace", json={"role": "ADMIN"}), 201)
    result(http("grace").post(f"{address}/queues", json={"name": "extra"}))
    result(http("grace").put(address, json={"action": "disable"}))
    events = result(http("ada").get(f"{address}/history"))
    assert [(event["status"], event["createdBy"]) for event in events] == [
        ("CREATED", "ada"),
        ("ROLES_GRANT", "ada"),
        ("QUEUE_CREATE", "grace"),
        ("DISABLED", "grace"),
    ]
    page = result(http("ada").get(f"{address}/history", params={"limit": 2, "offset": 1}))
    assert page == events[1:3]
    refusal(http("ada").get(f"{BASE}/no.such/history"), 404)
