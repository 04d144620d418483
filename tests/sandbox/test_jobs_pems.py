"""Sharing jobs."""

from __future__ import annotations

import pytest

from tests.conftest import HttpFactory
from tests.sandbox import jobs_support as support
from tests.sandbox.answers import result
from tests.sandbox.jobs_support import HELLO


@pytest.fixture
def job(http: HttpFactory) -> str:
    return str(support.run(http("ada"), "wc-1.0", inputs={"file": HELLO})["id"])


def test_the_owner_is_listed_first_and_may_everything(http: HttpFactory, job: str) -> None:
    found = result(http("ada").get(f"/jobs/v2/{job}/pems"))
    assert [(item["username"], item["permission"]) for item in found] == [
        ("ada", {"read": True, "write": True})
    ]
    assert set(found[0]["_links"]) == {"self", "parent", "profile"}


def test_reading_is_shared_with_the_outputs(http: HttpFactory, job: str) -> None:
    ada, grace = http("ada"), http("grace")
    assert grace.get(f"/jobs/v2/{job}").status_code == 403
    answer = ada.post(f"/jobs/v2/{job}/pems", json={"username": "grace", "permission": "READ"})
    assert answer.status_code == 201
    assert answer.json()["result"]["permission"] == {"read": True, "write": False}
    assert support.output(grace, job, "count.txt") == "1\n"
    assert (
        grace.get(f"/jobs/v2/{job}/outputs/listings").json()["result"][0]["permissions"] == "READ"
    )
    assert grace.delete(f"/jobs/v2/{job}").status_code == 403
    assert (
        grace.post(
            f"/jobs/v2/{job}/pems", json={"username": "grace", "permission": "ALL"}
        ).status_code
        == 403
    )
    assert support.events(ada, job)[-1] == "PERMISSION_GRANT"


def test_a_permission_is_changed_and_taken_under_the_users_name(
    http: HttpFactory, job: str
) -> None:
    ada = http("ada")
    path = f"/jobs/v2/{job}/pems/grace"
    answer = ada.post(path, json={"permission": "read_write"})
    assert answer.status_code == 201
    item = result(ada.get(path))
    assert item["permission"] == {"read": True, "write": True}
    assert http("grace").delete(f"/jobs/v2/{job}").status_code == 200
    ada.post(f"/jobs/v2/{job}", json={"action": "restore"})
    assert ada.post(path, json={"permission": "NONE"}).status_code == 201
    assert ada.get(path).json()["result"]["permission"] == {"read": False, "write": False}
    assert http("grace").get(f"/jobs/v2/{job}").status_code == 403
    assert support.events(ada, job)[-1] == "PERMISSION_REVOKE"


def test_permissions_are_taken_away_one_by_one_and_all_at_once(http: HttpFactory, job: str) -> None:
    ada = http("ada")
    path = f"/jobs/v2/{job}/pems"
    for user in ("grace", "admin"):
        ada.post(path, json={"username": user, "permission": "READ"})
    assert ada.delete(f"{path}/grace").status_code == 200
    assert ada.delete(f"{path}/admin", params={"uniqueName": job}).status_code == 200
    assert len(ada.get(path).json()["result"]) == 1
    for user in ("grace", "admin"):
        ada.post(path, json={"username": user, "permission": "READ"})
    answer = ada.delete(path)
    assert (answer.status_code, "result" in answer.json()) == (200, False)
    assert [item["username"] for item in ada.get(path).json()["result"]] == ["ada"]


@pytest.mark.parametrize(
    ("user", "body", "said"),
    [
        ("", {"permission": "READ"}, "No username specified"),
        ("", {"username": "nobody", "permission": "READ"}, "nobody"),
        ("", {"username": "grace", "permission": "SOME"}, "READ_WRITE"),
        ("", {"username": "grace"}, "READ_WRITE"),
        ("", {"username": "ada", "permission": "NONE"}, "owner"),
        ("/grace", {"username": "admin", "permission": "READ"}, "admin"),
    ],
)
def test_a_permission_that_makes_no_sense_is_refused(
    http: HttpFactory, job: str, user: str, body: dict[str, str], said: str
) -> None:
    answer = http("ada").post(f"/jobs/v2/{job}/pems{user}", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_wrong_old_name_of_the_job_is_told(http: HttpFactory, job: str) -> None:
    answer = http("ada").delete(f"/jobs/v2/{job}/pems/grace", params={"uniqueName": "other"})
    assert (answer.status_code, "jobId" in answer.json()["message"]) == (400, True)
    assert http("ada").get(f"/jobs/v2/{job}/pems/nobody").status_code == 404
