"""The token service over the wire: every grant, and what ends a token."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory

CALLBACK = "https://app.example.org/back?from=agave"


class Client:
    """An OAuth client of one user and the calls that it makes."""

    def __init__(self, web: Http, user: str, name: str, callback: str = "") -> None:
        self.web, self.user, self.name = web, user, name
        body = {"clientName": name, "callbackUrl": callback}
        answer = web.post("/clients/v2/", json=body, auth=(user, user))
        assert answer.status_code == 201, answer.text
        made = answer.json()["result"]
        self.key, self.secret = made["consumerKey"], made["consumerSecret"]

    def grant(self, **form: str) -> requests.Response:
        """Ask for a token."""
        return self.web.post("/token", data=form, auth=(self.key, self.secret))

    def login(self, user: str = "") -> dict[str, Any]:
        """Return a token answer of the grant password."""
        user = user or self.user
        answer = self.grant(grant_type="password", username=user, password=user, scope="PRODUCTION")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def me(self, token: str) -> requests.Response:
        """Call something that needs a token."""
        return self.web.get("/profiles/v2/me", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="session")
def web(sandbox: Sandbox) -> Iterator[Http]:
    with Http(sandbox.url, "") as session:
        yield session


@pytest.fixture(scope="session")
def client(web: Http) -> Client:
    return Client(web, "ada", "token-tests")


@pytest.fixture(scope="session")
def browser_client(web: Http) -> Client:
    return Client(web, "ada", "browser-tests", CALLBACK)


def test_a_password_gets_a_pair_that_works_at_once(client: Client) -> None:
    pair = client.login()
    assert list(pair) == ["scope", "token_type", "expires_in", "refresh_token", "access_token"]
    assert (pair["scope"], pair["token_type"], pair["expires_in"]) == ("default", "bearer", 14400)
    assert client.me(pair["access_token"]).json()["result"]["username"] == "ada"


def test_a_client_gets_tokens_for_other_users_who_log_in(client: Client) -> None:
    token = client.login("grace")["access_token"]
    assert client.me(token).json()["result"]["username"] == "grace"


def test_a_second_login_leaves_the_first_one_working(client: Client) -> None:
    first, second = client.login(), client.login()
    assert first["access_token"] != second["access_token"]
    assert client.me(first["access_token"]).status_code == 200


def test_token_answers_are_kept_out_of_caches(client: Client) -> None:
    answer = client.grant(grant_type="client_credentials")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "username": "ada", "password": "no"}, "invalid_grant"),
        ({"grant_type": "password", "username": "nobody", "password": "x"}, "invalid_grant"),
        ({"grant_type": "password", "username": "ada"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "no"}, "invalid_grant"),
        ({"grant_type": "admin_password", "username": "admin"}, "invalid_request"),
        ({"username": "ada", "password": "ada"}, "invalid_request"),
        ({"grant_type": "saml"}, "unsupported_grant_type"),
    ],
)
def test_a_refused_grant_says_why_in_oauth_words(
    client: Client, form: dict[str, str], error: str
) -> None:
    answer = client.grant(**form)
    assert answer.status_code == 400
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert body["error"] == error


def test_refusals_have_the_texts_that_clients_match_on(client: Client) -> None:
    wrong = client.grant(grant_type="password", username="ada", password="no")
    assert wrong.json()["error_description"] == "Provided Authorization Grant is invalid"
    unknown = client.grant(grant_type="refresh_token", refresh_token="0" * 32)
    assert unknown.json()["error_description"] == "Persisted access token data not found"


@pytest.mark.parametrize("path", ["/token", "/revoke"])
def test_a_wrong_key_or_secret_is_an_invalid_client(client: Client, path: str) -> None:
    for auth in [(client.key, "wrong"), ("wrong", client.secret), ("", ""), None]:
        answer = client.web.post(path, data={"grant_type": "client_credentials"}, auth=auth)
        assert answer.status_code == 401
        assert answer.json() == {
            "error": "invalid_client",
            "error_description": "Client Authentication failed.",
        }
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_a_refresh_gives_a_new_pair_and_ends_the_old_one(client: Client) -> None:
    old = client.login("grace")
    answer = client.grant(
        grant_type="refresh_token", refresh_token=old["refresh_token"], scope="PRODUCTION"
    )
    new = answer.json()
    assert answer.status_code == 200
    assert {new["access_token"], new["refresh_token"]}.isdisjoint(old.values())
    assert client.me(new["access_token"]).json()["result"]["username"] == "grace"
    assert client.me(old["access_token"]).json()["fault"]["message"] == "Invalid Credentials"
    again = client.grant(grant_type="refresh_token", refresh_token=old["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_of_many_who_race_with_one_refresh_token_one_wins(client: Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": client.login()["refresh_token"]}
    auth = (client.key, client.secret)

    def ask(_: int) -> int:
        address = f"{client.web.base_url}/token"
        return requests.post(address, data=form, auth=auth, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [200] + 7 * [400]


def test_a_refresh_token_is_of_no_use_to_another_client(
    client: Client, browser_client: Client
) -> None:
    pair = client.login()
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    assert browser_client.grant(**form).json()["error"] == "invalid_grant"
    assert client.me(pair["access_token"]).status_code == 200
    assert client.grant(**form).status_code == 200


def test_an_expired_token_can_still_be_refreshed(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, "") as web:
        client = Client(web, "ada", "late")
        pair = client.login()
        fresh_sandbox.tenant.clock.advance(14401)
        assert client.me(pair["access_token"]).status_code == 401
        answer = client.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])
        assert client.me(answer.json()["access_token"]).status_code == 200


def test_client_credentials_act_for_the_owner_and_cannot_be_refreshed(client: Client) -> None:
    pair = client.grant(grant_type="client_credentials", scope="PRODUCTION").json()
    assert "refresh_token" not in pair
    assert client.me(pair["access_token"]).json()["result"]["username"] == "ada"


def test_an_administrator_gets_a_token_for_somebody_else(client: Client) -> None:
    form = {"grant_type": "admin_password", "username": "admin", "password": "admin"}
    pair = client.grant(**form, token_username="grace").json()
    assert client.me(pair["access_token"]).json()["result"]["username"] == "grace"
    assert client.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"]).ok
    assert client.grant(**form, token_username="nobody").json()["error"] == "invalid_grant"


def test_only_an_administrator_gets_a_token_for_somebody_else(client: Client) -> None:
    form = {"grant_type": "admin_password", "username": "ada", "token_username": "grace"}
    assert client.grant(**form, password="ada").json()["error"] == "invalid_grant"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_both(client: Client, which: str) -> None:
    pair = client.login()
    auth = (client.key, client.secret)
    answer = client.web.post("/revoke", data={"token": pair[which]}, auth=auth)
    assert (answer.status_code, answer.content) == (200, b"")
    assert client.me(pair["access_token"]).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    assert client.grant(**form).status_code == 400


def test_revoking_an_unknown_or_foreign_token_is_answered_alike_and_ends_nothing(
    client: Client, browser_client: Client
) -> None:
    token = client.login()["access_token"]
    auth = (browser_client.key, browser_client.secret)
    for text in ("no such token", token):
        assert client.web.post("/revoke", data={"token": text}, auth=auth).status_code == 200
    assert client.me(token).status_code == 200
    assert client.web.post("/revoke", auth=auth).json()["error"] == "invalid_request"


class Page(HTMLParser):
    """What a browser would send from a page: the address and the fields of its form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action, self.fields = "", {}  # type: str, dict[str, str]
        self.buttons: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given["action"]
        elif tag == "input":
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "button":
            self.buttons.append(given["value"])


