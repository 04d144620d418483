"""One execution of an actor: its image is started with the message, watched and written down."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.actors_runtime_results import Results
from agavepy.sandbox.errors import SandboxError
from agavepy.sandbox.runner_process import MARK, Process, end_orphan
from agavepy.sandbox.state import actors, clients, signing, tokens
from agavepy.sandbox.state import actors_events as events
from agavepy.sandbox.state import actors_executions as executions
from agavepy.sandbox.state import actors_images as images
from agavepy.sandbox.state import actors_messages as messages
from agavepy.sandbox.state.actors_names import dbid
from agavepy.sandbox.tenant import Tenant

#: Whose client the tokens of executions are of: no user has this name.
_NOBODY = ""
#: Where the state has the short path of the run that is using it.
_LINK = ("actor_place", "link")
#: Characters of a directory below which the address of a socket still fits.
_LONGEST = 50
#: What decides which program runs, and with which libraries: the owner's to set, not a sender's.
_OWNERS = frozenset({"PATH", "HOME", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "IFS"})
_OWNERS_PREFIXES = ("PYTHON", "LD_", "DYLD_", "BASH_FUNC_", "XDG_", "PERL", "RUBY", "NODE_")
_OWNERS_SUFFIXES = ("_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "_PROXY")
_CLOSED = "The sandbox was closed while the execution was running"


@dataclass(eq=False)
class Run:
    """One execution under way: how others reach it."""

    actor_id: str
    worker_id: str
    execution_id: str
    process: Process | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """End its process at once."""
        self.stopped.set()
        if self.process is not None:
            self.process.kill()


class Place:
    """Where the executions of a tenant run: scratch directories, logs, sockets.

    A short path leads to the scratch directories: the address of a socket has 104 bytes at most.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._scratch = tenant.root / "actors" / "scratch"
        self._logs = tenant.root / "actors" / "logs"
        self._link: Path | None = None
        self._guard = threading.Lock()
        for folder in (self._scratch, self._logs, images.folder(tenant)):
            folder.mkdir(parents=True, exist_ok=True)
        earlier = tenant.store.get(*_LINK)  # of a run that was killed
        if earlier is not None:
            _unlink(Path(earlier["path"]))

    def close(self) -> None:
        """Remove the short path."""
        if self._link is not None:
            _unlink(self._link)
            self.tenant.store.delete(*_LINK)

    def scratch(self, execution_id: str) -> Path:
        """Return the directory in which an execution runs."""
        return self._scratch / execution_id

    def short(self, execution_id: str) -> Path:
        """Return a short path to that directory."""
        with self._guard:
            if self._link is None:
                usual = tempfile.gettempdir()
                folder = usual if len(usual) <= _LONGEST else "/tmp"  # noqa: S108 - mkdtemp's is ours
                link = Path(tempfile.mkdtemp(prefix="agavepy-", dir=folder)) / "s"
                self.tenant.store.put(*_LINK, {"path": str(link)})
                link.symlink_to(self._scratch.absolute(), target_is_directory=True)
                self._link = link
            return self._link / execution_id

    def log(self, execution_id: str) -> Path:
        """Return the file into which an execution prints."""
        return self._logs / execution_id

    def printed(self, execution_id: str) -> str:
        """Return what an execution has printed, a little more than a log may have."""
        try:
            with self.log(execution_id).open("rb") as file:
                data = file.read(4 * executions.MAX_LOG + 4)
        except FileNotFoundError:
            return ""
        return data.decode(errors="replace")

    def clean(self, execution_id: str) -> None:
        """Remove what an execution has left."""
        shutil.rmtree(self.scratch(execution_id), ignore_errors=True)
        self.log(execution_id).unlink(missing_ok=True)


def _unlink(link: Path) -> None:
    with contextlib.suppress(OSError):
        link.unlink()
        link.parent.rmdir()


def client(tenant: Tenant) -> dict[str, Any]:
    """Return the OAuth client of the actors' tokens, which may call every API."""
    with tenant.store.transaction():
        found = next(iter(clients.owned(tenant, _NOBODY)), None)
        found = found or clients.create(tenant, _NOBODY, "abaco-workers")
        clients.subscribe(tenant, found, list(clients.apis().values()))
        return found


