"""Listings, pages and the index over real requests."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import STORAGE, at, content, events, names, upload, workplace

SELF_KEYS = [
    "name",
    "path",
    "lastModified",
    "length",
    "permissions",
    "format",
    "mimeType",
    "type",
    "system",
    "_links",
]
CHILD_KEYS = [
    "name",
    "path",
    "lastModified",
    "length",
    "permissions",
    "format",
    "system",
    "mimeType",
    "type",
    "_links",
]


@pytest.fixture
def pair(http: HttpFactory) -> str:
    """A directory of the test's own with the files hello.txt and reads.fa."""
    where = workplace(http("ada"))
    upload(http("ada"), where, "hello.txt", b"Hello, ada!\n")
    upload(http("ada"), where, "reads.fa", b">read1\nGATTACA\n")
    return where


def test_a_listing_starts_with_the_directory_itself(http: HttpFactory, pair: str) -> None:
    entries = result(http("ada").get(at("listings", pair)))
    assert [entry["name"] for entry in entries] == [".", "hello.txt", "reads.fa"]
    first, child = entries[0], entries[1]
    assert (first["type"], first["format"], first["mimeType"]) == (
        "dir",
        "folder",
        "text/directory",
    )
    assert (child["type"], child["format"], child["mimeType"]) == ("file", "raw", "text/plain")
    assert first["path"] == f"/home/{pair}"
    assert child["path"] == f"/home/{pair}/hello.txt"
    assert child["length"] == len(content(http("ada"), f"{pair}/hello.txt"))
    assert child["system"] == STORAGE
    assert child["permissions"] == "ALL"


def test_the_keys_of_entries_have_the_servers_order(http: HttpFactory, pair: str) -> None:
    entries = result(http("ada").get(at("listings", pair)))
    assert list(entries[0]) == SELF_KEYS
    assert list(entries[1]) == CHILD_KEYS


def test_the_first_entry_only_links_to_metadata_and_history(
    http: HttpFactory, pair: str, sandbox: Sandbox
) -> None:
    entries = result(http("ada").get(at("listings", pair)))
    assert set(entries[1]["_links"]) == {"self", "system"}
    links = {name: link["href"] for name, link in entries[0]["_links"].items()}
    files = f"{sandbox.url}/files/v2"
    assert links["self"] == f"{files}/media/system/{STORAGE}//home/{pair}"
    assert links["history"] == f"{files}/history/system/{STORAGE}//home/{pair}"
    assert links["system"] == f"{sandbox.url}/systems/v2/{STORAGE}"
    query = parse_qs(urlsplit(links["metadata"]).query)["q"][0]
    assert re.fullmatch(r'\{"associationIds":"\d{19}-\w+-0001-002"\}', query)
    about = {"name": "note", "value": 1, "associationIds": list(json.loads(query).values())}
    note = result(http("ada").post("/meta/v2/data", json=about), 201)
    assert result(http("ada").get(links["metadata"])) == [note]
    again = result(http("ada").get(at("listings", pair)))
    assert again[0]["_links"] == entries[0]["_links"]


def test_the_self_link_of_an_entry_downloads_it(http: HttpFactory, pair: str) -> None:
    entry = result(http("ada").get(at("listings", pair)))[1]
    answer = http("ada").get(entry["_links"]["self"]["href"])
    assert answer.content == content(http("ada"), f"{pair}/hello.txt")


def test_dates_are_in_the_servers_form(http: HttpFactory, pair: str) -> None:
    entry = result(http("ada").get(at("listings", pair)))[1]
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000-0[56]:00"
    assert re.fullmatch(form, entry["lastModified"])


def test_a_file_is_listed_as_one_entry_under_its_own_name(http: HttpFactory, pair: str) -> None:
    entries = result(http("ada").get(at("listings", f"{pair}/reads.fa")))
    assert [entry["name"] for entry in entries] == ["reads.fa"]
    assert "history" in entries[0]["_links"]


def test_a_second_slash_makes_a_path_absolute(http: HttpFactory, pair: str) -> None:
    ada = http("ada")
    assert names(ada, f"/home/{pair}") == names(ada, pair)
    refusal(ada.get(at("listings", f"home/{pair}")), 404)
    assert "home" in names(ada, "/")


@pytest.mark.parametrize(
    "path",
    [
        "/files/v2/listings",
        "/files/v2/listings/",
        f"/files/v2/listings/system/{STORAGE}",
        f"/files/v2/listings/system/{STORAGE}/",
    ],
)
def test_no_path_is_the_home_directory(http: HttpFactory, path: str) -> None:
    entries = result(http("ada").get(path))
    assert entries[0]["path"] == "/home"
    assert {"ada", "grace"} <= {entry["name"] for entry in entries}


def test_no_system_is_the_default_storage_system(http: HttpFactory, pair: str) -> None:
    entries = result(http("ada").get(f"/files/v2/listings/{pair}"))
    assert entries == result(http("ada").get(at("listings", pair)))


