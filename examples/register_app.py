"""Register an app of your own, made of a wrapper script and a definition, and run it once.

The app reports the GC content of each sequence of a FASTA file. Running this again updates it.

Usage: python register_app.py [FASTA_PATH]      (a path on your default storage system)
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from agavepy import Agave
from agavepy.waiters import follow

FILES = Path(__file__).with_name("data") / "gc-content"
STAGED = {"STAGING_COMPLETED", "STAGING_FAILED"}
ENDS = {"FINISHED", "FAILED", "STOPPED", "KILLED"}


def upload(ag: Agave, system: str, folder: str, file: Path) -> None:
    """Upload a file and wait until the server has it in place."""
    with file.open("rb") as content:
        ag.files.importData(systemId=system, filePath=folder, fileToUpload=content)
    path = f"{folder}/{file.name}"
    *_, staged = follow(lambda: ag.files.getHistory(systemId=system, filePath=path), STAGED)
    if staged.status == "STAGING_FAILED":
        raise SystemExit(f"{path} was not uploaded: {staged.description}")


def main() -> None:
    ag = Agave.restore()
    me = ag.profiles.get().username
    storage = ag.systems.list(type="STORAGE", default=True)[0].id
    execution = ag.systems.list(type="EXECUTION", default=True)[0].id

    folder = f"apps/gc-content-1.0/{time.strftime('%Y-%m-%d-%H%M%S')}"
    ag.files.manage(systemId=storage, filePath=me, body={"action": "mkdir", "path": folder})
    for script in sorted(FILES.glob("*.sh")):
        upload(ag, storage, f"{me}/{folder}", script)

    app = ag.apps.add(
        body={
            "name": "gc-content",
            "version": "1.0",
            "label": "GC content",
            "shortDescription": "Share of G and C in each sequence of a FASTA file, in percent",
            "tags": ["fasta"],
            "executionSystem": execution,
            "executionType": "CLI",
            "deploymentSystem": storage,
            "deploymentPath": f"{me}/{folder}",
            "templatePath": "wrapper.sh",
            "testPath": "test.sh",
            "inputs": [{"id": "reads", "value": {"required": True}}],
            "parameters": [{"id": "digits", "value": {"type": "number", "default": 1}}],
        }
    )
    print(f"{app.id} is registered, revision {app.revision}")

    reads = sys.argv[1] if len(sys.argv) > 1 else f"{me}/data/reads.fa"
    job = ag.jobs.submit(
        body={
            "name": "gc content",
            "appId": app.id,
            "inputs": {"reads": f"agave://{storage}/{reads}"},
        }
    )
    *_, last = follow(lambda: ag.jobs.getHistory(jobId=job.id), ENDS)
    if last.status != "FINISHED":
        raise SystemExit(f"job {job.id} ended as {last.status}: {last.description}")
    print(ag.jobs.downloadOutput(jobId=job.id, filePath="gc-content.tsv").text, end="")


if __name__ == "__main__":
    main()
