"""Postits over the wire: requests that others make in somebody's name."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from agavepy.errors import BadRequest, Forbidden
from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.files_support import at, content, upload, workplace

BASE = "/postits/v2/"
HELLO = at("media", "/home/ada/data/hello.txt")


def result(response: requests.Response, status: int = 200) -> Any:
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    body = response.json()
    assert list(body) == ["status", "message", "result", "version"]
    assert (body["status"], body["version"]) == ("success", "2.0.0-SNAPSHOT-rc3fad")
    return body["result"]


def refusal(response: requests.Response, status: int) -> str:
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    body = response.json()
    assert list(body) == ["status", "message", "result", "version"]
    assert (body["status"], body["result"]) == ("error", "")
    message: str = body["message"]
    return message


def create(web: Http, path: str = HELLO, **fields: Any) -> Any:
    """Create a postit of a path of the tenant and return it."""
    return result(web.post(BASE, json={"url": web.base_url + path, "method": "GET", **fields}))


def keys(web: Http, **query: Any) -> list[str]:
    return [item["postit"] for item in result(web.get(BASE, params=query))]


def test_a_new_postit_is_answered_in_the_envelope_with_its_address(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    made = create(http("ada"))
    key = made["postit"]
    assert len(key) == 32
    created, expires = made.pop("created"), made.pop("expires")
    assert "." not in created
    assert created[-6:] in {"-05:00", "-06:00"}
    assert created < expires
    url = sandbox.url + HELLO
    assert made == {
        "creator": "ada",
        "internalUsername": None,
        "authenticated": True,
        "remainingUses": 1,
        "postit": key,
        "noauth": False,
        "url": url,
        "method": "GET",
        "_links": {
            "self": {"href": f"{sandbox.url}/postits/v2/{key}"},
            "profile": {"href": f"{sandbox.url}/profiles/v2/ada"},
            "file": {"href": url},
        },
    }


def test_a_naked_answer_is_the_postit_or_the_words_that_refuse_it(http: HttpFactory) -> None:
    made = create(http("ada"))
    naked = {"naked": "true", "filter": "postit"}
    assert {"postit": made["postit"]} in http("ada").get(BASE, params=naked).json()
    answer = http("ada").post(BASE, params=naked, json={"url": http("ada").base_url})
    assert answer.status_code == 400
    assert answer.text == "No method specified: give one of GET, PUT, POST, DELETE"


def test_whoever_has_the_address_gets_the_file_as_often_as_it_may_be_used(
    http: HttpFactory,
) -> None:
    made = create(http("ada"), maxUses=2)
    address = made["_links"]["self"]["href"]
    direct = http("ada").get(HELLO)
    for left in (1, 0):
        answer = http("").get(address)
        assert (answer.status_code, answer.content) == (200, direct.content)
        for name in ("Content-Type", "Content-Length", "Content-Disposition", "Last-Modified"):
            assert answer.headers[name] == direct.headers[name]
        listed = {item["postit"]: item for item in result(http("ada").get(BASE))}
        if left:
            assert listed[made["postit"]]["remainingUses"] == left
    assert refusal(http("").get(address), 403) == "Postit key has already been redeemed."
    assert made["postit"] not in keys(http("ada"), limit=250)
    assert made["postit"] in keys(http("ada"), status="no_uses", limit=250)


def test_of_many_who_use_a_postit_at_once_as_many_succeed_as_it_has_uses(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    address = create(http("ada"), maxUses=5)["_links"]["self"]["href"]

    def use(_: int) -> int:
        return requests.get(address, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(use, range(16))) == [200] * 5 + [403] * 11


def test_a_postit_expires_by_the_tenants_clock(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as web:
        made = create(web, lifetime=60, maxUses=9)
        address = made["_links"]["self"]["href"]
        fresh_sandbox.tenant.clock.advance(59)
        assert requests.get(address, timeout=30).status_code == 200
        fresh_sandbox.tenant.clock.advance(2)
        answer = requests.get(address, timeout=30)
        assert refusal(answer, 403) == "Postit key has expired."
        assert keys(web) == []
        assert keys(web, status="EXPIRED") == [made["postit"]]


def test_a_postit_lives_thirty_days_and_is_used_once_unless_told_otherwise(
    fresh_sandbox: Sandbox,
) -> None:
    clock = fresh_sandbox.tenant.clock
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as web:
        made, other = create(web), create(web)
    clock.advance(30 * 86400 - 60)
    answer = requests.get(made["_links"]["self"]["href"], timeout=30)
    assert answer.content.startswith(b"Hello")
    clock.advance(120)
    answer = requests.get(other["_links"]["self"]["href"], timeout=30)
    assert refusal(answer, 403) == "Postit key has expired."


def test_a_postit_without_a_limit_is_never_used_up(http: HttpFactory) -> None:
    made = create(http("ada"), unlimited=True)
    assert made["remainingUses"] == "unlimited"
    for _ in range(3):
        assert http("").get(made["_links"]["self"]["href"]).status_code == 200


def test_status_and_body_of_a_target_that_refuses_come_back_and_the_use_is_spent(
    http: HttpFactory,
) -> None:
    missing = at("media", "/home/ada/no-such-file")
    address = create(http("ada"), missing)["_links"]["self"]["href"]
    direct, answer = http("ada").get(missing), http("").get(address)
    assert (answer.status_code, answer.json()) == (404, direct.json())
    assert "already been redeemed" in refusal(http("").get(address), 403)


def test_looking_with_head_is_a_use_without_the_body(http: HttpFactory) -> None:
    address = create(http("ada"))["_links"]["self"]["href"]
    answer = http("").head(address)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == http("ada").head(HELLO).headers["Content-Length"]
    assert http("").head(address).status_code == 403


def test_a_postit_may_stand_for_another(http: HttpFactory) -> None:
    inner = create(http("ada"))["_links"]["self"]["href"]
    path = inner.removeprefix(http("ada").base_url)
    outer = create(http("grace"), path, maxUses=2)["_links"]["self"]["href"]
    assert http("").get(outer).content.startswith(b"Hello")
    assert "already been redeemed" in refusal(http("").get(outer), 403)


def test_a_postit_gives_no_more_than_its_creator_may(http: HttpFactory) -> None:
    address = create(http("grace"), HELLO)["_links"]["self"]["href"]
    assert http("").get(address).status_code == 403


def test_a_postit_without_authentication_reaches_public_targets_only(http: HttpFactory) -> None:
    made = create(http("ada"), noauth=True)
    assert (made["noauth"], made["authenticated"]) == (True, False)
    answer = http("").get(made["_links"]["self"]["href"])
    assert answer.status_code == 401
    assert answer.json()["fault"]["code"] == 900902
    open_to_all = create(http("ada"), "/tenants", noauth=True)
    assert "file" not in open_to_all["_links"]
    answer = http("").get(open_to_all["_links"]["self"]["href"])
    assert answer.json()["result"] == http("").get("/tenants").json()["result"]


def test_a_postit_does_not_stand_for_a_password(http: HttpFactory) -> None:
    address = create(http("ada"), "/clients/v2/")["_links"]["self"]["href"]
    assert http("").get(address).status_code == 401


def test_whoever_redeems_cannot_bring_rights_or_an_address_of_their_own(http: HttpFactory) -> None:
    address = create(http("ada"), "/profiles/v2/me", maxUses=2)["_links"]["self"]["href"]
    for web in (http("grace"), http("admin")):
        assert web.get(address).json()["result"]["username"] == "ada"


def test_query_and_range_reach_the_target(http: HttpFactory) -> None:
    listing = at("listings", "/home/ada/data") + "?limit=1&filter=name"
    address = create(http("ada"), listing)["_links"]["self"]["href"]
    assert http("").get(address).json()["result"] == [{"name": "."}]
    address = create(http("ada"))["_links"]["self"]["href"]
    answer = http("").get(address, headers={"Range": "bytes=0-4"})
    assert (answer.status_code, answer.content) == (206, b"Hello")


def test_a_body_is_passed_on_by_the_verb_of_the_postit(http: HttpFactory) -> None:
    where = workplace(http("ada"))
    media = at("media", where)
    address = create(http("ada"), media, method="PUT")["_links"]["self"]["href"]
    answer = http("").post(address, json={"action": "mkdir", "path": "new"})
    assert (answer.status_code, answer.json()["result"]["name"]) == (201, "new")
    for verb in ("PUT", "POST"):
        address = create(http("ada"), media, method="PUT")["_links"]["self"]["href"]
        again = http("").request(verb, address, json={"action": "mkdir", "path": "new"})
        assert (again.status_code, again.json()["result"]["name"]) == (200, "new")
    address = create(http("ada"), media, method="post", maxUses=2)["_links"]["self"]["href"]
    data = hashlib.sha256(where.encode()).digest() * 20000
    answer = http("").put(address, files={"fileToUpload": ("sent.bin", data)})
    assert answer.status_code == 202, answer.text
    upload(http("ada"), where, "after.txt", b"later")  # staging of a directory is in order
    assert http("").post(address, data=b"").status_code == 400
    assert content(http("ada"), f"{where}/after.txt") == b"later"


def test_a_delete_without_a_token_redeems_and_a_get_may_stand_for_one(http: HttpFactory) -> None:
    where = workplace(http("ada"))
    made = create(http("ada"), at("media", where), method="DELETE")
    assert http("").delete(made["_links"]["self"]["href"]).status_code == 200
    assert http("ada").get(at("listings", where)).status_code == 404
    made = create(http("ada"), "/profiles/v2/me")
    answer = http("").delete(made["_links"]["self"]["href"])
    assert answer.json()["result"]["username"] == "ada"


@pytest.mark.parametrize("way", ["created", "redeemed"])
def test_force_makes_browsers_save_what_comes(http: HttpFactory, way: str) -> None:
    made = create(http("ada"), force=way == "created")
    query = {"force": "true"} if way == "redeemed" else {}
    answer = http("").get(made["_links"]["self"]["href"], params=query)
    assert answer.headers["Content-Disposition"] == "attachment; filename=hello.txt"
    made = create(http("ada"), "/profiles/v2/me", force=True)
    answer = http("").get(made["_links"]["self"]["href"])
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''me"


def test_an_unknown_key_is_404(http: HttpFactory) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert refusal(http("").request(method, f"{BASE}{'0' * 32}"), 404) == "Unknown postit key."
    assert refusal(http("ada").delete(f"{BASE}{'0' * 32}"), 404) == "Unknown postit key."


def test_a_revoked_postit_cannot_be_used(http: HttpFactory) -> None:
    made = create(http("ada"), maxUses=5)
    path = BASE + made["postit"]
    assert "permission" in refusal(http("grace").delete(path), 403)
    assert http("").get(path).status_code == 200
    assert result(http("ada").delete(path)) == ""
    assert refusal(http("").get(path), 404) == "Unknown postit key."
    assert refusal(http("ada").delete(path), 404) == "Unknown postit key."
    assert made["postit"] in keys(http("ada"), status="REVOKED", limit=250)
    other = create(http("ada"))
    result(http("admin").delete(BASE + other["postit"]))
    assert other["postit"] not in keys(http("ada"), limit=250)


def test_a_listing_holds_ones_own_postits_the_newest_first(http: HttpFactory) -> None:
    first, second = create(http("grace")), create(http("grace"))
    assert keys(http("grace"))[:2] == [second["postit"], first["postit"]]
    assert keys(http("grace"), limit=1, offset=1) == [first["postit"]]
    for other in ("ada", "admin"):
        assert first["postit"] not in keys(http(other), limit=250)
    assert "sleeping" in refusal(http("ada").get(BASE, params={"status": "sleeping"}), 400)


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"url": None}, 400, "url"),
        ({"url": "https://elsewhere.example.org/files/v2/"}, 400, "elsewhere.example.org"),
        ({"url": "http://[broken"}, 400, "broken"),
        ({"url": "/files/v2/"}, 400, "/files/v2/"),
        ({"method": None}, 400, "method"),
        ({"method": "PATCH"}, 501, "PATCH"),
        ({"maxUses": 0}, 400, "maxUses"),
        ({"maxUses": "many"}, 400, "maxUses"),
        ({"lifetime": -1}, 400, "lifetime"),
        ({"lifetime": 1 << 40}, 400, "lifetime"),
        ({"noauth": "perhaps"}, 400, "noauth"),
        ({"unlimited": []}, 400, "unlimited"),
        ({"internalUsername": 7}, 400, "internalUsername"),
    ],
)
def test_a_postit_that_cannot_be_is_refused_with_the_field(
    http: HttpFactory, sandbox: Sandbox, fields: dict[str, Any], status: int, named: str
) -> None:
    body = {"url": sandbox.url + HELLO, "method": "GET", **fields}
    assert named in refusal(http("ada").post(BASE, json=body), status)


def test_a_form_makes_a_postit_as_the_command_lines_send_it(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    form = {"url": sandbox.url + HELLO, "method": "GET", "maxUses": "3", "noauth": "false"}
    made = result(http("ada").post(BASE, data=form))
    assert (made["remainingUses"], made["noauth"]) == (3, False)


def test_creating_and_listing_need_a_token(http: HttpFactory) -> None:
    assert http("").post(BASE, json={}).status_code == 401
    assert http("").get(BASE).status_code == 401


def test_one_postit_is_shown_by_key_and_by_uuid_with_what_was_used(http: HttpFactory) -> None:
    made = create(http("ada"), maxUses=3)
    http("").get(made["_links"]["self"]["href"])
    shown = result(http("ada").get(f"{BASE}listing/{made['postit']}"))
    assert (shown["numberUsed"], shown["remainingUses"], shown["status"]) == (1, 2, "ACTIVE")
    assert shown["createdAt"].endswith("Z")
    assert shown["uuid"].endswith("-010")
    assert result(http("ada").get(shown["_links"]["list"]["href"])) == shown
    assert result(http("admin").get(f"{BASE}listing/{shown['uuid']}")) == shown
    refusal(http("grace").get(f"{BASE}listing/{shown['uuid']}"), 403)
    refusal(http("ada").get(f"{BASE}listing/none"), 404)
    # The uuid is no secret, so that it opens nothing.
    refusal(http("").get(BASE + shown["uuid"]), 404)


def test_uses_and_lifetime_can_be_changed_and_a_spent_postit_works_again(
    http: HttpFactory,
) -> None:
    made = create(http("ada"))
    update = f"{BASE}update/{made['postit']}"
    http("").get(made["_links"]["self"]["href"])
    assert result(http("ada").post(update, json={"maxUses": 4}))["remainingUses"] == 4
    assert http("").get(made["_links"]["self"]["href"]).status_code == 200
    changed = result(http("admin").post(update, json={"unlimited": True, "lifetime": 5}))
    assert changed["remainingUses"] == "unlimited"
    assert (
        changed["expiresAt"]
        < result(http("ada").post(update, json={"lifetime": 9999}))["expiresAt"]
    )
    refusal(http("grace").post(update, json={"maxUses": 1}), 403)
    refusal(http("ada").post(f"{BASE}update/none", json={"maxUses": 1}), 404)
    refusal(http("ada").post(update, json={"maxUses": 0}), 400)
    result(http("ada").delete(BASE + made["postit"]))
    assert "revoked" in refusal(http("ada").post(update, json={"maxUses": 1}), 400)


def test_the_request_log_does_not_hold_the_key() -> None:
    lines: list[str] = []
    with Sandbox(check_answers=True, log=lines.append) as sandbox:
        token = sandbox.credentials("ada")["token"]
        with Http(sandbox.url, token) as web:
            made = create(web)
        assert requests.get(made["_links"]["self"]["href"], timeout=30).status_code == 200
    told = [line.split() for line in lines]
    assert [line[-1] for line in told] == ["postits.create", "files.download", "postits.redeem"]
    assert made["postit"] not in "".join(lines)


def test_the_client_creates_and_redeems_without_sending_its_token(sandbox: Sandbox) -> None:
    agave = sandbox.client("ada")
    made = agave.postits.create(body={"url": sandbox.url + HELLO, "method": "GET"})
    assert made.created < made.expires
    assert agave.postits.redeem(nonce=made.postit).content.startswith(b"Hello")
    with pytest.raises(Forbidden, match="already been redeemed"):
        agave.postits.redeem(nonce=made.postit)
    body = {"url": f"{sandbox.url}/systems/v2/", "method": "POST"}
    made = agave.postits.create(body=body)
    with pytest.raises(BadRequest, match="name"):
        agave.postits.redeemByPost(nonce=made.postit, body={"id": "incomplete"})
    made = agave.postits.create(body={"url": sandbox.url + HELLO, "method": "GET"})
    agave.postits.delete(uuid=made.postit)
    assert made.postit not in [item.postit for item in agave.postits.list(limit=250)]


def test_a_large_file_comes_whole_and_may_be_left_half_read(http: HttpFactory) -> None:
    where = workplace(http("ada"))
    data = bytes(range(256)) * 40000
    upload(http("ada"), where, "large.bin", data)
    made = create(http("ada"), at("media", f"{where}/large.bin"), maxUses=2)
    with http("").get(made["_links"]["self"]["href"], stream=True) as answer:
        assert next(answer.iter_content(1000)) == data[:1000]
    assert http("").get(made["_links"]["self"]["href"]).content == data
