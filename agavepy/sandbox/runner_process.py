"""One process of a job: in a group of its own, recognised again, ended with all its children."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Seconds between asking a group to end and ending it.
GRACE_S = 1.0
#: Seconds for the system to take a killed process away, which only a stuck disk makes long.
_REAPED_S = 5.0
#: How often processes are looked for that escape by being born while others are ended.
_ROUNDS = 20
#: In the environment of everything that a job starts, so that its orphans are told from others.
MARK = "_AGAVEPY_JOB"
#: Waits for a line before it becomes the job. A sandbox that is killed between starting a process
#: and writing down which one it is closes the pipe, and nothing has run.
_GATE = 'read -r go && exec "$0" "$@" </dev/null'


class Process:
    """A started process that waits at its gate until :meth:`go`.

    ``record`` is what a later run of the sandbox needs to end it; ``usage`` what it and the
    children that it waited for have used, once it is over. Without ``err`` both streams go to
    ``out``. Raises OSError when the system cannot start it, ValueError for a text that it cannot
    hand over.
    """

    def __init__(
        self,
        arguments: list[str],
        directory: Path,
        environment: Mapping[str, str],
        out: Path,
        err: Path | None = None,
    ) -> None:
        with (
            out.open("wb") as stdout,
            err.open("wb") if err else contextlib.nullcontext() as stderr,
        ):
            self._process = subprocess.Popen(  # noqa: S603 - running what users give is the purpose
                ["/bin/sh", "-c", _GATE, *arguments],
                cwd=directory,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr or subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard = threading.Lock()
        self._mark = environment.get(MARK, "")
        self._reaped = False
        self._over = threading.Event()
        self.usage: resource.struct_rusage | None = None
        self.record = {"pid": self._process.pid, "identity": _identity(self._process.pid)}

    @property
    def pid(self) -> int:
        """The id of the process, which is the id of its group as well."""
        return self._process.pid

    def go(self) -> None:
        """Let the process become what it was started for."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as gate:
            gate.write(b"go\n")

    def wait(self) -> int:
        """Wait for the process, end what it has left behind, and return the exit code.

        A process ended by a signal gives the negative number of the signal.
        """
        if hasattr(os, "waitid"):
            # Not reaped yet, so that the id of the group cannot be somebody else's.
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        else:  # macOS with a Python before 3.13
            self._reap()
        self._signal(signal.SIGKILL)
        with self._guard:
            code = self._reap()
            self._reaped = True
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        _end_strays(self._mark)
        self._over.set()
        return code

    def _reap(self) -> int:
        """Wait for the process as Popen does, and keep what it used; twice is as good as once."""
        if self._process.returncode is None:
            _, status, self.usage = os.wait4(self.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode

    def end(self) -> None:
        """Have the group end while another thread waits for it: asked first, killed after a moment.

        Returns when that thread has seen the end.
        """
        self._signal(signal.SIGTERM)
        if not self._over.wait(GRACE_S):
            self.kill()
            self._over.wait(_REAPED_S)

    def kill(self) -> None:
        """End the group at once; :meth:`wait` says when it is gone."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with self._guard:
            if not self._reaped:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, number)


def end_orphan(record: Mapping[str, object], job_id: str) -> bool:
    """End the group of a process that an earlier run of the sandbox started; return if it lived.

    A process that only has the same number, because numbers are used again, is left alone.
    """
    pid = int(str(record["pid"]))
    ended = False
    if _identity(pid) == record["identity"]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
            ended = True
    # The leader may be gone while children of it live on, in its group or in one of their own.
    return _end_strays(job_id) or ended


def _end_strays(mark: str) -> bool:
    """End what a marked process has started and left its group (``setsid``); return if any lived.

    Those that are just being born are seen the next time round.
    """
    ended = False
    for _ in range(_ROUNDS if mark else 0):
        found = [pid for pid in _pids() if _marked(pid, mark)]
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                ended = True
        if not found:
            break
    return ended


def _identity(pid: int) -> str:
    """Return what tells a process from all others of its number: boot and start time.

    Empty when there is no such process. A process that has ended and is not reaped counts as gone.
    """
    fields = _stat(pid)
    if fields is not None:
        if fields[0] == "Z":
            return ""
        boot = Path("/proc/sys/kernel/random/boot_id")
        return f"{boot.read_text().strip() if boot.exists() else ''}/{fields[19]}"
    if Path("/proc/self").exists():
        return ""
    shown = subprocess.run(  # noqa: S603 - a system without /proc
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/<pid>/stat from the state on: state, parent, group and so on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _pids() -> Iterator[int]:
    """Yield all processes, where the system has a /proc to look in."""
    proc = Path("/proc")
    for entry in proc.iterdir() if proc.exists() else ():
        if entry.name.isdigit():
            yield int(entry.name)


def _marked(pid: int, job_id: str) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{MARK}={job_id}".encode() in variables
