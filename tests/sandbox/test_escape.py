"""No path that any service takes leads out of a system: jobs, apps, systems, transforms, images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import apps_support, jobs_support
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import STORAGE, workplace
from tests.sandbox.systems_support import new_id, storage_system
from tests.sandbox.test_files_escape import ABSOLUTE, CLIMBS, NAMES, SECRET, Raw, outside, secret
from tests.waiting import wait_for

__all__ = ["secret"]  # a fixture

#: Paths in bodies, which nobody decodes.
WRITTEN = [
    "../../secret",
    "../../../secret",
    "/../../secret",
    "//..//../secret",
    "..\\..\\secret",
    "\\..\\..\\secret",
    "C:\\..\\..\\secret",
    "/C:/../../secret",
    "ada/../../../secret",
    "ada/\0/../../../secret",
    "./../.././../secret",
]
#: What would lead out if anybody decoded or expanded it.
STRANGE = [
    "%2e%2e/%2e%2e/secret",
    "\uff0e\uff0e/secret",
    "..;/secret",
    "~/secret",
    "${HOME}/secret",
]


@pytest.fixture(scope="module")
def job(sandbox: Sandbox) -> Iterator[str]:
    """An archived job of the administrator's, who may do everything."""
    with Http(sandbox.url, sandbox.credentials("admin")["token"]) as admin:
        ended = jobs_support.run(admin, "wc-1.0", inputs={"file": jobs_support.HELLO})
        yield str(ended["id"])


@pytest.fixture
def raw(sandbox: Sandbox, http: HttpFactory) -> Iterator[Raw]:
    connection = Raw(sandbox.url, str(http("admin").headers["Authorization"]))
    yield connection
    connection.close()


@pytest.mark.parametrize("path", [*CLIMBS, *NAMES, *ABSOLUTE])
def test_outputs_are_those_of_the_job(raw: Raw, secret: Path, job: str, path: str) -> None:
    path = path.replace("STATE", str(secret.parent)[1:])
    for kind in ("media", "listings"):
        status, body = raw.send_raw("GET", f"/jobs/v2/{job}/outputs/{kind}/{path}")
        assert status in {400, 403, 404}, (kind, path, status)
        assert SECRET not in body


def test_a_link_among_the_outputs_leads_nowhere(
    sandbox: Sandbox, http: HttpFactory, secret: Path
) -> None:
    ada = http("ada")
    wrapper = f"ln -s '{secret}' file\nln -s '{secret.parent}' up\nmkdir d\n"
    made = jobs_support.run(ada, jobs_support.app(ada, sandbox, wrapper))
    assert made["status"] == "FINISHED"
    for path in ("file", "up", "up/secret", "d/../up/secret", "d/../../../../../secret"):
        for kind in ("media", "listings"):
            answer = ada.get(f"/jobs/v2/{made['id']}/outputs/{kind}/{path}")
            assert SECRET not in answer.content
            assert answer.status_code in {403, 404}


@pytest.mark.parametrize("path", WRITTEN)
def test_no_archive_and_no_input_is_outside(http: HttpFactory, secret: Path, path: str) -> None:
    admin, before = http("admin"), outside(secret)
    hello = {"file": jobs_support.HELLO}
    status, text = jobs_support.refused(admin, "wc-1.0", inputs=hello, archivePath=path)
    assert (status, "archivePath" in text) == (400, True)
    for address in (f"agave://{STORAGE}/{path}", f"agave://{STORAGE}//{path}", path):
        status, _ = jobs_support.refused(admin, "wc-1.0", inputs={"file": address})
        assert status in {400, 403, 404}
    assert outside(secret) == before


@pytest.mark.parametrize("path", STRANGE)
def test_an_archive_of_a_strange_name_is_where_it_says(
    sandbox: Sandbox, http: HttpFactory, secret: Path, path: str
) -> None:
    admin, before = http("admin"), outside(secret)
    where = workplace(admin, "admin")
    archive = f"{where}/{path}"
    hello = {"file": jobs_support.HELLO}
    done = jobs_support.run(admin, "wc-1.0", inputs=hello, archivePath=archive)
    assert (done["status"], done["archivePath"]) == ("FINISHED", archive)
    home = sandbox.tenant.root / "systems" / STORAGE / "home"
    assert (home / archive / "count.txt").is_file()
    assert outside(secret) == before


@pytest.mark.parametrize("path", WRITTEN)
@pytest.mark.parametrize("field", ["deploymentPath", "templatePath", "testPath"])
def test_no_app_is_outside(http: HttpFactory, secret: Path, field: str, path: str) -> None:
    definition = apps_support.definition(**{field: path})
    answer = http("admin").post(apps_support.APPS, json=definition)
    assert refusal(answer, 400, 403, 404)


