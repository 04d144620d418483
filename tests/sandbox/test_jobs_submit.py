"""What a job request may say, in which order it is checked, and what it leaves to defaults."""

from __future__ import annotations

import json

import pytest

from agavepy import loader
from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import jobs_support as support
from tests.sandbox.files_support import upload
from tests.sandbox.jobs_support import HELLO, input_file, parameter
from tests.sandbox.systems_support import new_id, storage_system


@pytest.fixture(scope="module")
def picky(sandbox: Sandbox) -> str:
    """An app that takes much and checks all of it."""
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
        return support.app(
            ada,
            sandbox,
            "true\n",
            defaultMaxRunTime="00:30:00",
            defaultNodeCount=2,
            inputs=[
                input_file("must", required=True),
                input_file("two", semantics={"minCardinality": 2, "maxCardinality": 2}),
                input_file("fasta", validator=r".*\.fa"),
                input_file("fixed", visible=False, default=HELLO),
            ],
            parameters=[
                parameter("number", "number"),
                parameter("flag", "bool"),
                parameter("choice", "enumeration", enum_values=[{"a": "A"}, {"b": "B"}]),
                parameter("word", "string", validator="[a-z]+"),
                parameter("fixed_word", "string", visible=False, default="always"),
                parameter("given", "string", default="by default"),
            ],
        )


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"appId": "wc-1.0"}, 400, "name"),
        ({"appId": "wc-1.0", "name": "n" * 65}, 400, "65 characters"),
        ({"name": "n"}, 400, "appId"),
        ({"name": "n", "appId": "a-" + "1" * 80}, 400, "82 characters"),
        ({"name": "n", "appId": "wc"}, 400, "name-version"),
        ({"name": "n", "appId": "absent-1.0"}, 400, "absent-1.0"),
        ({"name": "n", "appId": "wc-1.0", "dependencies": [{}]}, 400, "ependencies"),
        ({"name": "n", "appId": "wc-1.0", "dependencies": []}, 400, "ependencies"),
        ({"name": "n", "appId": "wc-1.0", "executionSystem": "other"}, 403, "sandbox.exec"),
        ({"name": "n", "appId": "wc-1.0", "inputs": []}, 400, "inputs"),
        ([1], 400, "JSON object"),
    ],
)
def test_a_bad_request_is_refused_with_the_reason(
    http: HttpFactory, body: object, status: int, said: str
) -> None:
    answer = http("ada").post("/jobs/v2/", json=body)
    assert answer.status_code == status
    assert said in answer.json()["message"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"inputs": {}}, "must"),
        ({"inputs": {"must": HELLO, "absent": "x"}}, "absent"),
        ({"inputs": {"must": HELLO, "two": HELLO}}, "at least 2"),
        ({"inputs": {"must": HELLO, "two": [HELLO] * 3}}, "at most 2"),
        ({"inputs": {"must": HELLO, "fasta": HELLO}}, "does not match"),
        ({"inputs": {"must": HELLO, "fixed": HELLO}}, "cannot be set"),
        ({"inputs": {"must": "ada/data/absent.txt"}}, "absent.txt"),
        ({"inputs": {"must": "ftp://host/file"}}, "ftp"),
        ({"inputs": {"must": "http://[host/file"}}, "http://[host/file"),
        ({"inputs": {"must": 1}}, "must"),
        ({"parameters": {"absent": 1}}, "absent"),
        ({"parameters": {"number": "many"}}, "a number"),
        ({"parameters": {"flag": "perhaps"}}, "true or false"),
        ({"parameters": {"choice": "c"}}, "one of a, b"),
        ({"parameters": {"word": "UPPER"}}, "does not match"),
        ({"parameters": {"fixed_word": "x"}}, "cannot be set"),
        ({"parameters": {"number": [1, 2]}}, "at most 1"),
        ({"batchQueue": "absent"}, "no queue absent"),
        ({"nodeCount": 5}, "allows 4"),
        ({"nodeCount": 0}, "nodeCount"),
        ({"processorsPerNode": 17}, "allows 16"),
        ({"memoryPerNode": "65GB"}, "allows 64"),
        ({"memoryPerNode": "much"}, "memoryPerNode"),
        ({"maxRunTime": "48:00:01"}, "allows 48:00:00"),
        ({"maxRunTime": "1 hour"}, "hh:mm:ss"),
        ({"archive": "perhaps"}, "archive"),
        ({"archiveSystem": "absent"}, "absent"),
        ({"archiveSystem": ["sandbox.storage"]}, "archiveSystem"),
        ({"archiveSystem": 10**400}, "archiveSystem"),
        ({"nodeCount": 10**400}, "nodeCount"),
        ({"processorsPerNode": 2**31}, "processorsPerNode"),
        ({"archivePath": "/../outside"}, "archivePath"),
        ({"inputs": {"must": "agave://absent/x.txt"}}, "absent"),
        ({"inputs": {"must": "agave://sandbox.storage/../../x"}}, "must"),
        ({"notifications": [{"url": "nobody", "event": "*"}]}, "nobody"),
        ({"notifications": [{"url": "http://h/x"}]}, "event"),
    ],
)
def test_a_value_that_the_app_or_queue_does_not_take_is_refused(
    http: HttpFactory, picky: str, fields: dict[str, object], said: str
) -> None:
    body = {"inputs": {"must": HELLO}, **fields}
    status, message = support.refused(http("ada"), picky, **body)
    assert (status, said in message) == (400, True), message


