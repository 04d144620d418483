"""Which tenant a client is for: chosen at a terminal, found by its ID, or said to be missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

import agavepy
from agavepy import tenants
from agavepy.agave import Agave
from agavepy.errors import AnswerError, ConnectionFailed, CredentialsError, UsageError
from agavepy.sandbox import Sandbox
from tests.functional.interactive_support import person
from tests.terminal import Terminal
from tests.unit.loopback import Loopback, Reply

ROOT = Path(agavepy.__file__).parent.parent
PROGRAM = "from agavepy import Agave; ag = Agave(); print(ag.tenant_id, ag.api_server)"
SAMPLE = {
    "status": "success",
    "result": [
        {"code": "sd2e", "name": "SD2E Tenant", "baseUrl": "https://api.sd2e.org/"},
        {"code": "tacc.prod", "name": "TACC", "baseUrl": "https://api.tacc.utexas.edu/"},
    ],
}


@pytest.fixture
def central(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the sandbox's tenants service be the one that clients ask."""
    url = f"{sandbox.url}/tenants"
    monkeypatch.setenv("TAPIS_TENANTS_URL", url)
    return url


def test_a_client_without_arguments_asks_for_the_tenant_at_a_terminal(
    sandbox: Sandbox, central: str
) -> None:
    with Terminal(sys.executable, "-c", PROGRAM, PYTHONPATH=str(ROOT)) as terminal:
        terminal.expect("sandbox ")
        terminal.answer("Please specify the ID for the tenant", "sandbox")
        terminal.expect(f"sandbox {sandbox.url}")
        assert terminal.end() == 0


def test_a_wrong_answer_names_the_tenants_there_are(central: str) -> None:
    with Terminal(sys.executable, "-c", PROGRAM, PYTHONPATH=str(ROOT)) as terminal:
        terminal.answer("Please specify the ID", "sandbx")
        terminal.expect("no tenant has the ID 'sandbx' (did you mean 'sandbox'?)")
        assert terminal.end() == 1


def test_a_client_without_arguments_says_what_to_pass_where_nobody_can_be_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("agavepy.errors.UsageError")
    for way in ("Agave(api_server=", "Agave(tenant_id=", "Agave.restore()"):
        assert way in last
    assert done.stdout == ""


def test_a_notebook_asks_without_a_terminal(central: str, sandbox: Sandbox) -> None:
    with person("sandbox") as somebody:
        ag = Agave()
        ag.init()
    assert (ag.tenant_id, ag.api_server) == ("sandbox", sandbox.url)
    assert somebody.questions == [
        "\nPlease specify the ID for the tenant you wish to interact with: "
    ]


def test_a_list_of_tenants_that_cannot_be_had_is_no_dead_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Loopback() as server:
        server.say(Reply(404, b'{"status": "error", "message": "gone"}'))
        monkeypatch.setenv("TAPIS_TENANTS_URL", server.url)
        with person(), pytest.raises(CredentialsError, match="gone") as caught:
            Agave()
    for way in ("Agave(api_server=", "TAPIS_TENANTS_URL", server.url):
        assert way in str(caught.value)


def test_init_fills_in_what_is_missing(
    central: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_address = Agave(api_server=f"{sandbox.url}/")
    by_address.init()
    assert by_address.tenant_id == "sandbox"
    by_id = Agave(tenant_id="sandbox")
    by_id.init(central)
    assert (by_id.api_server, by_id.host) == (sandbox.url, sandbox.url.removeprefix("http://"))
    asked: list[str | None] = []

    def stand_in(url: str | None) -> dict[str, Any]:
        asked.append(url)
        return SAMPLE

    monkeypatch.setattr("agavepy.tenants.tenants.get_tenants", stand_in)
    other = Agave(tenant_id="sd2e")
    other.init("https://somewhere/tenants")
    assert (other.api_server, asked) == ("https://api.sd2e.org", ["https://somewhere/tenants"])
    with pytest.raises(KeyError, match=r"no tenant has the ID 'sd2'.*'sd2e'"):
        Agave(tenant_id="sd2").init()
    unlisted = Agave(api_server="https://127.0.0.1")
    unlisted.init()
    assert unlisted.tenant_id is None


def test_the_table_of_tenants_is_printed_and_returned(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agavepy.tenants.tenants.get_tenants", lambda url: SAMPLE)
    found = Agave(api_server="https://127.0.0.1").list_tenants()
    assert found["sd2e"] == {"id": "sd2e", "name": "SD2E Tenant", "url": "https://api.sd2e.org/"}
    assert capsys.readouterr().out.splitlines() == [
        f"{'ID':<20} {'NAME':<40} {'URL':<50}",
        f"{'sd2e':<20} {'SD2E Tenant':<40} {'https://api.sd2e.org/':<50}",
        f"{'tacc.prod':<20} {'TACC':<40} {'https://api.tacc.utexas.edu/':<50}",
    ]


def test_a_tenant_is_found_by_its_id_when_it_is_first_needed(
    central: str, sandbox: Sandbox
) -> None:
    token = sandbox.credentials("ada")["token"]
    ag = Agave(tenant_id="SANDBOX", token=token)
    assert ag.api_server is None, "a constructor sends nothing"
    assert ag.profiles.get().username == "ada"
    assert ag.host == sandbox.url.partition("://")[2]
    assert ag.tenant_id == sandbox.tenant_id, "as the tenants service spells it"
    with pytest.raises(CredentialsError, match=r"no tenant 'sandbx'.*'sandbox'.*address of"):
        Agave(tenant_id="sandbx", token=token).profiles.get()


def test_the_functions_tell_id_and_address_of_a_tenant(central: str, sandbox: Sandbox) -> None:
    (listed,) = tenants.list_tenants()
    assert tenants.list_tenants(f"{sandbox.url}/tenants") == [listed]
    assert tenants.api_server_by_id("Sandbox") == listed["baseUrl"] == f"{sandbox.url}/"
    assert tenants.api_server_by_id("nobody") is None
    for address in (sandbox.url, f"{sandbox.url}/"):
        assert tenants.id_by_api_server(address) == "sandbox"
    assert tenants.id_by_api_server("https://127.0.0.1") is None
    assert list(tenants.tenant_list()) == ["sandbox"]


def test_settings_of_a_client_hold_for_the_list_of_tenants(tmp_path: Path) -> None:
    with Sandbox(tls=True, seed="empty") as sandbox:
        url = f"{sandbox.url}/tenants"
        with pytest.raises(ConnectionFailed, match="certificate"):
            tenants.list_tenants(url)
        assert tenants.id_by_api_server(sandbox.url, url, sandbox.ca_bundle) == "sandbox"
        ag = Agave(api_server=sandbox.url, verify=sandbox.ca_bundle)
        ag.init(url)
        assert ag.tenant_id == "sandbox"


def test_a_tenants_service_that_fails_is_an_error_and_not_the_end_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agavepy.timing.pause", lambda seconds: None)
    with Loopback() as server:
        server.say(Reply(404, b"{}"))
        with pytest.raises(requests.HTTPError, match="404"):
            tenants.list_tenants(server.url)
        server.say(Reply(200, b"<html>hello</html>"))
        with pytest.raises(AnswerError, match="no list of tenants"):
            tenants.tenant_list(server.url)
        url = server.url
    with pytest.raises(ConnectionFailed):
        tenants.list_tenants(url)
    with pytest.raises(UsageError):
        tenants.list_tenants("ftp://x")
