"""What tests do to a tenant: snapshots, time, ids, faults, pace, and the requests it answered."""

from __future__ import annotations

import itertools
import re
import secrets
import shutil
from collections.abc import Callable, Sequence

from agavepy.sandbox.checks import Checks
from agavepy.sandbox.errors import SandboxError
from agavepy.sandbox.faults import Faults
from agavepy.sandbox.gate import Gate
from agavepy.sandbox.requests_log import RequestLog
from agavepy.sandbox.snapshots import Snapshot
from agavepy.sandbox.state import clients, signing, users
from agavepy.sandbox.tenant import Tenant

#: What a snapshot may be called: its files lie in a directory below the state's.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SnapshotNameError(SandboxError):
    """A name that no snapshot can have."""


class NoSnapshotError(SandboxError):
    """Nothing was kept under a name."""


Hook = Callable[[Tenant], None]
#: Seconds for which a snapshot waits for requests that are being answered.
_PATIENCE_S = 30.0


class Control:
    """The control door of one run; outsiders need its ``secret``.

    ``starting`` and ``stopping`` are what services do when the tenant starts and stops: around a
    snapshot everything that runs on its own comes to rest.
    """

    def __init__(self, tenant: Tenant, starting: Sequence[Hook], stopping: Sequence[Hook]) -> None:
        self.secret = secrets.token_urlsafe(16)
        self.faults = Faults(lambda name: tenant.router.has(*name.partition(".")[::2]))
        self.requests = RequestLog()
        self.pace = tenant.pace
        self.gate = Gate()
        self.checks = Checks(tenant.jobs.name)
        self._tenant = tenant
        self._starting, self._stopping = starting, stopping
        self._snapshots: dict[str, Snapshot] = {}
        self._number = itertools.count()
        self._folder = tenant.root / "snapshots"
        shutil.rmtree(self._folder, ignore_errors=True)  # of a run that was killed

    def snapshot(self, name: str = "default") -> int:
        """Keep the state under a name and return how many files and directories it holds.

        Work that is under way, such as a job, is ended first, as by a restart. What was kept under
        the name stays until this is. Raises SnapshotNameError, and SandboxError when requests are
        being answered for too long.
        """
        if not _NAME.fullmatch(name):
            raise SnapshotNameError(
                f"{name!r} is no name of a snapshot: use letters, digits, _ and -, 64 at the most"
            )
        with self.gate.closed(_PATIENCE_S):
            self._rest()
            try:
                folder = self._folder / f"{name}.{next(self._number)}"
                kept = Snapshot(self._tenant, folder)
                old = self._snapshots.get(name)
                self._snapshots[name] = kept
                if old is not None:
                    old.close()
            finally:
                self._go_on()
        return kept.files

    def restore(self, name: str = "default") -> int:
        """Bring the tenant back to a kept state; clear faults and the log.

        Raises NoSnapshotError when nothing of that name was kept, SandboxError when requests are
        being answered for too long.
        """
        kept = self._snapshots.get(name)
        if kept is None:
            names = ", ".join(sorted(self._snapshots)) or "none"
            raise NoSnapshotError(f"no snapshot {name!r} was kept: there are {names}")
        with self.gate.closed(_PATIENCE_S):
            self._rest()
            try:
                kept.restore()
            finally:
                self._go_on()
        self.faults.clear()
        self.requests.clear()
        return kept.files

    def seed_ids(self, seed: int | None) -> None:
        """Make ids from a seed from now on, or, with None, such that nobody can guess them."""
        self._tenant.ids.seed(seed)

    def assertion(self, username: str) -> dict[str, str]:
        """Return what the gateway tells services of a user, for ``Agave(**…)``.

        The keys: ``jwt``, good for 900 seconds of the tenant's time, and ``jwt_header_name``.
        Raises SandboxError for an unknown user.
        """
        tenant = self._tenant
        user = users.get(tenant, username)
        if user is None:
            names = ", ".join(item["username"] for item in users.everybody(tenant))
            raise SandboxError(f"no user {username!r}: there are {names}")
        client = next(iter(clients.owned(tenant, username)), None)
        client = client or {"owner": username, "name": "", "tier": clients.TIERS[0]}
        text = signing.assertion(tenant, username, users.roles(user), client)
        return {"jwt": text, "jwt_header_name": signing.header_name(tenant)}

    def close(self) -> None:
        """Give up the snapshots."""
        for kept in self._snapshots.values():
            kept.close()
        self._snapshots.clear()

    def _rest(self) -> None:
        for hook in self._stopping:
            hook(self._tenant)
        self._tenant.rest()
        self._tenant.pace.clear()

    def _go_on(self) -> None:
        self._tenant.go_on()
        for hook in self._starting:
            hook(self._tenant)