def test_a_validator_that_could_take_for_ever_is_told_though_its_app_is_old(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    app_id = support.app(ada, sandbox, "true\n", parameters=[parameter("word", "string")])
    kept = sandbox.tenant.store.get("app", app_id)
    assert kept is not None
    kept["parameters"][0]["value"]["validator"] = "(a+)+"  # earlier releases took it
    sandbox.tenant.store.put("app", app_id, kept)
    status, message = support.refused(ada, app_id, parameters={"word": "aaa"})
    assert (status, "validator of parameter word, (a+)+" in message) == (400, True), message


def test_checks_come_in_the_order_of_the_server(http: HttpFactory, picky: str) -> None:
    ada = http("ada")
    # Everything is wrong: the name is told first, then inputs, then parameters, then the queue.
    wrong = {
        "inputs": {"must": "ada/data/absent.txt"},
        "parameters": {"number": "many"},
        "batchQueue": "absent",
        "archiveSystem": "absent",
    }
    assert "name" in support.refused(ada, picky, **{**wrong, "name": ""})[1]
    assert "absent.txt" in support.refused(ada, picky, **wrong)[1]
    wrong["inputs"] = {"must": HELLO}
    assert "number" in support.refused(ada, picky, **wrong)[1]
    wrong["parameters"] = {}
    assert "queue" in support.refused(ada, picky, **wrong)[1]
    del wrong["batchQueue"]
    assert "archive system" in support.refused(ada, picky, **wrong)[1]


def test_what_one_may_not_do_is_forbidden(http: HttpFactory, sandbox: Sandbox) -> None:
    ada, grace = http("ada"), http("grace")
    private = support.app(ada, sandbox, "true\n")
    assert support.refused(grace, private)[0] == 403
    assert support.refused(grace, "wc-1.0", inputs={"file": HELLO})[0] == 403
    own = {"file": "grace/data/hello.txt"}
    status, message = support.refused(grace, "wc-1.0", inputs=own, archivePath="/home/ada/taken")
    assert (status, "/home/ada/taken" in message or "access" in message) == (403, True)


def test_a_disabled_app_takes_no_jobs(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "true\n")
    assert ada.put(f"/apps/v2/{app}", json={"action": "disable"}).status_code == 200
    status, message = support.refused(ada, app)
    assert (status, "disabled" in message) == (400, True)


def test_the_rest_comes_from_app_queue_and_system(http: HttpFactory, picky: str) -> None:
    job = support.submit(http("ada"), picky, inputs={"must": HELLO})
    assert job["status"] == "PENDING"
    assert job["nodeCount"] == 2
    assert job["processorsPerNode"] == 1
    assert job["memoryPerNode"] == 64.0
    assert job["maxRunTime"] == "00:30:00"
    assert job["batchQueue"] == "normal"
    assert job["archive"] is True
    assert job["archiveSystem"] == "sandbox.storage"
    assert job["archivePath"] == f"ada/archive/jobs/job-{job['id']}"
    assert job["outputPath"] == f"ada/job-{job['id']}-a-job"
    assert job["inputs"] == {"must": [HELLO], "fixed": [HELLO]}
    assert job["parameters"] == {"fixed_word": "always", "given": "by default"}
    assert job["executionType"] == "CLI"
    assert job["schedulerType"] == "FORK"
    assert job["lastModified"] == job["lastUpdated"]
    later = support.end(http("ada"), job["id"])
    assert "lastModified" not in later
    # Links lead to the services that the tenant has.
    links = {"metadata": "meta", "notifications": "notifications"}
    assert list(later["_links"]) == [
        "self", "app", "executionSystem", "archiveSystem", "archiveData", "owner", "permissions",
        "history", *(link for link, service in links.items() if service in loader.services()),
    ]  # fmt: skip
    about = {"name": "note", "value": 1, "associationIds": [job["id"]]}
    note = http("ada").post("/meta/v2/data", json=about).json()["result"]
    assert http("ada").get(later["_links"]["metadata"]["href"]).json()["result"] == [note]


def test_older_spellings_still_work(http: HttpFactory) -> None:
    body = {
        "jobName": "old",
        "softwareName": "wc-1.0",
        "executionHost": "sandbox.exec",
        "queue": "normal",
        "processorCount": "2",
        "requestedTime": "00:05:00",
        "inputs": {"file": HELLO},
    }
    answer = http("ada").post("/jobs/v2/", json=body)
    assert answer.status_code == 201, answer.text
    job = answer.json()["result"]
    assert (job["name"], job["appId"], job["batchQueue"]) == ("old", "wc-1.0", "normal")
    assert (job["processorsPerNode"], job["maxRunTime"]) == (2, "00:05:00")


def test_a_request_may_be_a_form_or_a_file(http: HttpFactory) -> None:
    ada = http("ada")
    inputs = json.dumps({"file": HELLO})
    form = {"name": "form", "appId": "wc-1.0", "inputs": inputs, "archive": "false"}
    answer = ada.post("/jobs/v2/", data=form)
    assert answer.status_code == 201, answer.text
    assert answer.json()["result"]["archive"] is False
    body = json.dumps({"name": "file", "appId": "wc-1.0", "inputs": {"file": HELLO}})
    answer = ada.post("/jobs/v2/", files={"fileToUpload": ("job.json", body)})
    assert answer.status_code == 201, answer.text
    assert answer.json()["result"]["name"] == "file"


def test_an_archive_path_may_say_what_the_job_is(http: HttpFactory) -> None:
    path = "ada/kept/${JOB_OWNER}/${APP_ID}/${JOB_NAME}/${UNKNOWN}"
    job = support.run(http("ada"), "wc-1.0", inputs={"file": HELLO}, archivePath=path)
    assert job["archivePath"] == "ada/kept/ada/wc-1.0/a-job/${UNKNOWN}"
    assert job["status"] == "FINISHED"
    answer = http("ada").get(f"/files/v2/listings/system/sandbox.storage/{job['archivePath']}")
    assert "count.txt" in [entry["name"] for entry in answer.json()["result"]]


def test_no_input_comes_from_a_system_that_is_down(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    down = storage_system(new_id())
    assert ada.post("/systems/v2/", json=down).status_code == 201
    upload(ada, "", "x.txt", b"x", down["id"])
    inputs = {"file": f"agave://{down['id']}/x.txt"}
    assert support.run(ada, "wc-1.0", inputs=inputs)["status"] == "FINISHED"
    assert ada.post(f"/systems/v2/{down['id']}", json={**down, "status": "DOWN"}).ok
    status, message = support.refused(ada, "wc-1.0", inputs=inputs)
    assert (status, "DOWN" in message, "file" in message) == (400, True, True)


def test_a_system_without_credentials_is_a_failed_precondition(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    endpoint = {
        "host": "host.example",
        "port": 22,
        "auth": {"type": "PASSWORD", "username": "ada", "password": "secret"},
    }
    system = {
        "id": "ada.locked",
        "name": "locked",
        "type": "EXECUTION",
        "executionType": "CLI",
        "scheduler": "FORK",
        "storage": {**endpoint, "protocol": "SFTP"},
        "login": {**endpoint, "protocol": "SSH"},
        "queues": [{"name": "only"}],
    }
    assert ada.post("/systems/v2/", json=system).status_code == 201
    app = support.app(ada, sandbox, "true\n", executionSystem="ada.locked")
    assert support.run(ada, app)["status"] == "FINISHED"
    assert ada.delete("/systems/v2/ada.locked/credentials").status_code == 200
    status, message = support.refused(ada, app)
    assert (status, "credentials" in message) == (412, True)
