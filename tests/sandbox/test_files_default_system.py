"""Addresses without a system or a path: one's default storage system, its home directory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import STORAGE, at, content, events, names, staged, workplace

KINDS = ["listings", "pems", "history", "index"]
PEMS = {"username": "grace", "permission": "READ"}


@pytest.fixture(scope="module")
def bare() -> Iterator[Http]:
    """A user of a tenant in which nobody has a system."""
    with (
        Sandbox(seed="empty", check_answers=True) as empty,
        Http(empty.url, empty.credentials("ada")["token"]) as ada,
    ):
        yield ada


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("system", ["", f"system/{STORAGE}/"])
def test_no_path_is_the_home_directory(http: HttpFactory, kind: str, system: str) -> None:
    asked = result(http("admin").get(f"/files/v2/{kind}/{system}"))
    assert asked == result(http("admin").get(f"/files/v2/{kind}/system/{STORAGE}//home"))


@pytest.mark.parametrize("path", ["", f"system/{STORAGE}/"])
def test_a_home_directory_is_not_downloaded(http: HttpFactory, path: str) -> None:
    answer = http("admin").get(f"/files/v2/media/{path}")
    assert refusal(answer, 501) == "Directory downloads not supported"


def test_without_a_system_everything_happens_on_the_default_one(http: HttpFactory) -> None:
    ada = http("ada")
    where = workplace(ada)
    media, pems = f"/files/v2/media/{where}", f"/files/v2/pems/{where}"
    result(ada.put(media, json={"action": "mkdir", "path": "d"}), 201)
    result(ada.post(f"{media}/d", files={"fileToUpload": ("f", b"content")}), 202)
    assert staged(ada, f"{where}/d/f")[-1] == "STAGING_COMPLETED"
    answer = ada.get(f"{media}/d/f")
    assert (answer.status_code, answer.content) == (200, content(ada, f"{where}/d/f"))
    answer = ada.head(f"{media}/d/f")
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, "7")
    result(ada.post(f"{pems}/d/f", json=PEMS), 201)
    shared = [item["username"] for item in result(ada.get(f"{pems}/d/f"))]
    assert shared == ["ada", "grace"]
    result(ada.delete(f"{pems}/d/f"))
    assert result(ada.get(f"/files/v2/listings/{where}/d"))[1]["name"] == "f"
    for ask in (ada.get, ada.post):
        indexed = result(ask(f"/files/v2/index/{where}/d"))
        assert [entry["name"] for entry in indexed] == [".", "f"]
    words = [event["status"] for event in result(ada.get(f"/files/v2/history/{where}/d/f"))]
    assert words == events(ada, f"{where}/d/f")
    assert ada.get(at("index", f"{where}/d")).status_code == 200
    result(ada.delete(f"{media}/d"))
    assert names(ada, where) == ["."]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *[("GET", f"{kind}/{path}", None) for kind in [*KINDS, "media"] for path in ("", "x/y")],
        ("POST", "index/x/y", None),
        ("PUT", "media/x/y", {"action": "mkdir", "path": "d"}),
        ("POST", "media/x/y", {"urlToIngest": "agave://sandbox.storage/x"}),
        ("DELETE", "media/x/y", None),
        ("HEAD", "media/x/y", None),
        ("POST", "pems/x/y", PEMS),
        ("DELETE", "pems/x/y", None),
    ],
)
def test_who_has_no_default_system_is_told_so(
    bare: Http, method: str, path: str, body: Any
) -> None:
    answer = bare.request(method, f"/files/v2/{path}", json=body)
    if method == "HEAD":
        assert (answer.status_code, answer.content) == (404, b"")
    else:
        assert "default" in refusal(answer, 404)


@pytest.mark.parametrize("path", ["", "ada/data"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_index_of_an_unknown_system_is_refused(
    http: HttpFactory, method: str, path: str
) -> None:
    method = method if path else "GET"
    answer = http("ada").request(method, f"/files/v2/index/system/no.such/{path}")
    assert "no.such" in refusal(answer, 404)
