"""Image directories, which stand in for containers: ``<repository>/<name>[:<tag>]/run``."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import agavepy
from agavepy.sandbox.errors import SandboxError
from agavepy.sandbox.tenant import Tenant

#: What comes with the package; they are Python programs.
_BUILT_IN = Path(__file__).resolve().parent.parent / "images"
#: Tags under which they are known: that of executors' default image.
_TAGS = {"abacosamples/py3_func": "dev"}
_REFERENCE = re.compile(r"((?:[\w-][\w.-]*/)*[\w-][\w.-]*)(?::([\w][\w.-]*))?", re.ASCII)

#: Characters of a name that a directory can have, with ``:latest``.
_LONGEST = 240


@dataclass(frozen=True)
class Image:
    """A program that stands in for a container: how it is started, and what it needs to be set."""

    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


def folder(tenant: Tenant) -> Path:
    """Return the directory of the tenant's own images, which may be filled while it runs."""
    return tenant.root / "images"


def pull(tenant: Tenant, reference: str) -> Image:
    """Return the image of a reference such as ``sandbox/echo`` or ``me/counter:1.0``.

    The tenant's own images come before those of the package. Without a tag, and with ``latest``, a
    directory without one counts too. Raises SandboxError, which names the image, when there is none
    or its ``run`` cannot be started.
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None or any(len(part) > _LONGEST for part in reference.split("/")):
        raise SandboxError(f"Unable to pull image {reference!r:.300}: that is no name of an image")
    name, tag = found.groups()
    names = [reference, name, f"{name}:latest"] if tag in {None, "latest"} else [reference]
    for base in (folder(tenant), _BUILT_IN):
        if base == _BUILT_IN and _TAGS.get(name) == tag:
            names = [name]
        for directory in names:
            run = base / directory / "run"
            if not os.path.isfile(run):  # noqa: PTH113 - False too for a path too long
                continue
            if base == _BUILT_IN:
                return Image((sys.executable, str(run)), _own_environment())
            if not os.access(run, os.X_OK):
                raise SandboxError(f"Unable to pull image {reference}: its run is not executable")
            return Image((str(run.absolute()),))
    raise SandboxError(
        f"Unable to pull image {reference}: put an executable run into images/{reference}/ of the "
        f"state directory, or use one of {', '.join(built_in())}"
    )


def _own_environment() -> tuple[tuple[str, str], ...]:
    """Return what the package's own images find this package, and its cached plans, by."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    home = Path(agavepy.__file__).resolve().parent.parent
    return (("PYTHONPATH", str(home)), ("XDG_CACHE_HOME", cache))


def built_in() -> list[str]:
    """Return the names of the images that come with the package."""
    return sorted(str(run.parent.relative_to(_BUILT_IN)) for run in _BUILT_IN.glob("*/*/run"))
