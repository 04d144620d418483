"""Every fault that the sandbox can be told to have, and how a client gets through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from agavepy import timing
from agavepy.client import Agave
from agavepy.errors import (
    AnswerError,
    ConnectionFailed,
    NotAuthenticated,
    ServerError,
    Throttled,
    TimedOut,
)
from agavepy.sandbox import Sandbox, SandboxError
from agavepy.sandbox.faults import KINDS
from tests.conftest import Http
from tests.unit.loopback import Loopback, Reply

LISTING = "/files/v2/listings/system/sandbox.storage/ada"
HOME = {"systemId": "sandbox.storage", "filePath": "ada"}
Order = Callable[..., None]


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(check_answers=True) as running:
        running.control.snapshot("start")
        yield running


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have waited between its attempts; it does not."""
    waited: list[float] = []
    monkeypatch.setattr(timing, "pause", waited.append)
    return waited


@pytest.fixture
def ag(tenant: Sandbox, pauses: list[float]) -> Agave:
    tenant.control.restore("start")
    return tenant.client("ada")


@pytest.fixture(params=["python", "door"])
def order(request: pytest.FixtureRequest, tenant: Sandbox, ag: Agave) -> Iterator[Order]:
    """Order a fault, from the same process and as another one does."""
    headers = {"X-Sandbox-Secret": tenant.control.secret}
    with Http(tenant.url, "") as door:

        def ordered(kind: str, operation: str | None = "files.list", **fields: Any) -> None:
            fault = {"kind": kind, **fields}
            if operation is not None:
                fault["operation"] = operation
            if request.param == "python":
                tenant.control.faults.add(fault)
            else:
                answer = door.post("/_sandbox/faults", json=fault, headers=headers)
                assert answer.status_code == 200, answer.text

        yield ordered


def asked(tenant: Sandbox, operation: str = "files.list") -> list[tuple[int, str | None]]:
    """Return status and fault of each request for an operation."""
    found = tenant.control.requests.listing(operation)
    return [(item["status"], item["fault"]) for item in found]


def listed(ag: Agave) -> bool:
    return "data" in [item.name for item in ag.files.list(**HOME)]


def test_a_gateway_that_is_away_for_a_moment_is_not_noticed(
    tenant: Sandbox, ag: Agave, order: Order, pauses: list[float]
) -> None:
    order("status", status=503, times=3)
    assert listed(ag)
    assert asked(tenant) == [(503, "status")] * 3 + [(200, None)]
    assert len(pauses) == 3


def test_one_that_stays_away_is_an_error_with_the_servers_words(
    tenant: Sandbox, ag: Agave, order: Order
) -> None:
    order("status", status=502, message="The kitchen is closed", times=50)
    with pytest.raises(ServerError, match="The kitchen is closed") as caught:
        listed(ag)
    assert caught.value.status == 502
    assert len(asked(tenant)) == 5


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_an_answer_that_is_final_is_not_asked_for_again(
    tenant: Sandbox, ag: Agave, order: Order, status: int
) -> None:
    order("status", status=status, message="No")
    with pytest.raises(requests.HTTPError, match="No") as caught:
        listed(ag)
    assert caught.value.response is not None
    assert caught.value.response.status_code == status
    assert listed(ag)
    assert asked(tenant) == [(status, "status"), (200, None)]


def test_what_may_have_been_done_is_not_sent_twice(
    tenant: Sandbox, ag: Agave, order: Order
) -> None:
    body = {"name": "once", "value": {}}
    for kind, fields in (("status", {"status": 503}), ("drop", {}), ("truncate", {})):
        order(kind, "meta.addMetadata", **fields)
        with pytest.raises((ServerError, ConnectionFailed)):
            ag.meta.addMetadata(body=body)
    assert [fault for _, fault in asked(tenant, "meta.addMetadata")] == [
        "status",
        "drop",
        "truncate",
    ]
    query = '{"name": "once"}'
    assert len(ag.meta.listMetadata(q=query)) == 2  # dropped and cut off, but done


def test_a_late_answer_is_waited_for_as_long_as_agreed(
    tenant: Sandbox, ag: Agave, order: Order
) -> None:
    order("delay", delay=0.3)
    started = time.monotonic()
    assert listed(ag)
    assert time.monotonic() - started >= 0.3
    ag.transport.timeout = (5.0, 0.2)
    order("delay", delay=60)
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"files\.list"):
        listed(ag)
    assert time.monotonic() - started < 20
    ag.transport.timeout = (5.0, 60.0)
    assert listed(ag)


@pytest.mark.parametrize("kind", ["drop", "truncate"])
def test_a_broken_answer_is_asked_for_again(
    tenant: Sandbox, ag: Agave, order: Order, kind: str
) -> None:
    order(kind, times=2)
    assert listed(ag)
    assert asked(tenant) == [(200, kind)] * 2 + [(200, None)]
    order(kind, times=50)
    with pytest.raises(ConnectionFailed, match=r"files\.list"):
        listed(ag)


def test_a_download_that_is_cut_off_is_never_taken_for_whole(ag: Agave, order: Order) -> None:
    order("truncate", "files.download")
    where = {"systemId": "sandbox.storage", "filePath": "ada/data/reads.fa"}
    with ag.files.download(**where) as answer, pytest.raises(requests.RequestException):
        _ = answer.content
    with ag.files.download(**where) as answer:
        assert len(answer.content) == int(answer.headers["Content-Length"])


