"""A tenant of Tapis v3: logging in, tokens in their header, any of its documents as a service."""

from __future__ import annotations

import copy
import json
import pickle
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from agavepy import Agave
from agavepy.errors import (
    AnswerError,
    CredentialsError,
    NotAuthenticated,
    NotFound,
    TokenError,
    UnknownName,
    UsageError,
)
from tests.documents_support import Site, swagger
from tests.tapis3_support import CLIENT, HEADER, KEY, PASSWORD, SYSTEMS, USER, Tapis3, client
from tests.unit.loopback import Reply


@pytest.fixture(scope="module")
def running() -> Iterator[Tapis3]:
    with Tapis3() as tenant:
        yield tenant


@pytest.fixture
def tenant(running: Tapis3) -> Tapis3:
    return running.begin()


def test_a_name_and_a_password_are_enough_to_call_a_service(tenant: Tapis3) -> None:
    ag = client(tenant)
    (system,) = ag.systems.getSystems(limit=1)
    assert (system.id, system["id"]) == ("one", "one")
    assert system.created == datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    ag.systems.getSystems()
    assert "id (string): Name of the system." in str(ag.systems.getSystems.__doc__)
    assert tenant.grants == [
        {"grant_type": "password", "username": USER, "password": PASSWORD, "client": ""}
    ]
    login, listing, again = tenant.requests
    assert (login.method, login.headers["Content-Type"]) == ("POST", "application/json")
    assert listing.headers[HEADER] == again.headers[HEADER]
    assert "Authorization" not in {*login.headers, *listing.headers}


def test_paths_begin_at_the_tenant_whatever_host_a_document_names(tenant: Tapis3) -> None:
    ag = client(tenant)
    ag.systems.getSystems()
    assert tenant.requests[-1].target == "/v3/systems", "the server's path belongs in front"
    ag.files.getContents(systemId="s", path="a/b")
    assert tenant.requests[-1].target.startswith("/v3/files/content/s/")


def test_bytes_are_given_as_the_response(tenant: Tapis3) -> None:
    ag = client(tenant)
    answer = ag.files.getContents(systemId="s", path="a")
    assert answer.content == b"\0bytes"
    assert answer.request.headers[HEADER], "a document that names no credential gets the token too"


def test_an_error_says_what_the_service_said(tenant: Tapis3) -> None:
    with pytest.raises(NotFound) as caught:
        client(tenant).systems.getSystem(systemId="nowhere")
    assert caught.value.message == "SYSAPI_NOT_FOUND Record not found."
    with pytest.raises(TokenError, match="Invalid username/password combination") as refused:
        client(tenant, password="wrong-password").systems.getSystems()
    assert "flavour='tapis3'" in str(refused.value)
    assert "wrong-password" not in str(refused.value)


def test_a_client_refreshes_its_pair_and_logs_in_when_that_is_used_up(tenant: Tapis3) -> None:
    ag = client(tenant, api_key=CLIENT, api_secret=KEY)
    ag.systems.getSystems()
    assert ag.refresh_token
    first = tenant.requests[-1].headers[HEADER]
    ag.refresh()
    ag.systems.getSystems()
    assert tenant.requests[-1].headers[HEADER] != first
    assert [grant["grant_type"] for grant in tenant.grants] == ["password", "refresh_token"]
    assert {grant["client"] for grant in tenant.grants} == {f"{CLIENT}:{KEY}"}
    tenant._live.clear()
    ag.refresh()
    kinds = [grant["grant_type"] for grant in tenant.grants]
    assert kinds == ["password", "refresh_token", "refresh_token", "password"]


def test_a_pair_from_elsewhere_is_refreshed_without_a_password(tenant: Tapis3) -> None:
    made = client(tenant, api_key=CLIENT, api_secret=KEY)
    pair = made.tokens()
    ag = client(
        tenant,
        username=None,
        password=None,
        api_key=CLIENT,
        api_secret=KEY,
        token=pair["access_token"],
        refresh_token=pair["refresh_token"],
    )
    ag.refresh()
    ag.systems.getSystems()
    assert [grant["grant_type"] for grant in tenant.grants] == ["password", "refresh_token"]


