"""Whatever a file is called, it goes there and back, and only there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agavepy import Agave
from agavepy.errors import NotFound
from agavepy.plan import Parameter, Plan
from agavepy.sandbox import Sandbox
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.router import Router
from agavepy.sandbox.state import disk
from tests.conftest import Http
from tests.sandbox.files_support import STORAGE, workplace
from tests.waiting import wait_for

#: A name on a disk: any letters but the separators (a backslash is one here) and NUL.
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=40
).filter(lambda name: name not in {".", ".."} and len(name.encode()) <= disk.MAX_NAME)
#: What callers write to get somewhere: names, and all that has a meaning in a path.
STEPS = st.one_of(
    NAMES,
    st.sampled_from(["..", ".", "", "/", "\\", "C:", "%2e%2e", "~", "\0", "..\\..", "\uff0e."]),
)
PATHS = st.lists(STEPS, max_size=8).map("/".join)


@pytest.fixture(scope="module")
def ada(sandbox: Sandbox) -> Agave:
    return sandbox.client("ada")


@pytest.fixture(scope="module")
def web(sandbox: Sandbox) -> Iterator[Http]:
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as session:
        yield session


@pytest.fixture(scope="module")
def place(sandbox: Sandbox, web: Http) -> Iterator[str]:
    """A directory of ada's, and what lies around it before and after."""
    outside = sandbox.tenant.root / "systems"
    where = workplace(web)
    before = sorted(path for path in outside.rglob("*") if where not in str(path))
    yield where
    assert sorted(path for path in outside.rglob("*") if where not in str(path)) == before


def written(path: str) -> str:
    """Return a path as calls take it: what looks like an escape would be one."""
    return path.replace("%", "%25")


@given(directory=NAMES, name=NAMES, content=st.binary(max_size=40), told=st.booleans())
@example(directory="100%25", name="a%2Fb", content=b"", told=False)
@example(directory=" ", name="\r\n\t\"';?#&+=", content=b"\r\n--", told=True)
@example(directory="~", name="~C:", content=b"x", told=False)
@example(directory="system", name="e\u0301\U0001f9ec\u202e\ufeff", content=b"x", told=False)
def test_a_file_of_any_name_comes_back_as_it_went(
    sandbox: Sandbox,
    ada: Agave,
    web: Http,
    place: str,
    directory: str,
    name: str,
    content: bytes,
    told: bool,
) -> None:
    # The head of a multipart part has no way to write a line break: fileName has.
    more = {"fileName": name} if told or set(name) & set("\r\n") else {}
    files, folder = ada.files, f"{place}/{directory}"
    files.manage(systemId=STORAGE, filePath=place, body={"action": "mkdir", "path": directory})
    there = {"systemId": STORAGE, "filePath": written(f"{folder}/{name}")}
    try:
        upload = files.importData(
            systemId=STORAGE, filePath=written(folder), fileToUpload=(name, content), **more
        )
        assert (upload.name, upload.path) == (name, f"/home/{folder}/{name}")
        wait_for(lambda: files.getHistory(**there)[-1].status == "STAGING_COMPLETED")
        listed = files.list(systemId=STORAGE, filePath=written(folder))
        assert [entry.name for entry in listed] == [".", name]
        assert listed[1].path == f"/home/{folder}/{name}"
        assert files.download(**there).content == content
        assert web.get(listed[1]["_links"]["self"]["href"]).content == content
        assert (home(sandbox) / folder / name).read_bytes() == content
        files.delete(**there)
        assert [entry.name for entry in files.list(systemId=STORAGE, filePath=written(folder))] == [
            "."
        ]
        with pytest.raises(NotFound):
            files.download(**there)
    finally:
        files.delete(systemId=STORAGE, filePath=written(folder))


def home(sandbox: Sandbox) -> Path:
    return sandbox.tenant.root / "systems" / STORAGE / "home"


@given(path=PATHS)
def test_no_path_that_can_be_written_leaves_the_tree_of_its_system(
    sandbox: Sandbox, path: str
) -> None:
    tenant = sandbox.tenant
    system = tenant.store.get("system", STORAGE)
    assert system is not None
    top = tenant.root / "systems" / STORAGE
    with contextlib.suppress(ApiError):
        assert ".." not in disk.real(tenant, system, path).relative_to(top).parts
    with contextlib.suppress(ApiError):
        target = disk.real(tenant, system, disk.join("/home/ada", path), user_home=False)
        assert ".." not in target.relative_to(top).parts


@given(directory=NAMES, path=PATHS)
def test_a_link_to_any_path_leads_to_that_path(directory: str, path: str) -> None:
    parameters = (Parameter("id", "path"), Parameter("path", "path", tail=True))
    router = Router([Plan("t", "get", "GET", "/t/v2/{id}/of/{path}", parameters)])
    link = router.path("t", "get", {"id": directory, "path": path})
    assert link == quote(link, safe="/%~"), "there is nothing in it that a library would tidy"
    plan, variables, _ = router.match("GET", link)
    assert plan is not None
    assert variables == {"id": directory, "path": path}
