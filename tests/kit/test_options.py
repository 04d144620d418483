"""Each option, setting and marker does what its help says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agavepy.sandbox import Sandbox
from tests.documents_support import swagger
from tests.waiting import wait_for

WHO = """
def test_who(agave):
    assert agave.profiles.get().username == "ada"
    agave.meta.addMetadata(body={"name": "from-a-test", "value": 1})
    print("server", agave.api_server)
"""


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run ``agavepy sandbox`` as a CI service does; yield its ready file."""
    ready = tmp_path_factory.mktemp("tenant") / "ready.json"
    command = (sys.executable, "-c", "from agavepy.cli.main import main; raise SystemExit(main())")
    options = ("--port", "0", "--ready-file", str(ready))
    with subprocess.Popen([*command, "sandbox", *options], stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: ready.exists() or process.poll() is not None, timeout_s=60)
        yield ready
        process.terminate()


def test_a_running_sandbox_is_used_and_left_as_it_was(
    pytester: pytest.Pytester, tenant: Path
) -> None:
    pytester.makepyfile(
        WHO
        + """
def test_faults_and_time(agave, agave_faults, agave_clock, agave_calls, agave_admin):
    agave_faults.fail("profiles.get", 503)
    agave_clock.advance(99999)
    assert agave.profiles.get().username == "ada"
    agave_calls.assert_called("profiles.get", 2)
    assert agave_admin.profiles.get().username == "admin"
    assert not agave.meta.listMetadata(q='{"name": "from-a-test"}')
"""
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-s", f"--agave-url={tenant}")
    result.assert_outcomes(passed=2)
    url = json.loads(tenant.read_text())["url"]
    result.stdout.fnmatch_lines([f"*server {url}"])


def test_an_address_without_the_secret_is_good_for_calls_only(
    pytester: pytest.Pytester, tenant: Path
) -> None:
    pytester.makepyfile(
        """
        def test_calls(agave): assert agave.profiles.get().username == "ada"
        def test_faults(agave_faults): agave_faults.fail()
        """
    )
    url = json.loads(tenant.read_text())["url"]
    result = pytester.runpytest_inprocess("-p", "no:randomly", f"--agave-url={url}")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*needs the secret of its run*--ready-file*"])


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_a_ready_file_that_is_none_is_named(pytester: pytest.Pytester, content: str | None) -> None:
    pytester.makepyfile(WHO)
    if content is not None:
        (pytester.path / "ready.json").write_text(content)
    result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-url=ready.json")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*AgaveError: *ready.json*"])


def test_several_workers_do_not_share_a_running_sandbox(
    pytester: pytest.Pytester, tenant: Path
) -> None:
    pytester.makepyfile(WHO)
    result = pytester.runpytest_subprocess("-n", "2", f"--agave-url={tenant}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*leave out -n, or --agave-url*"])


LIVE = """
import pytest

@pytest.mark.agave_live
def test_live(agave):
    print("live", agave.api_server, agave.profiles.get().username)

def test_sandbox(agave):
    print("sandbox", agave.api_server)
"""


def test_a_live_test_is_skipped_without_a_profile(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LIVE)
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*needs a real tenant: --agave-live=PROFILE"])


@pytest.mark.parametrize("profile", ["current", "livetenant-grace", "livetenant"])
def test_a_live_test_runs_as_the_cached_login(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str
) -> None:
    pytester.makepyfile(LIVE)
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "login"))
    with Sandbox(tenant="livetenant", token_ttl=1) as live:
        live.client("grace").save_configs(tmp_path / "login")
        arguments = ("-p", "no:randomly", "-s", f"--agave-live={profile}")
        result = pytester.runpytest_inprocess(*arguments)
        result.assert_outcomes(passed=2)
        result.stdout.fnmatch_lines([f"*live {live.url} grace"])
        # Its refresh token works once: what the test renewed is what the next run finds.
        pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=2)


def test_every_test_of_a_live_session_is_recorded_and_shown(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(3))
        def test_it(agave, agave_cassette, number):
            assert agave.profiles.get().username == "grace"

        @pytest.mark.agave_live
        def test_failing(agave):
            agave.systems.list()
            raise AssertionError
        """
    )
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "login"))
    with Sandbox(tenant="livetenant", token_ttl=1) as live:
        live.client("grace").save_configs(tmp_path / "login")
        arguments = ("--agave-live=current", "--agave-record=once")
        result = pytester.runpytest_inprocess("-p", "no:randomly", *arguments)
        result.assert_outcomes(passed=3, failed=1)
        result.stdout.fnmatch_lines([f"curl {live.url}/systems/v2* -H *", "  → 200 OK"])
    cassettes = sorted(pytester.path.glob("cassettes/*/*.yaml"))
    assert len(cassettes) == 3
    for cassette in cassettes:
        content = yaml.safe_load(cassette.read_text())
        assert content["api_server"] == live.url
        assert "profiles.get" in [call["operation"] for call in content["calls"]]
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(passed=3, skipped=1)


@pytest.mark.parametrize("fixture", ["agave_as", "agave_faults", "agave_home", "agave_system"])
def test_a_live_test_is_given_nothing_of_the_sandbox_s(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fixture: str
) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.agave_live
        def test_live(agave, {fixture}): pass
        """
    )
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "login"))
    with Sandbox(tenant="livetenant") as live:
        live.client("grace").save_configs(tmp_path / "login")
        result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-live=current")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a test marked agave_live has `agave` and `agave_job`*"])