def carry_out(
    place: Place,
    run: Run,
    oauth_client: dict[str, Any],
    *,
    closing: Callable[[], bool],
    changed: Callable[[str], None],
) -> None:
    """Run the message of an execution to its end.

    One without a message, or stopped before it began, is left alone. A status is left at the pace
    of the kind ``executions``, RUNNING not before its process has ended.

    ``changed`` is called with the id of the execution when it has started, has a result, has ended.
    """
    tenant, execution_id = place.tenant, run.execution_id
    tenant.pace.hold(execution_id, run.stopped.is_set)
    actor = actors.find(tenant, run.actor_id)
    message = messages.get(tenant, execution_id)
    if actor is None or message is None or run.stopped.is_set():
        return
    with contextlib.ExitStack() as stack:
        stack.callback(place.clean, execution_id)
        stack.callback(messages.drop, tenant, execution_id)
        token = ""
        if actor["token"]:
            issued = tokens.issue(tenant, oauth_client, actor["owner"], refreshable=False)
            token = issued["access_token"]
            stack.callback(tokens.revoke, tenant, oauth_client, token)
        try:
            image = images.pull(tenant, actor["image"])
            place.scratch(execution_id).mkdir()
            results = Results(
                place.short(execution_id) / "_abaco_results.sock",
                functools.partial(_keep_result, tenant, execution_id, changed),
            )
            stack.callback(results.close)
            given = {
                **_base(place, execution_id),
                **dict(image.environment),
                **_environment(place, actor, message, run),
                "_abaco_access_token": token,
            }
            run.process = process = _start(place, execution_id, image.command, given)
        except (SandboxError, OSError, ValueError) as error:
            _not_started(tenant, actor, execution_id, error)
            changed(execution_id)
            return
        try:
            began = _begun(tenant, actor, run, process)
            changed(execution_id)
            if not began or run.stopped.is_set():
                process.kill()
            process.go()
        finally:
            code = process.wait()
            results.close()
        tenant.pace.hold(execution_id, run.stopped.is_set)
        _ended(place, actor, run, code, results.cut, closing())
        changed(execution_id)


def _begun(tenant: Tenant, actor: dict[str, Any], run: Run, process: Process) -> bool:
    """Write down that an execution is RUNNING; False when it was ended meanwhile."""
    with tenant.store.transaction():
        moved = executions.move(
            tenant,
            run.execution_id,
            "RUNNING",
            process=process.record,
            workerId=run.worker_id,
            startTime=tenant.clock.now(),
        )
        messages.take(tenant, run.execution_id)
        if moved is not None:
            data = {"execution_id": run.execution_id, "status": "RUNNING"}
            events.note(tenant, actor, "EXECUTION_STARTED", **data)
    return moved is not None


def _keep_result(
    tenant: Tenant, execution_id: str, changed: Callable[[str], None], data: bytes
) -> None:
    if executions.add_result(tenant, execution_id, data):
        changed(execution_id)


def settle(place: Place, actor: dict[str, Any], execution_id: str, reason: str) -> None:
    """End an execution that cannot go on: ERROR, and its log says why."""
    tenant = place.tenant
    text = place.printed(execution_id)[: executions.MAX_LOG - len(reason) - 1]
    now = tenant.clock.now()
    with tenant.store.transaction():
        moved = executions.move(tenant, execution_id, "ERROR", finishTime=now)
        if moved is not None:
            executions.keep_log(tenant, actor, execution_id, _with(text, reason))
            data = {"execution_id": execution_id, "status": "ERROR"}
            events.note(tenant, actor, "EXECUTION_COMPLETE", **data)
        messages.drop(tenant, execution_id)
    place.clean(execution_id)


def settle_orphans(place: Place) -> None:
    """End what an earlier run of the sandbox had running, and remove what it left behind."""
    tenant = place.tenant
    for execution in executions.every(tenant, status="RUNNING"):
        if execution.get("process"):
            end_orphan(execution["process"], execution["id"])
        actor = actors.find(tenant, execution["actorId"])
        if actor is not None:
            reason = "The sandbox ended while the execution was running"
            settle(place, actor, execution["id"], reason)
    for folder in (place.scratch(""), place.log("")):
        for left in folder.iterdir():
            place.clean(left.name)
    messages.sweep(tenant)


def _with(text: str, line: str) -> str:
    """Return a log with a line of the sandbox's own below it."""
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n"


