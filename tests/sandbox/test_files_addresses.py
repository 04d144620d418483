"""The addresses by which other services, and imports, name a file."""

from __future__ import annotations

import pytest

from agavepy.sandbox import Sandbox
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import files
from tests.sandbox.files_support import STORAGE


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ada/data", "/home/ada/data"),
        ("/ada/data", "/ada/data"),
        ("", "/home"),
        (f"agave://{STORAGE}/ada/data", "/home/ada/data"),
        (f"agave://{STORAGE}//home/ada", "/home/ada"),
        (f"agave://{STORAGE}", "/home"),
        (f"agave://{STORAGE}/ada/a%20b%2Fc", "/home/ada/a b/c"),
        ("{url}/files/v2/media/system/sandbox.storage/ada/x", "/home/ada/x"),
        ("{url}/files/v2/media/system/sandbox.storage//ada/x", "/ada/x"),
        ("{url}/files/v2/media/ada/x?force=true", "/home/ada/x"),
        ("{url}/files/v2/media//ada/x", "/ada/x"),
        ("{url}/files/v2/listings/system/sandbox.storage/ada", "/home/ada"),
        ("{url}/files/v2/listings/ada", "/home/ada"),
        ("{url}/files/v2/download/ada/system/sandbox.storage/ada/x", "/home/ada/x"),
    ],
)
def test_every_form_of_address_names_the_file(sandbox: Sandbox, written: str, meant: str) -> None:
    uri = written.replace("{url}", sandbox.url)
    system, path = files.parse_uri(sandbox.tenant, "ada", uri)
    assert (system["id"], path) == (STORAGE, meant)


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("agave://no.such/x", 404),
        ("http://elsewhere.example.org/files/v2/media/x", 400),
        ("sftp://host/x", 400),
        ("http://[x", 400),
        ("http://h:port/x", 400),
        ("{url}/systems/v2/sandbox.storage", 400),
        (f"agave://{STORAGE}/../../x", 404),
        ("{url}/files/v2/media/..%2f..%2fx", 404),
    ],
)
def test_an_address_that_names_no_file_of_the_tenant_is_refused(
    sandbox: Sandbox, written: str, status: int
) -> None:
    with pytest.raises(ApiError) as refused:
        files.parse_uri(sandbox.tenant, "ada", written.replace("{url}", sandbox.url))
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.TXT", "text/plain"),
        ("a.tar.gz", "application/octet-stream"),
        ("a.html", "text/html"),
        ("txt", "application/octet-stream"),
        (".txt", "text/plain"),
        ("a.csv", "application/octet-stream"),
    ],
)
def test_mime_types_are_those_that_a_server_knows(name: str, kind: str) -> None:
    assert files.mime_type(name) == kind
