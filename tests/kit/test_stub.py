"""A stub answers what it was told, to the call that was meant, and nothing that no server says."""

from __future__ import annotations

from unittest.mock import ANY

import pytest

from agavepy import Agave
from agavepy.errors import BadRequest, NotFound, ServerError, UsageError
from agavepy.testing import Stub, StubError

HOME = {"systemId": "sandbox.storage", "filePath": "ada"}


def test_a_queued_result_is_what_the_call_returns(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    agave_stub.add_response(ag.profiles.get, {"username": "someone"})
    assert ag.profiles.get().username == "someone"


def test_code_that_restores_its_own_client_finds_the_stub(agave_stub: Stub) -> None:
    ag = Agave.restore()
    agave_stub.add_response(ag.profiles.get, {"username": "someone"})
    assert ag.profiles.get().username == "someone"


def test_answers_come_in_order_and_by_operation(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    agave_stub.add_response(ag.profiles.get, {"username": "first"})
    agave_stub.add_response(ag.systems.list, [])
    agave_stub.add_response(ag.profiles.get, {"username": "second"})
    assert ag.systems.list() == []
    assert [ag.profiles.get().username for _ in range(2)] == ["first", "second"]


def test_a_download_answers_bytes(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    agave_stub.add_response(ag.files.download, b"\0\xff", HOME)
    assert ag.files.download(**HOME).content == b"\0\xff"


def test_expected_arguments_are_held_against_the_call(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    body = {"action": "mkdir", "path": "x"}
    agave_stub.add_response(ag.files.manage, expected={**HOME, "body": {**body, "path": ANY}})
    with pytest.raises(StubError, match="filePath='grace', expected 'ada'"):
        ag.files.manage(systemId="sandbox.storage", filePath="grace", body=body)
    with pytest.raises(StubError, match=r"body=\{'action': 'rename'"):
        ag.files.manage(**HOME, body={"action": "rename", "path": "x"})
    ag.files.manage(**HOME, body=body)


def test_an_error_is_raised_as_from_a_server(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    agave_stub.add_error(ag.files.list, 404, "No such file", HOME)
    with pytest.raises(NotFound, match="No such file") as caught:
        ag.files.list(**HOME)
    assert caught.value.response.status_code == 404
    agave_stub.add_error(ag.files.list, 500, "Broken")
    with pytest.raises(ServerError, match="Broken"):
        ag.files.list(**HOME)


def test_a_call_that_nothing_was_queued_for_says_what_to_add(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    with pytest.raises(StubError, match=r"files\.list was called with .*'ada'.*add_response"):
        ag.files.list(**HOME)


def test_what_a_stub_says_of_a_call_holds_no_secret(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    body = {"name": "x", "value": {"password": "hush"}}
    with pytest.raises(StubError, match=r"'password': '\*\*\*'"):
        ag.meta.addMetadata(body=body)
    agave_stub.add_error(ag.meta.addMetadata, 400, "no", {"body": body})
    with pytest.raises(StubError, match=r"=\{.*'\*\*\*'.*expected \{.*'\*\*\*'") as caught:
        ag.meta.addMetadata(body={**body, "name": "y"})
    assert "hush" not in str(caught.value)
    with pytest.raises(BadRequest):
        ag.meta.addMetadata(body=body)


def test_an_answer_that_no_server_gives_cannot_be_queued(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    with pytest.raises(StubError, match=r"result.*'ada'"):
        agave_stub.add_response(ag.profiles.get, "ada")
    with pytest.raises(StubError, match="418"):
        agave_stub.add_error(ag.profiles.get, 418, "teapot")
    with pytest.raises(UsageError, match="200 is no error"):
        agave_stub.add_error(ag.profiles.get, 200)
    with pytest.raises(UsageError, match="did you mean 'filePath'"):
        agave_stub.add_response(ag.files.list, [], {"filepath": "ada"})
    assert agave_stub.pending == []


def test_answers_that_nobody_asked_for_fail_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_forgotten(agave_stub):
            ag = agave_stub.client()
            agave_stub.add_response(ag.profiles.get, {"username": "x"})
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*answers were queued that no call asked for: profiles.get"])


def test_no_sandbox_is_started_for_a_stub(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys, threading

        def test_stub(agave_stub):
            ag = agave_stub.client()
            agave_stub.add_error(ag.profiles.get, 400, "no")
            try:
                ag.profiles.get()
            except Exception as error:
                assert error.status == 400
            assert "agavepy.sandbox.server" not in sys.modules
            assert threading.active_count() == 1
        """
    )
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)


def test_a_wrong_call_is_refused_before_it_reaches_the_stub(agave_stub: Stub) -> None:
    ag = agave_stub.client()
    agave_stub.add_error(ag.files.list, 400, "never asked")
    with pytest.raises(TypeError, match="filepath"):
        ag.files.list(systemId="x", filepath="y")
    with pytest.raises(BadRequest):
        ag.files.list(**HOME)
