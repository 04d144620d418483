"""Credentials of services of one's own: of every scheme, renewed, sent nowhere else, not shown."""

from __future__ import annotations

import json
import logging
import pickle
import threading
import time
import traceback
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.auth import AuthBase

from agavepy import Agave
from agavepy.curl import as_curl
from agavepy.errors import (
    CredentialsError,
    HttpError,
    NotAuthenticated,
    TokenError,
    UsageError,
)
from tests.documents_support import Site
from tests.unit.loopback import Reply, Seen

SECRET = "s3cret-0123456789"


def described(site: Site, schemes: dict[str, Any], *needed: dict[str, list[str]]) -> dict[str, Any]:
    """Return an OpenAPI 3 document with security schemes; ``needed`` are the alternatives."""
    answers = {"200": {"description": "Done.", "content": {"application/json": {"schema": {}}}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": f"{site.url}/v1"}],
        "components": {"securitySchemes": schemes},
        "security": list(needed) or [{name: []} for name in schemes],
        "paths": {"/find": {"get": {"operationId": "find", "responses": answers}}},
    }


def basic(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


BEARER = {"type": "http", "scheme": "bearer"}
BASIC = {"type": "http", "scheme": "basic"}


def key(place: str, name: str) -> dict[str, Any]:
    return {"type": "apiKey", "in": place, "name": name}


def flows(**kinds: Any) -> dict[str, Any]:
    return {"type": "oauth2", "flows": kinds}


def sent(site: Site, document: dict[str, Any], auth: Any) -> Seen:
    """Call an operation with a credential; return the request that arrived."""
    Agave(specs=[]).add_service("search", document, auth=auth).find()
    return site.requests[-1]


@pytest.mark.parametrize("named", [False, True], ids=["for all schemes", "by the scheme's name"])
def test_a_fixed_credential_travels_as_the_document_says(named: bool, site: Site) -> None:
    def given(value: Any) -> Any:
        return {"it": value} if named else value

    def once(scheme: dict[str, Any], value: Any) -> Seen:
        return sent(site, described(site, {"it": scheme}), given(value))

    assert once(BEARER, SECRET).headers["Authorization"] == f"Bearer {SECRET}"
    assert once(BASIC, ("ada", SECRET)).headers["Authorization"] == basic("ada", SECRET)
    assert once(key("header", "X-Key"), SECRET).headers["X-Key"] == SECRET
    assert once(key("query", "k"), "a b&c").target == "/v1/find?k=a%20b%26c"
    assert once(key("cookie", "session"), "a;b").headers["Cookie"] == "session=a%3Bb"
    digest = {"type": "http", "scheme": "Hawk"}
    assert once(digest, SECRET).headers["Authorization"].lower() == f"hawk {SECRET}"
    implicit = flows(implicit={"authorizationUrl": "https://x.example/", "scopes": {}})
    assert once(implicit, SECRET).headers["Authorization"] == f"Bearer {SECRET}"
    openid = {"type": "openIdConnect", "openIdConnectUrl": "https://x.example/"}
    assert once(openid, SECRET).headers["Authorization"] == f"Bearer {SECRET}"


def test_the_first_alternative_whose_credentials_are_there_is_sent(site: Site) -> None:
    schemes = {"login": BASIC, "app": key("header", "X-App"), "user": key("query", "user")}
    document = described(site, schemes, {"login": []}, {"app": [], "user": []})
    seen = sent(site, document, {"app": "a", "user": "u"})
    assert (seen.headers["X-App"], seen.target) == ("a", "/v1/find?user=u")
    assert "Authorization" not in seen.headers
    seen = sent(site, document, {"app": "a", "user": "u", "login": ("n", "p")})
    assert seen.headers["Authorization"] == basic("n", "p")
    assert "X-App" not in seen.headers


def test_what_is_missing_is_named_with_the_way_to_give_it(site: Site) -> None:
    schemes = {"login": BASIC, "app": key("header", "X-App"), "user": key("query", "user")}
    document = described(site, schemes, {"login": []}, {"app": [], "user": []})
    ag = Agave(specs=[])
    for auth in (None, {"app": "a"}):
        ag.add_service("search", document, auth=auth)
        with pytest.raises(CredentialsError) as caught:
            ag.search.find()
        assert "'login' ((name, password)) or 'app' (a key) with 'user' (a key)" in str(
            caught.value
        )
        assert "auth={…} of the service search" in str(caught.value)
    ag.add_service("search", document, auth={"login": SECRET})
    with pytest.raises(CredentialsError, match=r"'login' of search does not fit") as caught:
        ag.search.find()
    assert SECRET not in str(caught.value)
    for wrong in (3, "", ("a",), ("a", 3), {"login": 3}, {}):
        with pytest.raises(UsageError, match="auth for search: give text"):
            ag.add_service("search", document, auth=wrong)
    assert not site.requests


def test_an_operation_that_needs_none_is_called_without(site: Site) -> None:
    document = described(site, {"login": BASIC}, {}, {"login": []})
    assert "Authorization" not in sent(site, document, None).headers
    assert sent(site, document, ("n", "p")).headers["Authorization"] == basic("n", "p")
    document = described(site, {"login": BASIC})
    document["paths"]["/find"]["get"]["security"] = []
    assert "Authorization" not in sent(site, document, ("n", "p")).headers


def test_a_credential_of_ones_own_making_is_sent(site: Site) -> None:
    class Signed(AuthBase):
        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["X-Signature"] = f"signed {request.path_url}"
            return request

    assert sent(site, described(site, {"it": BASIC}), Signed()).headers["X-Signature"] == (
        "signed /v1/find"
    )


def tokens(site: Site, *, first_lives: int = 3600) -> list[dict[str, Any]]:
    """Let a site give tokens at /token, one after the other; return the forms that it was sent."""
    asked: list[dict[str, Any]] = []
    lock = threading.Lock()

    def answer(seen: Seen) -> Reply:
        if not seen.target.startswith("/token"):
            return site._page(seen)
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        with lock:
            asked.append({**form, "by": seen.headers.get("Authorization")})
            number = len(asked)
        lives = first_lives if number == 1 else 3600
        token = {"access_token": f"token-{number}", "expires_in": lives, "token_type": "bearer"}
        if form["grant_type"] != "client_credentials":
            token["refresh_token"] = f"refresh-{number}"
        return Reply(body=json.dumps(token).encode())

    site.answer = answer
    return asked


PASSWORD = flows(password={"tokenUrl": "/token", "scopes": {"read": "", "write": ""}})
CLIENT = flows(clientCredentials={"tokenUrl": "/token?kind=x", "scopes": {}})


def test_a_token_is_got_by_password_once_and_kept(site: Site) -> None:
    asked = tokens(site)
    document = described(site, {"login": PASSWORD}, {"login": ["read", "write"]})
    auth = {"username": "ada", "password": SECRET, "client_id": "c", "client_secret": "s"}
    ag = Agave(specs=[])
    ag.add_service("search", document, auth={"login": auth})
    ag.search.find()
    ag.search.find()
    assert asked == [
        {
            "grant_type": "password",
            "username": "ada",
            "password": SECRET,
            "scope": "read write",
            "by": basic("c", "s"),
        }
    ]
    assert site.requests[-1].headers["Authorization"] == "Bearer token-1"
    ag.add_service("search", document, auth=("ada", SECRET))
    ag.search.find()
    assert asked[-1]["by"] is None, "without a client nobody shows as one"


def test_a_token_is_got_by_client_credentials(site: Site) -> None:
    asked = tokens(site)
    document = described(site, {"app": CLIENT})
    seen = sent(site, document, {"client_id": "c", "client_secret": SECRET, "scope": "all"})
    assert seen.headers["Authorization"] == "Bearer token-1"
    assert asked == [{"grant_type": "client_credentials", "scope": "all", "by": basic("c", SECRET)}]
    assert site.requests[0].target == "/token?kind=x"


def test_a_token_that_is_about_to_expire_is_renewed_once_for_all_threads(
    site: Site,
) -> None:
    asked = tokens(site, first_lives=600)
    auth = {"username": "ada", "password": SECRET}
    ag = Agave(specs=[])
    ag.add_service("search", described(site, {"login": PASSWORD}), auth=auth)
    ag.search.find()
    now = time.time()
    service = ag.search
    source = next(iter(service._wallets[f"{site.url}/v1"]._sources.values()))
    source._clock = lambda: now + 590
    threads = [threading.Thread(target=service.find) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [form["grant_type"] for form in asked] == ["password", "refresh_token"]
    assert asked[1]["refresh_token"] == "refresh-1"
    assert site.requests[-1].headers["Authorization"] == "Bearer token-2"


@pytest.mark.parametrize(
    ("given", "asked_at"),
    [("/token/again", "/token/again"), ("https://untrusted.invalid/", "/token")],
)
def test_a_token_is_refreshed_where_the_document_says_if_that_is_trusted(
    given: str, asked_at: str, site: Site
) -> None:
    asked = tokens(site)
    flow = {"tokenUrl": "/token", "refreshUrl": given, "scopes": {}}
    document = described(site, {"login": flows(authorizationCode=flow)})
    auth = {"refresh_token": "r", "client_id": "c", "client_secret": SECRET}
    assert sent(site, document, auth).headers["Authorization"] == "Bearer token-1"
    assert [form["grant_type"] for form in asked] == ["refresh_token"]
    assert site.requests[0].target == asked_at


def test_a_token_that_the_server_calls_invalid_is_replaced_and_the_call_made_again(
    site: Site,
) -> None:
    asked = tokens(site)
    ag = Agave(specs=[])
    auth = {"client_id": "c", "client_secret": SECRET}
    ag.add_service("search", described(site, {"app": CLIENT}), auth=auth)
    ag.search.find()
    give = site.answer

    def answer(seen: Seen) -> Reply:
        if seen.headers.get("Authorization") == "Bearer token-1":
            return Reply(401, b"", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return give(seen)

    site.answer = answer
    assert ag.search.find() == {}
    assert len(asked) == 2
    site.answer = lambda seen: (
        give(seen) if seen.target.startswith("/token") else Reply(401, b'{"message": "no"}')
    )
    with pytest.raises(NotAuthenticated):
        ag.search.find()
    assert len(asked) == 2, "a refusal of another kind costs no token"


def test_a_refused_login_says_why_and_not_with_what(site: Site) -> None:
    site.answer = lambda _: Reply(400, b'{"error_description": "Bad credentials."}')
    ag = Agave(specs=[])
    auth = {"username": "ada", "password": SECRET}
    ag.add_service("search", described(site, {"login": PASSWORD}), auth=auth)
    with pytest.raises(TokenError, match="Bad credentials") as caught:
        ag.search.find()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_token_service_elsewhere_is_used_only_where_it_is_trusted(
    site: Site, other: Site
) -> None:
    asked = tokens(other)
    login = flows(password={"tokenUrl": f"{other.url}/token", "scopes": {}})
    auth = {"username": "ada", "password": SECRET}
    ag = Agave(specs=[])
    ag.add_service("search", described(site, {"login": login}), auth=auth)
    with pytest.raises(CredentialsError, match="no secret goes there: trust=") as caught:
        ag.search.find()
    assert other.url in str(caught.value)
    assert not other.requests
    ag.add_service("search", described(site, {"login": login}), auth=auth, trust=other.url)
    ag.search.find()
    assert [form["password"] for form in asked] == [SECRET]
    assert site.requests[-1].headers["Authorization"] == "Bearer token-1"


def test_a_credential_does_not_follow_a_redirect_to_another_server(site: Site, other: Site) -> None:
    site.pages["/v1/find"] = Reply(307, b"", {"Location": f"{other.url}/take?k=1"})
    schemes = {
        "header": key("header", "X-Key"),
        "query": key("query", "k2"),
        "cookie": key("cookie", "session"),
        "bearer": BEARER,
    }
    document = described(site, schemes, {name: [] for name in schemes})
    Agave(specs=[]).add_service("search", document, auth=dict.fromkeys(schemes, SECRET)).find()
    assert SECRET in str(site.secrets)
    (seen,) = other.requests
    assert SECRET not in str(other.secrets)
    assert not {"X-Key", "Cookie", "Authorization"} & set(seen.headers)


def test_no_error_repr_or_record_shows_a_secret(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Debug records of urllib3, which are those of any program that uses requests, name paths."""
    caplog.set_level(logging.DEBUG, "agavepy")
    schemes = {"q": key("query", "api_key"), "h": key("header", "X-Key"), "c": key("cookie", "s")}
    document = described(site, schemes, {name: [] for name in schemes})
    ag = Agave(specs=[])
    ag.add_service("search", document, auth=dict.fromkeys(schemes, SECRET))
    ag.search.find()
    site.answer = lambda seen: Reply(
        403, json.dumps({"message": f"no: {seen.target} {dict(seen.headers)}"}).encode()
    )
    with pytest.raises(HttpError) as caught:
        ag.search.find()
    error = caught.value
    shown = [repr(error), str(error), *traceback.format_exception(error), caplog.text]
    shown += [repr(ag), repr(ag.search), repr(ag.search.find)]
    shown += [str(pickle.loads(pickle.dumps(error)))]
    shown += [repr(wallet) for wallet in ag.search._wallets.values()]
    shown += [repr(ag.search.find.client.authenticator("foreign"))]
    shown += [as_curl(error.response.request)]
    assert SECRET not in "".join(shown)
    assert "api_key=***" in str(error)


def test_the_credentials_of_one_service_go_to_no_other(site: Site, other: Site) -> None:
    ag = Agave(
        api_server=other.url,
        token="tenant-token",
        specs={
            "search": described(site, {"it": BEARER}),
            "more": described(other, {"it": BEARER}),
        },
        auth={"search": SECRET},
    )
    ag.search.find()
    ag.more.find()
    assert site.requests[-1].headers["Authorization"] == f"Bearer {SECRET}"
    assert other.requests[-1].headers["Authorization"] == "Bearer tenant-token"
    assert SECRET not in str(other.secrets)
    assert "tenant-token" not in str(site.secrets)
    assert urlsplit(site.requests[-1].target).path == "/v1/find"
