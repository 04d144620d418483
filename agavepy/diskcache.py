"""Files in the user's cache directory: written whole, for the owner only, and never missed."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path


def place(kind: str, key: str | bytes) -> Path | None:
    """Return where what belongs to ``key`` is kept; None where there is no home directory."""
    usual = os.path.expanduser("~/.cache")  # noqa: PTH111 - no error where there is no home
    basis = Path(os.environ.get("XDG_CACHE_HOME") or usual)
    if not basis.is_absolute():
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
        handle, name = tempfile.mkstemp(dir=target.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            temporary.replace(target)
        except OSError:
            temporary.unlink()
            raise


def read(target: Path | None) -> bytes | None:
    """Return what is kept there, None if nothing is that can be read."""
    try:
        return target.read_bytes() if target is not None else None
    except OSError:
        return None