def test_a_body_of_no_sense_is_a_clear_error(tenant: Sandbox, ag: Agave, order: Order) -> None:
    order("corrupt")
    with pytest.raises(AnswerError, match=r"files\.list"):
        listed(ag)
    assert listed(ag)
    assert asked(tenant) == [(200, "corrupt"), (200, None)]


def test_a_redirect_within_the_tenant_is_followed_with_the_credentials(
    tenant: Sandbox, ag: Agave, order: Order
) -> None:
    order("redirect", location=f"{LISTING}/data")
    assert "hello.txt" in [item.name for item in ag.files.list(**HOME)]
    order("redirect", location=f"{tenant.url}{LISTING}", times=30)
    with pytest.raises(ConnectionFailed, match="redirects more than"):
        listed(ag)


def test_no_credential_follows_a_redirect_to_another_server(ag: Agave, order: Order) -> None:
    with Loopback() as elsewhere:
        elsewhere.say(Reply(200, b'{"status": "success", "message": null, "result": []}'))
        order("redirect", location=f"{elsewhere.url}/elsewhere", status=302)
        assert ag.files.list(**HOME) == []
    (seen,) = elsewhere.requests
    assert seen.target == "/elsewhere"
    assert "Authorization" not in seen.headers


def test_an_expired_token_is_renewed_once_and_the_call_succeeds(
    tenant: Sandbox, ag: Agave, order: Order
) -> None:
    before = ag._token
    order("expired")
    assert listed(ag)
    assert ag._token != before
    assert asked(tenant) == [(401, "expired"), (200, None)]
    order("expired", times=2)
    with pytest.raises(NotAuthenticated):
        listed(ag)
    assert len(asked(tenant, "token.create")) == 2


def test_a_throttled_login_is_told_so(tenant: Sandbox, ag: Agave, order: Order) -> None:
    order("throttle", "token.create", retryAfter=5)
    with pytest.raises(requests.HTTPError, match="throttled") as caught:
        ag.refresh()
    assert caught.value.response is not None
    assert caught.value.response.status_code == 429


def test_who_is_throttled_comes_back_when_the_server_says(
    tenant: Sandbox, ag: Agave, order: Order, pauses: list[float]
) -> None:
    order("throttle", retryAfter=7, times=2)
    assert listed(ag)
    assert [wait >= 7 for wait in pauses] == [True, True]
    assert asked(tenant) == [(429, "throttle")] * 2 + [(200, None)]
    order("throttle", retryAfter=3600)
    with pytest.raises(Throttled, match="throttled"):
        listed(ag)
    assert len(pauses) == 2  # an hour is not begun


FIELDS: dict[str, dict[str, Any]] = {"delay": {"delay": 0}, "redirect": {"location": "/tenants"}}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fault_strikes_its_operation_and_as_often_as_ordered(
    tenant: Sandbox, ag: Agave, order: Order, kind: str
) -> None:
    order(kind, "systems.list", times=2, **FIELDS.get(kind, {}))
    with Http(tenant.url, ag._token or "") as web:
        for path in ("/profiles/v2/me", "/systems/v2/", LISTING, "/systems/v2/", "/systems/v2/"):
            try:
                web.request("GET", path)
            except requests.RequestException:
                assert kind in {"drop", "truncate"}
                assert path == "/systems/v2/"
    struck = [(item["operation"], item["fault"]) for item in tenant.control.requests.listing()]
    assert struck == [
        ("profiles.get", None),
        ("systems.list", kind),
        ("files.list", None),
        ("systems.list", kind),
        ("systems.list", None),
    ]
    assert tenant.control.faults.listing() == []


def test_a_fault_of_no_operation_strikes_whoever_comes_first(
    tenant: Sandbox, ag: Agave, order: Order
) -> None:
    order("status", None, status=500)
    with pytest.raises(ServerError):
        ag.profiles.get()
    assert ag.profiles.get().username == "ada"


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({}, "kind"),
        ({"kind": "explode"}, "explode"),
        ({"kind": "delay"}, "delay"),
        ({"kind": "redirect"}, "location"),
        ({"kind": "drop", "times": 0}, "times"),
        ({"kind": "drop", "operation": "files.lst"}, "files.lst"),
    ],
)
def test_python_is_told_of_a_fault_that_makes_no_sense(
    tenant: Sandbox, fault: dict[str, Any], named: str
) -> None:
    with pytest.raises(SandboxError, match=named):
        tenant.control.faults.add(fault)


def test_the_description_has_the_kinds_that_there_are() -> None:
    from agavepy import loader

    fields = loader.document("_sandbox")["definitions"]["OrderedFault"]["properties"]
    assert set(fields["kind"]["enum"]) == KINDS


def test_a_sandbox_with_a_late_answer_closes_at_once() -> None:
    with Sandbox(seed="empty") as sandbox:
        sandbox.control.faults.add({"kind": "delay", "delay": 120})
        ag = sandbox.client("ada")
        ag.transport.timeout = (5.0, 0.1)
        with pytest.raises(TimedOut):
            ag.profiles.get()
        started = time.monotonic()
    assert time.monotonic() - started < 20