def test_an_expired_token_is_renewed_once_for_all_threads(
    tenant: Tapis3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant's clock is ahead: to the client the token still looks good."""
    ag = client(tenant, api_key=CLIENT, api_secret=KEY)
    ag.systems.getSystems()
    ahead = time.time() + tenant.lifetime_s + 1
    tenant.clock = lambda: ahead
    failed: list[Exception] = []

    def call() -> None:
        try:
            ag.systems.getSystems()
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert [grant["grant_type"] for grant in tenant.grants] == ["password", "refresh_token"]


def test_a_token_is_renewed_before_it_expires(tenant: Tapis3) -> None:
    tenant.lifetime_s = 0
    ag = client(tenant)
    assert ag.tokens()["access_token"]
    tenant.lifetime_s = 14400
    ag.systems.getSystems()
    assert len(tenant.grants) == 2
    assert not [seen for seen in tenant.requests if seen.headers.get(HEADER) == "expired"]


def test_the_expiry_is_read_from_the_token_where_nothing_else_says_it(tenant: Tapis3) -> None:
    tenant.dated = False
    ag = client(tenant)
    ag.systems.getSystems()
    payload = str(ag.tokens()["access_token"]).split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    assert (ag.created_at or 0) + (ag.expires_in or 0) == claims["exp"]
    given = client(tenant, username=None, password=None, token=tenant.token())
    given.systems.getSystems()
    assert given.expires_at is not None


def test_a_bare_token_works_until_it_is_refused(tenant: Tapis3) -> None:
    ag = client(tenant, username=None, password=None, token="no.such.token")
    tenant.answer = lambda _: Reply(401, b'{"status": "error", "message": "Signature has expired"}')
    with pytest.raises(NotAuthenticated, match="Signature has expired"):
        ag.systems.getSystems()
    assert len(tenant.requests) == 1
    assert not tenant.grants


def test_without_credentials_it_says_which_are_missing(tenant: Tapis3) -> None:
    ag = client(tenant, username=None, password=None)
    with pytest.raises(CredentialsError, match="give username= and password=, or token="):
        ag.systems.getSystems()
    assert not tenant.requests


def test_a_server_that_is_no_v3_tenant_is_named(tenant: Tapis3) -> None:
    for body in (b"{}", b"[]", b"<html>", b'{"result": {"access_token": {"access_token": 3}}}'):
        tenant.answer = lambda _, body=body: Reply(200, body)  # type: ignore[misc]
        with pytest.raises(AnswerError, match=r"is it a tenant of Tapis v3\?"):
            client(tenant).systems.getSystems()


def test_the_token_goes_to_the_tenant_alone(tenant: Tapis3) -> None:
    with Site() as other:
        tenant_token = client(tenant).tokens()["access_token"]
        assert tenant_token
        ag = client(tenant, specs={"away": swagger("find", schemes=["http"])})
        ag.add_service("away", swagger("find"), server=other.url)
        ag.away.find()
        assert HEADER not in other.requests[-1].headers
        ag.add_service("away", swagger("find"), server=other.url, trust=other.url)
        ag.away.find()
        assert other.requests[-1].headers[HEADER]
        other.requests.clear()
        tenant.answer = lambda seen: (
            tenant._serve(seen)
            if "oauth2" in seen.target
            else Reply(307, b"", {"Location": f"{other.url}/take"})
        )
        client(tenant).systems.getSystems()
        assert other.requests
        assert HEADER not in other.requests[-1].headers


def test_the_services_of_the_package_are_none_of_a_v3_tenant(tenant: Tapis3) -> None:
    ag = client(tenant, specs={"systems": SYSTEMS})
    assert ag.services() == ["systems"]
    assert "systems" in dir(ag)
    assert "jobs" not in dir(ag)
    with pytest.raises(UnknownName, match="its services: systems"):
        ag.jobs  # noqa: B018 - asking for it is the test
    with pytest.raises(UnknownName, match="give their documents, specs="):
        client(tenant, specs=None).jobs  # noqa: B018 - asking for it is the test


def test_a_v3_client_is_pickled_told_of_and_made_anew(tenant: Tapis3) -> None:
    told: list[dict[str, Any]] = []
    ag = client(tenant, token_callback=lambda **info: told.append(info))
    ag.systems.getSystems()
    assert [info["access_token"] for info in told] == [ag.tokens()["access_token"]]
    again = pickle.loads(pickle.dumps(client(tenant)))
    assert again.systems.getSystems()[0].id == "one"
    assert Agave(**ag.to_dict(), password=PASSWORD).systems.getSystems()
    assert PASSWORD not in repr(ag)
    assert str(ag.tokens()["access_token"]) not in repr(ag._source)


def test_a_flavour_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'tapis3'"):
        Agave(api_server="https://x", flavour="tapis")


def test_restore_takes_a_v3_login_from_the_environment(
    tenant: Tapis3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPIS_BASE_URL", tenant.url)
    monkeypatch.setenv("TAPIS_USERNAME", USER)
    monkeypatch.setenv("TAPIS_PASSWORD", PASSWORD)
    ag = Agave.restore(flavour="tapis3", specs={"systems": SYSTEMS})
    assert ag.systems.getSystems()[0].id == "one"
    monkeypatch.setenv("TAPIS_TOKEN", tenant.token())
    ag = Agave.restore(flavour="tapis3", specs={"systems": SYSTEMS})
    assert ag.systems.getSystems()[0].id == "one"
    assert len(tenant.grants) == 1


def test_the_token_of_a_v3_client_is_read_and_renewed_as_one_of_v2(tenant: Tapis3) -> None:
    ag = client(tenant)
    assert ag.token is not None
    assert ag.can_refresh
    first = ag.token.create()
    assert f"Bearer {ag.token}" == f"Bearer {first}"
    assert ag.token.token_info["access_token"] == first
    assert ag.token.token_info["expires_in"] == tenant.lifetime_s
    assert ag.token.username == USER
    assert ag.token.refresh() != first
    assert ag.systems.getSystems()
    assert tenant.requests[-1].headers[HEADER] == str(ag.token)
    assert len(tenant.grants) == 2, "without an OAuth client each new token is a login"
    assert first not in repr(ag.token)
    assert pickle.loads(pickle.dumps(ag.token)) == str(ag.token)


def test_a_v3_token_that_was_given_alone_is_read_and_cannot_be_renewed(tenant: Tapis3) -> None:
    text = tenant.token()
    ag = client(tenant, username=None, password=None, token=text)
    assert str(ag.token) == text
    assert not ag.can_refresh
    assert ag.refresh() == text
    assert ag.token is not None
    with pytest.raises(CredentialsError, match="without a password"):
        ag.token.create()
    assert client(tenant, username=None, password=None).token is None


def test_a_password_that_is_set_after_the_first_call_gets_the_next_token(tenant: Tapis3) -> None:
    ag = client(tenant, password=None, token=tenant.token())
    assert ag.systems.getSystems()
    assert not tenant.grants
    ahead = time.time() + tenant.lifetime_s + 1
    tenant.clock = lambda: ahead
    with pytest.raises(NotAuthenticated):
        ag.systems.getSystems()
    ag.password = PASSWORD
    assert ag.can_refresh
    assert ag.systems.getSystems()
    assert [grant["grant_type"] for grant in tenant.grants] == ["password"]


def test_another_password_is_tried_after_one_that_was_refused(tenant: Tapis3) -> None:
    ag = client(tenant, password="mistyped", token=tenant.token())
    ahead = time.time() + tenant.lifetime_s + 1
    tenant.clock = lambda: ahead
    for _ in range(2):
        with pytest.raises(TokenError, match="Invalid username/password"):
            ag.systems.getSystems()
    assert len(tenant.grants) == 1, "the same again would be refused again"
    ag.password = PASSWORD
    assert ag.systems.getSystems()


def test_copies_of_a_v3_client_log_in_once(tenant: Tapis3) -> None:
    ag = client(tenant)
    twin = copy.deepcopy(ag)
    ag.systems.getSystems()
    twin.systems.getSystems()
    assert len(tenant.grants) == 1


def test_the_whole_envelope_of_a_v3_answer_is_there_for_who_needs_its_metadata(
    tenant: Tapis3,
) -> None:
    """As the documentation shows it."""
    seen: list[dict[str, Any]] = []
    ag = client(tenant)
    ag.transport.session.hooks["response"].append(lambda answer, **_: seen.append(answer.json()))
    ag.systems.getSystems()
    assert seen[-1]["metadata"] == {"recordCount": 1}
