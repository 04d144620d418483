"""Apps with wrappers of a test's own, and their jobs, for the tests of the jobs service."""

from __future__ import annotations

import itertools
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agavepy.sandbox import Sandbox
from tests.conftest import Http
from tests.waiting import wait_for

ENDS = {"FINISHED", "FAILED", "STOPPED", "KILLED"}
#: The statuses of a job with inputs whose outputs are archived, in order.
WHOLE_LIFE = [
    "PENDING",
    "PROCESSING_INPUTS",
    "STAGING_INPUTS",
    "STAGED",
    "SUBMITTING",
    "QUEUED",
    "RUNNING",
    "CLEANING_UP",
    "ARCHIVING",
    "ARCHIVING_FINISHED",
    "FINISHED",
]
#: The same on a tenant of Aloe.
WHOLE_LIFE_ALOE = [
    "PENDING",
    "PROCESSING_INPUTS",
    "STAGING_INPUTS",
    "STAGED",
    "STAGING_JOB",
    "SUBMITTING",
    "QUEUED",
    "RUNNING",
    "CLEANING_UP",
    "ARCHIVING",
    "FINISHED",
]
HELLO = "agave://sandbox.storage//home/ada/data/hello.txt"

_numbers = itertools.count(1)


def storage(root: Path) -> Path:
    """Return the directory of `sandbox.storage` below the state directory ``root``."""
    return root / "systems" / "sandbox.storage"


def deploy(root: Path, name: str, wrapper: str, owner: str = "ada") -> str:
    """Put a wrapper into a deployment of ``owner``'s and return its path on `sandbox.storage`."""
    path = f"/home/{owner}/apps/{name}"
    folder = storage(root) / path[1:]
    (folder / "test").mkdir(parents=True, exist_ok=True)
    (folder / "wrapper.sh").write_text(wrapper)
    (folder / "test" / "test.sh").write_text("exit 0\n")
    return path


def register(http: Http, name: str, path: str, **fields: Any) -> str:
    """Register an app on `sandbox.exec` and return its id."""
    definition = {
        "name": name,
        "version": "1.0",
        "executionSystem": "sandbox.exec",
        "executionType": "CLI",
        "parallelism": "SERIAL",
        "deploymentSystem": "sandbox.storage",
        "deploymentPath": path,
        "templatePath": "wrapper.sh",
        "testPath": "test/test.sh",
        **fields,
    }
    answer = http.post("/apps/v2/", json=definition)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["result"]["id"])


def app(http: Http, sandbox: Sandbox, wrapper: str, owner: str = "ada", **fields: Any) -> str:
    """Register a new app of this wrapper and return its id."""
    name = f"app{next(_numbers)}"
    return register(http, name, deploy(sandbox.tenant.root, name, wrapper, owner), **fields)


def submit(http: Http, app_id: str, **fields: Any) -> dict[str, Any]:
    """Submit a job and return the answer."""
    answer = http.post("/jobs/v2/", json={"name": "a job", "appId": app_id, **fields})
    assert answer.status_code == 201, answer.text
    job: dict[str, Any] = answer.json()["result"]
    return job


def refused(http: Http, app_id: str, **fields: Any) -> tuple[int, str]:
    """Submit what must be refused and return the status and the message."""
    answer = http.post("/jobs/v2/", json={"name": "a job", "appId": app_id, **fields})
    assert answer.status_code >= 400, answer.text
    return answer.status_code, answer.json()["message"]


def detail(http: Http, job_id: str) -> dict[str, Any]:
    """Return a job as it now is."""
    answer = http.get(f"/jobs/v2/{job_id}")
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()["result"]
    return job


def status(http: Http, job_id: str) -> str:
    """Return the status of a job."""
    return str(http.get(f"/jobs/v2/{job_id}/status").json()["result"]["status"])


def until(http: Http, job_id: str, *wanted: str) -> str:
    """Wait until a job has one of these statuses and return it."""
    return wait_for(lambda: (now := status(http, job_id)) in wanted and now) or ""


@contextmanager
def staging(http: Http, sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """Yield a job whose input does not come while this lasts, and the address of the input."""
    app_id = app(http, sandbox, "true\n", inputs=[input_file("in")])
    with socket.create_server(("127.0.0.1", 0)) as slow:  # takes the request and says nothing
        address = f"http://127.0.0.1:{slow.getsockname()[1]}/never.txt"
        job_id = submit(http, app_id, inputs={"in": address})["id"]
        connection, _ = slow.accept()
        with connection:
            until(http, job_id, "STAGING_INPUTS")
            yield job_id, address


def end(http: Http, job_id: str) -> dict[str, Any]:
    """Wait for the end of a job and return it."""
    until(http, job_id, *ENDS)
    return detail(http, job_id)


def run(http: Http, app_id: str, **fields: Any) -> dict[str, Any]:
    """Submit a job and return it when it has ended."""
    return end(http, submit(http, app_id, **fields)["id"])


def events(http: Http, job_id: str) -> list[str]:
    """Return the words of a job's history, oldest first."""
    answer = http.get(f"/jobs/v2/{job_id}/history", params={"limit": 250})
    assert answer.status_code == 200, answer.text
    return [event["status"] for event in answer.json()["result"]]


def output(http: Http, job_id: str, path: str) -> str:
    """Return the text of an output."""
    answer = http.get(f"/jobs/v2/{job_id}/outputs/media/{path}")
    assert answer.status_code == 200, answer.text
    return answer.content.decode()


def outputs(http: Http, job_id: str, path: str = "") -> list[str]:
    """Return the paths in a directory of a job's outputs."""
    answer = http.get(f"/jobs/v2/{job_id}/outputs/listings/{path}")
    assert answer.status_code == 200, answer.text
    return [entry["path"] for entry in answer.json()["result"]]


def printed(http: Http, job: dict[str, Any], kind: str = "out") -> str:
    """Return what the wrapper of a job called ``a job`` printed."""
    return output(http, job["id"], f"a-job-{job['id']}.{kind}")


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith("Z")


def parameter(name: str, kind: str, **value: Any) -> dict[str, Any]:
    """Return the definition of a parameter; ``details`` among the arguments is its own part."""
    details = value.pop("details", {})
    semantics = value.pop("semantics", {})
    return {
        "id": name,
        "value": {"type": kind, **value},
        "details": {"label": name, **details},
        "semantics": semantics,
    }


def input_file(name: str, **value: Any) -> dict[str, Any]:
    """Return the definition of an input; as :func:`parameter`."""
    details = value.pop("details", {})
    semantics = value.pop("semantics", {})
    return {
        "id": name,
        "value": value,
        "details": {"label": name, **details},
        "semantics": semantics,
    }