def test_the_directory_itself_counts_in_pages(http: HttpFactory, pair: str) -> None:
    ada = http("ada")

    def page(limit: int, offset: int) -> list[str]:
        query = {"limit": str(limit), "offset": str(offset)}
        return [entry["name"] for entry in result(ada.get(at("listings", pair), params=query))]

    assert page(1, 0) == ["."]
    assert page(2, 0) == [".", "hello.txt"]
    assert page(1, 1) == ["hello.txt"]
    assert page(5, 2) == ["reads.fa"]
    assert page(5, 3) == []
    assert page(-2, 0) == [".", "hello.txt"]


def test_ten_thousand_files_are_listed_page_by_page(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    where = workplace(ada)
    directory = sandbox.tenant.root / "systems" / STORAGE / "home" / where
    for number in range(10_000):
        (directory / f"f{number:05d}").touch()
    seen: list[str] = []
    while True:
        query = {"limit": "250", "offset": str(len(seen))}
        page = result(ada.get(at("listings", where), params=query))
        seen += [entry["name"] for entry in page]
        if len(page) < 250:
            break
    assert seen == [".", *(f"f{number:05d}" for number in range(10_000))]
    assert len(result(ada.get(at("listings", where), params={"limit": "9999"}))) == 250
    assert len(result(ada.get(at("listings", where)))) == 100


def test_a_filter_keeps_the_fields_that_were_asked_for(http: HttpFactory, pair: str) -> None:
    entries = result(http("ada").get(at("listings", pair), params={"filter": "name,type"}))
    assert entries[1] == {"name": "hello.txt", "type": "file"}
    bare = http("ada").get(at("listings", pair), params={"naked": "true", "filter": "name"})
    assert bare.json() == [{"name": "."}, {"name": "hello.txt"}, {"name": "reads.fa"}]


@pytest.mark.parametrize("name", ["a b+c.txt", "%41.txt", "ünï.txt", "x?y#z", "a&b=c;d", "..."])
def test_names_with_special_characters_go_there_and_back(http: HttpFactory, name: str) -> None:
    ada = http("ada")
    where = workplace(ada)
    upload(ada, where, name, b"there")
    entry = result(ada.get(at("listings", where)))[1]
    assert entry["name"] == name
    assert content(ada, f"{where}/{name}") == b"there"
    assert ada.get(entry["_links"]["self"]["href"]).content == b"there"


def test_what_a_job_left_behind_does_not_break_a_listing(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    where = workplace(ada)
    directory = sandbox.tenant.root / "systems" / STORAGE / "home" / where
    os.mkfifo(directory / "pipe")
    (directory / "nowhere").symlink_to("missing")
    (directory / "within").symlink_to("../data/hello.txt")
    Path(os.fsdecode(os.fsencode(directory) + b"/\xff.bin")).touch()
    entries = {entry["name"]: entry for entry in result(ada.get(at("listings", where)))}
    assert set(entries) == {".", "nowhere", "pipe", "within", "\ufffd.bin"}
    assert entries["nowhere"]["format"] == "unknown"
    assert entries["pipe"]["format"] == "unknown"
    assert entries["within"]["format"] == "raw"
    for kind in ("media", "index"):
        refusal(ada.get(at(kind, f"{where}/nowhere")), 404)
    assert "pipe" in refusal(ada.get(at("media", f"{where}/pipe")), 400)


def test_an_unknown_system_is_named(http: HttpFactory) -> None:
    ada = http("ada")
    for kind in ("listings", "pems", "history"):
        message = refusal(ada.get(at(kind, "x", "no.such")), 404)
        assert message == "No resource found for user with system id 'no.such'"
    message = refusal(ada.get(at("media", "x", "no.such")), 404)
    assert message == "No system found for user with id no.such"


def test_a_missing_path_is_told(http: HttpFactory) -> None:
    for kind in ("listings", "media", "pems", "history", "index"):
        message = refusal(http("ada").get(at(kind, "ada/no/such")), 404)
        assert message == "File/folder does not exist"


def test_the_files_of_a_public_execution_system_are_not_served(http: HttpFactory) -> None:
    refusal(http("ada").get(at("listings", "", "sandbox.exec")), 403)


def test_an_index_makes_members_known_once(http: HttpFactory) -> None:
    ada = http("ada")
    where = workplace(ada)
    upload(ada, where, "one.txt", b"1")
    listed = result(ada.get(at("listings", where)))
    assert result(ada.get(at("index", where))) == listed
    assert events(ada, where) == ["CREATED", "INDEX_START", "INDEX_COMPLETE"]
    result(ada.get(at("index", where)))
    assert events(ada, where).count("INDEX_COMPLETE") == 1
    result(ada.get(at("index", where), params={"force": "true"}))
    assert events(ada, where).count("INDEX_COMPLETE") == 2
    upload(ada, where, "two.txt", b"2")
    result(ada.post(at("index", where)))
    assert events(ada, where).count("INDEX_COMPLETE") == 3
