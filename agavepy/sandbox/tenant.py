"""One tenant: its state, time, ids and background work, handed to every call."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agavepy.sandbox.clock import Clock
from agavepy.sandbox.errors import SandboxError
from agavepy.sandbox.ids import Ids
from agavepy.sandbox.job_models import MODELS
from agavepy.sandbox.pace import Pace
from agavepy.sandbox.router import Router
from agavepy.sandbox.store import Store

if TYPE_CHECKING:
    from agavepy.sandbox.control import Control

_log = logging.getLogger(__name__)

#: The directories of a state: what a snapshot keeps, and what is of one run, or of all of them.
KEPT, APART = ("actors", "images", "jobs", "staging", "systems"), ("snapshots", "spool", "tls")
#: The file by which a state is known.
STATE = "state.sqlite"
#: Things that a test may hold in their states at a time, where each needs a thread to wait.
_HELD = 1000


@dataclass(frozen=True)
class Settings:
    """How a tenant behaves.

    ``token_ttl`` is in seconds, ``faults`` json or xml, ``jobs`` the jobs service: classic or aloe.
    """

    tenant_id: str = "sandbox"
    token_ttl: int = 14400
    faults: str = "json"
    workers: int = 8
    jobs: str = "classic"


class Tenant:
    """The state below ``root`` and what the services share.

    ``url``, ``router`` and ``app`` (WSGI) are set when the tenant is served.
    """

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        #: How the jobs service of this tenant works.
        self.jobs = MODELS[settings.jobs]
        self.url = ""
        self.router = Router(())
        self.app: Callable[..., Iterable[bytes]] | None = None
        self.clock = Clock()
        self.pace = Pace(self.clock)
        self.ids = Ids()
        root.mkdir(parents=True, exist_ok=True)
        self.store = Store(root / STATE)  # first: a directory without one is nobody's state
        shutil.rmtree(root / "spool", ignore_errors=True)  # requests that a kill broke off
        for part in ("systems", "spool"):
            (root / part).mkdir(exist_ok=True)
        self.stopping = threading.Event()
        #: The control door, set when the tenant is served.
        self.control: Control
        #: Set before the last requests are waited for: what waits within one is to give up.
        self.closing = threading.Event()
        #: What services hold in memory while the tenant runs, by the name of its owner.
        self.live: dict[str, Any] = {}
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="agavepy-tenant")
        self._aside = ThreadPoolExecutor(_HELD, thread_name_prefix="agavepy-held")
        self._running: set[Future[Any]] = set()

    def keep_model(self) -> None:
        """Keep the model of jobs with a new state; SandboxError when an old one has another.

        Jobs, their history and their ids are of one model and mean nothing in the other.
        """
        with self.store.transaction():
            kept = self.store.get("model", "jobs")
            if kept is None:  # a new state, or one of before there was a choice
                name = "classic" if self.store.all("user") else self.jobs.name
                self.store.put("model", "jobs", kept := {"name": name})
        if kept["name"] != self.jobs.name:
            raise SandboxError(
                f"the state directory {self.root} is of a tenant whose jobs service is "
                f"{MODELS[kept['name']].title}, not {self.jobs.title}: start it as that "
                f"(jobs={kept['name']!r}; --aloe is for Aloe only), or choose another --state"
            )

    @property
    def tenant_id(self) -> str:
        """The code of the tenant, such as ``sandbox``."""
        return self.settings.tenant_id

    @property
    def token_ttl(self) -> int:
        """Seconds for which a new access token is good."""
        return self.settings.token_ttl

    def link(self, service: str, operation: str, /, **arguments: Any) -> str:
        """Return the absolute address of an operation, empty when no document has the service."""
        path = self.router.path(service, operation, arguments)
        return path and self.url + path

    def owns(self, url: str) -> bool:
        """Return whether an address is one of this tenant's."""
        mine = urlsplit(self.url)
        try:
            other = urlsplit(url)
            same = (mine.scheme, mine.hostname, mine.port) == (
                other.scheme,
                other.hostname,
                other.port,
            )
        except ValueError:  # a broken IPv6 address or port
            return False
        return same

    def background(self, function: Callable[..., object], *arguments: Any, kind: str = "") -> None:
        """Run ``function(*arguments)`` on a thread of the tenant; a failure is logged.

        ``kind`` is whose pace the work goes at: what a test holds takes no other work's thread.
        """

        def run() -> None:
            try:
                function(*arguments)
            except Exception:  # noqa: BLE001 - the last line of a thread: told, never lost
                if not self.stopping.is_set():
                    _log.exception("background work failed: %s", function)
            self.clock.notify()

        with self._guard:
            if self.stopping.is_set():
                raise SandboxError("the sandbox is stopping and takes no more work")
            pool = self._aside if kind and self.pace.slow(kind) else self._pool
            future = pool.submit(run)
            self._running.add(future)
        future.add_done_callback(self._running.discard)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the mutex of that name; the same thread may hold it several times."""
        with self._guard:
            mutex = self._locks.setdefault(name, threading.RLock())
        with mutex:
            yield

    def rest(self) -> None:
        """Let background work come to its end; take none until :meth:`go_on`."""
        with self._guard:
            self.stopping.set()
            running = set(self._running)
        self.clock.notify()
        wait(running)

    def go_on(self) -> None:
        """Take background work again."""
        with self._guard:
            self.stopping.clear()

    def close(self) -> None:
        """Stop taking background work, let what runs come to its end, close the state."""
        with self._guard:
            self.stopping.set()
        self.clock.notify()
        for pool in (self._pool, self._aside):
            pool.shutdown(wait=True, cancel_futures=True)
        self.store.close()
