"""Jobs on a tenant of Aloe, whose requests say more than those of the classic service."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import Sandbox
from tests.conftest import Http
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import HELLO
from tests.waiting import wait_for

Job = dict[str, Any]
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-007"
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
#: Waits for a file ``go`` among the outputs, then ends with the exit code of the app's parameter.
WAITER = "echo $$ > pid.txt; while test ! -e go; do sleep 0.01; done; exit ${code}\n"
CODE = support.parameter("code", "number", default=0)


def session(sandbox: Sandbox, user: str) -> Http:
    """Return a session of a user of a test's own tenant; close it."""
    return Http(sandbox.url, sandbox.credentials(user)["token"])


def submit(http: Http, app_id: str, **fields: Any) -> Job:
    """Submit a job whose archive, if any, is in the usual place."""
    return support.submit(http, app_id, **{"archivePath": "", **fields})


def count(http: Http, **fields: Any) -> Job:
    """Submit a job of the demo app."""
    return submit(http, "wc-1.0", inputs={"file": HELLO}, parameters={"mode": "words"}, **fields)


def run(http: Http, app_id: str, **fields: Any) -> Job:
    """Submit a job and return it when it has ended."""
    return support.end(http, submit(http, app_id, **fields)["id"])


def waiter(http: Http, sandbox: Sandbox, **fields: Any) -> str:
    """Register an app of :data:`WAITER` and return its id."""
    return support.app(http, sandbox, WAITER, parameters=[CODE], **fields)


def process(http: Http, job_id: str) -> int:
    """Return the process of a job of :data:`WAITER` when it is there."""
    path = f"/jobs/v2/{job_id}/outputs/media/pid.txt"
    wait_for(lambda: (got := http.get(path)).status_code == 200 and got.text.endswith("\n"))
    return int(support.output(http, job_id, "pid.txt"))


def gone(pid: int) -> None:
    """Wait until a process runs no more."""
    wait_for(lambda: not support.alive(pid))


def release(http: Http, sandbox: Sandbox, job_id: str) -> None:
    """Let a job of :data:`WAITER` go on to its end."""
    job = support.detail(http, job_id)
    folder = sandbox.tenant.root / "systems" / job["systemId"] / job["workPath"].lstrip("/")
    (folder / "go").touch()


def act(http: Http, job_id: str, route: str) -> tuple[int, str]:
    """Post to one of Aloe's own routes; return status and message."""
    answer = http.post(f"/jobs/v2/{job_id}/{route}")
    return answer.status_code, str(answer.json()["message"])