def _base(place: Place, execution_id: str) -> dict[str, str]:
    """Return what a container would bring along: where programs are, and a home."""
    found = {
        # The interpreter of the sandbox first: images written in Python find what it has.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(place.scratch(execution_id)),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
    bundle = place.tenant.root / "tls" / "ca.pem"
    if place.tenant.url.startswith("https:") and bundle.exists():
        found["REQUESTS_CA_BUNDLE"] = found["SSL_CERT_FILE"] = str(bundle)
    return found


def _environment(
    place: Place, actor: dict[str, Any], message: dict[str, Any], run: Run
) -> dict[str, str]:
    """Return what the actor and its message give: the defaults, the query, Abaco's own.

    In this order, so that no sender passes as somebody else (abaco ``worker.py``). A container has
    nothing of the sender's to run; here files of theirs have paths, so that who may only send must
    not say what is run with the owner's token.
    """
    tenant, execution_id = place.tenant, run.execution_id
    short = place.short(execution_id)
    own = {
        "MSG": message.get("text", ""),
        "_abaco_execution_id": execution_id,
        "_abaco_username": message["username"],
        "_abaco_api_server": tenant.url,
        "_abaco_jwt_header_name": signing.header_name(tenant),
        "_abaco_Content_Type": message["contentType"],
        "_abaco_actor_revision": actor["revision"],
        "_abaco_actor_dbid": dbid(tenant, actor["id"]),
        "_abaco_actor_id": actor["id"],
        "_abaco_worker_id": run.worker_id,
        "_abaco_container_repo": actor["image"],
        "_abaco_actor_state": actor["state"],
        "_abaco_actor_name": actor.get("name") or "",
        "_actor_configs": json.dumps(actors.configs_for(tenant, actor)),
        "_abaco_results_socket": short / "_abaco_results.sock",
        MARK: execution_id,
    }
    if message["contentType"] == messages.BINARY:
        data = place.scratch(execution_id) / "_abaco_binary_data"
        data.hardlink_to(messages.binary(tenant, execution_id))
        own["_abaco_binary_data"] = data
    defaults = actor["defaultEnvironment"]
    sent = {name: value for name, value in message["environment"].items() if not _is_owners(name)}
    given = {**defaults, **sent, **own}
    return {name: str(value) for name, value in given.items()}


def _is_owners(name: str) -> bool:
    upper = name.upper()
    return (
        upper in _OWNERS or upper.startswith(_OWNERS_PREFIXES) or upper.endswith(_OWNERS_SUFFIXES)
    )


def _start(
    place: Place, execution_id: str, command: tuple[str, ...], environment: dict[str, str]
) -> Process:
    """Start an image, waiting at its gate. The shell of the gate keeps no ``x-nonce``: env does."""
    odd = {
        name: value
        for name, value in environment.items()
        if not (name.isascii() and name.isidentifier())
    }
    through = ["/usr/bin/env", *(f"{name}={value}" for name, value in odd.items())] if odd else []
    plain = {name: value for name, value in environment.items() if name not in odd}
    return Process(
        [*through, *command], place.scratch(execution_id), plain, place.log(execution_id)
    )


def _not_started(
    tenant: Tenant, actor: dict[str, Any], execution_id: str, error: Exception
) -> None:
    """End an execution whose image could not be started (abaco ``DockerStartContainerError``)."""
    text = f"The container of {actor['image']} could not be started: {error}\n"
    with tenant.store.transaction():
        moved = executions.move(tenant, execution_id, "ERROR", finishTime=tenant.clock.now())
        if moved is not None:
            executions.keep_log(tenant, actor, execution_id, text)
            data = {"execution_id": execution_id, "status": "ERROR"}
            events.note(tenant, actor, "EXECUTION_COMPLETE", **data)


def _ended(
    place: Place, actor: dict[str, Any], run: Run, code: int, cut: int, closing: bool
) -> None:
    """Write down the end of a process. Whatever its exit code, the execution is complete."""
    tenant, execution_id = place.tenant, run.execution_id
    found = executions.find(tenant, execution_id)
    if found is None or run.process is None:
        return
    text = place.printed(execution_id)
    if cut:
        text = _with(text, f"{cut} results had more than {executions.MAX_RESULT} bytes: cut")
    status = "COMPLETE"
    if closing and run.stopped.is_set():
        status, text = "ERROR", _with(text, _CLOSED)
    exit_code = 128 - code if code < 0 else code
    started, ended = found.get("startTime", tenant.clock.now()), tenant.clock.now()
    usage = run.process.usage
    with tenant.store.transaction():
        moved = executions.move(
            tenant,
            execution_id,
            status,
            finishTime=ended,
            runtime=int(ended - started),
            cpu=int((usage.ru_utime + usage.ru_stime) * 1e9) if usage else 0,
            exitCode=exit_code,
            finalState=_final_state(exit_code, started, ended),
        )
        if moved is not None:
            executions.keep_log(tenant, actor, execution_id, text)
            data = {"execution_id": execution_id, "status": status, "exit_code": exit_code}
            events.note(tenant, actor, "EXECUTION_COMPLETE", **data)


def _final_state(exit_code: int, started: float, ended: float) -> dict[str, Any]:
    """Return the state of a container as Docker tells it, with the times in Abaco's form."""
    return {
        "Status": "exited",
        "Running": False,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": False,
        "Dead": False,
        "Pid": 0,
        "ExitCode": exit_code,
        "Error": "",
        "StartedAt": dates.abaco(started),
        "FinishedAt": dates.abaco(ended),
    }