@pytest.mark.parametrize("path", WRITTEN)
def test_no_copy_of_an_app_is_outside(
    sandbox: Sandbox, http: HttpFactory, secret: Path, path: str
) -> None:
    admin, before = http("admin"), outside(secret)
    app = apps_support.register(admin)
    answer = apps_support.manage(
        admin, app["id"], "clone", name="copy", version="1.0", deploymentPath=path
    )
    assert refusal(answer, 400, 403, 404)
    assert outside(secret) == before


@pytest.mark.parametrize("path", ["../..", "/../..", "//..", "a/../../b", "./../x"])
@pytest.mark.parametrize("field", ["rootDir", "homeDir"])
def test_no_directory_of_a_system_is_outside_its_own_tree(
    http: HttpFactory, field: str, path: str
) -> None:
    definition = storage_system(new_id())
    definition["storage"][field] = path
    assert field in refusal(http("ada").post("/systems/v2/", json=definition), 400)


@pytest.mark.parametrize("path", ["/", "/etc", "C:\\Windows", "..\\..\\..", "~", "%2e%2e/%2e%2e"])
def test_wherever_a_system_says_that_it_is_its_files_are_in_the_state_directory(
    sandbox: Sandbox, http: HttpFactory, secret: Path, path: str
) -> None:
    ada, system = http("ada"), new_id()
    definition = storage_system(system)
    definition["storage"] |= {"rootDir": path, "homeDir": path}
    answer = ada.post("/systems/v2/", json=definition)
    assert answer.status_code in {201, 400}
    if answer.status_code == 400:
        assert refusal(answer, 400)
        return
    before = outside(secret)
    media = f"/files/v2/media/system/{system}/"
    result(ada.put(media, json={"action": "mkdir", "path": "planted"}), 201)
    tree = sandbox.tenant.root / "systems" / system
    assert [made.name for made in tree.rglob("planted")] == ["planted"]
    assert set(outside(secret)) - {tree} == set(before) - {tree}


@pytest.mark.parametrize("system", ["..", ".", "../x", "..%2fx", "a/b", "a\\b", "a\0b", "C:"])
def test_no_system_is_called_like_a_path(http: HttpFactory, secret: Path, system: str) -> None:
    before = outside(secret)
    answer = http("ada").post("/systems/v2/", json=storage_system(system))
    assert answer.status_code in {201, 400}, answer.text
    if answer.status_code == 201:
        for kind in ("media", "listings"):
            found = http("ada").get(f"/files/v2/{kind}/system/{system}//secret")
            assert SECRET not in found.content
    assert set(outside(secret)) >= set(before)
    assert (secret.parent / "secret").read_bytes() == SECRET


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "..\\x", "a\0b", "/x", "~", "-"])
def test_nobody_is_called_like_a_path(http: HttpFactory, secret: Path, name: str) -> None:
    before = outside(secret)
    body = {"username": name, "password": "p", "email": "x@example.org"}
    assert refusal(http("admin").post("/profiles/v2", json=body), 400)
    assert outside(secret) == before


@pytest.mark.parametrize(
    "image", ["../secret", "sandbox/../../secret", "/etc", "..", "sandbox/..", "a\\..\\b", "x\0y"]
)
def test_no_image_is_outside(http: HttpFactory, image: str) -> None:
    made: Any = http("ada").post("/actors/v2", json={"image": image})
    assert made.status_code in {200, 400}, made.text
    if made.status_code == 200:
        path = f"/actors/v2/{made.json()['result']['id']}"
        wait_for(lambda: http("ada").get(path).json()["result"]["status"] == "ERROR")
        assert "Unable to pull" in http("ada").get(path).json()["result"]["statusMessage"]


@pytest.mark.parametrize("path", CLIMBS)
def test_no_transform_reads_what_is_outside(raw: Raw, secret: Path, path: str) -> None:
    for kind in ("sync", "async"):
        address = f"/transforms/v2/raw-0/{kind}/admin/{path}"
        status, body = raw.send_raw("POST", address, b'{"url": "agave://sandbox.storage/x"}')
        assert status in {400, 403, 404}, (address, status)
        assert SECRET not in body


@pytest.mark.parametrize("path", CLIMBS)
def test_no_postit_gives_what_is_outside(
    sandbox: Sandbox, http: HttpFactory, secret: Path, path: str
) -> None:
    url = f"{sandbox.url}/files/v2/media/system/{STORAGE}/{path}"
    made = http("admin").post("/postits/v2/", json={"url": url, "method": "GET"})
    if made.status_code == 200:
        answer = http("").get(made.json()["result"]["_links"]["self"]["href"])
        assert answer.status_code in {400, 403, 404}
        assert SECRET not in answer.content
    else:
        assert refusal(made, 400, 403, 404)
