"""Nothing that a caller writes, and no link that a job leaves, leads out of a system's tree."""

from __future__ import annotations

import http.client
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.answers import result
from tests.sandbox.files_support import STORAGE, at, names, workplace

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
    "..%00/..%00/secret",
    "..%5C..%5C..%5Csecret",
    "%5C..%5C..%5Csecret",
    "ada%5c..%5c..%5c..%5csecret",
    "/C:%5c..%5c..%5csecret",
    "%2E%2E%2F%2E%2E%2Fsecret",
    "ada/data/hello.txt/../../../../../secret",
    "~/../../../secret",
]
#: Names, however strange: what would lead out if anybody took it for something else.
NAMES = [
    "%252e%252e/%252e%252e/secret",
    "..%252f..%252fsecret",
    "%c0%ae%c0%ae/%c0%ae%c0%ae/secret",
    "%c0%af..%c0%af..%c0%afsecret",
    "%e0%80%ae%e0%80%ae/%e0%80%ae%e0%80%ae/secret",
    "%f0%80%80%ae/secret",
    "%ef%bc%8e%ef%bc%8e/%ef%bc%8e%ef%bc%8e/secret",
    "%ef%bc%8e%ef%bc%8e%ef%bc%8f%ef%bc%8e%ef%bc%8e%ef%bc%8fsecret",
    "%e2%80%a5/%e2%80%a5/secret",
    "..%e2%88%95..%e2%88%95secret",
    "..;/..;/secret",
    "..%20/..%20/secret",
    ".%20./.%20./secret",
    "..../..../secret",
    "....//....//secret",
    "..%0a/..%0a/secret",
    "..%09/..%0d%0a/secret",
    "%ff%fe/%2e%ff./secret",
    "%uff0e%uff0e/secret",
    "C:secret",
    "$HOME/secret",
    "~root/secret",
    "-rf",
]
#: Addresses on the machine, which has no such thing below the root of the system.
ABSOLUTE = [
    "/STATE/secret",
    "//STATE/secret",
    "/C:/STATE/secret",
    "/C:STATE/secret",
    "%2fSTATE%2fsecret",
    "file:///STATE/secret",
    "%5cSTATE%5csecret",
    "/etc/passwd",
    "//proc/self/environ",
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
    before = outside(secret)
    for method, address, body, kind in changes(path):
        status, _ = raw.send_raw(method, address, body, kind)
        assert status in {400, 403, 404}, (method, address, body, status)
    assert outside(secret) == before


@pytest.mark.parametrize("path", [*NAMES, *ABSOLUTE])
def test_a_strange_name_is_no_more_than_a_name(raw: Raw, secret: Path, path: str) -> None:
    before = outside(secret)
    tree = secret.parent / "systems" / STORAGE
    inside = {*tree.iterdir(), *(tree / "home").iterdir()}
    if path in ABSOLUTE:
        path = path.replace("STATE", quote(str(secret.parent)[1:]))
    else:
        path = f"w{uuid.uuid4().hex[:12]}/{path}"
    for kind in ("media", "listings", "pems", "history", "index"):
        for place in (f"system/{STORAGE}/{path}", path):
            status, body = raw.send_raw("GET", f"/files/v2/{kind}/{place}")
            assert status in {400, 404}, (kind, path, status)
            assert SECRET not in body
    for method, address, content, kind in changes(path):
        status, body = raw.send_raw(method, address, content, kind)
        # 501 is for the download of a directory, which mkdir has made of the name.
        assert status in {200, 201, 202, 400, 404, 501}, (method, address, content, status)
        assert SECRET not in body
    assert outside(secret) == before
    for made in {*tree.iterdir(), *(tree / "home").iterdir()} - inside:
        name = quote(os.fsencode(made.relative_to(tree)))
        assert raw.send_raw("DELETE", f"/files/v2/media/system/{STORAGE}//{name}")[0] == 200


UPLOAD = (
    b"--b\r\nContent-Disposition: form-data; name=fileToUpload; filename=planted\r\n\r\nx\r\n"
    b"--b--\r\n"
)
GRANT = b'{"username": "ada", "permission": "READ"}'


def changes(path: str) -> Iterator[tuple[str, str, bytes, str]]:
    """Yield every request that looks closer at a path, or would change what is there."""
    for place in (f"system/{STORAGE}/{path}", path):
        media = f"/files/v2/media/{place}"
        yield "HEAD", media, b"", ""
        yield "DELETE", media, b"", ""
        for action in (b"rename", b"move", b"copy", b"mkdir"):
            body = b'{"action": "%s", "path": "planted"}' % action
            yield "PUT", media, body, "application/json"
        yield "POST", media, UPLOAD, "multipart/form-data; boundary=b"
        yield "POST", f"/files/v2/index/{place}", b"", ""
        yield "POST", f"/files/v2/pems/{place}", GRANT, "application/json"
        yield "DELETE", f"/files/v2/pems/{place}", b"", ""


def outside(secret: Path) -> list[Path]:
    """Return what lies beside the tree of the system, at every level above it."""
    tree = secret.parent / "systems" / STORAGE
    return sorted({*secret.parent.iterdir(), *tree.parent.iterdir()})


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
