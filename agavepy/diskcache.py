"""Files in the user's cache directory: written whole, for the owner only, and never missed."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path


def place(kind: str, key: str | bytes) -> Path | None:
    """Return where what belongs to ``key`` is kept; None where there is no home directory."""
    basis = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    if not os.path.isabs(basis):  # noqa: PTH117 - no home directory
        return None
    name = hashlib.sha256(key if isinstance(key, bytes) else key.encode()).hexdigest()[:32]
    return Path(basis, "agavepy", kind, f"{name}.json")


def write(target: Path | None, content: bytes) -> None:
    """Keep ``content``; a read-only or full disk only costs the next start."""
    import tempfile

    if target is None:
        return
    with contextlib.suppress(OSError):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, target)  # noqa: PTH105
        except OSError:
            os.unlink(temporary)  # noqa: PTH108
            raise


def read(target: Path | None) -> bytes | None:
    """Return what is kept there, None if nothing is that can be read."""
    try:
        return target.read_bytes() if target is not None else None
    except OSError:
        return None
