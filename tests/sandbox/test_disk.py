"""The trees behind storage systems: the path rule, links, durable writes, a full disk."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import disk
from agavepy.sandbox.tenant import Settings, Tenant

SYSTEM = {"id": "data/../store", "storage": {"homeDir": "/home"}}


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    made = Tenant(tmp_path / "state", Settings())
    yield made
    made.close()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", "/home"),
        ("ada/x", "/home/ada/x"),
        ("ada//x/", "/home/ada/x"),
        ("/", "/"),
        ("/ada", "/ada"),
        ("//ada", "/ada"),
        ("./ada/./x", "/home/ada/x"),
        ("../etc", "/etc"),
        ("ada/../grace", "/home/grace"),
        ("ada\\x", "/home/ada/x"),
        ("\\ada", "/ada"),
        ("C:\\ada\\x", "/ada/x"),
        ("C:/ada", "/ada"),
        ("/C:/ada", "/ada"),
        ("a:b", "/home/a:b"),
    ],
)
def test_a_path_means_what_it_meant_to_the_servers(written: str, meant: str) -> None:
    assert disk.logical(SYSTEM, written) == meant


@pytest.mark.parametrize(
    "written", ["../../x", "/..", "/../x", "C:/../x", "a/../../../x", "\\..\\x"]
)
def test_a_path_that_climbs_out_does_not_exist(tenant: Tenant, written: str) -> None:
    with pytest.raises(ApiError) as refused:
        disk.logical(SYSTEM, written)
    assert refused.value.status == 404
    with pytest.raises(ApiError):
        disk.real(tenant, SYSTEM, written)


def test_a_system_without_a_home_starts_at_its_root() -> None:
    assert disk.logical({"id": "x", "storage": {}}, "a") == "/a"
    assert disk.logical({"id": "x"}, "") == "/"


def test_systems_have_directories_of_their_own(tenant: Tenant) -> None:
    top = disk.root(tenant, SYSTEM)
    assert top.parent == tenant.root / "systems"
    assert (top / "home").is_dir()
    assert disk.real(tenant, SYSTEM, "ada/x") == top / "home" / "ada" / "x"
    assert disk.real(tenant, SYSTEM, "/ada/x", user_home=False) == top / "ada" / "x"


def test_a_link_out_is_not_followed_but_can_be_removed(tenant: Tenant, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    link = disk.root(tenant, SYSTEM) / "home" / "link"
    link.symlink_to(tmp_path / "outside")
    for path in ("link", "link/below"):
        with pytest.raises(ApiError) as refused:
            disk.real(tenant, SYSTEM, path)
        assert refused.value.status == 404
    with pytest.raises(ApiError):
        disk.real(tenant, SYSTEM, "link/below", follow=False)
    disk.remove(disk.real(tenant, SYSTEM, "link", follow=False))
    assert not disk.exists(link)
    assert (tmp_path / "outside").is_dir()


def test_a_link_within_the_tree_is_followed(tenant: Tenant) -> None:
    top = disk.root(tenant, SYSTEM)
    (top / "data").mkdir()
    (top / "home" / "short").symlink_to("../data")
    assert disk.real(tenant, SYSTEM, "short/x").parent.is_dir()


def test_a_page_of_names_is_sorted(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("b", "C", "a", "10", "9"):
        (folder / name).touch()
    assert disk.listing(folder, 0, 9) == ["10", "9", "C", "a", "b"]
    assert disk.listing(folder, 1, 2) == ["9", "C"]


def test_a_broken_off_write_leaves_what_was_there(tenant: Tenant, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def broken() -> Iterator[bytes]:
        yield b"new"
        raise ConnectionAbortedError("gone")

    with pytest.raises(ConnectionAbortedError):
        disk.write_stream(tenant, target, broken())
    assert target.read_bytes() == b"old"
    assert not list((tenant.root / "staging").iterdir())
    assert disk.write_stream(tenant, target, [b"new", b"er"]) == 5
    assert target.read_bytes() == b"newer"


def test_a_tree_is_copied_with_modes_and_links(tenant: Tenant, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "run.sh").write_text("#!/bin/sh\n")
    (source / "deep" / "run.sh").chmod(0o755)
    (source / "link").symlink_to("deep/run.sh")
    os.mkfifo(source / "pipe")
    disk.copy_tree(tenant, source, target)
    assert (target / "deep" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (target / "link").is_symlink()
    assert sorted(path.name for path in target.iterdir()) == ["deep", "link"]
    (source / "deep" / "more").write_text("more")
    disk.copy_tree(tenant, source, target)
    assert (target / "deep" / "more").read_text() == "more"
    assert not list((tenant.root / "staging").iterdir())


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (errno.ENOSPC, 500),
        (errno.EDQUOT, 500),
        (errno.ENAMETOOLONG, 400),
        (errno.ENOTDIR, 400),
        (errno.EISDIR, 400),
        (errno.ENOTEMPTY, 400),
        (errno.ENOENT, 404),
    ],
)
def test_failures_of_the_disk_say_what_to_do(number: int, status: int) -> None:
    with pytest.raises(ApiError) as told, disk.storing(SYSTEM):
        raise OSError(number, os.strerror(number))
    assert told.value.status == status
    assert isinstance(told.value.__cause__, OSError)


def test_a_failure_that_nobody_foresaw_is_not_hidden() -> None:
    with pytest.raises(PermissionError), disk.storing(SYSTEM):
        raise PermissionError(errno.EACCES, "denied")


def test_a_full_disk_is_told_and_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    # A limit on the size of files is the full disk that a test may have; the process gets it.
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from agavepy.sandbox.errors import ApiError
        from agavepy.sandbox.state import disk
        from agavepy.sandbox.tenant import Settings, Tenant

        tenant = Tenant(Path(sys.argv[1]), Settings())
        system = {"id": "small", "storage": {}}
        top = disk.root(tenant, system)
        (top / "source").write_bytes(bytes(600_000))
        for target, blocks in (("new", 3), ("source", 3)):
            try:
                with disk.storing(system):
                    disk.write_stream(tenant, top / target, [bytes(500_000)] * blocks)
            except ApiError as error:
                print(error.status, error.message)
        print(sorted(path.name for path in top.iterdir()), (top / "source").stat().st_size)
        print(list((tenant.root / "staging").iterdir()))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "state")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
    )
    lines = done.stdout.splitlines()
    assert lines[0] == lines[1]
    assert lines[0].startswith("500 No space left on the storage of system small")
    assert lines[2:] == ["['source'] 600000", "[]"]
