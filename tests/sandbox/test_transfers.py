"""Transfers, usage and public keys over the wire."""

from __future__ import annotations

import uuid
from typing import Any

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import jobs_support
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import at, staged, upload, workplace

STORAGE = "sandbox.storage"


def moves(web: Http, path: str) -> list[Any]:
    """Return the transfers to which the history of a path links, each once."""
    events = result(web.get(at("history", path)))
    links = [event["_links"]["transfer"]["href"] for event in events if "_links" in event]
    return [result(web.get(href)) for href in dict.fromkeys(links)]


def test_an_upload_is_one_transfer_that_its_history_links_to(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    where = workplace(http("ada"))
    upload(http("ada"), where, "data.bin", b"x" * 1234)
    path = f"{where}/data.bin"
    (transfer,) = moves(http("ada"), path)
    assert transfer["uuid"].endswith("-009")
    assert transfer["source"].endswith("/data.bin")
    assert transfer["dest"] == f"agave://{STORAGE}//home/{path}"
    assert (transfer["owner"], transfer["status"], transfer["attempts"]) == ("ada", "COMPLETED", 1)
    assert (transfer["totalFiles"], transfer["totalBytesTransferred"]) == (1, 1234)
    assert transfer["averageRate"] > 0
    assert transfer["created"] <= transfer["startTime"] <= transfer["endTime"]
    assert transfer["_links"] == {
        "self": {"href": f"{sandbox.url}/transfers/v2/{transfer['uuid']}"},
        "profile": {"href": f"{sandbox.url}/profiles/v2/ada"},
    }
    last = result(http("ada").get(at("history", path)))[-1]
    assert last["progress"]["totalBytesTransferred"] == 1234
    assert last["progress"]["totalActiveTransfers"] == 0


def test_an_import_that_fails_is_a_failed_transfer_without_its_password(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    where = workplace(http("ada"))
    url = f"{sandbox.url}/no-such-thing".replace("://", "://me:hunter2@")
    body = {"urlToIngest": url, "fileName": "never.txt"}
    result(http("ada").post(at("media", where), json=body), 202)
    assert staged(http("ada"), f"{where}/never.txt")[-1] == "STAGING_FAILED"
    (transfer,) = moves(http("ada"), f"{where}/never.txt")
    assert (transfer["status"], transfer["totalBytesTransferred"]) == ("FAILED", 0)
    assert transfer["source"] == f"{sandbox.url}/no-such-thing"


def test_a_copy_of_a_directory_is_a_transfer_of_all_its_files(http: HttpFactory) -> None:
    where = workplace(http("ada"))
    result(http("ada").put(at("media", where), json={"action": "mkdir", "path": "from"}), 201)
    for name, size in (("a", 10), ("b", 20)):
        upload(http("ada"), f"{where}/from", name, b"x" * size)
    body = {"action": "copy", "path": f"{where}/to"}
    result(http("ada").put(at("media", f"{where}/from"), json=body))
    (transfer,) = moves(http("ada"), f"{where}/to")
    assert (transfer["totalFiles"], transfer["totalBytesTransferred"]) == (2, 30)
    assert transfer["source"] == f"agave://{STORAGE}//home/{where}/from"


def test_a_transfer_is_its_owners_and_the_administrators(http: HttpFactory) -> None:
    where = workplace(http("ada"))
    upload(http("ada"), where, "mine.txt", b"mine")
    href = moves(http("ada"), f"{where}/mine.txt")[0]["_links"]["self"]["href"]
    assert result(http("admin").get(href))["owner"] == "ada"
    refusal(http("grace").get(href), 403)
    assert "none" in refusal(http("ada").get("/transfers/v2/none"), 404)
    assert http("").get(href).status_code == 401


def test_usage_counts_what_a_user_has_and_does(http: HttpFactory) -> None:
    (before,) = result(http("grace").get("/usage/v2/"))
    where = workplace(http("grace"), "grace")
    upload(http("grace"), where, "data.bin", b"x" * 1000)
    result(http("grace").post("/tags/v2/", json={"name": uuid.uuid4().hex}), 201)
    body = {
        "appId": "wc-1.0",
        "name": "counted",
        "archive": False,
        "inputs": {
            result(http("grace").get("/apps/v2/wc-1.0"))["inputs"][0]["id"]: f"{where}/data.bin"
        },
    }
    jobs_support.end(http("grace"), result(http("grace").post("/jobs/v2/", json=body), 201)["id"])
    (after,) = result(http("grace").get("/usage/v2"))
    assert after["username"] == "grace"
    assert after["jobs"]["total"] == before["jobs"]["total"] + 1
    # The upload, and the input of the job.
    assert after["transfers"]["bytes"] == before["transfers"]["bytes"] + 2000
    assert after["transfers"]["completed"] == before["transfers"]["completed"] + 2
    assert after["resources"]["tags"] == before["resources"]["tags"] + 1
    assert after["resources"]["files"] > before["resources"]["files"]
    assert after["_links"]["profile"]["href"].endswith("/profiles/v2/grace")


def test_usage_shows_ones_own_and_everybodys_to_the_administrator(http: HttpFactory) -> None:
    assert [item["username"] for item in result(http("ada").get("/usage/v2/"))] == ["ada"]
    everybody = [item["username"] for item in result(http("admin").get("/usage/v2/"))]
    assert {"ada", "grace", "admin"} <= set(everybody)
    query: dict[str, Any] = {"limit": 1, "offset": 1, "filter": "username"}
    assert result(http("admin").get("/usage/v2/", params=query)) == [{"username": everybody[1]}]
    assert http("").get("/usage/v2/").status_code == 401
    refusal(http("ada").get("/usage/v2/", params={"limit": "many"}), 400)


def test_the_public_key_is_the_one_with_which_the_gateway_signs(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    for user in ("ada", "grace", "admin"):
        (key,) = result(http(user).get("/keys/v2"))
        assert (key["tenant"], key["type"]) == (sandbox.tenant_id, "RSA")
        assert key["publicKey"] == http("").get(key["_links"]["publickey"]["href"]).text
    assert result(http("ada").get("/keys/v2", params={"offset": 1})) == []
    assert http("").get("/keys/v2").status_code == 401
    refusal(http("ada").get("/keys/v2", params={"offset": "first"}), 400)
