"""``AbacoExecutor``: functions that run as executions of an actor, and their futures."""

from __future__ import annotations

import pickle
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from typing import Any

from agavepy.errors import AgaveError, TimedOut, UsageError
from agavepy.execution import get_tapis_abaco_image, is_tapis_notebook
from agavepy.extras import cloudpickle
from agavepy.futures import AbacoAsyncResponse
from agavepy.waiters import looks

#: The name by which an executor finds the actor of an earlier one.
NAME = "agpy_abaco_executor"
DEFAULT_IMAGE = "abacosamples/py3_func:dev"
#: Images that call a pickled function, by the name of what else they hold (TACC).
CONTEXTS = {
    "py3": DEFAULT_IMAGE,
    "py3-scipy": "abacosamples/py3_sci_base_func",
    "sd2e-jupyter": "sd2e/jupyteruser_func",
}
#: Statuses of actors that take no more messages.
_GONE = frozenset({"ERROR", "SHUTTING_DOWN", "SHUTDOWN"})


class AbacoExecutor(Executor):
    """Runs functions as executions of an actor whose image calls what it is sent.

    The actor is ``actor_id``, else one of the user's own that an earlier executor has registered,
    else a new one. ``image`` names its image, or ``context`` one of :data:`CONTEXTS`; in a Tapis
    notebook its own image is the default. ``num_workers`` of more than one asks Abaco for as many,
    which needs an administrator. ``timeout`` is how many seconds the actor may take to be READY.

    Functions and arguments travel pickled, so that the image needs the same Python version and the
    packages that they use; results come back pickled and are loaded, so that the actor must be
    trusted. The actor stays when the executor is shut down: :meth:`delete` removes it. A new one
    that cannot be started is removed.

    Raises MissingPackage without cloudpickle, TimedOut, AgaveError for an actor that fails, and
    HttpError.
    """

    def __init__(
        self,
        ag: Any,
        actor_id: str | None = None,
        image: str | None = None,
        context: str | None = None,
        num_workers: int = 1,
        timeout: float = 60,
    ) -> None:
        self._pickler = cloudpickle("AbacoExecutor")
        self.ag = ag
        self.timeout = timeout
        self.num_workers = num_workers
        self._closed = self._registered = False
        self._lock = threading.Lock()
        self._pending: weakref.WeakSet[AbacoAsyncResponse] = weakref.WeakSet()
        actor = ag.actors.get(actorId=actor_id) if actor_id else self._actor(image, context)
        self.actor_id: str = actor["id"]
        self.image: str | None = actor.get("image")
        self.status: str = actor.get("status", "SUBMITTED")
        try:
            self.wait_until_ready(timeout)
        except AgaveError:
            if self._registered and self.status in _GONE:  # no later executor would take it
                with suppress(AgaveError):
                    self.delete()
            raise
        if num_workers > 1:
            ag.actors.addWorker(actorId=self.actor_id, body={"num": num_workers})

    def _actor(self, image: str | None, context: str | None) -> Mapping[str, Any]:
        """Return the user's own actor for an image, registered if there is none."""
        wanted = (
            image
            or _image_of(context)
            or (get_tapis_abaco_image(self.ag.api_server) if is_tapis_notebook() else None)
        )
        there = [
            actor
            for actor in self.ag.actors.list()
            if actor.get("name") == NAME
            and actor.get("status") not in _GONE
            and wanted in (None, actor.get("image"))
        ]
        if there:
            # Another user's actor, shared under this name, must not be sent what we run, nor be
            # believed what it sends back.
            me = self.ag.profiles.get()["username"]
            for actor in there:
                if actor.get("owner") == me:
                    found: Mapping[str, Any] = actor
                    return found
        body = {"image": wanted or DEFAULT_IMAGE, "stateless": True, "name": NAME}
        registered: Mapping[str, Any] = self.ag.actors.add(body=body)
        self._registered = True
        return registered

    def wait_until_ready(self, timeout: float | None = None) -> None:
        """Wait until the actor is READY, for ``timeout`` seconds or without an end.

        Raises TimedOut, and AgaveError when its image cannot be started.
        """
        for _ in looks(timeout or None, 2.0):
            if self.status == "READY":
                return
            actor = self.ag.actors.get(actorId=self.actor_id)
            self.status = actor["status"]
            if self.status in _GONE:
                raise AgaveError(
                    f"the actor {self.actor_id} of {self.image} is {self.status}: "
                    f"{actor.get('statusMessage') or 'it says no more'}"
                )
        if self.status != "READY":
            raise TimedOut(
                f"the actor {self.actor_id} of {self.image} is {self.status} after {timeout} "
                "seconds: a large image may need a longer timeout="
            )

    def submit(  # type: ignore[override]  # the list of all results
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> AbacoAsyncResponse:
        """Send ``fn(*args, **kwargs)`` to the actor and return its future.

        Raises AgaveError for what cannot be pickled, HttpError, and RuntimeError after
        :meth:`shutdown`.
        """
        message = self._pickled({"func": fn, "args": args, "kwargs": kwargs})
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
        answer = self.ag.actors.sendBinaryMessage(actorId=self.actor_id, message=message)
        response = AbacoAsyncResponse(self.ag, self.actor_id, answer["executionId"])
        self._pending.add(response)
        return response

    def _pickled(self, call: Mapping[str, Any]) -> bytes:
        try:
            data: bytes = self._pickler.dumps(call)
        except (pickle.PickleError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise AgaveError(
                f"{call['func']!r} or its arguments cannot be pickled: {error}"
            ) from error
        return data

    def map(  # type: ignore[override]  # earlier releases had another
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        args_list: Sequence[Sequence[Any]] | None = None,
        kwargs_list: Sequence[Mapping[str, Any]] | None = None,
    ) -> list[AbacoAsyncResponse] | Iterator[Any]:
        """Call ``fn`` for many arguments at once, in one of two ways.

        ``map(fn, args_list, kwargs_list)``, as in earlier releases: one call for each list or tuple
        of arguments, with the keywords at the same place if there are any. Returns the futures.

        ``map(fn, *iterables)``, as of any executor: one call for each item that is no list or
        tuple, or for each group of items of several iterables. Returns an iterator of the values
        that raises TimeoutError after ``timeout`` seconds. ``chunksize`` has no use here.

        Raises UsageError for lists of different lengths.
        """
        columns = [list(column) for column in (args_list, *iterables) if column is not None]
        if len(columns) == 2 and kwargs_list is None and _are(columns[1], Mapping):
            kwargs_list = columns.pop()
        if len(columns) == 1 and (kwargs_list or _are(columns[0], (list, tuple))):
            rows, keywords = columns[0], kwargs_list or [{} for _ in columns[0]]
            if len(rows) != len(keywords):
                raise UsageError(
                    f"map needs lists of equal length, not {len(rows)} and {len(keywords)}"
                )
            return [
                self.submit(fn, *args, **kwargs)
                for args, kwargs in zip(rows, keywords, strict=True)
            ]
        futures = [self.submit(fn, *row) for row in zip(*columns, strict=False)]
        return _values(futures, timeout)

    def blocking_call(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> list[Any]:
        """Call ``fn(*args, **kwargs)`` on the actor, wait, and return the list of its results."""
        return self.submit(fn, *args, **kwargs).result()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; with ``wait`` return when all are over.

        ``cancel_futures`` stops those that run, see :meth:`AbacoAsyncResponse.cancel`.
        """
        with self._lock:
            self._closed = True
        pending = list(self._pending)
        if cancel_futures:
            for response in pending:
                response.cancel()
        if wait:
            wait_for(pending)

    def delete(self) -> None:
        """Remove the actor, with whatever it has not done yet."""
        self._closed = True
        self.ag.actors.delete(actorId=self.actor_id)


def _values(futures: list[AbacoAsyncResponse], timeout: float | None) -> Iterator[Any]:
    """Yield the value of each future in turn; what is not asked for any more is cancelled."""
    end = None if timeout is None else time.monotonic() + timeout
    try:
        for future in futures:
            yield future.value(None if end is None else end - time.monotonic())
    finally:
        for future in futures:
            future.cancel()


def _are(items: Sequence[Any], kind: Any) -> bool:
    return all(isinstance(item, kind) for item in items)


def _image_of(context: Any) -> str | None:
    if not isinstance(context, str):
        return None
    if context.lower() not in CONTEXTS:
        known = ", ".join(CONTEXTS)
        warnings.warn(f"context={context!r} is unknown; there are {known}", stacklevel=4)
    return CONTEXTS.get(context.lower())
