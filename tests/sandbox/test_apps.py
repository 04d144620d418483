"""Apps: registering and changing them, and what a definition may not say."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.apps_support import APPS, STORAGE, definition, events, ids, manage, register
from tests.waiting import wait_for

INPUT: dict[str, Any] = {
    "id": "reads",
    "value": {"required": True, "validator": r".*\.fa", "order": 2, "enquote": True},
    "details": {"label": "Reads", "description": "FASTA", "argument": "-i ", "showArgument": True},
    "semantics": {"minCardinality": 1, "maxCardinality": 3, "fileTypes": ["fasta-0"]},
}
PARAMETER = {
    "id": "mode",
    "value": {"type": "enumeration", "enum_values": ["fast", {"slow": "Slow"}], "default": "slow"},
}


def test_a_registered_app_keeps_what_it_was_given_and_says_what_was_left_out(
    http: HttpFactory,
) -> None:
    given = definition(
        label="Aligner",
        tags=["align"],
        defaultQueue="normal",
        inputs=[INPUT],
        parameters=[PARAMETER],
        outputs=[{"id": "out", "value": {"default": "out.bam"}, "details": {"label": "Out"}}],
    )
    app = result(http("ada").post(APPS, json=given))
    app = result(http("ada").get(APPS + app["id"]))
    assert app["id"] == f"{given['name']}-1.0"
    for name in set(given) - {"inputs", "parameters", "outputs"}:
        assert app[name] == given[name], name
    assert app["uuid"].endswith("-005")
    assert (app["owner"], app["revision"], app["isPublic"]) == ("ada", 1, False)
    assert (app["available"], app["parallelism"], app["checkpointable"]) == (True, "SERIAL", False)
    assert app["defaultMemoryPerNode"] is None
    (item,) = app["inputs"]
    assert item["value"]["validator"] == r".*\.fa"
    assert item["value"]["visible"] is True
    assert item["details"] == {**INPUT["details"], "repeatArgument": False}
    assert item["semantics"]["maxCardinality"] == 3
    (item,) = app["parameters"]
    assert item["value"]["enum_values"] == [{"fast": "fast"}, {"slow": "Slow"}]
    assert item["value"]["default"] == "slow"
    assert item["details"]["label"] == "mode"
    assert app["outputs"][0]["value"]["default"] == "out.bam"
    assert datetime.fromisoformat(app["lastModified"]).tzinfo is not None


def test_the_links_of_an_app_lead_to_its_surroundings(http: HttpFactory) -> None:
    app = register(http("ada"))
    links = {name: link["href"] for name, link in app["_links"].items()}
    assert set(links) == {
        "self", "executionSystem", "storageSystem", "history", "metadata", "owner", "permissions",
    }  # fmt: skip
    about = {"name": "note", "value": 1, "associationIds": [app["uuid"]]}
    note = result(http("ada").post("/meta/v2/data", json=about), 201)
    found = {name: result(http("ada").get(address)) for name, address in links.items()}
    assert found["self"]["uuid"] == app["uuid"]
    assert found["executionSystem"]["id"] == app["executionSystem"]
    assert found["storageSystem"]["id"] == STORAGE
    assert found["owner"]["username"] == "ada"
    assert [event["status"] for event in found["history"]] == ["CREATED"]
    assert [item["username"] for item in found["permissions"]] == ["ada"]
    assert found["metadata"] == [note]


def test_a_definition_may_come_as_a_file_as_the_command_lines_send_it(http: HttpFactory) -> None:
    given = definition(inputs=[INPUT])
    answer = http("ada").post(APPS, files={"fileToUpload": ("app.json", json.dumps(given))})
    assert result(answer)["inputs"][0]["id"] == "reads"


def test_the_field_names_of_the_old_documents_are_understood(http: HttpFactory) -> None:
    app = register(
        http("ada"),
        defaultMemory="512MB",
        defaultProcessors="4",
        parameters=[{"id": "n", "value": {"type": "number", "defaultValue": "3"}}],
    )
    assert app["defaultMemoryPerNode"] == 0.5
    assert app["defaultProcessorsPerNode"] == 4
    assert app["parameters"][0]["value"]["default"] == 3


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"type": "number", "default": "2.5"}, 2.5),
        ({"type": "number", "default": ["1", 2]}, [1, 2]),
        ({"type": "flag", "default": "TRUE"}, True),
        ({"type": "bool", "default": ""}, None),
        ({"type": "string", "default": ""}, ""),
        ({"type": "enumeration", "enumValues": ["a", "b"], "default": ["b"]}, ["b"]),
    ],
)
def test_a_default_is_kept_as_a_value_of_its_type(
    http: HttpFactory, value: dict[str, Any], kept: Any
) -> None:
    app = register(http("ada"), parameters=[{"id": "p", "value": value}])
    default = app["parameters"][0]["value"]["default"]
    assert (type(default), default) == (type(kept), kept)


def test_without_a_deployment_system_the_files_are_on_the_default_storage(
    http: HttpFactory,
) -> None:
    assert register(http("ada"), deploymentSystem=None)["deploymentSystem"] == STORAGE


@pytest.mark.parametrize(
    "field",
    ["name", "version", "executionSystem", "executionType", "deploymentPath", "templatePath",
     "testPath"],
)  # fmt: skip
def test_a_missing_field_is_named(http: HttpFactory, field: str) -> None:
    assert field in refusal(http("ada").post(APPS, json=definition(**{field: None})), 400)


PARAMETER_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"type": "text"}, "value.type"),
    ({}, "value.type"),
    ({"type": "enumeration"}, "value.enum_values"),
    ({"type": "enumeration", "enum_values": [{"a": 1}]}, "value.enum_values"),
    ({"type": "enumeration", "enum_values": ["a"], "default": "b"}, "value.default"),
    ({"type": "number", "default": "three"}, "value.default"),
    ({"type": "bool", "default": "maybe"}, "value.default"),
    ({"type": "string", "default": 3}, "value.default"),
    ({"type": "string", "validator": "("}, "value.validator"),
    ({"type": "string", "required": True, "visible": False}, "value.default"),
    ({"type": "string", "visible": "sometimes"}, "value.visible"),
]
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"name": "with blank"}, "name"),
    ({"name": "a" * 65}, "name"),
    ({"version": "1.0-beta"}, "version"),
    ({"version": "1.2.3.4.5.6.7.8.9"}, "version"),
    ({"executionType": "SLURM"}, "executionType"),
    ({"parallelism": "MPI"}, "parallelism"),
    ({"defaultMemoryPerNode": "much"}, "defaultMemoryPerNode"),
    ({"defaultNodeCount": 0}, "defaultNodeCount"),
    ({"defaultMaxRunTime": "two hours"}, "defaultMaxRunTime"),
    ({"defaultQueue": "none"}, "defaultQueue"),
    ({"tags": "one"}, "tags"),
    ({"inputs": {}}, "inputs"),
    ({"inputs": ["a"]}, "inputs[0]"),
    ({"inputs": [{"id": "a b"}]}, "inputs[0].id"),
    ({"inputs": [{"id": "a"}], "parameters": [{"id": "a", "value": {"type": "bool"}}]}, "a"),
    ({"inputs": [{"id": "a", "value": {"default": 1}}]}, "inputs[0].value.default"),
    ({"inputs": [{"id": "a", "semantics": {"minCardinality": -1}}]}, "minCardinality"),
    (
        {"inputs": [{"id": "a", "semantics": {"minCardinality": 3, "maxCardinality": 2}}]},
        "maxCardinality",
    ),
    ({"deploymentPath": "/apps/none"}, "deploymentPath"),
    ({"deploymentPath": "/apps/wc-1.0/wrapper.sh"}, "deploymentPath"),
    ({"templatePath": "none.sh"}, "templatePath"),
    ({"templatePath": "test"}, "templatePath"),
    ({"deploymentPath": "../../etc"}, "deploymentPath"),
    ({"templatePath": "../../../wrapper.sh"}, "templatePath"),
    (
        {
            "deploymentPath": "/apps/wc-1.0/test",
            "templatePath": "test.sh",
            "testPath": "../wrapper.sh",
        },
        "testPath must be inside",
    ),
    ({"executionSystem": 7}, "executionSystem"),
    *(
        ({"parameters": [{"id": "p", "value": value}]}, f"parameters[0].{field}")
        for value, field in PARAMETER_FAULTS
    ),
]


@pytest.mark.parametrize(("changes", "named"), FAULTS)
def test_a_faulty_definition_is_refused_with_the_name_of_what_is_wrong(
    http: HttpFactory, changes: dict[str, Any], named: str
) -> None:
    given = definition(**changes)
    assert named in refusal(http("ada").post(APPS, json=given), 400)
    assert not [app for app in ids(http("ada")) if app.startswith(f"{given['name']}-")]


@pytest.mark.parametrize("body", ["[]", '"text"', "{", ""])
def test_a_body_that_is_no_object_is_refused(http: HttpFactory, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    for send in (http("ada").post, http("ada").put):
        path = APPS if send == http("ada").post else APPS + "wc-1.0"
        refusal(send(path, data=body, headers=headers), 400)


def test_the_files_of_an_app_must_be_readable_for_who_registers_it(http: HttpFactory) -> None:
    result(http("grace").put(f"/files/v2/media/system/{STORAGE}/grace", json={
        "action": "mkdir", "path": "secret",
    }), 201)  # fmt: skip
    given = definition(deploymentPath="/home/grace/secret")
    assert "secret" in refusal(http("ada").post(APPS, json=given), 403)
    given = definition(deploymentPath="/home", templatePath="ada/data/hello.txt",
                       testPath="ada/data/hello.txt")  # fmt: skip
    refusal(http("ada").post(APPS, json=given), 403)


def test_only_publishers_have_apps_on_an_execution_system(http: HttpFactory) -> None:
    clone = {"action": "clone", "id": f"exec-{definition()['name']}"}
    result(http("admin").put("/systems/v2/sandbox.exec", json=clone))
    given = definition(executionSystem=clone["id"])
    refusal(http("ada").post(APPS, json=given), 403)
    roles = f"/systems/v2/{clone['id']}/roles"
    result(http("admin").post(roles, json={"username": "ada", "role": "USER"}), 201)
    assert "PUBLISHER" in refusal(http("ada").post(APPS, json=given), 403)
    result(http("admin").post(roles, json={"username": "ada", "role": "PUBLISHER"}), 201)
    assert result(http("ada").post(APPS, json=given))["owner"] == "ada"


def test_an_app_cannot_run_on_a_storage_or_unknown_system(http: HttpFactory) -> None:
    for system, status in ((STORAGE, 400), ("none.exec", 404)):
        given = definition(executionSystem=system)
        assert system in refusal(http("ada").post(APPS, json=given), status)
    given = definition(deploymentSystem="none.storage")
    assert "none.storage" in refusal(http("ada").post(APPS, json=given), 404)


def test_registering_again_updates_the_owner_s_app_and_nobody_else_s(http: HttpFactory) -> None:
    app = register(http("ada"), label="first")
    again = definition(name=app["name"], label="second")
    refusal(http("grace").post(APPS, json=again), 403)
    updated = result(http("ada").post(APPS, json=again))
    assert (updated["uuid"], updated["revision"]) == (app["uuid"], 2)
    assert updated["label"] == "second"
    assert events(http("ada"), app["id"]) == ["CREATED", "UPDATED"]


def test_an_update_replaces_the_definition_and_raises_the_revision(http: HttpFactory) -> None:
    app = register(http("ada"), label="first", tags=["old"])
    change = definition(name=app["name"], label="second")
    updated = result(http("ada").post(APPS + app["id"], json=change), 201)
    assert (updated["revision"], updated["label"], updated["tags"]) == (2, "second", [])
    assert updated["owner"] == "ada"
    assert result(http("ada").get(APPS + app["id"])) == updated


def test_an_update_cannot_change_the_id(http: HttpFactory) -> None:
    app = register(http("ada"))
    other = definition(name=app["name"], version="2.0")
    assert app["id"] in refusal(http("ada").post(APPS + app["id"], json=other), 400)
    assert result(http("ada").get(APPS + app["id"]))["revision"] == 1


def test_concurrent_updates_are_each_counted(http: HttpFactory) -> None:
    app = register(http("ada"))
    change = definition(name=app["name"])
    codes: list[int] = []

    def update() -> None:
        codes.append(http("ada").post(APPS + app["id"], json=change).status_code)

    threads = [threading.Thread(target=update) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [201] * 8
    assert result(http("ada").get(APPS + app["id"]))["revision"] == 9


def test_a_deleted_app_is_gone_until_its_owner_brings_it_back(http: HttpFactory) -> None:
    app = register(http("ada"))
    answer = http("ada").delete(APPS + app["id"])
    assert "result" not in answer.json()
    result(answer)
    assert app["id"] in refusal(http("ada").get(APPS + app["id"]), 404)
    assert app["id"] in refusal(http("ada").delete(APPS + app["id"]), 404)
    refusal(manage(http("grace"), app["id"], "enable"), 404)
    assert app["id"] not in ids(http("ada"))
    assert app["id"] not in ids(http("admin"), available=False)
    assert result(manage(http("ada"), app["id"], "enable"))["uuid"] == app["uuid"]
    result(http("ada").delete(APPS + app["id"]))
    assert register(http("ada"), name=app["name"])["revision"] == 2
    assert events(http("ada"), app["id"]) == [
        "CREATED", "DELETED", "RESTORED", "DELETED", "UPDATED",
    ]  # fmt: skip


def test_only_its_owner_and_administrators_delete_an_app(http: HttpFactory) -> None:
    app = register(http("ada"))
    pems = {"username": "grace", "permission": "ALL"}
    result(http("ada").post(f"{APPS}{app['id']}/pems", json=pems), 201)
    assert app["id"] in refusal(http("grace").delete(APPS + app["id"]), 401)
    refusal(http("ada").delete(APPS + "wc-1.0"), 401)
    result(http("admin").delete(APPS + app["id"]))


def test_a_disabled_app_takes_no_jobs_and_is_listed_only_when_asked_for(http: HttpFactory) -> None:
    app = register(http("ada"))
    request = {"name": "n", "appId": app["id"]}
    assert result(manage(http("ada"), app["id"], "DISABLE"))["available"] is False
    assert app["id"] in refusal(http("ada").post("/jobs/v2/", json=request), 400)
    assert app["id"] not in ids(http("ada"))
    assert app["id"] in ids(http("ada"), available=False)
    assert result(http("ada").get(APPS + app["id"]))["available"] is False
    assert result(manage(http("ada"), app["id"], "enable"))["available"] is True
    job = result(http("ada").post("/jobs/v2/", json=request), 201)
    wait_for(
        lambda: result(http("ada").get(f"/jobs/v2/{job['id']}/status"))["status"] in
        {"FINISHED", "FAILED"}
    )  # fmt: skip
    assert events(http("ada"), app["id"]) == ["CREATED", "DISABLED", "RESTORED"]


def test_erasing_frees_the_id_and_is_left_to_administrators(http: HttpFactory) -> None:
    app = register(http("ada"))
    assert app["id"] in refusal(manage(http("ada"), app["id"], "erase"), 403)
    answer = manage(http("admin"), app["id"], "erase")
    assert "result" not in answer.json()
    result(answer)
    refusal(manage(http("admin"), app["id"], "erase"), 404)
    again = register(http("grace"), name=app["name"])
    assert (again["revision"], again["owner"]) == (1, "grace")
    assert again["uuid"] != app["uuid"]
    assert events(http("grace"), app["id"]) == ["CREATED"]


@pytest.mark.parametrize("action", ["", "kill", "unpublish"])
def test_an_unknown_action_is_refused_with_the_known_ones(http: HttpFactory, action: str) -> None:
    message = refusal(manage(http("ada"), "wc-1.0", action), 400)
    for known in ("publish", "clone", "enable", "disable", "erase"):
        assert known in message


def test_every_event_of_an_app_can_be_looked_up(http: HttpFactory) -> None:
    app = register(http("ada"))
    other = register(http("ada"))
    result(manage(http("ada"), app["id"], "disable"))
    history = f"{APPS}{app['id']}/history"
    found = result(http("ada").get(history))
    assert [event["status"] for event in found] == ["CREATED", "DISABLED"]
    assert result(http("ada").get(history, params={"offset": 1})) == found[1:]
    for event in found:
        assert event["createdBy"] == "ada"
        assert result(http("ada").get(event["_links"]["self"]["href"])) == event
        unknown = f"{APPS}{other['id']}/history/{event['id']}"
        assert event["id"] in refusal(http("ada").get(unknown), 404)
    refusal(http("grace").get(history), 403)