def _open(client: Client, **terms: str) -> requests.Response:
    params = {"client_id": client.key, **terms}
    return client.web.get("/authorize", params=params, allow_redirects=False)


def _send(client: Client, page: Page, **fields: str) -> requests.Response:
    return client.web.post(page.action, data={**page.fields, **fields})


def _granted(client: Client, response_type: str, **terms: str) -> str:
    page = Page(_open(client, response_type=response_type, **terms).text)
    answer = _send(client, page, username="grace", password="grace", decision="grant")
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def test_a_browser_login_leads_to_a_code_that_gets_a_token_once(browser_client: Client) -> None:
    state = 'x&y="<z>" ü'
    location = urlsplit(_granted(browser_client, "code", redirect_uri=CALLBACK, state=state))
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK.partition("?")[0]
    terms = parse_qs(location.query)
    assert (terms["from"], terms["state"]) == (["agave"], [state])
    form = {"grant_type": "authorization_code", "code": terms["code"][0], "redirect_uri": CALLBACK}
    pair = browser_client.grant(**form).json()
    assert browser_client.me(pair["access_token"]).json()["result"]["username"] == "grace"
    assert pair["refresh_token"]
    again = browser_client.grant(**form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_the_implicit_grant_hands_the_token_over_in_the_fragment(browser_client: Client) -> None:
    location = urlsplit(_granted(browser_client, "token", state="7"))
    answer = parse_qs(location.fragment)
    assert answer["state"] == ["7"]
    assert "refresh_token" not in answer
    assert "access_token" not in location.query
    token = answer["access_token"][0]
    assert browser_client.me(token).json()["result"]["username"] == "grace"


def test_a_person_may_refuse(browser_client: Client) -> None:
    page = Page(_open(browser_client, response_type="code", state="7").text)
    assert page.buttons == ["grant", "refuse"]
    answer = _send(browser_client, page, decision="refuse")
    terms = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert terms == {"from": ["agave"], "error": ["access_denied"], "state": ["7"]}


def test_a_wrong_password_shows_the_page_again(browser_client: Client) -> None:
    page = Page(_open(browser_client, response_type="code", state="7").text)
    answer = _send(browser_client, page, username="grace", password="no", decision="grant")
    assert answer.status_code == 403
    assert Page(answer.text).fields["state"] == "7"
    assert "password is wrong" in answer.text


def test_nothing_is_sent_to_an_address_that_was_not_registered(
    client: Client, browser_client: Client
) -> None:
    foreign = _open(browser_client, response_type="code", redirect_uri="https://evil.example.org")
    without = _open(client, response_type="code", redirect_uri="https://evil.example.org")
    unknown = client.web.get("/authorize", params={"client_id": "no", "response_type": "code"})
    for answer in (foreign, without, unknown):
        assert answer.status_code == 400
        assert "Location" not in answer.headers


def test_another_response_type_is_refused_by_way_of_the_callback(browser_client: Client) -> None:
    answer = _open(browser_client, response_type="id_token")
    assert answer.status_code == 302
    terms = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert terms["error"] == ["unsupported_response_type"]


def test_what_a_request_holds_cannot_break_out_of_the_page(browser_client: Client) -> None:
    evil = '"><script>alert(1)</script>'
    answer = _open(browser_client, response_type="code", state=evil)
    assert "<script>" not in answer.text
    assert Page(answer.text).fields["state"] == evil


def test_a_code_is_bound_to_its_client_its_callback_and_five_minutes(
    fresh_sandbox: Sandbox,
) -> None:
    with Http(fresh_sandbox.url, "") as web:
        client, other = (Client(web, "ada", name, CALLBACK) for name in ("one", "two"))
        plain = Client(web, "ada", "no-callback")

        def redeem(by: Client, callback: str = CALLBACK) -> requests.Response:
            return by.grant(grant_type="authorization_code", code=code, redirect_uri=callback)

        def new_code() -> str:
            return parse_qs(urlsplit(_granted(client, "code")).query)["code"][0]

        code = new_code()
        assert redeem(other).json()["error"] == "invalid_grant"
        assert redeem(plain).status_code == 401
        assert redeem(plain).json()["error"] == "unauthorized_client"
        assert redeem(client, "https://elsewhere.example.org").json()["error"] == "invalid_grant"
        code = new_code()
        fresh_sandbox.tenant.clock.advance(301)
        assert redeem(client).json()["error"] == "invalid_grant"
        code = new_code()
        assert redeem(client).status_code == 200


def test_the_public_key_is_a_real_one_and_stays_the_same(http: HttpFactory) -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    first, second = (http("").get("/apim/v2/publickey") for _ in range(2))
    assert (first.status_code, first.content) == (200, second.content)
    assert isinstance(load_pem_public_key(first.content), RSAPublicKey)


def test_no_token_secret_or_password_can_be_read_from_the_state(sandbox: Sandbox) -> None:
    with Http(sandbox.url, "") as web:
        client = Client(web, "grace", "secretive")
        pair = client.login()
    rows = [
        document
        for kind in ("user", "client", "token", "refresh")
        for document in sandbox.tenant.store.all(kind)
    ]
    texts = {str(value) for document in rows for value in document.values()}
    assert client.key in texts
    assert texts.isdisjoint({client.secret, pair["access_token"], pair["refresh_token"]})
    passwords = {user["password"] for user in sandbox.tenant.store.all("user")}
    assert passwords.isdisjoint({"ada", "grace", "admin"})
