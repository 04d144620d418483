"""Uploads, and imports from elsewhere, over real requests."""

from __future__ import annotations

import re
import socket
import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import (
    STORAGE,
    at,
    content,
    events,
    names,
    staged,
    upload,
    workplace,
)
from tests.unit.loopback import Loopback, Reply, Seen
from tests.waiting import wait_for

TEXT = b"0123456789" * 10


def test_an_upload_is_accepted_first_and_there_when_its_history_says_so(
    http: HttpFactory, where: str, sandbox: Sandbox
) -> None:
    ada = http("ada")
    name, target = "reads.fa", f"{where}/reads.fa"
    # While the path's mutex is held, staging waits, as it would behind a long queue.
    with sandbox.tenant.lock(f"file/{STORAGE}|/home/{target}"):
        answer = ada.post(at("media", where), files={"fileToUpload": (name, TEXT)})
        record = result(answer, 202)
        assert record["status"] == "STAGING_QUEUED"
        assert events(ada, target) == ["STAGING_QUEUED"]
        assert names(ada, where) == ["."]
        refusal(ada.get(at("media", target)), 404)
    assert staged(ada, target) == ["STAGING_QUEUED", "STAGING", "STAGING_COMPLETED"]
    assert names(ada, where) == [".", name]
    assert content(ada, target) == TEXT


def test_an_upload_is_answered_as_a_logical_file(
    http: HttpFactory, where: str, sandbox: Sandbox
) -> None:
    record = upload(http("ada"), where, "reads.fa", TEXT)
    assert list(record) == [
        "name",
        "uuid",
        "owner",
        "internalUsername",
        "lastModified",
        "source",
        "path",
        "status",
        "systemId",
        "nativeFormat",
        "_links",
    ]
    assert re.fullmatch(r"\d{19}-\w+-0001-002", record["uuid"])
    assert record["name"] == "reads.fa"
    assert record["owner"] == "ada"
    assert record["source"] == "http://127.0.0.1/reads.fa"
    assert record["path"] == f"/home/{where}/reads.fa"
    assert record["systemId"] == STORAGE
    assert record["nativeFormat"] == "raw"
    links = record["_links"]
    assert set(links) == {"self", "system", "profile", "history", "notification"}
    self = f"{sandbox.url}/files/v2/media/system/{STORAGE}//home/{where}/reads.fa"
    assert links["self"]["href"] == self
    assert links["notification"] == []


