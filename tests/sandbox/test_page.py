"""The pages over plain HTTP: what they show, to whom, and that nothing uploaded acts in them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests

from agavepy import loader
from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
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
        job_id = jobs.partition('data-state="')[2].partition('"')[0]
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


def test_jobs_show_their_state_history_and_files(sandbox: Sandbox, browser: Http) -> None:
    states = browser.get("/_page/states").json()
    job_id = next(iter(states))
    listing = page(browser, "/_page/jobs")
    assert f'data-state="{job_id}">{states[job_id]}<' in listing
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
    assert browser.get("/_page/states").json()[execution] in {"RUNNING", "COMPLETE"}
    assert "<b>hi" not in page(browser, address)


def test_metadata_is_shown_with_its_value(http: HttpFactory, browser: Http) -> None:
    item = {"name": "on the page", "value": {"depth": 42}}
    assert http("ada").post("/meta/v2/data", json=item).status_code == 201
    text = page(browser, "/_page/metadata")
    assert "on the page" in text
    assert "42" in text


def test_requests_are_shown_without_the_pages_own(http: HttpFactory, browser: Http) -> None:
    http("ada").get("/systems/v2/shown.on.the.page")
    text = page(browser, "/_page/requests")
    assert "GET /systems/v2/shown.on.the.page" in text
    assert "_page" not in text.partition("<main>")[2].partition("</main>")[0]


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
