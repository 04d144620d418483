"""Users, systems, jobs and actors for a test, made through the tenant's own services."""

from __future__ import annotations

import os
import pickle
import re
import shlex
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agavepy.errors import UsageError
from agavepy.sandbox.job_models import MODELS
from agavepy.sandbox.state.actors_executions import MAX_RESULT
from agavepy.testing.server import LocalServer, Server
from agavepy.waiters import follow

if TYPE_CHECKING:
    from agavepy.client import Agave

#: What names things that are given no name: the same in every run, whatever ran before.
Numbers = Iterator[int]


def user(
    server: Server,
    numbers: Numbers,
    username: str | None = None,
    *,
    password: str | None = None,
    admin: bool = False,
) -> Agave:
    """Make a user with a home directory on the public storage; return their logged-in client.

    ``password`` is the name unless given; ``admin`` makes an administrator of the tenant. Raises
    BadRequest for a name that is taken.
    """
    from agavepy.client import Agave

    name = username or f"user{next(numbers)}"
    secret = password or name
    administrator = server.client("admin")
    administrator.profiles.create(
        body={
            "username": name,
            "password": secret,
            "email": f"{name}@example.org",
            "first_name": name.capitalize(),
            "last_name": "Test",
        }
    )
    if admin:
        administrator.admin.addRoleToAccount(accountId=name, body={"roleId": "admin"})
    client = Agave(
        api_server=server.url,
        tenant_id=server.tenant_id,
        username=name,
        password=secret,
        verify=server.ca_bundle or True,
        cache_client=False,
    )
    client.clients.create(body={"clientName": f"{name}-testing"})
    public = client.systems.list(default=True, type="STORAGE", public=True)
    for system in public:
        client.files.manage(systemId=system.id, filePath="", body={"action": "mkdir", "path": name})
    return client


