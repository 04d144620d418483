"""The outputs of jobs (agave-jobs OutputFileListingResource, OutputFileDownloadResource)."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.content import file_reply
from agavepy.sandbox.links import hrefs
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import disk, files, jobs, jobs_outputs


@handler("jobs", "listOutputs")
@handler("jobs", "listRootOutputs")
def list_outputs(call: Call) -> Reply:
    """List a directory of the outputs, without the directory itself; or one file."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"])
    written = call.args.get("filePath", "")
    system, _, real = jobs_outputs.locate(call.tenant, job, written)
    path = disk.join("/", written)
    if not real.is_dir():
        members = call.page([(path, real)])
    else:
        names = disk.listing(real, call.offset, call.limit)
        members = [(disk.join(path, name), real / name) for name in names]
    entries = (_entry(call, job, system, *member) for member in members)
    return Reply([entry for entry in entries if entry is not None])


@handler("jobs", "downloadOutput")
def download_output(call: Call) -> Reply:
    """Answer the bytes of an output, or a range of them; from the work directory while it runs."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"])
    _, logical, real = jobs_outputs.locate(call.tenant, job, call.args["filePath"])
    name = files.readable_name(posixpath.basename(logical))
    return file_reply(call, real, name, files.mime_type(name))


def _entry(
    call: Call, job: jobs.Job, system: dict[str, Any], path: str, real: Path
) -> dict[str, Any] | None:
    """Return the entry of an output; None when a running job has removed it meanwhile."""
    inside = disk.inside(call.tenant, system, real)
    try:
        status = real.stat() if inside else real.lstat()
    except FileNotFoundError:
        return None
    folder = inside and real.is_dir()
    shown = files.readable_name(path)
    name = posixpath.basename(shown)
    links = {
        "self": call.link(
            "jobs", "downloadOutput", jobId=job["id"], filePath=shown.removeprefix("/")
        ),
        "system": call.link("systems", "get", systemId=system["id"]),
    }
    return {
        "name": name,
        # Starts with a slash, which stands for the job's output directory.
        "path": shown,
        "lastModified": dates.java(float(int(status.st_mtime))),
        "length": status.st_size,
        "permissions": "ALL" if jobs.may(call.tenant, call.user, job, "WRITE") else "READ",
        "format": "folder" if folder else "raw" if inside and real.is_file() else "unknown",
        "mimeType": files.mime_type(name, folder),
        "system": system["id"],
        "type": "dir" if folder else "file",
        "_links": hrefs(links),
    }
