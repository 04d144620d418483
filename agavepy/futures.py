"""``AbacoAsyncResponse``, one execution of an actor as a future, and the thread that watches."""

from __future__ import annotations

import os
import pickle
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotDone
from typing import Any

from agavepy import timing
from agavepy.errors import (
    AgaveError,
    AnswerError,
    BadRequest,
    ConnectionFailed,
    NotFound,
    ServerError,
    Throttled,
    TimedOut,
)
from agavepy.extras import cloudpickle
from agavepy.waiters import FIRST_PAUSE_S, looks

#: Seconds between two looks at what runs, the first times less.
MAX_PAUSE_S = 5.0
#: Failures of the network or server in a row after which an execution is given up.
MOST_FAILURES = 5
#: Characters of a log that an error repeats, its last ones.
MAX_LOG = 4000
_ENDS = frozenset({"COMPLETE", "ERROR"})
#: What loading raises for bytes that are no pickle, are cut, or need what is not here.
_UNLOADABLE = (
    pickle.UnpicklingError,
    EOFError,
    ImportError,
    AttributeError,
    LookupError,
    ValueError,
    TypeError,
)


class ExecutionError(AgaveError):
    """A function raised in its execution, or the execution failed; ``log`` is what it printed."""

    def __init__(self, text: str, log: str = "") -> None:
        super().__init__(text, log)
        self.log = log

    def __str__(self) -> str:
        return f"{self.args[0]}\n{self.log}".rstrip()


class AbacoAsyncResponse(Future[list[Any]]):
    """The future of one execution, for :func:`concurrent.futures.wait` and the like.

    ``status`` is the last one known, as text. Results are taken from Abaco, where each can be
    taken once, when :meth:`result` is first called: a program may send a call and end, and another
    make this of ``ag``, ``actor_id`` and ``execution_id``.
    """

    def __init__(self, ag: Any, actor_id: str, execution_id: str) -> None:
        super().__init__()
        self.ag = ag
        self.actor_id = actor_id
        self.execution_id = execution_id
        self.status = "SUBMITTED"
        self._execution: dict[str, Any] = {}
        self._failures = 0
        self._taken: list[bytes] = []
        self._looking = threading.RLock()  # a callback may look again
        self._taking = threading.RLock()
        self._outcome: tuple[list[Any], BaseException | None] | None = None
        _watcher.add(self)

    def done(self) -> bool:
        """Ask Abaco and tell whether it is over: ended, cancelled, or no longer to be asked for."""
        with self._looking:
            if not super().done():
                try:
                    self._look()
                    self._failures = 0
                except (ConnectionFailed, TimedOut, ServerError, Throttled) as error:
                    self._failures += 1
                    if self._failures >= MOST_FAILURES:
                        self.set_exception(error)
                except Exception as error:  # noqa: BLE001 - whoever asks for the result is told
                    self.set_exception(error)
        return super().done()

    def _look(self) -> None:
        names = {"actorId": self.actor_id, "executionId": self.execution_id}
        self._execution = dict(self.ag.actors.getExecution(**names))
        self.status = str(self._execution.get("status", self.status))
        if self.status in _ENDS:
            self.set_result([])  # a placeholder: see result

    def running(self) -> bool:
        """Ask Abaco and tell whether it is not over yet; it may wait for its turn."""
        return not self.done()

    def cancel(self) -> bool:
        """Stop the execution if it runs; False where it is over or waits for its turn."""
        names = {"actorId": self.actor_id, "executionId": self.execution_id}
        with self._looking:  # a look between the two would take what was stopped for ended
            if super().done():
                return self.cancelled()
            try:
                self.ag.actors.deleteExecution(**names)
            except (BadRequest, NotFound):  # it does not run: a message can not be taken back
                return False
            super().cancel()
            self.set_running_or_notify_cancel()
        return self.cancelled()

    def result(self, timeout: float | None = None) -> list[Any]:
        """Wait for the end, for ``timeout`` seconds at most, and return the list of all results.

        A function's value is the only one in it. Raises concurrent.futures.TimeoutError,
        CancelledError, ExecutionError for a function that raised or an execution that failed, and
        HttpError.
        """
        results, error = self._ended(timeout)
        if error is not None:
            raise error
        return results

    def value(self, timeout: float | None = None) -> Any:
        """Return the only result. Raises AnswerError unless there is one, else what result does."""
        results = self.result(timeout)
        if len(results) != 1:
            raise AnswerError(f"execution {self.execution_id} has {len(results)} results, not one")
        return results[0]

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait as :meth:`result` does and return what it raises of the execution, or None."""
        return self._ended(timeout)[1]

    def _ended(self, timeout: float | None) -> tuple[list[Any], BaseException | None]:
        """Wait for the end and return the results, and what went wrong."""
        self.done()
        try:
            error = super().exception(timeout)
        except NotDone:
            if not self.done():  # it may have ended between two looks of the watcher
                raise
            error = super().exception(0)
        if error is not None:
            return [], error
        with self._taking:
            if self._outcome is None:
                self._outcome = self._take()
            return self._outcome

    def _take(self) -> tuple[list[Any], BaseException | None]:
        names = {"actorId": self.actor_id, "executionId": self.execution_id}
        while data := self.ag.actors.getOneExecutionResult(**names).content:
            self._taken.append(data)  # kept, because a call that fails later cannot ask again
        code = self._execution.get("exitCode")
        if self.status == "ERROR" or (code and not self._taken):
            how = "failed" if self.status == "ERROR" else f"ended with exit code {code}"
            log = str(self.ag.actors.getExecutionLogs(**names).get("logs") or "")
            return [], ExecutionError(f"execution {self.execution_id} {how}", log[-MAX_LOG:])
        loads = cloudpickle("the result of an execution").loads
        try:
            return [loads(data) for data in self._taken], None
        except _UNLOADABLE as error:
            sizes = ", ".join(str(len(data)) for data in self._taken)
            wrong = AnswerError(
                f"a result of execution {self.execution_id} cannot be loaded: {error}. They have "
                f"{sizes} bytes; Abaco cuts what has more than 131072, and what was pickled here "
                "must be importable here"
            )
            wrong.__cause__ = error
            return [], wrong


class _Watcher:
    """Looks at all executions that are waited for, in one thread, until all are over."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: a forked process has no such thread."""
        self._lock = threading.Lock()
        self._waiting: list[AbacoAsyncResponse] = []
        self._thread: threading.Thread | None = None
        self._news = threading.Event()

    def add(self, response: AbacoAsyncResponse) -> None:
        """Look at one more."""
        with self._lock:
            self._waiting.append(response)
            self._news.set()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="agavepy-actors", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._news.clear()
            for _ in looks(None, MAX_PAUSE_S, sleep=self._news.wait):
                if not self._round():
                    return
                if self._news.is_set():
                    timing.linger(FIRST_PAUSE_S)  # more may come
                    break

    def _round(self) -> bool:
        """Look once at whatever may have changed; False when none is left to look at."""
        with self._lock:
            waiting = list(self._waiting)
        queued = set()
        for response in waiting:
            # Messages are taken oldest first: behind one that waits, all do.
            over = response.actor_id in queued or response.done()
            if not over and response.status == "SUBMITTED":
                queued.add(response.actor_id)
        with self._lock:
            self._waiting = [item for item in self._waiting if not Future.done(item)]
            if not self._waiting:
                self._thread = None
            return bool(self._waiting)


_watcher = _Watcher()
os.register_at_fork(after_in_child=_watcher.forget)
