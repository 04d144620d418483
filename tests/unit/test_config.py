"""Spellings of settings: addresses, variables, records, times."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from agavepy import config
from agavepy.client import Agave
from agavepy.errors import UsageError


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("https://api.example.org", "https://api.example.org"),
        ("https://api.example.org/", "https://api.example.org"),
        ("api.example.org", "https://api.example.org"),
        ("api.example.org:8443/agave//", "https://api.example.org:8443/agave"),
        (" HTTP://127.0.0.1:8080/prefix/ ", "http://127.0.0.1:8080/prefix"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_may_be_written_as_people_write_it(given: str, wanted: str) -> None:
    assert config.server_url(given) == wanted


@pytest.mark.parametrize(
    "given", ["", "ftp://h", "https://", "https://h:port", "https://h/?q=1", "https://h#f"]
)
def test_what_is_no_address_is_named(given: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(repr(given))} is "):
        config.server_url(given)


def test_a_password_in_an_address_is_refused_without_repeating_it() -> None:
    for address in ("https://ada:pa55word@h", "https://ada:pa55word@h:x"):
        with pytest.raises(UsageError) as caught:
            config.server_url(address)
        assert "pa55word" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h", "https://H:443/", True),
        ("h", "https://h", True),
        ("http://h", "https://h", False),
        ("https://h:8080", "https://h", False),
        ("https://h/a", "https://h/b", False),
        ("", "https://h", False),
    ],
)
def test_one_tenant_in_two_spellings_is_one_tenant(one: str, other: str, same: bool) -> None:
    assert config.same_server(one, other) is same


def test_two_addresses_that_are_none_have_no_common_origin() -> None:
    assert config.origin("https://h:x/1") != config.origin("https://h:x/2")


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"TAPIS_CACHE_DIR": "/t", "AGAVE_CACHE_DIR": "/a", "HOME": "/h"}, "/t"),
        ({"TAPIS_CACHE_DIR": "", "AGAVE_CACHE_DIR": "/a", "HOME": "/h"}, "/a"),
        ({"HOME": "/h"}, "/h/.agave"),
    ],
)
def test_the_credentials_directory_is_the_first_that_is_named(
    environ: dict[str, str], wanted: str
) -> None:
    assert config.credentials_directory(environ) == Path(wanted)


def test_an_empty_variable_is_no_credential() -> None:
    assert config.from_environment({"TAPIS_TOKEN": "", "TAPIS_BASE_URL": "https://h"}) == {
        "api_server": "https://h"
    }


@pytest.mark.parametrize(
    ("text", "wanted"), [("", True), ("1", True), ("False", False), ("0", False)]
)
def test_the_variable_that_turns_certificates_off(text: str, wanted: bool) -> None:
    assert config.default_verify({"TAPIS_DEFAULT_VERIFY_SSL": text}) is wanted


def test_both_spellings_of_a_record_are_read_and_what_is_not_ours_left_out() -> None:
    record = {
        "tenantid": "t", "baseurl": "https://h/", "devurl": "d", "apikey": "k", "apisecret": "s",
        "access_token": "a", "refresh_token": "r", "username": "", "token": "", "client_name": None,
    }  # fmt: skip
    assert config.keywords(record) == {
        "tenant_id": "t", "api_server": "https://h/", "api_key": "k", "api_secret": "s",
        "token": "a", "refresh_token": "r",
    }  # fmt: skip
    assert config.keywords({"api_key": "ours", "apikey": "theirs"}) == {"api_key": "ours"}


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("apikey", 5, "5"),
        ("username", 0, "0"),
        ("username", True, None),
        ("baseurl", ["https://h"], None),
        ("baseurl", 5, None),
        ("access_token", {"a": 1}, None),
        ("client_name", 1.5, None),
        ("verify", "False", False),
        ("verify", "/ca.pem", "/ca.pem"),
        ("verify", 5, None),
        ("use_nonce", True, True),
        ("use_nonce", "perhaps", None),
        ("proxies", '{"https": "http://p"}', {"https": "http://p"}),
        ("proxies", "torn", None),
        ("proxies", [1], None),
    ],
)
def test_a_value_of_a_record_that_cannot_be_one_does_not_reach_the_client(
    key: str, value: object, wanted: object
) -> None:
    assert list(config.keywords({key: value}).values()) == ([] if wanted is None else [wanted])


def test_a_token_is_read_from_a_file_with_its_end_of_line() -> None:
    assert config.token_text("abc\r\n") == "abc"
    assert config.token_text(b"abc\n") == "abc"
    assert config.token_text(None) == ""


@pytest.mark.parametrize("text", ["hid den", "hidden\nX: 1", "hidden…", "hid\x00den", b"hid\xff"])
def test_what_can_be_no_token_is_refused_without_repeating_it(text: Any) -> None:
    ag = Agave(api_server="https://h.example", token="good")
    for give in (
        lambda: Agave(api_server="https://h.example", token=text),
        lambda: setattr(ag, "token", text),
    ):
        with pytest.raises(UsageError, match="copied whole") as caught:
            give()
        assert "hid" not in str(caught.value)
    assert ag._token == "good"


@pytest.mark.parametrize("proxies", ["http://me:hidden@proxy:3128", "me:hidden@proxy:3128"])
def test_proxies_that_are_none_are_refused_and_their_password_is_not_repeated(
    proxies: Any,
) -> None:
    with pytest.raises(UsageError, match="proxies= is of type str: give a dict") as caught:
        Agave(api_server="https://h", token="t", proxies=proxies)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1588343141, 1588343141.0),
        ("1588343141", 1588343141.0),
        (time.ctime(1588343141), 1588343141.0),
        ("", None),
        (None, None),
        (True, None),
        ("soon", None),
        ("inf", None),
        (10**400, None),
        ([], None),
    ],
)
def test_times_are_read_as_numbers_text_and_ctime(value: Any, wanted: float | None) -> None:
    assert config.seconds(value) == wanted