def test_an_upload_can_be_given_a_name_and_a_format(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    files = {"fileToUpload": ("docs/a.txt", TEXT)}
    result(ada.post(at("media", where), files=files), 202)
    assert staged(ada, f"{where}/a.txt")[-1] == "STAGING_COMPLETED"
    data = {"fileName": "b.txt", "fileType": "fasta-0"}
    record = result(ada.post(at("media", where), files=files, data=data), 202)
    assert (record["name"], record["nativeFormat"]) == ("b.txt", "fasta-0")
    assert staged(ada, f"{where}/b.txt")[-1] == "STAGING_COMPLETED"


def test_an_upload_to_the_default_system_needs_no_id(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    answer = ada.post(f"/files/v2/media/{where}", files={"fileToUpload": ("d.txt", TEXT)})
    assert result(answer, 202)["systemId"] == STORAGE
    staged(ada, f"{where}/d.txt")
    assert ada.get(f"/files/v2/media/{where}/d.txt").content == TEXT


def test_an_upload_replaces_the_file_of_its_name_and_keeps_its_uuid(
    http: HttpFactory, where: str
) -> None:
    ada = http("ada")
    first = upload(ada, where, "t.txt", b"old and longer")
    second = upload(ada, where, "t.txt", b"new")
    assert content(ada, f"{where}/t.txt") == b"new"
    assert first["uuid"] == second["uuid"]
    assert "OVERWRITTEN" in events(ada, f"{where}/t.txt")


def test_an_upload_can_be_appended(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "log", b"one\n")
    upload(ada, where, "log", b"two\n", append="true")
    assert content(ada, f"{where}/log") == b"one\ntwo\n"
    assert "CONTENT_CHANGE" in events(ada, f"{where}/log")


def test_uploads_of_one_name_end_as_the_last_one_that_was_accepted(
    http: HttpFactory, where: str
) -> None:
    ada = http("ada")
    for number in range(12):
        files = {"fileToUpload": ("t.txt", f"version {number}".encode())}
        result(ada.post(at("media", where), files=files), 202)
    staged(ada, f"{where}/t.txt", times=12)
    assert content(ada, f"{where}/t.txt") == b"version 11"


def test_uploads_of_many_at_once_all_arrive(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    headers = dict(ada.headers)

    def send(number: int) -> None:
        with Http(ada.base_url, "") as session:
            session.headers.update(headers)
            files = {"fileToUpload": (f"f{number}", str(number).encode())}
            assert session.post(at("media", where), files=files).status_code == 202

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(16):
        assert staged(ada, f"{where}/f{number}")[-1] == "STAGING_COMPLETED"
        assert content(ada, f"{where}/f{number}") == str(number).encode()


def test_an_upload_goes_to_a_directory_that_exists(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    files = {"fileToUpload": ("t.txt", TEXT)}
    refusal(ada.post(at("media", f"{where}/none"), files=files), 404)
    upload(ada, where, "t.txt", TEXT)
    refusal(ada.post(at("media", f"{where}/t.txt"), files=files), 400)
    result(ada.put(at("media", where), json={"action": "mkdir", "path": "dir"}), 201)
    refusal(ada.post(at("media", where), files={"fileToUpload": ("dir", TEXT)}), 400)
    assert names(ada, where) == [".", "dir", "t.txt"]


def test_an_import_without_a_file_is_refused(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    assert refusal(ada.post(at("media", where), data={"fileName": "x"}), 400) == "No file uploaded"
    assert refusal(ada.post(at("media", where), json={}), 400) == "No file uploaded"
    both = {"urlToIngest": f"agave://{STORAGE}/ada/data/hello.txt"}
    files = {"fileToUpload": ("t.txt", TEXT)}
    assert "not both" in refusal(ada.post(at("media", where), data=both, files=files), 400)
    bad = {"notifications": "[{"}
    assert "notifications" in refusal(ada.post(at("media", where), data=bad, files=files), 400)


def test_a_json_file_is_uploaded_as_it_is(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "app.json", b'{"fileName": "other", "append": true}')
    assert content(ada, f"{where}/app.json") == b'{"fileName": "other", "append": true}'


@pytest.fixture
def origin() -> Iterator[str]:
    """A web server elsewhere: /data.txt, /private (user and password), /gone."""

    def answer(seen: Seen) -> Reply:
        if seen.target == "/moved":
            return Reply(302, headers={"Location": "/data.txt?from=moved"})
        given = seen.headers.get("Authorization")
        private = seen.target == "/private" and given != "Basic YW5uOnMzY3JldA=="
        status = 401 if private else 404 if seen.target == "/gone" else 200
        return Reply(status, f"{seen.target} {given}".encode())

    with Loopback(answer) as server:
        yield f"127.0.0.1:{server.port}"


def test_an_import_from_the_web_really_fetches(http: HttpFactory, where: str, origin: str) -> None:
    ada = http("ada")
    for url, name, expected in (
        (f"http://{origin}/data.txt", "data.txt", b"/data.txt None"),
        (f"http://{origin}/moved", "moved", b"/data.txt?from=moved None"),
        (f"http://ann:s3cret@{origin}/private", "private", b"/private Basic YW5uOnMzY3JldA=="),
    ):
        record = result(ada.post(at("media", where), json={"urlToIngest": url}), 202)
        assert (record["name"], record["source"]) == (name, url.replace("ann:s3cret@", ""))
        assert staged(ada, f"{where}/{name}")[-1] == "STAGING_COMPLETED"
        assert content(ada, f"{where}/{name}") == expected
    form = {"urlToIngest": f"http://{origin}/", "fileName": "named"}
    result(ada.post(at("media", where), data=form), 202)
    assert staged(ada, f"{where}/named")[-1] == "STAGING_COMPLETED"
    assert "fileName" in refusal(
        ada.post(at("media", where), data={"urlToIngest": f"http://{origin}/"}), 400
    )


def test_an_import_that_fails_says_why_in_its_history(
    http: HttpFactory, where: str, origin: str
) -> None:
    ada = http("ada")
    result(ada.post(at("media", where), json={"urlToIngest": f"http://{origin}/gone"}), 202)
    assert staged(ada, f"{where}/gone")[-1] == "STAGING_FAILED"
    last = result(ada.get(at("history", f"{where}/gone")))[-1]
    assert "404" in last["description"]
    assert names(ada, where) == ["."]
    refusal(ada.get(at("media", f"{where}/gone")), 404)


def test_whoever_sees_a_file_does_not_see_the_password_it_was_fetched_with(
    http: HttpFactory, where: str, origin: str
) -> None:
    ada = http("ada")
    for name, word in (("private", "STAGING_COMPLETED"), ("gone", "STAGING_FAILED")):
        url = f"http://ann:s3cret@{origin}/{name}"
        answer = ada.post(at("media", where), json={"urlToIngest": url})
        assert staged(ada, f"{where}/{name}")[-1] == word
        history = ada.get(at("history", f"{where}/{name}"))
        assert f"http://{origin}/{name}" in answer.text
        assert "s3cret" not in answer.text + history.text


@pytest.mark.parametrize(
    "scheme",
    ["file:///etc/passwd", "sftp://h/x", "/etc/passwd", "http:///x", "http://[x", "http://h:x/"],
)
def test_an_import_from_an_address_that_cannot_be_fetched_is_refused(
    http: HttpFactory, where: str, scheme: str
) -> None:
    message = refusal(http("ada").post(at("media", where), json={"urlToIngest": scheme}), 400)
    assert scheme in message
    assert "https://" in message


def test_an_import_from_the_tenant_takes_files_and_directories(
    http: HttpFactory, where: str, sandbox: Sandbox
) -> None:
    ada = http("ada")
    media = f"{sandbox.url}/files/v2/media"
    for number, url in enumerate(
        (
            f"agave://{STORAGE}/ada/data/hello.txt",
            f"agave://{STORAGE}//home/ada/data/hello.txt",
            f"{media}/system/{STORAGE}//home/ada/data/hello.txt",
            f"{media}/ada/data/hello.txt",
        )
    ):
        data = {"urlToIngest": url, "fileName": f"copy{number}"}
        result(ada.post(at("media", where), json=data), 202)
        assert staged(ada, f"{where}/copy{number}")[-1] == "STAGING_COMPLETED"
        assert content(ada, f"{where}/copy{number}") == content(ada, "ada/data/hello.txt")
    result(ada.post(at("media", where), json={"urlToIngest": f"agave://{STORAGE}/ada/data"}), 202)
    staged(ada, f"{where}/data")
    assert {"hello.txt", "reads.fa"} <= set(names(ada, f"{where}/data"))


def test_an_import_does_not_read_what_the_caller_may_not(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    grace = http("grace")
    where = workplace(grace, "grace")
    for url in (
        f"agave://{STORAGE}/ada/data/hello.txt",
        f"{sandbox.url}/files/v2/media/system/{STORAGE}//home/ada/data/hello.txt",
        f"agave://{STORAGE}//home",
        f"agave://{STORAGE}//",
    ):
        data = {"urlToIngest": url, "fileName": "stolen"}
        refusal(grace.post(at("media", where), json=data), 403)
    message = refusal(
        grace.post(at("media", where), json={"urlToIngest": "agave://no.such/x"}), 404
    )
    assert "no.such" in message
    refusal(
        grace.post(at("media", where), json={"urlToIngest": f"agave://{STORAGE}/grace/none"}), 404
    )
    assert names(grace, where) == ["."]


def test_files_come_from_other_systems(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    system = f"archive-{where.rpartition('/')[2]}"
    definition = {
        "id": system,
        "name": "Archive",
        "type": "STORAGE",
        "storage": {
            "host": "archive.example.org",
            "port": 22,
            "protocol": "SFTP",
            "rootDir": "/",
            "homeDir": "/scratch/ada",
            "auth": {"type": "PASSWORD", "username": "ada", "password": "x"},
        },
    }
    assert ada.post("/systems/v2", json=definition).status_code == 201
    upload(ada, "", "far.txt", TEXT, system)
    assert result(ada.get(at("listings", "", system)))[1]["path"] == "/scratch/ada/far.txt"
    result(ada.post(at("media", where), json={"urlToIngest": f"agave://{system}/far.txt"}), 202)
    staged(ada, f"{where}/far.txt")
    assert content(ada, f"{where}/far.txt") == TEXT
    refusal(http("grace").get(at("listings", "", system)), 404)


def test_large_files_pass_without_filling_the_memory(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    size = 96 << 20
    head = (
        b'--frontier\r\nContent-Disposition: form-data; name="fileToUpload"; filename="big"\r\n\r\n'
    )

    def body() -> Iterator[bytes]:
        yield head
        block = bytes(1 << 20)
        for _ in range(size >> 20):
            yield block
        yield b"\r\n--frontier--\r\n"

    # Client and server are this process: what both of them hold at the most is counted.
    tracemalloc.start()
    try:
        kind = {"Content-Type": "multipart/form-data; boundary=frontier"}
        answer = ada.post(at("media", where), data=body(), headers=kind)
        result(answer, 202)
        staged(ada, f"{where}/big")
        received = 0
        with ada.get(at("media", f"{where}/big"), stream=True) as download:
            for block in download.iter_content(1 << 20):
                received += len(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert received == size
    assert peak < 32 << 20


def test_an_upload_that_breaks_off_leaves_nothing(
    http: HttpFactory, where: str, sandbox: Sandbox
) -> None:
    ada = http("ada")
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"POST {at('media', where)} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: {ada.headers['Authorization']!s}\r\n"
            "Content-Type: multipart/form-data; boundary=frontier\r\n"
            "Content-Length: 1000000\r\n\r\n--frontier\r\n"
            'Content-Disposition: form-data; name="fileToUpload"; filename="half"\r\n\r\n'
            "some of it".encode()
        )
    root = sandbox.tenant.root
    wait_for(lambda: not [*(root / "spool").iterdir(), *(root / "staging").iterdir()])
    assert names(ada, where) == ["."]
    refusal(ada.get(at("history", f"{where}/half")), 404)


def test_a_link_that_leads_to_itself_is_no_file_to_import(
    http: HttpFactory, where: str, sandbox: Sandbox
) -> None:
    (sandbox.tenant.root / "systems" / STORAGE / "home" / where / "loop").symlink_to("loop")
    loop = {"urlToIngest": f"agave://{STORAGE}/{where}/loop"}
    assert f"/home/{where}/loop" in refusal(http("ada").post(at("media", where), json=loop), 404)
