"""The pages in a real browser: states move on the screen, nothing comes from elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from agavepy import Agave
from agavepy.sandbox import Sandbox
from tests.unit.loopback import Loopback

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
#: Where the browser must be (continuous integration installs it), a missing one is a failure.
REQUIRED = bool(os.environ.get("CI"))

pytestmark = pytest.mark.skipif(
    not (REQUIRED or (CHROMIUM and DRIVER)),
    reason="chromium and chromedriver are not installed (Debian: chromium, chromium-driver)",
)


@pytest.fixture
def browser(fresh_sandbox: Sandbox, tmp_path: Path) -> Iterator[webdriver.Chrome]:
    assert CHROMIUM, "install chromium"
    assert DRIVER, "install chromedriver"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update",
        f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,900",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(30)
    driver.get(f"{fresh_sandbox.url}/?secret={fresh_sandbox.control.secret}")
    yield driver
    driver.quit()


def test_a_person_finds_a_file_from_the_overview(
    fresh_sandbox: Sandbox, browser: webdriver.Chrome
) -> None:
    assert fresh_sandbox.control.secret not in browser.current_url
    for name in ("Systems", "sandbox.storage", "home/", "ada/", "data/", "hello.txt"):
        browser.find_element(By.LINK_TEXT, name).click()
    shown = browser.find_element(By.CSS_SELECTOR, "pre.content").text
    with fresh_sandbox.client("ada").files.download(
        systemId="sandbox.storage", filePath="ada/data/hello.txt"
    ) as answer:
        assert shown.strip() == answer.text.strip()


def test_the_state_of_a_job_moves_on_the_screen(
    fresh_sandbox: Sandbox, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    ag = fresh_sandbox.client("ada")
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    wrapper = ("wait.sh", f"read line < '{gate}'\n".encode())
    for folder, name in ((".", "waiting"), ("waiting", "test")):
        body = {"action": "mkdir", "path": f"ada/{folder}/{name}".replace("/./", "/")}
        ag.files.manage(systemId="sandbox.storage", filePath="", body=body)
    ag.files.importData(systemId="sandbox.storage", filePath="ada/waiting", fileToUpload=wrapper)
    WebDriverWait(browser, 20).until(
        lambda _: (
            "wait.sh"
            in [
                item.name
                for item in ag.files.list(systemId="sandbox.storage", filePath="ada/waiting")
            ]
        )
    )
    ag.apps.add(
        body={
            "name": "waiting", "version": "1.0", "executionSystem": "sandbox.exec",
            "executionType": "CLI", "parallelism": "SERIAL", "deploymentPath": "ada/waiting",
            "deploymentSystem": "sandbox.storage", "templatePath": "wait.sh",
            "testPath": "wait.sh", "inputs": [], "parameters": [],
        }
    )  # fmt: skip
    job = ag.jobs.submit(body={"name": "live", "appId": "waiting-1.0", "archive": False})
    browser.find_element(By.LINK_TEXT, "Jobs").click()
    state = browser.find_element(By.CSS_SELECTOR, f"[id='{job.id}'] .state")
    WebDriverWait(browser, 20).until(lambda _: state.text == "RUNNING")
    gate.write_text("go on\n")
    WebDriverWait(browser, 20).until(lambda _: state.text == "FINISHED")
    assert state.get_attribute("data-changed") is not None


def test_a_held_job_is_seen_to_be_held_until_it_goes_on(
    fresh_sandbox: Sandbox, browser: webdriver.Chrome
) -> None:
    pace = fresh_sandbox.control.pace
    pace.set("jobs", "by_hand")
    inputs = {"file": "agave://sandbox.storage/ada/data/hello.txt"}
    body = {"name": "held", "appId": "wc-1.0", "inputs": inputs, "parameters": {"mode": "lines"}}
    job = fresh_sandbox.client("ada").jobs.submit(body=body)
    browser.find_element(By.LINK_TEXT, "Jobs").click()
    state = browser.find_element(By.CSS_SELECTOR, f"[id='{job.id}'] .state")
    assert state.text == "PENDING, held by hand"
    pace.advance("jobs", job.id)
    WebDriverWait(browser, 20).until(lambda _: state.text == "PROCESSING_INPUTS, held by hand")
    pace.set("jobs", "at_once")
    WebDriverWait(browser, 20).until(lambda _: state.text == "FINISHED")


def test_what_is_new_appears_while_somebody_looks(
    fresh_sandbox: Sandbox, browser: webdriver.Chrome
) -> None:
    ag = fresh_sandbox.client("ada")
    browser.find_element(By.LINK_TEXT, "Actors").click()
    actor = ag.actors.add(image="sandbox/echo", name="newcomer")
    _until(browser, lambda: browser.find_elements(By.LINK_TEXT, "newcomer"))
    browser.find_element(By.LINK_TEXT, "newcomer").click()
    first = ag.actors.sendMessage(actorId=actor.id, message="said first")
    found = (By.ID, first.executionId)
    _until(browser, lambda: browser.find_elements(*found))
    execution = browser.find_element(*found)
    execution.find_element(By.TAG_NAME, "summary").click()
    _until(browser, lambda: execution.find_element(By.TAG_NAME, "pre").text == "said first")
    second = ag.actors.sendMessage(actorId=actor.id, message="<b>then</b>")
    _until(browser, lambda: browser.find_elements(By.ID, second.executionId))
    assert execution.find_element(By.TAG_NAME, "pre").is_displayed()  # it stays open
    assert browser.find_elements(By.CSS_SELECTOR, "main b") == []


def test_a_page_says_that_its_sandbox_is_gone(browser: webdriver.Chrome) -> None:
    with Sandbox() as sandbox:
        browser.get(f"{sandbox.url}/?secret={sandbox.control.secret}")
        still = browser.find_element(By.ID, "still")
        assert not still.is_displayed()
    _until(browser, still.is_displayed)


def test_beside_a_long_value_the_rest_can_be_read(
    fresh_sandbox: Sandbox, browser: webdriver.Chrome
) -> None:
    ag = fresh_sandbox.client("ada")
    ag.meta.addMetadata(body={"name": "genome", "value": "GATTACA" * 500})
    browser.find_element(By.LINK_TEXT, "Metadata").click()
    row = browser.find_element(By.XPATH, "//tr[td='genome']")
    words = [cell for cell in row.find_elements(By.TAG_NAME, "td") if cell.text in {"ada", "item"}]
    for cell in (*words, *browser.find_elements(By.TAG_NAME, "th")):
        lines = (
            "return [...arguments[0].childNodes].map(node => { const range = new Range(); "
            "range.selectNodeContents(node); return range.getClientRects().length })"
        )
        assert browser.execute_script(lines, cell) == [1], cell.text


def test_a_person_logs_in_and_comes_back_to_the_client_with_a_code(
    fresh_sandbox: Sandbox, browser: webdriver.Chrome
) -> None:
    def type_in(username: str, password: str) -> None:
        browser.find_element(By.NAME, "username").send_keys(username)
        browser.find_element(By.NAME, "password").send_keys(password)
        browser.find_element(By.CSS_SELECTOR, "button[value=grant]").click()

    with Loopback() as program:
        back = f"{program.url}/back"
        body = {"clientName": "program", "callbackUrl": back}
        ag = fresh_sandbox.client("ada")
        client = ag.clients.create(body=body)
        wish = {"client_id": client.consumerKey, "response_type": "code", "state": "a&b<c>"}
        browser.get(f"{fresh_sandbox.url}/authorize?{urlencode({**wish, 'redirect_uri': back})}")
        assert "program" in browser.find_element(By.TAG_NAME, "main").text
        type_in("grace", "wrong")
        assert "wrong" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
        type_in("grace", "grace")
        _until(browser, lambda: browser.current_url.startswith(back))
        came = parse_qs(urlsplit(browser.current_url).query)
    assert came["state"] == ["a&b<c>"]
    form = {"grant_type": "authorization_code", "code": came["code"][0], "redirect_uri": back}
    login = (client.consumerKey, client.consumerSecret)
    answer = requests.post(f"{fresh_sandbox.url}/token", data=form, auth=login, timeout=9)
    token = answer.json()["access_token"]
    assert Agave(api_server=fresh_sandbox.url, token=token).profiles.get().username == "grace"


def test_the_pages_need_no_internet_and_break_no_rule_of_their_own(
    fresh_sandbox: Sandbox, browser: webdriver.Chrome
) -> None:
    for name in ("Systems", "Apps", "Jobs", "Actors", "Metadata", "Requests", "Operations"):
        browser.find_element(By.LINK_TEXT, name).click()
        assert browser.find_element(By.TAG_NAME, "h1").text == name
        loaded = browser.execute_script(
            "return performance.getEntriesByType('resource').map(entry => entry.name)"
        )
        assert loaded
        assert [url for url in loaded if not url.startswith(fresh_sandbox.url)] == []
    assert [entry for entry in _log(browser) if entry["level"] == "SEVERE"] == []


def _until(browser: webdriver.Chrome, condition: Callable[[], object]) -> None:
    WebDriverWait(browser, 20).until(lambda _: condition())


def _log(browser: webdriver.Chrome) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return entries
