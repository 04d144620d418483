"""Nothing that a caller writes, and no link that a job leaves, leads out of a system's tree."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.files_support import STORAGE, at, names, result, workplace

SECRET = b"the state of the tenant"
#: How far up the state directory is from the root of a system, written in many ways.
CLIMBS = [
    "../../secret",
    "../../../secret",
    "/../../secret",
    "//../../secret",
    "ada/../../../secret",
    "%2e%2e/%2e%2e/secret",
    "..%2f..%2fsecret",
    "/..%2F..%2Fsecret",
    "..%5c..%5csecret",
    "..\\..\\secret",
    "/C:/../../secret",
    "C:%5C..%5C..%5Csecret",
    "C:/../../secret",
    "ada/data/..%2f..%2f..%2f..%2fsecret",
    "./../.././../secret",
    "%00",
    "ada/%00/../../../secret",
]


@pytest.fixture
def secret(sandbox: Sandbox) -> Iterator[Path]:
    """A file beside the systems, and what the state directory holds before and after."""
    file = sandbox.tenant.root / "secret"
    file.write_bytes(SECRET)
    (sandbox.tenant.root / "systems" / "secret").write_bytes(SECRET)
    yield file
    assert file.read_bytes() == SECRET
    (sandbox.tenant.root / "systems" / "secret").unlink()
    file.unlink()


@pytest.fixture
def raw(sandbox: Sandbox, http: HttpFactory) -> Iterator[Raw]:
    """Send a request whose path no library has tidied; the administrator may do everything."""
    connection = Raw(sandbox.url, str(http("admin").headers["Authorization"]))
    yield connection
    connection.close()


class Raw(http.client.HTTPConnection):
    def __init__(self, url: str, authorization: str) -> None:
        super().__init__(urlsplit(url).netloc, timeout=30)
        self.authorization = authorization

    def send_raw(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/json"
    ) -> tuple[int, bytes]:
        self.putrequest(method, path, skip_accept_encoding=True)
        self.putheader("Authorization", self.authorization)
        if body:
            self.putheader("Content-Type", kind)
        self.putheader("Content-Length", str(len(body)))
        self.endheaders(body)
        answer = self.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("path", CLIMBS)
@pytest.mark.parametrize("kind", ["media", "listings", "pems", "history", "index"])
def test_no_path_reads_what_is_outside(raw: Raw, secret: Path, kind: str, path: str) -> None:
    for prefix in (f"/files/v2/{kind}/system/{STORAGE}/", f"/files/v2/{kind}/"):
        status, body = raw.send_raw("GET", prefix + path)
        assert status in {400, 403, 404}, (prefix + path, status)
        assert SECRET not in body
    status, body = raw.send_raw("GET", f"/files/v2/download/admin/system/{STORAGE}/{path}")
    assert status in {400, 403, 404}
    assert SECRET not in body


@pytest.mark.parametrize("path", CLIMBS)
def test_no_path_changes_what_is_outside(raw: Raw, secret: Path, path: str) -> None:
    before = sorted(secret.parent.iterdir())
    upload = (
        b"--b\r\nContent-Disposition: form-data; name=fileToUpload; filename=planted\r\n\r\nx\r\n"
        b"--b--\r\n"
    )
    for prefix in (f"/files/v2/media/system/{STORAGE}/", "/files/v2/media/"):
        for method, body, kind in (
            ("HEAD", b"", ""),
            ("DELETE", b"", ""),
            ("PUT", b'{"action": "mkdir", "path": "planted"}', "application/json"),
            ("PUT", b'{"action": "rename", "path": "planted"}', "application/json"),
            ("PUT", b'{"action": "move", "path": "planted"}', "application/json"),
            ("PUT", b'{"action": "copy", "path": "planted"}', "application/json"),
            ("POST", upload, "multipart/form-data; boundary=b"),
        ):
            status, _ = raw.send_raw(method, prefix + path, body, kind)
            assert status in {400, 403, 404}, (method, prefix + path, body, status)
    pems = f"/files/v2/pems/system/{STORAGE}/{path}"
    assert raw.send_raw("DELETE", pems)[0] in {400, 403, 404}
    grant = b'{"username": "ada", "permission": "READ"}'
    assert raw.send_raw("POST", pems, grant)[0] in {400, 403, 404}
    assert sorted(secret.parent.iterdir()) == before


@pytest.mark.parametrize(
    "target",
    [
        "../../planted",
        "/../../planted",
        "..\\..\\planted",
        "C:\\..\\..\\planted",
        "/home/../../../planted",
        "ada/\0planted",
    ],
)
def test_no_destination_is_outside(http: HttpFactory, sandbox: Sandbox, target: str) -> None:
    admin = http("admin")
    where = workplace(admin, "admin")
    root = sandbox.tenant.root
    source = root / "systems" / STORAGE / "home" / where / "f"
    source.write_bytes(b"1")
    before = sorted(root.rglob("planted*"))
    for action in ("copy", "move"):
        body = {"action": action, "path": target}
        answer = admin.put(at("media", f"{where}/f"), json=body)
        assert answer.status_code in {400, 403, 404}, answer.text
    for action in ("mkdir", "rename"):
        body = {"action": action, "path": "../../../../../" + target}
        answer = admin.put(at("media", f"{where}/f"), json=body)
        assert answer.status_code in {400, 403, 404}, answer.text
    for url in (f"agave://{STORAGE}/{target}", f"agave://{STORAGE}/%2e%2e/{target}"):
        data = {"urlToIngest": url, "fileName": "taken"}
        answer = admin.post(at("media", where), json=data)
        assert answer.status_code in {400, 403, 404}, answer.text
    assert sorted(root.rglob("planted*")) == before
    assert names(admin, where) == [".", "f"]


@pytest.mark.parametrize("name", ["../planted", "/planted", "..", ".", "a/b", "..\\planted"])
def test_no_file_name_is_a_path(http: HttpFactory, sandbox: Sandbox, name: str) -> None:
    ada = http("ada")
    where = workplace(ada)
    files = {"fileToUpload": ("x", b"1")}
    before = sorted(sandbox.tenant.root.rglob("planted"))
    answer = ada.post(at("media", where), files=files, data={"fileName": name})
    assert answer.status_code == 400
    assert names(ada, where) == ["."]
    assert sorted(sandbox.tenant.root.rglob("planted")) == before


def test_no_link_is_followed_out(http: HttpFactory, sandbox: Sandbox, secret: Path) -> None:
    admin = http("admin")
    where = workplace(admin, "admin")
    here = sandbox.tenant.root / "systems" / STORAGE / "home" / where
    (here / "file").symlink_to(secret)
    (here / "up").symlink_to(os.path.relpath(secret.parent, here))
    (here / "own").mkdir()
    (here / "own" / "f").write_bytes(b"1")
    for path in ("file", "up", "up/secret", "up/systems"):
        for kind in ("media", "listings", "index"):
            answer = admin.get(at(kind, f"{where}/{path}"))
            assert answer.status_code in {403, 404}, answer.text
            assert SECRET not in answer.content
    files = {"fileToUpload": ("planted", b"1")}
    assert admin.post(at("media", f"{where}/up"), files=files).status_code == 404
    for body in (
        {"action": "copy", "path": f"{where}/up/planted"},
        {"action": "move", "path": f"{where}/up/planted"},
    ):
        assert admin.put(at("media", f"{where}/own/f"), json=body).status_code == 404
    answer = admin.put(at("media", f"{where}/up"), json={"action": "mkdir", "path": "planted"})
    assert answer.status_code == 404
    assert admin.delete(at("media", f"{where}/up/secret")).status_code == 404
    entries = {entry["name"]: entry for entry in result(admin.get(at("listings", where)))}
    assert entries["up"]["type"] == "file"
    assert entries["file"]["length"] != len(SECRET)
    assert not (secret.parent / "planted").exists()


def test_a_copied_link_still_leads_nowhere(
    http: HttpFactory, sandbox: Sandbox, secret: Path
) -> None:
    admin = http("admin")
    where = workplace(admin, "admin")
    here = sandbox.tenant.root / "systems" / STORAGE / "home" / where
    (here / "d").mkdir()
    (here / "d" / "up").symlink_to(secret.parent)
    result(admin.put(at("media", f"{where}/d"), json={"action": "copy", "path": f"{where}/e"}))
    answer = admin.get(at("media", f"{where}/e/up/secret"))
    assert answer.status_code == 404
    # A directory does not replace a link, nor is anything written through it.
    (here / "d" / "up").unlink()
    (here / "d" / "up").mkdir()
    (here / "d" / "up" / "planted").write_bytes(b"1")
    again = admin.put(at("media", f"{where}/d"), json={"action": "copy", "path": f"{where}/e"})
    assert again.status_code == 400
    assert not (secret.parent / "planted").exists()


def test_deleting_a_link_leaves_what_it_points_to(
    http: HttpFactory, sandbox: Sandbox, secret: Path
) -> None:
    admin = http("admin")
    where = workplace(admin, "admin")
    here = sandbox.tenant.root / "systems" / STORAGE / "home" / where
    (here / "up").symlink_to(secret.parent)
    (here / "file").symlink_to(secret)
    for name in ("up", "file"):
        assert admin.delete(at("media", f"{where}/{name}")).status_code == 200
    assert names(admin, where) == ["."]
    assert secret.exists()
    result(admin.put(at("media", where), json={"action": "mkdir", "path": "d"}), 201)
    (here / "d" / "up").symlink_to(secret.parent)
    assert admin.delete(at("media", f"{where}/d")).status_code == 200
    assert secret.exists()
