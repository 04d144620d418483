"""Calls are recorded once, without secrets, and replayed without a tenant or an account."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from agavepy.sandbox import Sandbox

TEST = """
import pytest

HOME = {"systemId": "sandbox.storage", "filePath": "ada"}

def test_session(agave, agave_cassette):
    assert agave.profiles.get().username == "ada"
    assert agave.files.list(**HOME, limit=1)[0].name == "."
    assert agave.files.list(**HOME, offset=1)[0].name != "."
    made = agave.meta.addMetadata(body={"name": "x", "value": {"password": "hush", "n": 1}})
    assert agave.meta.getMetadata(uuid=made.uuid).value.n == 1
    assert b"Hello" in agave.files.download(**{**HOME, "filePath": "ada/data/hello.txt"}).content
    created = agave.clients.create(body={"clientName": "cassette"})
    assert created.name == "cassette"
    with pytest.raises(Exception, match="No system found"):
        agave.systems.get(systemId="none")
"""


def cassette(pytester: pytest.Pytester) -> Path:
    return pytester.path / "cassettes" / "test_recorded" / "test_session.yaml"


@pytest.fixture
def recorded(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_recorded=TEST)
    result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-record=once")
    result.assert_outcomes(passed=1)
    return pytester


def test_a_recorded_session_replays_without_a_server(recorded: pytest.Pytester) -> None:
    before = cassette(recorded).read_bytes()
    recorded.makeconftest(
        """
        import agavepy.testing.server as server

        def refuse(self):
            raise AssertionError("a sandbox was started")

        server.LocalServer.start = refuse
        """
    )
    for mode in ("none", "once"):
        result = recorded.runpytest_subprocess("-p", "no:randomly", f"--agave-record={mode}")
        result.assert_outcomes(passed=1)
    assert cassette(recorded).read_bytes() == before


def test_no_secret_is_written(recorded: pytest.Pytester) -> None:
    text = cassette(recorded).read_text()
    calls = {call["operation"]: call for call in yaml.safe_load(text)["calls"]}
    assert calls["meta.addMetadata"]["arguments"]["body"]["value"] == {"password": "***", "n": 1}
    assert calls["clients.create"]["json"]["result"]["consumerSecret"] == "***"
    assert "hush" not in text
    assert "Authorization" not in text


def test_a_cassette_can_be_read_by_people(recorded: pytest.Pytester) -> None:
    content = yaml.safe_load(cassette(recorded).read_text())
    assert content["agavepy_cassette"] == 1
    download = next(c for c in content["calls"] if c["operation"] == "files.download")
    assert download["arguments"]["filePath"] == "ada/data/hello.txt"
    assert "Hello" in download["text"]
    assert list(content["calls"][0])[:3] == ["operation", "arguments", "status"]


def test_a_missing_cassette_says_how_to_record_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_recorded=TEST)
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no cassette *--agave-record=once*"])


def test_a_call_that_was_not_recorded_is_named(recorded: pytest.Pytester) -> None:
    recorded.makepyfile(test_recorded=TEST.replace("limit=1", "limit=2"))
    result = recorded.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*holds no files.list with *'limit': 2*--agave-record=rewrite*"])


def test_rewrite_records_anew(recorded: pytest.Pytester) -> None:
    changed = TEST.replace("limit=1", "limit=2")
    recorded.makepyfile(test_recorded=changed)
    arguments = ("-p", "no:randomly", "--agave-record=rewrite")
    recorded.runpytest_inprocess(*arguments).assert_outcomes(passed=1)
    assert "limit: 2" in cassette(recorded).read_text()


def test_a_failed_test_leaves_no_cassette(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_recorded=TEST + "    assert False\n")
    result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-record=once")
    result.assert_outcomes(failed=1)
    assert not cassette(pytester).exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "agavepy_cassette: 1\ncalls: [", "while parsing*"),
        ("", "[]", "*"),
        ("", "agavepy_cassette: 9\n", "its format is 9, not 1"),
        ("username: ada", "", "it lacks 'username'"),
        ("api_server: http", "api_server: htt", "api_server is 'htt*"),
        ("status: 200", "status: ok", "*'ok'"),
        ("operation: profiles.get", "operation:", "operation of a call is None"),
        ("arguments: {}", "arguments: []", "arguments of a call is []"),
        ("  headers:\n", "  headers: none\n  not-headers:\n", "headers of a call is 'none'"),
        ("arguments: {}", "arguments: {}\n  base64: '!'", "*"),
    ],
)
def test_a_broken_cassette_is_told_from_a_missing_one(
    recorded: pytest.Pytester, old: str, new: str, told: str
) -> None:
    text = cassette(recorded).read_text()
    assert old in text
    cassette(recorded).write_text(text.replace(old, new, 1) if old else new)
    result = recorded.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"E *CassetteError: *test_session.yaml is no cassette: {told}"])


SEVERAL = """
import subprocess, sys, time

from agavepy import Agave

def test_users(agave, agave_as, agave_cassette):
    made = agave.meta.addMetadata(body={"name": "shared", "value": 1})
    grant = {"username": "grace", "permission": "READ"}
    agave.meta.updateMetadataPermissions(uuid=made.uuid, body=grant)
    assert agave_as("grace").meta.getMetadata(uuid=made.uuid).value == 1
    assert [c.profiles.get().username for c in (agave_as("grace"), agave)] == ["grace", "ada"]
    assert agave_as("ada") is agave

def test_renewed(agave, agave_as, agave_cassette):
    grace = agave_as("grace")
    for renewed in (grace, agave):
        renewed.refresh()
        assert [c.profiles.get().username for c in (agave, grace)] == ["ada", "grace"]

def test_restored(agave_cassette):
    assert Agave.restore().profiles.get().username == "ada"

def test_restored_at_home(agave_home, agave_cassette):
    assert Agave.restore().profiles.get().username == "ada"

def test_waiting(agave, agave_job, agave_cassette):
    assert agave_job().status == "FINISHED"

def test_searching(agave, agave_job, agave_cassette):
    agave_job()
    found = [agave.jobs.list(search={"status.eq": s}) for s in ("FINISHED", "FAILED")]
    assert [bool(jobs) for jobs in found] == [True, False]
"""


def test_users_restored_clients_waits_and_searches_are_replayed(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_several=SEVERAL)
    result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-record=once")
    result.assert_outcomes(passed=6)
    swapped = SEVERAL.replace('("FINISHED", "FAILED")', '("FAILED", "FINISHED")')
    pytester.makepyfile(test_several=swapped.replace("[True, False]", "[False, True]"))
    pytester.makeconftest(
        """
        import time
        import agavepy.testing.server as server

        def refuse(*_):
            raise AssertionError("a sandbox was started, or a client waited")

        server.LocalServer.start = time.sleep = refuse
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(passed=6)


def test_a_recorded_live_session_has_one_user(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytester.makepyfile(
        """
        def test_it(agave, agave_as, agave_cassette):
            agave_as("ada")
        """
    )
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "login"))
    with Sandbox(tenant="livetenant") as live:
        live.client("grace").save_configs(tmp_path / "login")
        arguments = ("--agave-live=current", "--agave-record=once")
        result = pytester.runpytest_inprocess("-p", "no:randomly", *arguments)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*there is no login of ada: --agave-live is that of one user"])
