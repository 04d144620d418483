"""Publishing and cloning apps: copies that stand on their own."""

from __future__ import annotations

import secrets
import threading
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.apps_support import APPS, STORAGE, definition, events, ids, manage, register
from tests.waiting import wait_for

MEDIA = f"/files/v2/media/system/{STORAGE}"
LISTINGS = f"/files/v2/listings/system/{STORAGE}"


def deploy(http: Http, user: str, script: str = "echo hello\n") -> str:
    """Put a wrapper into a new directory of the user's and return its path."""
    folder = f"deploy-{secrets.token_hex(4)}"
    body = {"action": "mkdir", "path": folder}
    result(http.put(f"{MEDIA}/{user}", json=body), 201)
    result(http.post(f"{MEDIA}/{user}/{folder}", files={"fileToUpload": ("w.sh", script)}), 202)
    path = f"{user}/{folder}"
    wait_for(lambda: http.get(f"{LISTINGS}/{path}/w.sh").status_code == 200)
    return path


def register_deployed(http: Http, user: str, **changes: Any) -> dict[str, Any]:
    changes["deploymentPath"] = deploy(http, user)
    return register(http, templatePath="w.sh", testPath="w.sh", **changes)


def private_storage(name: str) -> dict[str, Any]:
    local = {"host": "localhost", "port": 22, "protocol": "LOCAL", "auth": {"type": "LOCAL"}}
    return {"id": name, "name": name, "type": "STORAGE", "storage": local}


