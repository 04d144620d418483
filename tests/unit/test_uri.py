"""Addresses of files lead to the call that reads them, and to no other server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agavepy import loader, uri
from agavepy.errors import UsageError
from agavepy.request import build
from agavepy.uri import Address

TENANT = "https://tenant.example:8443/prefix"


@pytest.mark.parametrize(
    ("address", "system", "path"),
    [
        ("agave://data.storage/ada/x.txt", "data.storage", "ada/x.txt"),
        ("agave://data.storage//data/x", "data.storage", "/data/x"),
        ("agave://data.storage/", "data.storage", ""),
        ("agave://data.storage", "data.storage", ""),
        ("AGAVE://s/a%20b%23%25", "s", "a b#%"),
        ("agave://s/a?b#c", "s", "a?b#c"),
    ],
)
def test_an_agave_address_names_a_system_and_a_path(address: str, system: str, path: str) -> None:
    assert uri.parse_agave(address) == (system, path)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_name_survives_being_written_into_an_address(system: str, path: str) -> None:
    assert uri.parse_agave(uri.format_agave(system, path)) == (system, path)


def test_an_address_stays_readable() -> None:
    assert uri.format_agave("data.storage", "/home/ada/x=1,2.txt") == (
        "agave://data.storage//home/ada/x=1,2.txt"
    )


@pytest.mark.parametrize("address", ["agave:/s/x", "http://s/x", "s/x", "agave:///x", ""])
def test_what_is_no_agave_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="agave://system/path"):
        uri.parse_agave(address)


def link(service: str, operation: str, **arguments: str) -> str:
    """Return the URL that a call would ask for."""
    return str(build(loader.service_plan(service)[operation], arguments, TENANT).url)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("files", "download", {"systemId": "s.x", "filePath": "/home/ada/a b"}),
        ("files", "download", {"systemId": "s.x", "filePath": "100%25 sure"}),
        ("files", "list", {"systemId": "s.x", "filePath": ""}),
        ("jobs", "downloadOutput", {"jobId": "6141-007", "filePath": "out/x.txt"}),
        ("jobs", "listOutputs", {"jobId": "6141-007", "filePath": "out"}),
    ],
)
def test_the_address_of_a_call_leads_back_to_the_call(
    service: str, operation: str, arguments: dict[str, str]
) -> None:
    address = link(service, operation, **arguments)
    assert uri.parse(address, TENANT) == Address(service, operation, arguments)
    assert uri.parse(address.replace("/prefix", "")) == Address(service, operation, arguments)


def test_an_agave_address_leads_to_a_download() -> None:
    found = uri.parse("agave://s//a%20b%25", TENANT)
    assert found == Address("files", "download", {"systemId": "s", "filePath": "/a b%25"})
    assert link(found.service, found.operation, **found.arguments).endswith("/s//a%20b%25")


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example:8443/prefix/{path}",
        "https://tenant.example/prefix/{path}",
        "http://tenant.example:8443/prefix/{path}",
        "https://tenant.example:8443/other/{path}",
        "https://tenant.example:8443@elsewhere.example/prefix/{path}",
    ],
)
def test_the_address_of_another_server_is_refused(address: str) -> None:
    path = link("files", "download", systemId="s", filePath="x").removeprefix(TENANT + "/")
    with pytest.raises(UsageError, match=f"no address of the tenant {TENANT}"):
        uri.parse(address.format(path=path), TENANT)


@pytest.mark.parametrize("address", [f"{TENANT}/apps/x", "ftp://h/x", "home/ada", ""])
def test_what_names_no_file_is_refused_with_the_forms_that_do(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a file: give agave://system/path"):
        uri.parse(address, TENANT)


def test_a_secret_in_an_address_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        uri.parse("https://ada:s3cr3t@elsewhere.example/x", TENANT)
    assert "s3cr3t" not in str(caught.value)
