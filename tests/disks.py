"""A small disk of a test's own, which can be filled up and made read-only."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SIZE_KIB = 256


class Disk:
    """A disk in memory, mounted at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Leave no room at all."""
        with contextlib.suppress(OSError), (self.path / "ballast").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        # What is left of the last block, and of the names that a disk can hold.
        with contextlib.suppress(OSError), (self.path / "ballast").open("ab", buffering=0) as file:
            while True:
                file.write(b"\0")

    def empty(self) -> None:
        """Make room again."""
        (self.path / "ballast").unlink()

    def read_only(self, on: bool) -> None:
        """Refuse, or allow, all writing."""
        mode = "ro" if on else "rw"
        subprocess.run(["mount", "-o", f"remount,{mode}", str(self.path)], check=True)


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[Disk]:
    """Mount a disk at a new directory; skip the test where nobody may mount one."""
    path.mkdir()
    how = ["-t", "tmpfs", "-o", f"size={SIZE_KIB}k,mode=0700,uid={os.getuid()}"]
    try:
        done = subprocess.run(
            ["mount", *how, "tmpfs", str(path)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", str(path)], check=True)