def wrapper(http: Http, app: dict[str, Any]) -> str:
    """Return the wrapper of an app as ``http`` downloads it."""
    path = f"{app['deploymentPath']}/{app['templatePath']}"
    answer = http.get(f"/files/v2/media/system/{app['deploymentSystem']}/{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_published_app_is_for_everybody_and_keeps_its_own_files(http: HttpFactory) -> None:
    app = register_deployed(http("ada"), "ada", label="Mine")
    public = result(manage(http("ada"), app["id"], "publish"), 202)
    assert public["id"] == f"{app['id']}u1"
    assert (public["isPublic"], public["revision"], public["label"]) == (True, 1, "Mine")
    assert public["uuid"] != app["uuid"]
    assert result(http("ada").get(APPS + app["id"]))["isPublic"] is False
    result(http("ada").delete(f"{MEDIA}/{app['deploymentPath']}"))
    assert wrapper(http("grace"), public) == "echo hello\n"
    assert public["id"] in ids(http("grace"), publicOnly=True)
    assert result(http("grace").get(APPS + public["id"])) == public
    assert events(http("ada"), app["id"]) == ["CREATED", "PUBLISHED"]
    assert events(http("grace"), public["id"]) == ["CREATED"]


def test_jobs_of_a_published_app_run_for_everybody(http: HttpFactory) -> None:
    app = register_deployed(http("ada"), "ada")
    request = {"name": "n", "appId": app["id"]}
    refusal(http("grace").post("/jobs/v2/", json=request), 403)
    request["appId"] = result(manage(http("ada"), app["id"], "publish"), 202)["id"]
    job = result(http("grace").post("/jobs/v2/", json=request), 201)
    wait_for(
        lambda: result(http("grace").get(f"/jobs/v2/{job['id']}/status"))["status"] == "FINISHED"
    )
    outputs = result(http("grace").get(f"/jobs/v2/{job['id']}/outputs/listings/"))
    (stdout,) = (item for item in outputs if item["name"].endswith(".out"))
    assert http("grace").get(stdout["_links"]["self"]["href"]).text == "hello\n"


def test_an_app_on_private_storage_is_published_to_public_storage(http: HttpFactory) -> None:
    storage = f"store-{secrets.token_hex(4)}"
    result(http("ada").post("/systems/v2/", json=private_storage(storage)), 201)
    where = {"deploymentSystem": storage, "deploymentPath": "wc"}
    name = f"c{secrets.token_hex(4)}"
    app = result(manage(http("ada"), "wc-1.0", "clone", name=name, **where), 202)
    assert app["deploymentSystem"] == storage
    public = result(manage(http("ada"), app["id"], "publish"), 202)
    assert public["deploymentSystem"] == STORAGE
    assert wrapper(http("grace"), public) == wrapper(http("ada"), app)


def test_a_tenant_without_public_storage_says_what_is_missing() -> None:
    with Sandbox(seed="empty", check_answers=True) as empty:
        token = empty.credentials("ada")["token"]
        with Http(empty.url, token) as ada:
            local = private_storage("mine")
            result(ada.post("/systems/v2/", json=local), 201)
            runs = {
                **local,
                "id": "runs",
                "type": "EXECUTION",
                "executionType": "CLI",
                "scheduler": "FORK",
                "login": local["storage"],
                "queues": [{"name": "q", "default": True}],
            }
            result(ada.post("/systems/v2/", json=runs), 201)
            media = "/files/v2/media/system/mine/"
            result(ada.post(media, files={"fileToUpload": ("w.sh", "true\n")}), 202)
            wait_for(lambda: ada.get("/files/v2/listings/system/mine/w.sh").status_code == 200)
            own = {
                "executionSystem": "runs",
                "deploymentPath": "/",
                "templatePath": "w.sh",
                "testPath": "w.sh",
            }
            message = refusal(ada.post(APPS, json=definition(**own, deploymentSystem=None)), 400)
            assert "deploymentSystem" in message
            app = register(ada, **own, deploymentSystem="mine")
            assert "public storage" in refusal(manage(ada, app["id"], "publish"), 400)
            inside = {"deploymentSystem": "mine", "deploymentPath": "/copy"}
            refused = manage(ada, app["id"], "clone", name="copy", **inside)
            assert "/copy" in refusal(refused, 400)
            result(ada.delete("/systems/v2/mine"))
            assert "mine" in refusal(manage(ada, app["id"], "publish"), 400)


def test_each_publication_has_a_number_of_its_own(http: HttpFactory) -> None:
    app = register_deployed(http("ada"), "ada")
    first, second = (result(manage(http("ada"), app["id"], "publish"), 202) for _ in range(2))
    assert second["id"] == f"{app['id']}u2"
    assert second["revision"] == 2
    assert first["deploymentPath"] != second["deploymentPath"]
    assert events(http("ada"), app["id"]) == ["CREATED", "PUBLISHED", "REPUBLISHED"]
    mark = f"P{secrets.token_hex(4)}"
    named = result(manage(http("ada"), app["id"], "publish", name=mark, version="3.0"), 202)
    assert (named["id"], named["name"], named["version"]) == (f"{mark}-3.0u1", mark, "3.0")


def test_publications_at_the_same_time_do_not_share_a_number(http: HttpFactory) -> None:
    app = register_deployed(http("ada"), "ada")
    made: list[str] = []

    def publish() -> None:
        made.append(result(manage(http("ada"), app["id"], "publish"), 202)["id"])

    threads = [threading.Thread(target=publish) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [f"{app['id']}u{number}" for number in range(1, 7)]


def test_the_files_of_an_erased_publication_do_not_come_back(http: HttpFactory) -> None:
    app = register_deployed(http("ada"), "ada")
    first = result(manage(http("ada"), app["id"], "publish"), 202)
    result(manage(http("admin"), first["id"], "erase"))
    result(
        http("ada").post(
            APPS + app["id"],
            json=definition(
                name=app["name"],
                deploymentPath=deploy(http("ada"), "ada", "echo new\n"),
                templatePath="w.sh",
                testPath="w.sh",
            ),
        ),
        201,
    )
    second = result(manage(http("ada"), app["id"], "publish"), 202)
    assert second["id"] == first["id"]
    assert wrapper(http("ada"), second) == "echo new\n"


def test_publishing_needs_write_permission_and_a_publisher(http: HttpFactory) -> None:
    system = f"exec-{secrets.token_hex(4)}"
    result(http("admin").put("/systems/v2/sandbox.exec", json={"action": "clone", "id": system}))
    app = register(http("admin"), executionSystem=system)
    refusal(manage(http("ada"), app["id"], "publish"), 403)
    pems = {"username": "ada", "permission": "READ_EXECUTE"}
    result(http("admin").post(f"{APPS}{app['id']}/pems", json=pems), 201)
    assert "modify" in refusal(manage(http("ada"), app["id"], "publish"), 403)
    pems["permission"] = "ALL"
    result(http("admin").post(f"{APPS}{app['id']}/pems", json=pems), 201)
    roles = f"/systems/v2/{system}/roles"
    result(http("admin").post(roles, json={"username": "ada", "role": "USER"}), 201)
    assert "PUBLISHER" in refusal(manage(http("ada"), app["id"], "publish"), 403)
    assert ids(http("admin"), f"name/{app['name']}") == [app["id"]]
    result(http("admin").post(roles, json={"username": "ada", "role": "PUBLISHER"}), 201)
    assert result(manage(http("ada"), app["id"], "publish"), 202)["owner"] == "ada"


def test_a_public_app_and_a_taken_name_are_not_published(http: HttpFactory) -> None:
    refusal(manage(http("admin"), "wc-1.0", "publish"), 400)
    refusal(manage(http("ada"), "wc-1.0", "publish"), 403)
    app = register(http("ada"))
    message = refusal(manage(http("ada"), app["id"], "publish", name="wc", version="1.0"), 403)
    assert "wc-1.0" in message
    for faulty in ({"name": "a b"}, {"version": "x"}, {"name": 1}):
        body = {"action": "publish", **faulty}
        refusal(http("ada").put(APPS + app["id"], json=body), 400)


def test_only_its_publisher_and_administrators_change_a_public_app(http: HttpFactory) -> None:
    app = register(http("ada"))
    public = result(manage(http("ada"), app["id"], "publish"), 202)
    refusal(manage(http("grace"), public["id"], "disable"), 403)
    refusal(http("grace").delete(APPS + public["id"]), 401)
    assert result(manage(http("ada"), public["id"], "disable"))["available"] is False
    assert result(manage(http("admin"), public["id"], "enable"))["available"] is True
    result(http("admin").delete(APPS + public["id"]))


def test_a_clone_is_private_and_has_its_own_files(http: HttpFactory) -> None:
    mark = f"c{secrets.token_hex(4)}"
    clone = result(manage(http("grace"), "wc-1.0", "clone", name=mark, version="2.0"), 202)
    assert clone["id"] == f"{mark}-2.0"
    assert (clone["owner"], clone["isPublic"], clone["revision"]) == ("grace", False, 1)
    original = result(http("grace").get(APPS + "wc-1.0"))
    assert clone["inputs"] == original["inputs"]
    assert clone["parameters"] == original["parameters"]
    assert clone["deploymentPath"] == f"grace/apps/{mark}-2.0"
    assert wrapper(http("grace"), clone) == wrapper(http("ada"), original)
    refusal(http("ada").get(APPS + clone["id"]), 403)
    assert events(http("grace"), clone["id"]) == ["CREATED"]
    assert events(http("grace"), "wc-1.0")[-1] == "CLONED"
    result(http("grace").delete(f"{MEDIA}/{clone['deploymentPath']}"))
    assert wrapper(http("grace"), original)


def test_the_files_of_a_clone_go_where_they_are_asked_to_go(http: HttpFactory) -> None:
    mark = f"c{secrets.token_hex(4)}"
    path = f"/home/ada/{mark}/deep"
    where = {"deploymentSystem": STORAGE, "deploymentPath": path}
    clone = result(manage(http("ada"), "wc-1.0", "clone", name=mark, **where), 202)
    assert (clone["id"], clone["deploymentPath"]) == (f"{mark}-1.0", path)
    names = {item["name"] for item in result(http("ada").get(f"{LISTINGS}/{path}"))}
    assert {"wrapper.sh", "test"} <= names
    taken = manage(http("ada"), "wc-1.0", "clone", name=f"{mark}b", **where)
    assert path in refusal(taken, 400)
    where["deploymentPath"] = f"/home/grace/{mark}"
    refusal(manage(http("ada"), "wc-1.0", "clone", name=f"{mark}b", **where), 403)
    where["deploymentSystem"] = "none.storage"
    refusal(manage(http("ada"), "wc-1.0", "clone", name=f"{mark}b", **where), 404)
    where = {"storageSystem": STORAGE, "deploymentPath": f"{path}er"}  # the old document's name
    clone = result(manage(http("ada"), "wc-1.0", "clone", name=f"{mark}b", **where), 202)
    assert clone["deploymentSystem"] == STORAGE


@pytest.mark.parametrize("name", ["", "wc"])
def test_a_clone_cannot_take_an_id_that_is_there(http: HttpFactory, name: str) -> None:
    assert "wc-1.0" in refusal(manage(http("ada"), "wc-1.0", "clone", name=name), 400)


def test_an_app_that_one_cannot_read_is_not_cloned(http: HttpFactory) -> None:
    app = register(http("ada"))
    assert app["id"] in refusal(manage(http("grace"), app["id"], "clone", name="mine"), 403)
    refusal(manage(http("grace"), "none-1.0", "clone", name="mine"), 404)


def test_a_clone_for_another_execution_system_does_not_keep_the_queue(http: HttpFactory) -> None:
    system = f"exec-{secrets.token_hex(4)}"
    result(http("admin").put("/systems/v2/sandbox.exec", json={"action": "clone", "id": system}))
    more = {"name": f"c{system}", "executionSystem": system}
    refusal(manage(http("ada"), "wc-1.0", "clone", **more), 403)
    clone = result(manage(http("admin"), "wc-1.0", "clone", **more), 202)
    assert (clone["executionSystem"], clone["defaultQueue"]) == (system, None)


def test_apps_whose_files_have_gone_say_so(http: HttpFactory) -> None:
    app = register_deployed(http("ada"), "ada")
    result(http("ada").delete(f"{MEDIA}/{app['deploymentPath']}"))
    assert app["deploymentPath"] in refusal(manage(http("ada"), app["id"], "publish"), 400)
    assert app["deploymentPath"] in refusal(manage(http("ada"), app["id"], "clone", name="x"), 400)


def test_files_that_are_no_longer_shared_are_not_published(http: HttpFactory) -> None:
    path = deploy(http("grace"), "grace")
    pems = f"/files/v2/pems/system/{STORAGE}/{path}"
    shared = {"username": "ada", "permission": "READ", "recursive": True}
    result(http("grace").post(pems, json=shared), 201)
    app = register(http("ada"), deploymentPath=path, templatePath="w.sh", testPath="w.sh")
    result(http("grace").post(pems, json={**shared, "permission": "NONE"}), 200)
    refusal(manage(http("ada"), app["id"], "publish"), 403)
    refusal(manage(http("ada"), app["id"], "clone", name=f"{app['name']}b"), 403)
    assert ids(http("ada"), f"name/{app['name']}*") == [app["id"]]
