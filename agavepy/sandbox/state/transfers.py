"""Transfers: what was moved to a storage system, by whom, from where, and how far it is.

A transfer is kept as a document ``{id, owner, source, dest, status, attempts, files, bytes,
created, started, ended}``, times in epoch seconds; ``files`` and ``bytes`` are known once it has
ended. States are those of agave-systems' TransferStatusType.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import disk, users
from agavepy.sandbox.tenant import Tenant

Transfer = dict[str, Any]

KIND = "transfer"
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


def add(tenant: Tenant, owner: str, source: str, dest: str) -> str:
    """Keep a transfer that waits to be made and return its id."""
    transfer: Transfer = {
        "id": tenant.ids.uuid("009"),
        "owner": owner,
        "source": without_password(source),
        "dest": dest,
        "status": "QUEUED",
        "attempts": 0,
        "files": 0,
        "bytes": 0,
        "created": tenant.clock.now(),
        "started": None,
        "ended": None,
    }
    tenant.store.put(KIND, transfer["id"], transfer)
    return str(transfer["id"])


def record(tenant: Tenant, owner: str, source: str, dest: str, files: int, size: int) -> str:
    """Keep a transfer of ``files`` files and ``size`` bytes that has been made; return its id."""
    transfer = add(tenant, owner, source, dest)
    start(tenant, transfer)
    end(tenant, transfer, "COMPLETED", files, size)
    return transfer


def start(tenant: Tenant, transfer_id: str) -> None:
    """Note that a transfer is tried, once more after an interruption."""
    transfer = find(tenant, transfer_id)
    if transfer is not None:
        now = tenant.clock.now()
        more = {"status": "TRANSFERRING", "attempts": transfer["attempts"] + 1}
        tenant.store.put(KIND, transfer_id, {**transfer, "started": now, **more})


def end(tenant: Tenant, transfer_id: str, status: str, files: int = 0, size: int = 0) -> None:
    """Note how a transfer ended (one of ENDED), and how many files and bytes have arrived."""
    transfer = find(tenant, transfer_id)
    if transfer is not None:
        how = {"status": status, "files": files, "bytes": size, "ended": tenant.clock.now()}
        tenant.store.put(KIND, transfer_id, {**transfer, **how})


@contextmanager
def making(tenant: Tenant, transfer_id: str) -> Iterator[Callable[[Path], None]]:
    """Note that a transfer is tried, and at the end how it went.

    What is yielded is called with each file or directory that has arrived.
    """
    files = size = 0

    def arrived(path: Path) -> None:
        nonlocal files, size
        more = disk.extent(path)
        files, size = files + more[0], size + more[1]

    start(tenant, transfer_id)
    status = "CANCELLED"
    try:
        yield arrived
        status = "COMPLETED"
    except (ApiError, OSError):
        status = "FAILED"
        raise
    finally:
        with tenant.store.transaction():
            if _under_way(tenant, transfer_id):  # else it was cancelled meanwhile
                end(tenant, transfer_id, status, files, size)


def cancel(tenant: Tenant, transfer_id: str) -> None:
    """Note that a transfer will not be made, unless it has ended."""
    if _under_way(tenant, transfer_id):
        end(tenant, transfer_id, "CANCELLED")


def _under_way(tenant: Tenant, transfer_id: str) -> bool:
    transfer = find(tenant, transfer_id)
    return transfer is not None and transfer["status"] not in ENDED


def find(tenant: Tenant, transfer_id: str) -> Transfer | None:
    """Return a transfer, None when there is none of that id."""
    return tenant.store.get(KIND, transfer_id)


def get(tenant: Tenant, user: str, transfer_id: str) -> Transfer:
    """Return a transfer of ``user``, any for tenant administrators; ApiError 404 or 403."""
    transfer = find(tenant, transfer_id)
    if transfer is None:
        raise ApiError(404, f"No transfer found matching {transfer_id}")
    if transfer["owner"] != user and not users.is_admin(tenant, user):
        raise ApiError(
            403, f"Permission denied. You do not have permission to view transfer {transfer_id}"
        )
    return transfer


def rate(transfer: Transfer, now: float) -> float:
    """Return the bytes a second of a transfer, 0 for one that has not begun or moved nothing."""
    if transfer["started"] is None:
        return 0.0
    seconds = (transfer["ended"] or now) - transfer["started"]
    # What takes less than the clock shows is taken to have lasted a millisecond.
    return round(float(transfer["bytes"] / max(seconds, 0.001)), 3)


def progress(transfer: Transfer, now: float) -> dict[str, Any]:
    """Return how far a transfer is, as histories tell it."""
    return {
        "averageRate": rate(transfer, now),
        "totalFiles": transfer["files"],
        "source": transfer["source"],
        "totalActiveTransfers": int(transfer["status"] not in ENDED),
        "totalBytes": transfer["bytes"],
        "totalBytesTransferred": transfer["bytes"] if transfer["status"] == "COMPLETED" else 0,
    }


def without_password(source: str) -> str:
    """Return an address without the name and password that it may have."""
    parts = urlsplit(source)
    if "@" not in parts.netloc:
        return source
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
