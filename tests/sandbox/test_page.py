"""The pages over plain HTTP: what they show, to whom, and that nothing uploaded acts in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from agavepy import loader
from agavepy.sandbox import Sandbox
from agavepy.sandbox.services.page import ENTRIES
from tests.conftest import Http, HttpFactory
from tests.sandbox import jobs_support
from tests.sandbox.apps_support import definition
from tests.waiting import wait_for

MEDIA = "/files/v2/media/system/sandbox.storage/ada"


@pytest.fixture
def browser(sandbox: Sandbox) -> Iterator[Http]:
    session = Http(sandbox.url, "")
    answer = session.request("GET", f"/?secret={sandbox.control.secret}")
    assert answer.status_code == 302
    assert sandbox.control.secret not in answer.headers["Location"]
    yield session
    session.close()


def page(browser: Http, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    return answer.text


def test_the_pages_are_for_those_who_have_the_secret(sandbox: Sandbox) -> None:
    for path in ("/", "/_page/jobs", "/_page/systems/sandbox.storage/home", "/?secret=wrong"):
        answer = requests.get(sandbox.url + path, timeout=9, allow_redirects=False)
        assert answer.status_code == 401
        assert "sandbox.storage" not in answer.text
        assert "agavepy sandbox" in answer.text


def test_the_overview_shows_users_and_leads_on(browser: Http) -> None:
    text = page(browser, "/")
    for shown in ("ada", "grace", "administrator", "sandbox-ada", "/_page/jobs"):
        assert shown in text


def test_every_page_says_which_jobs_service_the_tenant_has(browser: Http) -> None:
    assert "jobs service: classic" in page(browser, "/")
    with Sandbox(jobs="aloe") as aloe, Http(aloe.url, "") as there:
        there.get(f"/?secret={aloe.control.secret}")
        assert "jobs service: Aloe" in page(there, "/")
        jobs = page(there, "/_page/jobs")
        job_id = jobs.partition('<tr id="')[2].partition('"')[0]
        assert "Transitioning from status ARCHIVING to FINISHED" in page(
            there, f"/_page/jobs/{job_id}"
        )


def test_systems_lead_to_their_files_and_files_to_their_content(browser: Http) -> None:
    assert "/_page/systems/sandbox.storage/" in page(browser, "/_page/systems")
    assert "home/ada" in page(browser, "/_page/systems/sandbox.storage/home")
    folder = page(browser, "/_page/systems/sandbox.storage/home/ada/data")
    assert "/_page/systems/sandbox.storage/home/ada/data/hello.txt" in folder
    shown = page(browser, "/_page/systems/sandbox.storage/home/ada/data/hello.txt")
    raw = browser.get("/_page/systems/sandbox.storage/home/ada/data/hello.txt?raw=true")
    assert raw.text.splitlines()[0] in shown
    assert raw.headers["Content-Type"] == "application/octet-stream"


def test_what_users_upload_cannot_act_in_a_page(http: HttpFactory, browser: Http) -> None:
    name = "<img src=x onerror=alert(1)>.html"
    content = b"<script>alert('mine')</script>"
    assert http("ada").post(MEDIA, files={"fileToUpload": (name, content)}).status_code == 202
    folder = "/_page/systems/sandbox.storage/home/ada"
    wait_for(lambda: "onerror" in page(browser, folder))
    assert "<img" not in page(browser, folder)
    address = f"{folder}/{quote(name)}"
    assert "<script>alert" not in page(browser, address)
    raw = browser.get(f"{address}?raw=true")
    assert raw.content == content
    assert raw.headers["Content-Security-Policy"] == "sandbox"
    assert raw.headers["X-Content-Type-Options"] == "nosniff"


def test_apps_show_what_they_take(browser: Http) -> None:
    text = page(browser, "/_page/apps")
    for shown in ("wc-1.0", "mode", "file"):
        assert shown in text


def test_jobs_show_their_state_history_and_files(
    http: HttpFactory, sandbox: Sandbox, browser: Http
) -> None:
    job_id = jobs_support.run(http("ada"), jobs_support.app(http("ada"), sandbox, "true"))["id"]
    assert job_id in page(browser, "/_page/jobs")
    text = page(browser, f"/_page/jobs/{job_id}")
    for shown in ("PENDING", "FINISHED", "Its files"):
        assert shown in text


def test_actors_show_their_messages_and_logs(http: HttpFactory, browser: Http) -> None:
    listing = page(browser, "/_page/actors")
    assert "sandbox/echo" in listing
    actor = http("ada").get("/actors/v2").json()["result"][0]
    sent = http("ada").post(f"/actors/v2/{actor['id']}/messages", json={"message": "<b>hi</b>"})
    execution = sent.json()["result"]["executionId"]
    address = f"/_page/actors/{actor['id']}"
    wait_for(lambda: "&lt;b&gt;hi&lt;/b&gt;" in page(browser, address).partition(execution)[2])
    assert "<b>hi" not in page(browser, address)


def test_metadata_is_shown_with_its_value(http: HttpFactory, browser: Http) -> None:
    item = {"name": "on the page", "value": {"depth": 42}}
    assert http("ada").post("/meta/v2/data", json=item).status_code == 201
    text = page(browser, "/_page/metadata")
    assert "on the page" in text
    assert "&#34;depth&#34;: 42" in text


def test_requests_are_shown_without_the_pages_own(http: HttpFactory, browser: Http) -> None:
    http("ada").get("/systems/v2/shown.on.the.page")
    page(browser, "/_page/jobs")
    text = page(browser, "/_page/requests")
    assert "GET /systems/v2/shown.on.the.page" in text
    assert "GET /_page" not in text


def test_earlier_requests_are_on_pages_of_their_own(http: HttpFactory, browser: Http) -> None:
    ada = http("ada")
    for number in range(ENTRIES + 2):
        ada.get(f"/none/v2/{number:03}")
    newest, earlier = page(browser, "/_page/requests"), f"/_page/requests?offset={ENTRIES}"
    assert newest.index(f"/none/v2/{ENTRIES + 1:03}<") < newest.index("/none/v2/002<")
    assert f'href="{earlier}"' in newest
    last = page(browser, earlier)
    assert [f"/none/v2/{number:03}<" in last for number in range(3)] == [True, True, False]


def test_every_described_operation_is_documented(browser: Http) -> None:
    overview = page(browser, "/_page/operations")
    for name in loader.services():
        assert f"/_page/operations/{name}" in overview
        text = page(browser, f"/_page/operations/{name}")
        for plan in loader.service_plan(name).values():
            assert f"<code>{plan.id}</code>" in text


@pytest.mark.parametrize(
    "path",
    [
        "/_page/systems/none/x",
        "/_page/systems/sandbox.storage/none",
        "/_page/systems/sandbox.storage/%2e%2e/%2e%2e/etc/passwd",
        "/_page/jobs/none",
        "/_page/actors/none",
        "/_page/operations/none",
        "/_page/static/layout.html",
    ],
)
def test_what_is_not_there_is_said_on_a_page(browser: Http, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "There is no such thing" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_who_asks_wrongly_reads_so_on_a_page(browser: Http, method: str) -> None:
    answer = browser.get("/_page/jobs?offset=many")
    assert answer.status_code == 400
    assert "&#39;many&#39; is no integer" in answer.text
    answer = browser.request(method, "/_page/jobs")
    assert answer.status_code == 405
    assert answer.headers["Content-Type"].startswith("text/html")


def test_two_sandboxes_are_open_in_one_browser(browser: Http, sandbox: Sandbox) -> None:
    with Sandbox(seed="empty") as other:
        browser.get(f"{other.url}/?secret={other.control.secret}")
        for each in (sandbox, other):
            answer = browser.get(f"{each.url}/")
            assert answer.status_code == 200
            assert each.url in answer.text


def test_what_jobs_leave_behind_keeps_no_page_from_being_shown(
    fresh_sandbox: Sandbox, tmp_path: Path
) -> None:
    home = fresh_sandbox.tenant.root / "systems" / "sandbox.storage" / "home" / "ada"
    os.mkfifo(home / "pipe")
    (home / "nowhere").symlink_to("gone")
    (home / "round").symlink_to("round")
    (home / "outside").symlink_to(tmp_path)
    (home / "empty line first.txt").write_bytes(b"\n\xe9")
    Path(os.fsdecode(bytes(home) + b"/\xff")).touch()
    base = "/_page/systems/sandbox.storage/home/ada"
    with Http(fresh_sandbox.url, "") as browser:
        browser.get(f"/?secret={fresh_sandbox.control.secret}")
        assert "\ufffd" in page(browser, base)
        assert "no file that could be shown" in page(browser, f"{base}/pipe")
        assert browser.get(f"{base}/pipe?raw=true").status_code == 400
        for name in ("nowhere", "round", "outside"):
            for query in ("", "?raw=true"):
                answer = browser.get(f"{base}/{name}{query}")
                assert answer.status_code == 404
                assert "There is no such thing" in answer.text
        assert "\n\n\ufffd</pre>" in page(browser, f"{base}/empty line first.txt")


def test_the_beginning_of_a_large_file_is_cut_between_letters(
    fresh_sandbox: Sandbox,
) -> None:
    home = fresh_sandbox.tenant.root / "systems" / "sandbox.storage" / "home" / "ada"
    (home / "large").write_text("x" + "é" * (1 << 20))
    with Http(fresh_sandbox.url, "") as browser:
        browser.get(f"/?secret={fresh_sandbox.control.secret}")
        shown = page(browser, "/_page/systems/sandbox.storage/home/ada/large")
    assert "This is the beginning of it." in shown
    assert "é</pre>" in shown
    assert len(shown) < 100_000


def test_apps_lead_to_their_files_wherever_home_is(http: HttpFactory, browser: Http) -> None:
    body = definition(name="near", deploymentPath="ada/data", templatePath="hello.txt")
    body |= {"testPath": "hello.txt"}
    assert http("ada").post("/apps/v2/", json=body).status_code == 200
    shown = page(browser, "/_page/apps").partition(">near-1.0<")[2]
    assert "hello.txt" in page(browser, shown.partition('href="')[2].partition('"')[0])


def test_a_job_is_shown_when_its_system_is_gone(fresh_sandbox: Sandbox) -> None:
    job = fresh_sandbox.client("ada").jobs.list()[0]
    admin = fresh_sandbox.client("admin")
    admin.systems.manage(systemId="sandbox.storage", body={"action": "erase"})
    with Http(fresh_sandbox.url, "") as browser:
        browser.get(f"/?secret={fresh_sandbox.control.secret}")
        shown = page(browser, f"/_page/jobs/{job.id}")
        assert "FINISHED" in shown
        assert "Its files" not in shown
        assert "wc-1.0" in page(browser, "/_page/apps")


def test_much_of_a_kind_comes_in_pages(fresh_sandbox: Sandbox) -> None:
    names = [f"item {number}" for number in range(300)]
    items = [{"name": name, "value": 1} for name in names]
    fresh_sandbox.client("ada").meta.bulkCreate(body=items)
    with Http(fresh_sandbox.url, "") as browser:
        browser.get(f"/?secret={fresh_sandbox.control.secret}")
        first = page(browser, "/_page/metadata")
        second = page(browser, first.rpartition('<a href="')[2].partition('"')[0])
    shown = [re.findall(r">(item \d+)<", text) for text in (first, second)]
    assert len(shown[0]) <= 250
    assert sorted(shown[0] + shown[1]) == sorted(names)
    assert ">More<" not in second


def test_large_and_broken_values_are_shown_as_far_as_can_be(
    fresh_sandbox: Sandbox,
) -> None:
    ag = fresh_sandbox.client("ada")
    for value in ("y" * 100_000, "\ud800"):
        ag.meta.addMetadata(body={"name": "\ud800 half", "value": value})
    actor = ag.actors.add(image="sandbox/echo", name="loud")
    ag.actors.sendMessage(actorId=actor.id, message="z" * 100_000, _abaco_synchronous=True)
    with Http(fresh_sandbox.url, "") as browser:
        browser.get(f"/?secret={fresh_sandbox.control.secret}")
        for path, mark in (("/_page/metadata", "y"), (f"/_page/actors/{actor.id}", "z")):
            shown = page(browser, path)
            assert 4000 < shown.count(mark) < 70_000
        assert "? half" in page(browser, "/_page/metadata")
