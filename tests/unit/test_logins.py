"""Cached logins as a user sees them: each once, picked by name, forgotten everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agavepy.auth import files, logins
from agavepy.auth.cache import Cache
from agavepy.errors import CredentialsError
from tests.unit.test_cache import ADA, AGPY, BASH, OTHER, SERVER, get, put

NEWER = {**BASH, "access_token": "newer", "refresh_token": "", "created_at": "1588343999"}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    (tmp_path / "agave").mkdir(mode=0o700)
    return Cache(tmp_path / "agave", tmp_path)


def named(cache: Cache) -> list[tuple[str, bool]]:
    return [(login.name, login.is_current) for login in logins.all_of(cache)]


def test_a_login_in_many_files_is_one_login_with_its_latest_tokens(cache: Cache) -> None:
    put(cache.current, [BASH, OTHER])
    put(cache.config, {"sessions": {"demo": {"ada": {"laptop": NEWER}, "grace": {"x": OTHER}}}})
    put(cache.agpy[0], [AGPY])
    assert named(cache) == [("laptop", True), ("office", False)]
    (ada, _) = logins.all_of(cache)
    assert ada.paths == [cache.current, cache.config, cache.agpy[0]]
    assert ada.pair is not None
    assert (ada.pair.access, ada.pair.refresh) == ("newer", ""), "and no refresh token of another"
    assert str(ada) == f"ada at {SERVER} (tenant demo) through laptop"
    assert "secret" not in repr(ada)


def test_a_login_that_is_nowhere_current_is_not_called_so(cache: Cache) -> None:
    put(cache.config, {"sessions": {"demo": {"ada": {"laptop": BASH}}}})
    assert named(cache) == [("laptop", False)]
    with pytest.raises(CredentialsError, match="no cached login is current; there are:"):
        logins.choose(cache)
    assert logins.choose(cache, "key").name == "laptop"


def test_what_is_no_login_is_not_listed(cache: Cache) -> None:
    put(cache.current, {"username": "ada", "apikey": "key"})
    put(cache.config, {"current": {"laptop": {"baseurl": SERVER}}})
    assert logins.all_of(cache) == []
    with pytest.raises(CredentialsError, match=r"(?s)no cached login has name 'x'.*auth login"):
        logins.choose(cache, "x")


def test_of_two_clients_with_one_name_that_of_the_current_user_is_meant(cache: Cache) -> None:
    office = {**BASH, "apikey": "k2", "client_name": "office"}
    put(cache.current, [BASH, OTHER, office])
    assert logins.choose(cache, "office").keywords["username"] == "ada"
    assert logins.choose(cache, "office", username="grace").keywords["username"] == "grace"
    stranger = {**office, "username": "eve"}
    put(cache.current, [stranger, OTHER, {**office, "apikey": "k3"}, {**office, "apikey": "k4"}])
    with pytest.raises(CredentialsError, match=r"more than one cached login has name 'office'"):
        logins.choose(cache, "office", tenant_id="demo", username="ada")


@pytest.mark.parametrize(
    ("name", "document", "left"),
    [
        ("current", BASH, None),
        ("current", [BASH], None),
        ("current", [BASH, OTHER], [OTHER]),
        ("config.json", {"current": BASH}, None),
        ("config.json", {"current": {"a": BASH}, "note": 1}, {"note": 1}),
        (
            "config.json",
            {"current": {"b": OTHER}, "sessions": {"demo": {"ada": {"a": BASH}}}},
            {"current": {"b": OTHER}},
        ),
        (
            "config.json",
            {"current": {}, "sessions": {"demo": {"ada": {"a": BASH}, "grace": {"b": OTHER}}}},
            {"current": {}, "sessions": {"demo": {"grace": {"b": OTHER}}}},
        ),
        ("../.agpy", [AGPY, OTHER], [OTHER]),
        ("../.agpy", AGPY, None),
    ],
)
def test_a_forgotten_login_is_gone_from_every_form_of_file_and_nothing_else_is(
    cache: Cache, name: str, document: Any, left: Any
) -> None:
    path = cache.directory / name
    put(path, document)
    assert [item.resolve() for item in cache.remove(ADA)] == [path.resolve()]
    assert (get(path) if path.exists() else None) == left
    assert cache.remove(ADA) == []


def test_a_linked_file_of_a_forgotten_login_is_emptied_where_it_is(
    cache: Cache, tmp_path: Path
) -> None:
    target = tmp_path / "elsewhere"
    put(target, BASH)
    cache.current.symlink_to(target)
    cache.remove(ADA)
    assert not target.exists()


def test_text_in_the_place_of_flags_is_read_as_what_it_was(cache: Cache) -> None:
    more = {"verify": "False", "use_nonce": "true", "proxies": '{"https": "http://p:1"}'}
    put(cache.current, {**BASH, **more, "client_name": "null", "tenantid": "null"})
    (login,) = logins.all_of(cache)
    assert login.keywords["verify"] is False
    assert login.keywords["use_nonce"] is True
    assert login.keywords["proxies"] == {"https": "http://p:1"}
    assert not {"client_name", "tenant_id"} & set(login.keywords)
    put(cache.current, {**BASH, "verify": "/etc/ca.pem", "proxies": "none"})
    (login,) = logins.all_of(cache)
    assert login.keywords["verify"] == "/etc/ca.pem"
    assert "proxies" not in login.keywords


def test_a_directory_is_known_to_be_writable_before_it_is_relied_on(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "made" / "of" / "need")
    assert list((tmp_path / "made" / "of" / "need").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        files.check_writable(tmp_path / "file" / "below")
