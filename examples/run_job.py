"""Upload a file, count its lines, words or bytes with a job, and print what the job answers.

Usage: python run_job.py [FILE [lines|words|bytes]]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from agavepy import Agave
from agavepy.waiters import follow

STAGED = {"STAGING_COMPLETED", "STAGING_FAILED"}
ENDS = {"FINISHED", "FAILED", "STOPPED", "KILLED"}


def main() -> None:
    file = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("reads.txt"))
    mode = sys.argv[2] if len(sys.argv) > 2 else "lines"

    ag = Agave.restore()
    me = ag.profiles.get().username
    storage = ag.systems.list(type="STORAGE", default=True)[0].id

    folder = f"counts/{time.strftime('%Y-%m-%d-%H%M%S')}"
    ag.files.manage(systemId=storage, filePath=me, body={"action": "mkdir", "path": folder})
    upload = {"systemId": storage, "filePath": f"{me}/{folder}/{file.name}"}
    with file.open("rb") as content:
        ag.files.importData(systemId=storage, filePath=f"{me}/{folder}", fileToUpload=content)
    *_, staged = follow(lambda: ag.files.getHistory(**upload), STAGED)
    if staged.status == "STAGING_FAILED":
        raise SystemExit(f"the upload failed: {staged.description}")

    job = ag.jobs.submit(
        body={
            "name": f"count {mode}",
            "appId": "wc-1.0",
            "inputs": {"file": f"agave://{storage}/{upload['filePath']}"},
            "parameters": {"mode": mode},
        }
    )
    print(f"{job.id} counts the {mode} of {file.name}")
    for event in follow(lambda: ag.jobs.getHistory(jobId=job.id), ENDS):
        print(f"{event.created.astimezone():%H:%M:%S} {event.status}")
    if event.status != "FINISHED":
        raise SystemExit(f"the job ended as {event.status}: {event.description}")

    print(ag.jobs.downloadOutput(jobId=job.id, filePath="count.txt").text, end="")


if __name__ == "__main__":
    main()
