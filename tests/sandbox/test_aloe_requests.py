"""What Aloe takes of a job request, and what it refuses where the classic service guesses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import aloe_support as aloe
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import HELLO, parameter

GOOD = {
    "name": "a job",
    "appId": "wc-1.0",
    "archivePath": "",
    "inputs": {"file": HELLO},
    "parameters": {"mode": "words"},
}
HOOK = {"event": "FINISHED", "url": "http://127.0.0.1:9/told"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run a demo tenant of Aloe; its answers are held against what is described for Aloe."""
    with Sandbox(jobs="aloe", check_answers=True) as running:
        yield running


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"executionSystem": "sandbox.exec"}, "executionSystem"),
        ({"jobName": "old"}, "jobName"),
        ({"softwareName": "wc-1.0"}, "softwareName"),
        ({"parameter": {}}, "parameter"),
        ({"callbackUrl": "http://127.0.0.1:9/"}, "callbackUrl"),
        ({"requestedTime": "01:00:00"}, "requestedTime"),
        ({"memoryPerNode": 4}, "memoryPerNode must be text"),
        ({"nodeCount": "2"}, "nodeCount must be a whole number"),
        ({"nodeCount": True}, "nodeCount must be a whole number"),
        ({"archive": "false"}, "archive must be true or false"),
        ({"archiveOnAppError": 1}, "archiveOnAppError must be true or false"),
        ({"inputs": "{}"}, "inputs must be an object"),
        ({"notifications": "ada@example.org"}, "notifications must be an array"),
        ({"notifications": ["http://127.0.0.1:9/"]}, "notification 0"),
        ({"notifications": [{"event": "FINISHED"}]}, "no url"),
        ({"notifications": [HOOK, {**HOOK, "policy": {}}]}, "notification 1"),
        ({"archivePath": None}, "No archivePath given"),
        ({"maxRunTime": "1 hour"}, "maxRunTime"),
        ({"name": None}, "name"),
        ({"appId": "none-1.0"}, "none-1.0"),
        ({"parameters": {"mode": 7}}, "mode"),
        ({"processorsOnEachNode": 17}, "16 at most"),
        ({"nodeCount": 2, "processorsPerNode": 34}, "16 at most"),
    ],
)
def test_a_request_of_another_form_is_refused_and_what_is_wrong_is_named(
    http: HttpFactory, change: dict[str, Any], named: str
) -> None:
    answer = http("ada").post("/jobs/v2/", json={**GOOD, **change})
    assert answer.status_code == 400, answer.text
    assert named in answer.json()["message"]


def test_what_is_no_object_is_refused(http: HttpFactory) -> None:
    bodies: tuple[Any, ...] = ([], "text", 7)
    for body in bodies:
        assert http("ada").post("/jobs/v2/", json=body).status_code == 400


def test_requests_are_json_and_neither_forms_nor_files(http: HttpFactory) -> None:
    ada = http("ada")
    file = {"fileToUpload": ("job.json", json.dumps(GOOD), "application/json")}
    for sent in ({"data": {"name": "a job", "appId": "wc-1.0"}}, {"files": file}):
        answer = ada.post("/jobs/v2/", **sent)
        assert answer.status_code == 400
        assert "JSON only" in answer.json()["message"]


def test_a_job_that_is_not_archived_needs_no_path(http: HttpFactory) -> None:
    request = {name: value for name, value in GOOD.items() if name != "archivePath"}
    answer = http("ada").post("/jobs/v2/", json={**request, "archive": False})
    job = support.end(http("ada"), answer.json()["result"]["id"])
    assert (job["status"], job["archive"], job["archivePath"]) == ("FINISHED", False, None)
    assert "ARCHIVING" not in support.events(http("ada"), job["id"])


@pytest.mark.parametrize(
    ("asked", "each"),
    [
        ({"processorsOnEachNode": 3}, 3),
        ({"processorsPerNode": 6}, 3),  # the deprecated name is that of the total
        ({"processorsPerNode": 5}, 3),
        ({"processorsPerNode": 6, "processorsOnEachNode": 4}, 4),
        ({}, 1),
    ],
)
def test_the_old_name_of_processors_is_that_of_all_nodes_together(
    http: HttpFactory, asked: dict[str, int], each: int
) -> None:
    job = support.end(http("ada"), aloe.count(http("ada"), nodeCount=2, **asked)["id"])
    assert (job["nodeCount"], job["processorsPerNode"]) == (2, each)
    again = http("ada").post(f"/jobs/v2/{job['id']}/resubmit").json()["result"]["id"]
    assert support.end(http("ada"), again)["processorsPerNode"] == each


def test_values_of_parameters_have_the_type_of_the_app(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    specs = [
        parameter("n", "number", default=1),
        parameter("s", "string", default="x"),
        parameter("b", "bool", default=False),
        parameter("f", "flag", default=False, details={"argument": "-v"}),
    ]
    app = support.app(ada, sandbox, "echo ${n} ${s} ${b} ${f}\n", parameters=specs)
    for wrong in ({"n": "1"}, {"n": True}, {"s": 1}, {"b": "true"}, {"b": 1}, {"f": "1"}):
        status, message = support.refused(ada, app, archivePath="", parameters=wrong)
        assert status == 400
        assert f"parameter {next(iter(wrong))}" in message
    right = {"n": 1.5, "s": "1", "b": True, "f": True}
    job = aloe.run(ada, app, parameters=right)
    assert support.printed(ada, job) == "1.5 1 1 -v\n"
    assert job["parameters"] == right
    assert support.printed(ada, aloe.run(ada, app)) == "1 x\n"  # false is empty in a wrapper


@pytest.mark.parametrize("protocol", ["GRIDFTP", "S3", "AZURE"])
def test_storage_that_aloe_gave_up_is_refused(http: HttpFactory, protocol: str) -> None:
    ada = http("ada")
    storage = {"host": "h.example.org", "port": 22, "protocol": protocol, "rootDir": "/",
               "homeDir": "/"}  # fmt: skip
    if protocol != "GRIDFTP":
        storage["container"] = "c"
    kind = "X509" if protocol == "GRIDFTP" else "APIKEYS"
    auth = {"type": kind, "publicKey": "k", "privateKey": "s", "credential": "c"}
    definition = {
        "id": f"ada.{protocol.lower()}",
        "name": protocol,
        "type": "STORAGE",
        "storage": {**storage, "auth": auth},
    }
    made = ada.post("/systems/v2/", json=definition)
    assert made.status_code == 201, made.text
    for change in (
        {"archiveSystem": definition["id"], "archivePath": "x"},
        {"inputs": {"file": f"agave://{definition['id']}//x.txt"}},
    ):
        answer = ada.post("/jobs/v2/", json={**GOOD, **change})
        assert answer.status_code == 400, answer.text
        assert protocol in answer.json()["message"]


def test_others_cannot_run_what_is_not_theirs(http: HttpFactory, sandbox: Sandbox) -> None:
    app = support.app(http("ada"), sandbox, "true\n")
    assert support.refused(http("grace"), app, archivePath="")[0] == 403
    assert support.refused(http("grace"), "wc-1.0", archivePath="ada/mine",
                           inputs={"file": "agave://sandbox.storage//home/grace/data/hello.txt"},
                           )[0] == 403  # fmt: skip
    assert (
        support.refused(http("grace"), "wc-1.0", archivePath="", inputs={"file": HELLO})[0] == 403
    )
