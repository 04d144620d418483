"""Who looks at a failed test sees the calls that it made, and no credential."""

from __future__ import annotations

import pytest

from agavepy.testing.cassette import path_for


def test_a_failure_shows_its_calls_as_curl_lines(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_passing(agave):
            agave.profiles.get()

        def test_failing(agave, agave_as):
            agave.systems.list(limit=1)
            agave_as("grace").meta.addMetadata(body={"name": "x", "value": {"password": "hush"}})
            agave.systems.get(systemId="none")
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- Agave calls -*",
            "curl 'http://127.0.0.1:*/systems/v2*limit=1' *",
            "  → 200 OK",
            "curl -X POST http://127.0.0.1:*/meta/v2/data *--data-raw *",
            "  → 201 Created",
            "curl http://127.0.0.1:*/systems/v2/none *",
            "  → 404 Not Found: No system found*",
        ]
    )
    text = result.stdout.str().partition("Agave calls")[2]
    assert "Bearer ***" in text
    assert "hush" not in text
    assert text.count("/profiles/v2/me") == 0, "a call of another test"


def test_a_call_that_got_no_answer_is_shown_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_failing(agave, agave_faults):
            agave_faults.drop("meta.addMetadata")
            agave.meta.addMetadata(body={"name": "x", "value": 1})
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["curl -X POST *", "  → ConnectionError: *"])


def test_a_failure_without_calls_has_no_section(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_failing(agave): assert False")
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*Agave calls*")


def test_a_report_of_huge_bodies_can_be_read(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from contextlib import suppress

        from agavepy import AgaveError

        def test_huge(agave, agave_faults):
            agave_faults.fail(agave.profiles.get, 404, message="x" * 500_000)
            with suppress(AgaveError):
                agave.profiles.get()
            agave.meta.addMetadata(body={"name": "x", "value": "y" * 500_000})
            raise AssertionError
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  → 404 *: xxx*… <500000 characters>", "*--data-raw *yyy*"])
    assert len(result.stdout.str()) < 20_000


TOLERANT = """
import pytest
from agavepy import Agave, AgaveError

def listed(call):
    try:
        return call()
    except AgaveError:
        return "no tenant today"

def test_stub(agave_stub):
    listed(agave_stub.client().systems.list)

def test_cassette(agave_cassette, agave):
    listed(agave.systems.list)

def test_isolation(agave):
    listed(Agave(api_server="https://192.0.2.1", token="x").systems.list)

def test_mismatch(agave, agave_faults):
    agave_faults.fail("systems.list", 418)
    listed(agave.systems.list)
"""
RECORDED = """{agavepy_cassette: 1, api_server: "http://127.0.0.1:1", username: ada, calls: []}"""


def test_code_that_puts_up_with_refusals_does_not_hide_what_the_kit_found(
    pytester: pytest.Pytester,
) -> None:
    path = pytester.makepyfile(test_tolerant=TOLERANT)
    cassette = path_for(path, ["test_cassette"])
    cassette.parent.mkdir(parents=True)
    cassette.write_text(RECORDED)
    result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-validate=strict")
    result.assert_outcomes(failed=4)
    for name in ("StubError", "CassetteError", "IsolationError", "AnswerMismatch"):
        result.stdout.fnmatch_lines([f"E *{name}: *"])
