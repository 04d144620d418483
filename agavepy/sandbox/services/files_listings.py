"""Listings and the index (agave-files FileListingResource, FileIndexingResource)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.files import Place, place, require
from agavepy.sandbox.state import disk, files, files_records
from agavepy.sandbox.state.files_access import Rights, owner, rights


@handler("files", "list")
@handler("files", "listOnDefaultSystem")
@handler("files", "listHome")
@handler("files", "listHomeOnDefaultSystem")
def list_files(call: Call) -> Reply:
    """Answer a page of a directory, itself first, or the entry of one file."""
    at = place(call)
    require(call, at, "READ")
    with disk.storing(at.system):
        return Reply(_page(call, at))


@handler("files", "index")
@handler("files", "indexOnDefaultSystem")
@handler("files", "indexHome")
@handler("files", "indexHomeOnDefaultSystem")
@handler("files", "startIndex")
@handler("files", "startIndexOnDefaultSystem")
def index(call: Call) -> Reply:
    """Make a directory's members known to the tenant, then answer as a listing does.

    What has been indexed and has not changed since is indexed again with ``force`` only.
    """
    at = place(call)
    require(call, at, "READ")
    with disk.storing(at.system):
        _index(call, at)
        return Reply(_page(call, at))


def _index(call: Call, at: Place) -> None:
    tenant = call.tenant
    keeper = owner(tenant, at.system, at.logical)
    changed = at.real.stat().st_mtime_ns
    record = files_records.ensure(tenant, at.system, at.logical, keeper)
    if record.get("indexed") != changed or call.args.get("force"):
        with tenant.store.transaction():
            files.note(tenant, at.system, at.logical, "INDEX_START", call.user, "Indexing started")
            for name in disk.names(at.real) if at.real.is_dir() else ():
                path = disk.join(at.logical, files.readable_name(name))
                files_records.ensure(tenant, at.system, path, owner(tenant, at.system, path))
            files.note(
                tenant, at.system, at.logical, "INDEX_COMPLETE", call.user, "Indexing completed"
            )
            record = files_records.ensure(tenant, at.system, at.logical, keeper)
            record["indexed"] = changed
            files_records.save(tenant, record)


def _page(call: Call, at: Place) -> list[dict[str, Any]]:
    """Return the entries from offset on; only those of the page are looked at on the disk."""
    tenant, system = call.tenant, at.system
    wanted = call.limit
    entries = []
    if call.offset == 0 and wanted:
        granted = rights(tenant, call.user, system, at.logical)
        entries.append(
            files.entry(call, tenant, system, at.logical, at.real, granted=granted, itself=True)
        )
        wanted -= 1
    if wanted and at.real.is_dir():
        below = rights(tenant, call.user, system, at.logical, tree=True)
        for name in disk.listing(at.real, max(call.offset - 1, 0), wanted):
            path = f"{at.logical.rstrip('/')}/{name}"
            granted = below
            if below is not Rights.ALL:
                granted = rights(tenant, call.user, system, files.readable_name(path))
            real = at.real / name
            entries.append(files.entry(call, tenant, system, path, real, granted=granted))
    return [entry for entry in entries if entry is not None]