class System:
    """A private storage system of a user, whose files are those of a directory of the test.

    ``id`` is its name in calls, ``path`` the directory. Files are put and read by path relative
    to its root, as text or bytes.
    """

    def __init__(self, client: Agave, system_id: str, path: Path) -> None:
        self.id = system_id
        self.path = path
        self.client = client

    def put(self, path: str, content: bytes | str) -> str:
        """Write a file, its directories included, and return its ``agave://`` address."""
        target = self._local(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.uri(path)

    def get(self, path: str) -> bytes:
        """Return the content of a file. Raises FileNotFoundError."""
        return self._local(path).read_bytes()

    def tree(self) -> list[str]:
        """Return the relative paths of all files, sorted; directories that are empty end in ``/``.

        Links are not followed.
        """
        return sorted(self._walk())

    def uri(self, path: str = "") -> str:
        """Return the ``agave://`` address of a path."""
        return f"agave://{self.id}/{path.lstrip('/')}"

    def _local(self, path: str) -> Path:
        target = self.path / path.lstrip("/")
        if not target.resolve().is_relative_to(self.path.resolve()):
            raise UsageError(f"{path!r} leads out of the system {self.id}")
        return target

    def _walk(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self.path):
            here = Path(folder).relative_to(self.path)
            for name in names:
                yield (here / name).as_posix()
            if not folders and not names and here.parts:
                yield f"{here.as_posix()}/"


def system(
    server: Server,
    client: Agave,
    numbers: Numbers,
    path: Path,
    system_id: str | None = None,
    **fields: Any,
) -> System:
    """Register a storage system of ``client`` whose root directory is ``path``.

    ``fields`` replace those of its definition. Needs a sandbox of this process. Raises UsageError
    for the id of a system that there is, BadRequest for a definition that is refused.
    """
    root = _local(server, "a system on a directory of the test").tenant.root
    name = system_id or f"test.storage.{next(numbers)}"
    definition: dict[str, Any] = {
        "id": name,
        "name": f"Storage of a test, {name}",
        "type": "STORAGE",
        "storage": {
            "host": "storage.test.invalid",
            "port": 22,
            "protocol": "SFTP",
            "rootDir": "/",
            "homeDir": "/",
            "auth": {"type": "PASSWORD", "username": "test", "password": "test"},
        },
        **fields,
    }
    # Where the sandbox keeps the files of the system: it makes a directory only if there is none.
    link = root / "systems" / quote(name, safe="")
    try:
        link.symlink_to(path, target_is_directory=True)
    except OSError as error:
        raise UsageError(f"{name!r} is no id for a new system: {error.strerror}") from error
    try:
        client.systems.add(body=definition)
    except BaseException:
        link.unlink()
        raise
    return System(client, name, path)


def job(
    client: Agave,
    numbers: Numbers,
    app_id: str = "wc-1.0",
    inputs: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    *,
    wait: bool = True,
    timeout_s: float = 60.0,
    **fields: Any,
) -> Any:
    """Submit a job and return it, ended unless ``wait`` is False.

    Without ``inputs``, the demo's app counts the demo's file. ``fields`` are further fields of the
    request. Raises TimedOut after ``timeout_s`` seconds without an end.
    """
    if inputs is None and app_id == "wc-1.0":
        inputs = {"file": f"agave://sandbox.storage/{client.username}/data/hello.txt"}
    request = {
        "name": f"test-{next(numbers)}",
        "appId": app_id,
        "inputs": dict(inputs or {}),
        "parameters": dict(parameters or {}),
        "archivePath": "",  # the usual one; tenants of Aloe want it said
        **fields,
    }
    submitted = client.jobs.submit(body=request)
    if not wait:
        return submitted
    final = {end for model in MODELS.values() for end in model.states.ends}
    for _ in follow(lambda: client.jobs.getHistory(jobId=submitted.id), final, timeout_s=timeout_s):
        pass
    return client.jobs.get(jobId=submitted.id)


class Actor:
    """An actor that runs a Python function: ``id`` is its name in calls."""

    def __init__(self, client: Agave, actor_id: str) -> None:
        self.client = client
        self.id = actor_id

    def send(self, message: Any = "", **environment: Any) -> str:
        """Send a message (text, or what JSON has) and return the id of its execution."""
        sent = self.client.actors.sendMessage(
            actorId=self.id, body={"message": message}, environment=environment or None
        )
        execution_id: str = sent.executionId
        return execution_id

    def wait(self, execution_id: str, timeout_s: float = 60.0) -> Any:
        """Return an execution that has ended.

        Raises TimedOut, and AssertionError when the actor cannot execute anything.
        """

        def seen() -> list[Any]:
            actor = self.client.actors.get(actorId=self.id)
            if actor.status == "ERROR":
                raise AssertionError(f"the actor {self.id} cannot run: {actor.statusMessage}")
            return [self.client.actors.getExecution(actorId=self.id, executionId=execution_id)]

        for _ in follow(_once_each(seen), {"COMPLETE", "ERROR"}, timeout_s=timeout_s):
            pass
        return seen()[0]

    def run(self, message: Any = "", *, timeout_s: float = 60.0, **environment: Any) -> bytes:
        """Send a message and return what the function returned, b"" for nothing.

        Raises AssertionError with the log when the function failed.
        """
        execution_id = self.send(message, **environment)
        ended = self.wait(execution_id, timeout_s)
        if ended.status != "COMPLETE" or ended.exitCode:
            raise AssertionError(f"the actor's function failed:\n{self.logs(execution_id)}")
        result: bytes = self.client.actors.getOneExecutionResult(
            actorId=self.id, executionId=execution_id
        ).content
        return result

    def logs(self, execution_id: str) -> str:
        """Return what an execution has printed."""
        logs = self.client.actors.getExecutionLogs(actorId=self.id, executionId=execution_id)
        return str(logs.logs)


def _once_each(look: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
    """Make a history of a thing that only has a status: one more entry for each new status."""
    history: list[Any] = []

    def seen() -> list[Any]:
        now = look()
        if not history or history[-1].status != now[0].status:
            history.extend(now)
        return history

    return seen


#: What an image of a function runs: the function is beside it, pickled by the test.
_RUN = """\
import os, pathlib, pickle, socket, sys
sys.path[:0] = {path!r}
function = pickle.loads(pathlib.Path({function!r}).read_bytes())
result = function(os.environ["MSG"])
if result is not None:
    data = result if isinstance(result, bytes) else str(result).encode()
    if len(data) > {most}:
        raise ValueError(f"the result has {{len(data)}} bytes, and Abaco keeps {most}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as results:
        results.sendto(data, os.environ["_abaco_results_socket"])
"""


def actor(
    server: Server,
    client: Agave,
    numbers: Numbers,
    function: Callable[[str], object],
    **fields: Any,
) -> Actor:
    """Register an actor that calls ``function`` with the text of each message.

    What it returns is the result, as bytes or as text; what it prints is the log; an exception, or
    a result that is longer than Abaco keeps, ends the execution with exit code 1. It runs in a
    process of its own, with the environment of an actor, so that ``agavepy.actors`` works there.
    ``fields`` are further fields of the actor. Needs a sandbox of this process, and cloudpickle.
    Raises UsageError for what cannot be called, or cannot be taken to another process.
    """
    import cloudpickle

    if not callable(function):
        raise UsageError(f"{function!r} is no function: an actor calls one with each message")
    root = _local(server, "an actor that runs a function of the test").tenant.root
    called = str(getattr(function, "__name__", "")).lower()
    words = re.findall("[a-z0-9]+", called)  # what the name of an image may have everywhere
    name = "-".join([*(words or ["function"]), str(next(numbers))])
    image = f"agavepy-testing/{name}"
    folder = root / "images" / image
    folder.mkdir(parents=True)
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    by_value = module is not None and not _installed(module)
    if by_value:  # a process that is no test cannot import the test's module
        cloudpickle.register_pickle_by_value(module)
    try:
        (folder / "function.pkl").write_bytes(cloudpickle.dumps(function))
    except (TypeError, ValueError, pickle.PicklingError) as error:
        raise UsageError(f"{called or function!r} cannot be taken to a process: {error}") from error
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)
    program, run = folder / "run.py", folder / "run"
    path = [entry for entry in sys.path if entry]
    program.write_text(
        _RUN.format(path=path, function=str(folder / "function.pkl"), most=MAX_RESULT)
    )
    # Not the interpreter behind #!, which may have a blank in its path.
    run.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, str(program)])}\n")
    run.chmod(0o755)
    made = client.actors.add(body={"image": image, "name": name, **fields})
    return Actor(client, made.id)


def _installed(module: ModuleType) -> bool:
    """Tell whether any process can import a module: it is Python's, a package's, or ``__main__``.

    What is defined in ``__main__`` is pickled by value as it is.
    """
    file = getattr(module, "__file__", None)
    places = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return file is None or module.__name__ == "__main__" or file.startswith(tuple(places))


def _local(server: Server, what: str) -> LocalServer:
    if isinstance(server, LocalServer):
        return server
    raise UsageError(f"{what} needs the sandbox of the test run: leave --agave-url out")
