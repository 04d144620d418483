"""The sandbox as one object: start and stop a tenant, hand out logins and clients."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from agavepy.sandbox.app import App
from agavepy.sandbox.control import Control
from agavepy.sandbox.errors import ApiError, SandboxError
from agavepy.sandbox.job_models import MODELS
from agavepy.sandbox.seed import SEEDS, plant
from agavepy.sandbox.server import Server
from agavepy.sandbox.state import tokens
from agavepy.sandbox.tenant import APART, KEPT, STATE, Settings, Tenant

if TYPE_CHECKING:
    from agavepy.client import Agave

DEFAULT_USERS = {"ada": "ada", "grace": "grace"}


class Sandbox:
    """A local tenant: files, apps, jobs that really run, and the tokens in front of them.

    ``users`` maps names to passwords; ``admins`` are made when they are no users yet; ``seed`` is
    ``demo`` or ``empty``; ``state`` a directory in which everything is kept (None: a temporary
    one, removed at the end); ``tls`` serves https with a certificate of its own; ``port`` 0 is a
    free one. ``token_ttl`` is in seconds; ``faults`` is ``json`` or ``xml``, the form in which the
    gateway refuses tokens. ``jobs`` is the model of the jobs service, ``classic`` or ``aloe``; a
    state directory keeps the one that it was made with. ``check_answers`` holds every answer
    against its description.

    Use it as a context manager, or :meth:`start` and :meth:`stop`. Raises SandboxError when it
    cannot start: a busy port, an unusable state directory, one of another model of jobs.
    """

    def __init__(
        self,
        users: Mapping[str, str] | None = None,
        admins: Iterable[str] = ("admin",),
        seed: str = "demo",
        state: str | Path | None = None,
        tls: bool = False,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        tenant: str = "sandbox",
        token_ttl: int = 14400,
        faults: str = "json",
        jobs: str = "classic",
        check_answers: bool = False,
        log: Callable[[str], None] | None = None,
    ) -> None:
        if seed not in SEEDS:
            raise SandboxError(f"unknown seed {seed!r}: choose one of {', '.join(SEEDS)}")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", tenant):
            raise SandboxError(f"{tenant!r} is no code of a tenant: use letters, digits, . _ and -")
        if token_ttl <= 0:
            raise SandboxError(f"a token cannot live {token_ttl} seconds: give 1 or more")
        if faults not in {"json", "xml"}:
            raise SandboxError(f"unknown form of faults {faults!r}: choose json or xml")
        if jobs not in MODELS:
            raise SandboxError(f"unknown model of jobs {jobs!r}: choose one of {', '.join(MODELS)}")
        self.users = dict(DEFAULT_USERS if users is None else users)
        self.admins = tuple(admins)
        self.settings = Settings(tenant, token_ttl, faults, jobs=jobs)
        self.ca_bundle: str | None = None
        self.url = ""
        self._seed, self._state, self._tls = seed, state, tls
        self._host, self._port = host, port
        self._check_answers, self._log = check_answers, log
        self._stack = ExitStack()
        self._tenant: Tenant | None = None

    @property
    def tenant_id(self) -> str:
        """The code of the tenant."""
        return self.settings.tenant_id

    @property
    def tenant(self) -> Tenant:
        """The running tenant's state; SandboxError when it is not running."""
        if self._tenant is None:
            raise SandboxError("the sandbox is not running: use `with Sandbox() as sandbox:`")
        return self._tenant

    @property
    def control(self) -> Control:
        """What tests do to the tenant: snapshots, ids, faults, pace, and the requests it had."""
        return self.tenant.control

    def start(self) -> Sandbox:
        """Seed a new state, settle an old one, answer requests; return the sandbox itself.

        Raises SandboxError when it runs already, or cannot start.
        """
        if self._tenant is not None:
            raise SandboxError(f"the sandbox runs already, at {self.url}: stop it first")
        with ExitStack() as stack:
            root = self._root(stack)
            try:
                tenant = self._serve(root, stack)
            except OSError as error:  # a full disk, or something else of that name
                raise SandboxError(
                    f"cannot use the state directory {root}: {error}; free some space there, or "
                    "choose another --state"
                ) from error
            except sqlite3.Error as error:
                raise SandboxError(
                    f"cannot use the state directory {root}: {root / STATE} is torn, or no state "
                    f"of a sandbox ({error}); choose another --state"
                ) from error
            self._tenant = tenant
            self._stack = stack.pop_all()
        return self

    def _serve(self, root: Path, stack: ExitStack) -> Tenant:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            return app(environ, start_response)

        # First, for what fails here fails at once: a port that is taken.
        server = Server(answer, self._host, self._port, self._context(root))
        stack.callback(server.close)
        tenant = Tenant(root, self.settings)
        stack.callback(tenant.close)
        tenant.keep_model()
        app = App(tenant, check_answers=self._check_answers, log=self._log)
        scheme = "https" if self._tls else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = tenant.url = f"{scheme}://{host}:{server.port}"
        try:
            plant(tenant, self._seed, self.users, self.admins)
        except ApiError as error:
            raise SandboxError(f"cannot make the users: {error.message}") from error
        app.start()
        stack.callback(app.stop)
        server.start()
        stack.callback(server.stop)
        return tenant

    def stop(self) -> None:
        """Answer no more requests, end what runs, and remove a temporary state."""
        if self._tenant is not None:
            self._tenant.closing.set()
            self._tenant.clock.notify()
        self._tenant = None
        self._stack.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def credentials(self, username: str) -> dict[str, Any]:
        """Return a fresh login of a seeded user.

        The keys: username, password, api_server, tenant_id, client_name, api_key, api_secret,
        token, refresh_token, expires_in (seconds) and created_at (epoch seconds). Raises
        SandboxError for a name that was not seeded.
        """
        login = self.tenant.store.get("login", username)
        if login is None:
            raise SandboxError(
                f"no user {username!r} was seeded: there are {', '.join(self._seeded())}"
            )
        pair = tokens.issue(self.tenant, login, username)
        return {
            "username": username,
            "password": login["password"],
            "api_server": self.url,
            "tenant_id": self.tenant_id,
            "client_name": login["name"],
            "api_key": login["consumerKey"],
            "api_secret": login["consumerSecret"],
            "token": pair["access_token"],
            "refresh_token": pair["refresh_token"],
            "expires_in": pair["expires_in"],
            "created_at": int(self.tenant.clock.now()),
        }

    def client(self, username: str) -> Agave:
        """Return a client that is logged in as ``username`` and writes nothing to ``~/.agave``."""
        from agavepy.client import Agave  # the one way up: a convenience that costs no import

        verify: bool | str = self.ca_bundle or True
        return Agave(**self.credentials(username), verify=verify, cache_client=False)

    def _seeded(self) -> list[str]:
        return sorted({*self.users, *self.admins})

    def _root(self, stack: ExitStack) -> Path:
        if self._state is None:
            root = Path(tempfile.mkdtemp(prefix="agavepy-sandbox-"))
            stack.callback(shutil.rmtree, root, ignore_errors=True)
            return root
        root = Path(self._state).expanduser().absolute()
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SandboxError(
                f"cannot use the state directory {root}: {error.strerror}"
            ) from error
        _spare(root)
        _hold(root, stack)
        return root

    def _context(self, root: Path) -> Any:
        if not self._tls:
            return None
        from agavepy.sandbox.certificates import server_context

        context, bundle = server_context(root, self._host)
        self.ca_bundle = str(bundle)
        return context


def _spare(root: Path) -> None:
    """Keep away from directories of others: a tenant empties those that it has for itself."""
    if (root / STATE).exists():
        return
    brought = {"images", "systems", "tls"}  # may be put there before the first run
    taken = [name for name in sorted({*KEPT, *APART} - brought) if (root / name).exists()]
    if taken:
        raise SandboxError(
            f"cannot use the state directory {root}: it holds something else as "
            f"{' and '.join(taken)}, which the sandbox would take for its own; choose another "
            "--state"
        )


def _hold(root: Path, stack: ExitStack) -> None:
    """Keep a second sandbox off the same state directory."""
    from filelock import FileLock, Timeout

    lock = FileLock(root / "lock")
    try:
        lock.acquire(timeout=0.5)  # a child of a killed one may hold it until its exec
    except Timeout as error:
        raise SandboxError(
            f"another sandbox uses the state directory {root}: stop it or choose another --state"
        ) from error
    except OSError as error:
        raise SandboxError(f"cannot use the state directory {root}: {error.strerror}") from error
    stack.callback(lock.release)
