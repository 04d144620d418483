"""Where restored credentials come from: the order, and the errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agavepy.auth.sessions import find
from agavepy.errors import AgaveError, CredentialsError

HERE = "https://here.example.org"


def record(name: str, **more: str) -> dict[str, str]:
    return {
        "tenantid": f"tenant-{name}", "baseurl": f"https://{name}.example.org",
        "apikey": f"key-{name}", "apisecret": "s",
        "username": f"user-{name}", "client_name": f"client-{name}",
        "access_token": f"token-{name}", "refresh_token": "r", **more,
    }  # fmt: skip


class Home:
    """A home directory with cached logins, and an environment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ = {"HOME": str(path)}
        (path / ".agave").mkdir()

    def put(self, name: str, document: Any) -> None:
        (self.path / name).write_text(json.dumps(document))

    def find(self, **arguments: Any) -> dict[str, Any]:
        return find(environ=self.environ, **arguments)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def full(home: Home) -> Home:
    """Credentials in every place at once."""
    home.put(".agave/current", record("current"))
    home.put(
        ".agave/config.json",
        {"current": {"x": record("config")}, "sessions": {"t": {"u": {"c": record("session")}}}},
    )
    home.put(".agpy", [record("agpy")])
    home.environ.update(
        TAPIS_BASE_URL=HERE, TAPIS_TOKEN="env-token", TAPIS_USERNAME="u", TAPIS_PASSWORD="p"
    )
    return home


def test_a_token_that_is_given_beats_all_and_makes_a_bare_client(full: Home) -> None:
    assert full.find(token="mine", api_key="key-session") == {"api_server": HERE, "token": "mine"}
    assert full.find(token="mine", api_server="https://x")["api_server"] == "https://x"


def test_a_token_without_a_server_is_an_error_not_another_login(home: Home) -> None:
    home.put(".agave/current", record("current"))
    with pytest.raises(CredentialsError, match="TAPIS_BASE_URL"):
        home.find(token="mine")


@pytest.mark.parametrize("place", ["current", "config", "session", "agpy"])
@pytest.mark.parametrize("selector", ["api_key", "client_name", "tenant_id", "username"])
def test_a_selector_finds_its_login_before_the_environment(
    full: Home, place: str, selector: str
) -> None:
    prefix = {"api_key": "key", "client_name": "client", "tenant_id": "tenant", "username": "user"}
    assert full.find(**{selector: f"{prefix[selector]}-{place}"})["token"] == f"token-{place}"


def test_the_same_login_in_several_files_is_taken_from_current_first(home: Home) -> None:
    home.put(".agpy", [record("a", access_token="from-agpy")])
    session = record("a", access_token="conf")
    home.put(".agave/config.json", {"sessions": {"t": {"u": {"c": session}}}})
    assert home.find(api_key="key-a")["token"] == "conf"
    home.put(".agave/current", record("a", access_token="cur"))
    assert home.find(api_key="key-a")["token"] == "cur"


def test_a_selector_that_matches_nothing_is_an_error_never_another_session(full: Home) -> None:
    with pytest.raises(AgaveError) as caught:
        full.find(client_name="client-nobody")
    text = str(caught.value)
    assert "client_name='client-nobody'" in text
    assert "client-session" in text, "it names the logins that there are"
    for name in (".agave/current", ".agave/config.json", ".agpy"):
        assert str(full.path / name) in text


def test_a_token_in_the_environment_beats_the_current_login(full: Home) -> None:
    assert full.find() == {"api_server": HERE, "token": "env-token"}
    full.environ.update(TAPIS_REFRESH_TOKEN="r", TAPIS_API_KEY="k", TAPIS_API_SECRET="s")
    assert full.find() == {
        "api_server": HERE, "token": "env-token", "refresh_token": "r", "api_key": "k",
        "api_secret": "s",
    }  # fmt: skip


def test_the_current_login_beats_a_password_in_the_environment(full: Home) -> None:
    del full.environ["TAPIS_TOKEN"]
    assert full.find()["token"] == "token-current"
    (full.path / ".agave/current").unlink()
    assert full.find()["token"] == "token-config"
    (full.path / ".agave/config.json").unlink()
    assert full.find()["token"] == "token-agpy"
    (full.path / ".agpy").unlink()
    assert full.find() == {"api_server": HERE, "username": "u", "password": "p"}
    full.environ.update(TAPIS_API_KEY="k", TAPIS_API_SECRET="s")
    assert full.find()["api_key"] == "k"


def test_where_no_login_is_current_the_way_to_make_one_so_is_told(home: Home) -> None:
    with pytest.raises(CredentialsError) as caught:
        home.find()
    assert "auth switch" not in str(caught.value), "there is none"
    home.put(".agave/config.json", {"sessions": {"t": {"u": {"c": record("a")}}}})
    with pytest.raises(CredentialsError, match=r"None of the cached logins is current: .*switch"):
        home.find()


def test_a_server_that_is_given_is_the_server_that_is_used(full: Home) -> None:
    del full.environ["TAPIS_TOKEN"]
    assert full.find(api_server="https://agpy.example.org/")["token"] == "token-agpy"
    assert full.find(api_server="https://other")["username"] == "u"
    with pytest.raises(CredentialsError, match="https://other"):
        full.find(api_server="https://other", username="user-current")


@pytest.mark.parametrize("variable", ["TAPIS_CACHE_DIR", "AGAVE_CACHE_DIR"])
def test_the_variable_of_the_credentials_directory_is_honoured(
    home: Home, variable: str, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    home.put(".agave/current", record("home"))
    home.put("elsewhere/current", record("elsewhere"))
    home.environ[variable] = str(tmp_path / "elsewhere")
    assert home.find()["token"] == "token-elsewhere"


@pytest.mark.parametrize(
    "unusable",
    [
        {"apikey": "k", "username": "no server"},
        record("x", baseurl="ftp://x"),
        {**record("x"), "baseurl": 5},
        {**record("x"), "apikey": ["k"], "access_token": {"t": 1}},
    ],
)
def test_an_unusable_record_is_passed_over(home: Home, unusable: dict[str, Any]) -> None:
    home.put(".agave/current", unusable)
    home.put(".agpy", [record("agpy")])
    assert home.find()["token"] == "token-agpy"


def test_nothing_found_names_each_place_and_how_to_log_in(home: Home) -> None:
    home.environ["TAPIS_BASE_URL"] = HERE
    with pytest.raises(AgaveError) as caught:
        home.find()
    text = str(caught.value)
    for place in ("TAPIS_TOKEN", "TAPIS_USERNAME", "TAPIS_PASSWORD", ".agave/current (absent)",
                  ".agave/config.json (absent)", ".agpy (absent)", "clients.create("):  # fmt: skip
        assert place in text
    assert "not set: TAPIS_BASE_URL" not in text


@pytest.mark.parametrize(
    "document",
    [{"theirs": 1}, [], [1], 5, "text", {"baseurl": HERE}, {"baseurl": 5, "apikey": "k"}],
)
def test_a_file_without_a_login_is_told_from_one_that_is_absent(home: Home, document: Any) -> None:
    home.put(".agave/current", document)
    for arguments in ({}, {"username": "ada"}):
        with pytest.raises(CredentialsError) as caught:
            home.find(**arguments)
        text = str(caught.value)
        assert f"{home.path / '.agave' / 'current'} (holds no usable login)" in text
        assert f"{home.path / '.agave' / 'config.json'} (absent)" in text
