"""Count the lines of files by an app of the tenant, and remember the counts."""

from __future__ import annotations

import json
from typing import Any

from agavepy import Agave
from agavepy.errors import NotFound
from agavepy.waiters import follow

FINAL = {"FINISHED", "FAILED", "STOPPED"}


class NotCounted(Exception):
    """A file could not be counted."""


def fasta_files(ag: Agave, system: str, folder: str) -> list[str]:
    """Return the names of the sequence files in a folder, largest first; [] if there is none."""
    try:
        entries = ag.files.list(systemId=system, filePath=folder)
    except NotFound:
        return []
    found = [entry for entry in entries if entry.name.endswith((".fa", ".fasta"))]
    return [entry.name for entry in sorted(found, key=lambda entry: -entry.length)]


def count_lines(ag: Agave, uri: str) -> int:
    """Run ``wc-1.0`` on a file and return what it counted. Raises NotCounted."""
    job = ag.jobs.submit(
        body={
            "name": "count-reads",
            "appId": "wc-1.0",
            "inputs": {"file": uri},
            "parameters": {"mode": "lines"},
        }
    )
    *_, last = follow(lambda: ag.jobs.getHistory(jobId=job.id), FINAL, interval_s=0.2)
    if last.status != "FINISHED":
        raise NotCounted(f"{uri}: the job {job.id} ended as {last.status}")
    return int(ag.jobs.downloadOutput(jobId=job.id, filePath="count.txt").text.split()[0])


def remember(ag: Agave, name: str, count: int) -> str:
    """Keep the count of a file, in place of an older one, and return the id of the item."""
    item = {"name": "reads.count", "value": {"file": name, "count": count}}
    for old in _kept(ag, name):
        return ag.meta.updateMetadata(uuid=old.uuid, body=item).uuid
    return ag.meta.addMetadata(body=item).uuid


def remembered(ag: Agave, name: str) -> int | None:
    """Return the count that was kept for a file, None if there is none."""
    for item in _kept(ag, name):
        return item.value.count
    return None


def _kept(ag: Agave, name: str) -> Any:
    query = {"name": "reads.count", "value.file": name}
    return ag.meta.listMetadata(q=json.dumps(query))