def test_a_live_test_has_the_services_of_the_settings_and_of_its_marker_and_no_other(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("shelf", "inventory"):
        document = swagger("find", info={"title": name, "version": "1"})
        many = {"type": "array", "items": {"type": "object"}}
        document["paths"]["/find"]["get"]["responses"]["200"]["schema"] = many
        (pytester.path / f"{name}.json").write_text(json.dumps(document))
    pytester.makeini("[pytest]\nagave_specs = shelf.json\n")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.agave_live
        @pytest.mark.agave_spec("inventory.json")
        def test_marked(agave):
            assert agave.profiles.get().username == "grace"
            assert agave.inventory.find() == agave.shelf.find() == []

        @pytest.mark.agave_live
        def test_next(agave):
            assert agave.shelf.find() == []
            assert "inventory" not in agave.services()
        """
    )
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "login"))
    with Sandbox(tenant="livetenant") as live:
        live.client("grace").save_configs(tmp_path / "login")
        result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-live=current")
        result.assert_outcomes(passed=2)


def test_a_live_job_is_submitted_to_the_live_tenant(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.agave_live
        def test_live(agave_job):
            assert agave_job().owner == "grace"
        """
    )
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "login"))
    with Sandbox(tenant="livetenant") as live:
        live.client("grace").save_configs(tmp_path / "login")
        result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-live=current")
        result.assert_outcomes(passed=1)
        assert len(live.client("grace").jobs.list()) == 1


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ("agave_faults('files.list', 'status', 503)", "agave_faults('files.list', 'status', 503)*"),
        ("agave_transition('jobs', manul=True)", "agave_transition('jobs', 'manul')*'manul'*"),
        ("agave_spec", "agave_spec()*'path'*"),
        ("agave_spec('a.yaml', 'b.yaml')", "agave_spec('a.yaml', 'b.yaml')*"),
        ("agave_spec(path='none.yaml')", "cannot read the description *none.yaml*"),
    ],
)
def test_a_mistaken_marker_is_named(pytester: pytest.Pytester, marker: str, told: str) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.{marker}
        def test_it(): pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"E *{told}"])


def test_the_calls_of_a_client_of_the_session_are_shown(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="session")
        def lasting(agave_server):
            client = agave_server.client("ada")
            client.profiles.get()
            return client

        def test_failing(lasting, agave_sandbox):
            lasting.systems.list()
            raise AssertionError
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- Agave calls -*", "curl http://*/systems/v2*", "  → 200 OK"])


#: A description that promises what the sandbox does not answer.
_WRONG = """
import pytest
from agavepy.sandbox.services import profiles
from agavepy.sandbox.call import Reply
from agavepy.sandbox import registry

@pytest.fixture(autouse=True)
def wrong(agave_server, monkeypatch):
    handlers = agave_server.tenant.app._handlers
    monkeypatch.setitem(handlers, ("profiles", "get"), lambda call: Reply({"username": 5}))
"""


@pytest.mark.parametrize(
    ("option", "outcome"),
    [
        ("off", {"passed": 1}),
        ("warn", {"passed": 1}),
        ("strict", {"failed": 1}),
    ],
)
def test_answers_are_held_against_their_descriptions(
    pytester: pytest.Pytester, option: str, outcome: dict[str, Any]
) -> None:
    pytester.makeconftest(_WRONG)
    pytester.makepyfile("def test_it(agave): agave.profiles.get()")
    for arguments in ([f"--agave-validate={option}"], []):
        result = pytester.runpytest_inprocess("-p", "no:randomly", "-W", "default", *arguments)
        assert outcome.items() <= result.parseoutcomes().items()
        if option != "off":
            result.stdout.fnmatch_lines(["*profiles.get answered *result.username = 5*"])
        pytester.makeini(f"[pytest]\nagave_validate = {option}\n")


def test_a_setting_says_what_the_sandbox_holds(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nagave_seed = empty\n")
    pytester.makepyfile("def test_it(agave): assert agave.systems.list() == []")
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)


def test_a_wrong_setting_is_named(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nagave_validate = sometimes\n")
    pytester.makepyfile("def test_it(agave): pass")
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.stdout.fnmatch_lines(["*agave_validate = sometimes: choose from off, warn, strict*"])


def test_markers_and_options_are_documented(pytester: pytest.Pytester) -> None:
    shown = pytester.runpytest_inprocess("--markers").stdout.str()
    assert "agave_faults(" in shown
    assert "agave_live" in shown
    shown = pytester.runpytest_inprocess("--help").stdout.str()
    for name in ("--agave-url", "--agave-live", "--agave-record", "--agave-validate"):
        assert name in shown
    for name in ("agave_isolate", "agave_seed", "agave_validate", "agave_specs"):
        assert name in shown
