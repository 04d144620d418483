"""Downloads and ranges of them over real requests."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest
from dateutil.parser import isoparse

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import STORAGE, at, content, upload

TEXT = b"0123456789" * 10


def test_a_download_says_what_it_is(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "t.txt", TEXT)
    answer = ada.get(at("media", f"{where}/t.txt"))
    assert answer.status_code == 200
    assert answer.content == TEXT
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Content-Disposition"] == "inline; filename=t.txt"
    assert answer.headers["Content-Length"] == "100"
    assert answer.headers["Accept-Ranges"] == "bytes"
    listed = result(ada.get(at("listings", f"{where}/t.txt")))[0]["lastModified"]
    changed = parsedate_to_datetime(answer.headers["Last-Modified"])
    assert changed.timestamp() == _seconds(listed)


def _seconds(java: str) -> float:
    return isoparse(java).timestamp()


def test_force_offers_the_file_for_saving(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "ü b.bin", TEXT)
    answer = ada.get(at("media", f"{where}/ü b.bin"), params={"force": "true"})
    expected = "attachment; filename=\"_ b.bin\"; filename*=UTF-8''%C3%BC%20b.bin"
    assert answer.headers["Content-Disposition"] == expected
    assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=90-", 90, 100),
        ("bytes=-5", 95, 100),
        ("bytes=95-200", 95, 100),
        ("bytes=0-0", 0, 1),
    ],
)
def test_a_range_is_answered_as_asked(
    http: HttpFactory, where: str, wanted: str, start: int, stop: int
) -> None:
    ada = http("ada")
    upload(ada, where, "t.txt", TEXT)
    answer = ada.get(at("media", f"{where}/t.txt"), headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == TEXT[start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/100"
    assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=200-300"])
def test_a_range_past_the_end_is_refused_with_the_length(
    http: HttpFactory, where: str, wanted: str
) -> None:
    ada = http("ada")
    upload(ada, where, "t.txt", TEXT)
    answer = ada.get(at("media", f"{where}/t.txt"), headers={"Range": wanted})
    refusal(answer, 416)
    assert answer.headers["Content-Range"] == "bytes */100"


@pytest.mark.parametrize("wanted", ["lines=1-2", "bytes=5-2", "bytes", "bytes=0-1,5-6", ""])
def test_a_range_that_makes_no_sense_is_the_whole_file(
    http: HttpFactory, where: str, wanted: str
) -> None:
    ada = http("ada")
    upload(ada, where, "t.txt", TEXT)
    answer = ada.get(at("media", f"{where}/t.txt"), headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, TEXT)


def test_a_resumed_download_does_not_mix_two_versions(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "t.txt", TEXT)
    path = at("media", f"{where}/t.txt")
    changed = ada.get(path).headers["Last-Modified"]
    same = ada.get(path, headers={"Range": "bytes=50-", "If-Range": changed})
    assert same.status_code == 206
    old = {"Range": "bytes=50-", "If-Range": "Mon, 01 Jan 2018 00:00:00 GMT"}
    assert ada.get(path, headers=old).content == TEXT


def test_head_answers_the_headers_of_a_download(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "t.txt", TEXT)
    for path in (at("media", f"{where}/t.txt"), f"/files/v2/media/{where}/t.txt"):
        head, get = ada.head(path), ada.get(path)
        assert head.status_code == 200
        assert head.content == b""
        same = ("Content-Length", "Content-Type", "Last-Modified", "Content-Disposition")
        assert [head.headers[name] for name in same] == [get.headers[name] for name in same]
    assert ada.head(at("media", f"{where}/none")).status_code == 404


def test_an_empty_file_is_a_file(http: HttpFactory, where: str) -> None:
    ada = http("ada")
    upload(ada, where, "empty", b"")
    assert content(ada, f"{where}/empty") == b""
    assert result(ada.get(at("listings", f"{where}/empty")))[0]["length"] == 0
    answer = ada.get(at("media", f"{where}/empty"), headers={"Range": "bytes=0-"})
    refusal(answer, 416)


@pytest.mark.parametrize("path", ["/files/v2/media/", f"/files/v2/media/system/{STORAGE}/"])
def test_a_directory_is_not_downloaded(http: HttpFactory, where: str, path: str) -> None:
    for address in (at("media", where), path):
        message = refusal(http("ada").get(address), 501)
        assert message == "Directory downloads not supported"
