"""The tenant by stock ``curl``, over https, as the Agave command line (agave-cli) calls it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.waiting import wait_for

MEDIA = "files/v2/media/system/sandbox.storage"
LISTINGS = "files/v2/listings/system/sandbox.storage"
JSON = ("-H", "Content-Type: application/json")


class Curl:
    """Runs curl for one user; paths are below the tenant's address."""

    def __init__(self, url: str, *credentials: str) -> None:
        self.url, self.credentials = url, credentials

    def bytes(self, path: str, *options: str, input: bytes = b"") -> tuple[int, bytes]:
        """Return the status and the body."""
        command = ["curl", "-q", "-sSk", "--max-time", "60", "-w", "%{stderr}%{http_code}\n"]
        address = path if path.startswith("http") else f"{self.url}/{path}"
        done = subprocess.run(
            [*command, *self.credentials, *options, address],
            capture_output=True, input=input, check=True, timeout=90,
        )  # fmt: skip
        return int(done.stderr), done.stdout

    def text(self, path: str, *options: str, status: int = 200, input: str = "") -> str:
        """Return the body of an answer of this status."""
        found, body = self.bytes(path, *options, input=input.encode())
        assert found == status, body.decode()
        return body.decode()

    def __call__(self, path: str, *options: str, status: int = 200) -> Any:
        """Return the result of an answer of this status."""
        body = json.loads(self.text(path, *options, status=status))
        assert body["status"] == "success"
        return body.get("result")

    def staged(self, path: str) -> None:
        def words() -> list[str]:
            history = self(f"files/v2/history/system/sandbox.storage/{path}")
            return [event["status"] for event in history]

        wait_for(lambda: words()[-1] == "STAGING_COMPLETED")


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(tls=True, check_answers=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def ada(tenant: Sandbox) -> Curl:
    return Curl(tenant.url, "-H", f"Authorization: Bearer {tenant.credentials('ada')['token']}")


@pytest.fixture(scope="module")
def grace(tenant: Sandbox) -> Curl:
    return Curl(tenant.url, "-H", f"Authorization: Bearer {tenant.credentials('grace')['token']}")


@pytest.fixture
def where(ada: Curl, tmp_path: Path) -> str:
    """A directory of ada's, made as files-mkdir does."""
    name = tmp_path.name
    form = ("-X", "PUT", "-d", f"action=mkdir&path={name}")
    ada(f"{MEDIA}/ada?pretty=true", *form, status=201)
    return f"ada/{name}"


def test_a_login_is_a_client_and_a_token_for_it(tenant: Sandbox) -> None:
    user = Curl(tenant.url, "-u", "ada:ada")
    form = ("-d", "clientName=cli", "-d", "tier=Unlimited", "--data-urlencode", "description=a & b")
    client = user("clients/v2/?pretty=true", "-X", "POST", *form, status=201)
    assert client["description"] == "a & b"
    key = Curl(tenant.url, "-u", f"{client['consumerKey']}:{client['consumerSecret']}")
    grant = ("-X", "POST", "-d", "grant_type=password&scope=PRODUCTION")
    login = ("--data-urlencode", "username=ada", "--data-urlencode", "password=ada")
    pair = json.loads(key.text("token", *grant, *login))
    assert {"access_token", "refresh_token", "expires_in", "token_type"} <= set(pair)
    bearer = Curl(tenant.url, "-H", f"Authorization: Bearer {pair['access_token']}")
    assert bearer("profiles/v2/me")["username"] == "ada"
    refresh = (
        "-d", "grant_type=refresh_token&scope=PRODUCTION",
        "--data-urlencode", f"refresh_token={pair['refresh_token']}",
    )  # fmt: skip
    again = json.loads(key.text("token", *refresh))
    assert again["access_token"] != pair["access_token"]
    bearer.text("profiles/v2/me", status=401)
    wrong = ("--data-urlencode", "username=ada", "--data-urlencode", "password=wrong")
    assert json.loads(key.text("token", *grant, *wrong, status=400))["error"] == "invalid_grant"
    assert "cli" in [item["name"] for item in user("clients/v2/")]
    user("clients/v2/cli", "-X", "DELETE")


def test_files_are_uploaded_listed_changed_and_removed(
    ada: Curl, where: str, tmp_path: Path
) -> None:
    source = tmp_path / "a file & more.txt"
    source.write_bytes(b"0123456789")
    upload = ("-X", "POST", "-F", f"fileToUpload=@{source}", "-F", "fileName=plain.txt")
    assert ada(f"{MEDIA}/{where}?pretty=true", *upload, status=202)["name"] == "plain.txt"
    ada.staged(f"{where}/plain.txt")
    ada(f"{MEDIA}/{where}", "-F", f"fileToUpload=@{source}", status=202)
    ada.staged(f"{where}/a%20file%20%26%20more.txt")
    copy = (
        "-X", "PUT", "--data-urlencode", "action=copy",
        "--data-urlencode", f"path={where}/a copy+1.txt",
    )  # fmt: skip
    ada(f"{MEDIA}/{where}/plain.txt", *copy)
    rename = (*JSON, "-X", "PUT", "--data-binary", '{"action":"rename","path":"new.txt"}')
    ada(f"{MEDIA}/{where}/plain.txt", *rename)
    shown = [entry["name"] for entry in ada(f"{LISTINGS}/{where}")]
    assert shown == [".", "a copy+1.txt", "a file & more.txt", "new.txt"]
    paged = ada(f"{LISTINGS}/{where}?limit=2&offset=1")
    assert [entry["name"] for entry in paged] == shown[1:3]
    ada(f"{MEDIA}/{where}/a%20copy%2B1.txt", "-X", "DELETE")
    message = json.loads(ada.text(f"{MEDIA}/{where}/gone", "-X", "DELETE", status=404))["message"]
    assert "does not exist" in message


def test_answers_are_naked_pretty_or_filtered_as_asked_for(ada: Curl, where: str) -> None:
    naked = ada.text(f"{LISTINGS}/{where}?naked=true&filter=name,_links.self")
    (entry,) = json.loads(naked)
    assert set(entry) == {"name", "_links"}
    assert "\n" not in naked.strip()
    pretty = ada.text(f"{LISTINGS}/{where}?pretty=true")
    assert re.search(r'\n +"status": ?"success"', pretty)
    assert ada.text(f"{LISTINGS}/{where}/gone?naked=true", status=404) == ""


def test_a_download_is_resumed_and_its_head_told(ada: Curl, where: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    (tmp_path / "f.bin").write_bytes(data)
    ada(f"{MEDIA}/{where}", "-F", f"fileToUpload=@{tmp_path / 'f.bin'}", status=202)
    ada.staged(f"{where}/f.bin")
    address, half = f"{MEDIA}/{where}/f.bin", tmp_path / "half"
    assert ada.bytes(address, "-r", "10-19") == (206, data[10:20])
    assert ada.bytes(address, "-H", "Range: bytes=-5") == (206, data[-5:])
    half.write_bytes(data[:100_000])
    assert ada.bytes(address, "-C", "-", "-o", str(half))[0] == 206
    assert half.read_bytes() == data
    head = ada.text(address, "-I").lower()
    assert f"content-length: {len(data)}\r\n" in head
    assert "accept-ranges: bytes" in head
    assert ada.bytes(address, "-r", "999999-")[0] == 416
    saved = ("-OJ", "--output-dir", str(tmp_path / "home"))
    assert ada.bytes(f"{address}?force=true", *saved)[0] == 200
    assert (tmp_path / "home" / "f.bin").read_bytes() == data
    # A body that curl asks leave to send, and one whose length it does not know.
    for extra in (("-H", "Expect: 100-continue"), ("-H", "Transfer-Encoding: chunked")):
        ada(f"{MEDIA}/{where}", *extra, "-F", f"fileToUpload=@{tmp_path / 'f.bin'}", status=202)


def test_an_import_is_asked_for_by_a_form(ada: Curl, where: str) -> None:
    form = ("--data-urlencode", "urlToIngest=agave://sandbox.storage/ada/data/hello.txt")
    ada(f"{MEDIA}/{where}?pretty=true", *form, "-d", "fileName=taken.txt", status=202)
    ada.staged(f"{where}/taken.txt")
    assert ada.text(f"{MEDIA}/{where}/taken.txt") == ada.text(f"{MEDIA}/ada/data/hello.txt")


def test_permissions_are_given_by_a_form(ada: Curl, grace: Curl, where: str) -> None:
    address = f"files/v2/pems/system/sandbox.storage/{where}"
    grace.text(f"{LISTINGS}/{where}", status=403)
    ada(address, "-X", "POST", "-d", "username=grace&permission=READ&recursive=true", status=201)
    assert grace(f"{LISTINGS}/{where}")[0]["name"] == "."
    ada(address, "-X", "POST", "-d", "username=grace&permission=NONE")
    grace.text(f"{LISTINGS}/{where}", status=403)


def test_definitions_are_sent_as_files(ada: Curl, tmp_path: Path) -> None:
    system = {
        "id": f"curl.{tmp_path.name}".replace("_", "-"),
        "name": "Cold",
        "type": "STORAGE",
        "storage": {
            "host": "data.example.org",
            "port": 22,
            "protocol": "SFTP",
            "auth": {"type": "PASSWORD", "username": "u", "password": "p"},
        },
    }
    (tmp_path / "system.json").write_text(json.dumps(system))
    sent = ("-X", "POST", "-F", f"fileToUpload=@{tmp_path / 'system.json'}")
    address = f"systems/v2/{system['id']}"
    assert ada("systems/v2/?pretty=true", *sent, status=201)["id"] == system["id"]
    assert ada(address, *sent)["revision"] == 2
    assert ada(address, "-X", "PUT", "-d", "action=disable")["available"] is False
    role = ("-X", "POST", "-d", "username=grace", "-d", "role=USER")
    ada(f"{address}/roles", *role, status=201)
    found = ada("systems/v2/", "-G", "--data-urlencode", "name.like=*ol*", "-d", "type=STORAGE")
    assert system["id"] in [item["id"] for item in found]
    assert "fileToUpload" in ada.text(
        "systems/v2/", "-F", "fileToUpload=@-;filename=x.json", status=400, input="{"
    )
    ada(address, "-X", "DELETE")


def test_metadata_is_sent_as_a_file_or_through_a_pipe(ada: Curl, tmp_path: Path) -> None:
    item = {"name": f"curl-{tmp_path.name}", "value": {"n": 1, "text": "ü % +"}}
    (tmp_path / "meta.json").write_text(json.dumps(item))
    sent = ("-F", f"fileToUpload=@{tmp_path / 'meta.json'}")
    made = ada("meta/v2/data?pretty=true", "-X", "POST", *sent, status=201)
    assert made["value"] == item["value"]
    item["value"] = {"n": 2}
    (tmp_path / "meta.json").write_text(json.dumps(item))
    piped = (*JSON, "-X", "POST", "--data-binary", f"@{tmp_path / 'meta.json'}")
    assert ada(f"meta/v2/data/{made['uuid']}", *piped)["value"] == {"n": 2}
    query = json.dumps({"name": item["name"], "value.n": {"$gt": 1}})
    found = ada("meta/v2/data", "-G", "--data-urlencode", f"q={query}")
    assert [entry["uuid"] for entry in found] == [made["uuid"]]
    body = ada.text("meta/v2/data", *JSON, "-X", "POST", "-d", "{", status=400)
    assert "JSON" in json.loads(body)["message"]
    pems = f"meta/v2/data/{made['uuid']}/pems"
    ada(pems, "-X", "POST", "-d", "username=grace&permission=READ", status=201)
    ada(f"meta/v2/data/{made['uuid']}", "-X", "DELETE")


def test_a_job_is_submitted_watched_and_its_output_fetched(ada: Curl, tmp_path: Path) -> None:
    job = {
        "name": "by curl",
        "appId": "wc-1.0",
        "inputs": {"file": "agave://sandbox.storage/ada/data/hello.txt"},
        "parameters": {"mode": "lines"},
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    sent = ("-X", "POST", "-F", f"fileToUpload=@{tmp_path / 'job.json'}")
    made = ada("jobs/v2/?pretty=true", *sent, status=201)
    path = f"jobs/v2/{made['id']}"
    wait_for(lambda: ada(f"{path}/status")["status"] == "FINISHED")
    shown = ada(f"{path}/outputs/listings?filter=name")
    assert {"name": "count.txt"} in shown
    assert ada.text(f"{path}/outputs/media/count.txt") == "1\n"
    ada(path, "-X", "POST", "-d", "action=stop")
    again = ada(path, "-X", "POST", "-d", "action=resubmit", status=202)
    assert again["id"] != made["id"]
    found = ada("jobs/v2/", "-G", "-d", "name.like=by*", "-d", "limit=1", "-d", "filter=id,status")
    assert set(found[0]) == {"id", "status"}
    ada(path, "-X", "DELETE")
    ada.text(path, status=404)
    form = ("-d", "name=form", "-d", "appId=none-1.0")
    body = ada.text("jobs/v2/", "-X", "POST", *form, status=400)
    assert "none-1.0" in json.loads(body)["message"]


def test_a_postit_is_made_by_a_form_and_needs_no_token(ada: Curl, tenant: Sandbox) -> None:
    target = f"{tenant.url}/{MEDIA}/ada/data/hello.txt"
    form = ("-d", "method=GET&maxUses=1&lifetime=3600", "--data-urlencode", f"url={target}")
    made = ada("postits/v2/?pretty=true", "-X", "POST", *form)
    nobody = Curl(tenant.url)
    address = made["_links"]["self"]["href"]
    assert nobody.text(address) == ada.text(target)
    assert "redeemed" in nobody.text(address, status=403)


def test_other_services_take_forms_as_well(ada: Curl, where: str) -> None:
    system = ada("systems/v2/sandbox.storage?filter=uuid")["uuid"]
    name = where.rpartition("/")[2]
    tag = ada("tags/v2/", "-d", f"name={name}", "-d", f"associationIds={system}", status=201)
    assert tag["associationIds"] == [system]
    folder = ada(f"files/v2/index/system/sandbox.storage/{where}")[0]
    uuid = re.search(r"[0-9]{19}-[0-9a-z-]+-002", folder["_links"]["metadata"]["href"])
    assert uuid
    form = ("-d", f"associatedUuid={uuid[0]}", "-d", "event=*", "-d", "persistent=true")
    url = ("--data-urlencode", "url=http://127.0.0.1:9/?event=${EVENT}")
    made = ada("notifications/v2/", "-X", "POST", *form, *url, status=201)
    assert (made["persistent"], made["url"]) == (True, "http://127.0.0.1:9/?event=${EVENT}")
    ada(f"notifications/v2/{made['id']}", "-X", "DELETE")
    assert ada(f"uuids/v2/{uuid[0]}")["type"] == "file"


def test_an_actor_is_sent_a_message(ada: Curl) -> None:
    made = ada("actors/v2", "-X", "POST", "-d", "image=sandbox/echo", "-d", "name=curl")
    path = f"actors/v2/{made['id']}"
    wait_for(lambda: ada(path)["status"] == "READY")
    sent = ada(f"{path}/messages", "-X", "POST", "--data-urlencode", "message=hello & more")
    execution = f"{path}/executions/{sent['executionId']}"
    wait_for(lambda: ada(execution)["status"] == "COMPLETE")
    assert ada(f"{execution}/logs")["logs"] == "hello & more\n"
    ada(path, "-X", "DELETE")


def test_two_slashes_of_a_base_address_are_one(ada: Curl, tenant: Sandbox) -> None:
    assert ada(f"{tenant.url}//profiles/v2/me")["username"] == "ada"
    assert ada(f"{tenant.url}//{LISTINGS}//home/ada/data/?limit=1")[0]["name"] == "."
