"""Calls are recorded once, without secrets, and replayed without a tenant or an account."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

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


def test_a_broken_cassette_is_told_from_a_missing_one(recorded: pytest.Pytester) -> None:
    for text in ("agavepy_cassette: 1\ncalls: [", "[]", "agavepy_cassette: 9\n"):
        cassette(recorded).write_text(text)
        result = recorded.runpytest_inprocess("-p", "no:randomly")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*test_session.yaml is no cassette*"])
