"""Runs actors: mailboxes, and workers that take one message at a time (abaco ``worker.py``).

What is durable is in the store: messages, executions, workers. What is here in memory tells which
worker is free; its lock is a leaf, under which nothing else is locked or written.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agavepy.sandbox import actors_runtime_run as runs
from agavepy.sandbox.actors_runtime_cron import Cron
from agavepy.sandbox.actors_runtime_notices import Notices
from agavepy.sandbox.actors_runtime_run import Place, Run
from agavepy.sandbox.errors import SandboxError
from agavepy.sandbox.state import actors, tokens
from agavepy.sandbox.state import actors_events as events
from agavepy.sandbox.state import actors_executions as executions
from agavepy.sandbox.state import actors_images as images
from agavepy.sandbox.state import actors_messages as messages
from agavepy.sandbox.state import actors_workers as workers
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: Seconds that a closing sandbox waits for killed processes to be gone.
_CLOSE_S = 10.0


@dataclass(eq=False)
class Pool:
    """The workers of one actor and the messages that wait for them, by id, oldest first."""

    actor_id: str
    ready: bool = False
    mailbox: deque[str] = field(default_factory=deque)
    starting: int = 0
    idle: deque[str] = field(default_factory=deque)
    busy: dict[str, Run] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        """How many workers there are and will be."""
        return self.starting + len(self.idle) + len(self.busy.keys() - self.leaving)


class Runtime:
    """The actors of one tenant at work. Ended with :meth:`close`."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._guard = threading.Lock()
        self._pools: dict[str, Pool] = {}
        self._watched: dict[str, threading.Event] = {}
        self._threads: set[threading.Thread] = set()
        self._closing = self._closed = False
        self._place = Place(tenant)
        self._client = runs.client(tenant)
        self.notices = Notices(tenant, self.deliver)
        self.cron = Cron(tenant, self.deliver)

    def resume(self) -> None:
        """Take up what an earlier run has left: what ran then ends, what waited goes on waiting."""
        runs.settle_orphans(self._place)
        # Those of executions that a kill has ended: nobody else gets tokens of this client.
        tokens.end(self._tenant, client_key=self._client["consumerKey"])
        for worker in workers.every(self._tenant):
            workers.remove(self._tenant, worker["id"])
        for actor in actors.every(self._tenant):
            pool = self._pool(actor["id"])
            for message in messages.waiting(self._tenant, actor["id"]):
                self._tenant.pace.begin("executions", message["id"], executions.EXECUTIONS.initial)
                pool.mailbox.append(message["id"])
            self.registered(actor)
            if actor["status"] == "READY":
                pool.ready = True
                self.ensure(actor, 1)
        self.notices.wake()

    def registered(self, actor: dict[str, Any]) -> None:
        """Take notice of an actor that is new or has changed; a SUBMITTED one gets its image.

        In the background, at the pace of the kind ``actors``, it becomes READY, or ERROR with a
        message that names the image.
        """
        self.cron.set(actor)
        if actor["status"] != "SUBMITTED":
            return
        self._tenant.pace.begin("actors", actor["id"], actor["status"])
        pool = self._pool(actor["id"])
        with self._guard:
            pool.ready = False
            gone = list(pool.idle)
            pool.idle.clear()
            leaving = pool.busy.keys() - pool.leaving
            pool.leaving |= leaving
            pool.starting += 1
        for worker_id in gone:
            workers.remove(self._tenant, worker_id)
        for worker_id in leaving:
            workers.change(self._tenant, worker_id, status=workers.LEAVING)
        worker = workers.request(self._tenant, actor)
        with contextlib.suppress(SandboxError):  # it is stopping: the next start takes it up
            self._tenant.background(self._pull, pool, actor, worker["id"], kind="actors")

    def deleted(self, actor: dict[str, Any]) -> None:
        """End what runs of an actor that is gone, and remove what it had."""
        tenant, actor_id = self._tenant, actor["id"]
        self.cron.drop(actor_id)
        with self._guard:
            pool = self._pools.pop(actor_id, None)
            running = list(pool.busy.values()) if pool is not None else []
            waiting = list(pool.mailbox) if pool is not None else []
            if pool is not None:
                pool.ready = False
                pool.mailbox.clear()
        tenant.pace.end(actor_id)
        self._stop(running)
        for worker in workers.of_actor(tenant, actor_id):
            workers.remove(tenant, worker["id"])
        for execution_id in waiting:
            messages.drop(tenant, execution_id)
        executions.forget(tenant, actor_id)
        for execution_id in waiting:
            self._changed(execution_id)

    def send(
        self,
        actor: dict[str, Any],
        executor: str,
        content: Any,
        content_type: str = messages.TEXT,
        environment: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Put a message into an actor's mailbox, and return the execution that it will be."""
        execution = messages.put(self._tenant, actor, executor, content, content_type, environment)
        self.deliver(execution)
        return execution

    def deliver(self, execution: dict[str, Any]) -> None:
        """Take notice of a message that has been put into the store."""
        actor_id = execution["actorId"]
        actor = actors.find(self._tenant, actor_id)
        if actor is None:
            messages.drop(self._tenant, execution["id"])
            executions.forget(self._tenant, actor_id)
            return
        pool = self._pool(actor_id)
        with self._guard:
            pool.mailbox.append(execution["id"])
        if pool.ready:
            self.ensure(actor, 1)
        self._dispatch(pool)

    @contextlib.contextmanager
    def watching(self, execution_id: str) -> Iterator[threading.Event]:
        """Yield an event that is set whenever an execution starts, has a result, or has ended."""
        event = threading.Event()
        with self._guard:
            self._watched[execution_id] = event
        try:
            yield event
        finally:
            with self._guard:
                self._watched.pop(execution_id, None)

    def waiting(self, actor_id: str) -> int:
        """Return how many messages wait in an actor's mailbox."""
        pool = self._pool(actor_id)
        return len(pool.mailbox)

    def purge(self, actor: dict[str, Any]) -> None:
        """Throw away what waits in an actor's mailbox: these executions never run, and end."""
        pool = self._pool(actor["id"])
        with self._guard:
            thrown = list(pool.mailbox)
            pool.mailbox.clear()
        for execution_id in thrown:
            reason = "The message was purged from the mailbox before a worker had taken it"
            runs.settle(self._place, actor, execution_id, reason)
            self._changed(execution_id)

    def ensure(self, actor: dict[str, Any], number: int) -> tuple[int, int]:
        """See to it that an actor has a number of workers; return how many start and there were."""
        pool = self._pool(actor["id"])
        with self._guard:
            before = pool.size
            missing = max(number - before, 0)
            pool.starting += missing
        for _ in range(missing):
            worker = workers.request(self._tenant, actor)
            self._start(pool, worker["id"])
        return missing, before

    def release(self, worker: dict[str, Any]) -> None:
        """Stop a worker: at once when it is idle, else when its execution has ended."""
        pool, worker_id = self._pool(worker["actorId"]), worker["id"]
        with self._guard:
            if worker_id in pool.busy:
                pool.leaving.add(worker_id)
            elif worker_id in pool.idle:
                pool.idle.remove(worker_id)
            busy = worker_id in pool.busy
        if busy:
            workers.change(self._tenant, worker_id, status=workers.LEAVING)
        else:
            workers.remove(self._tenant, worker_id)

    def stop(self, execution: dict[str, Any]) -> None:
        """End the process of a running execution."""
        pool = self._pool(execution["actorId"])
        with self._guard:
            found = [run for run in pool.busy.values() if run.execution_id == execution["id"]]
        self._stop(found)

    def close(self) -> None:
        """End every process and return when nothing runs; messages that wait are kept."""
        self.cron.close()
        with self._guard:
            self._closing = True
            running = [run for pool in self._pools.values() for run in pool.busy.values()]
            threads = list(self._threads)
        self._stop(running)
        deadline = time.monotonic() + _CLOSE_S
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        self._closed = True
        self.notices.close()
        self._place.close()

    def _stop(self, running: Iterable[Run]) -> None:
        for run in running:
            run.stop()
        self._tenant.clock.notify()

    def _pool(self, actor_id: str) -> Pool:
        with self._guard:
            return self._pools.setdefault(actor_id, Pool(actor_id))

    def _pull(self, pool: Pool, actor: dict[str, Any], worker_id: str) -> None:
        """Look an actor's image up for its first worker and say how that went."""
        tenant = self._tenant
        workers.change(tenant, worker_id, status=workers.PULLING)
        tenant.pace.hold(actor["id"], tenant.stopping.is_set)
        if tenant.stopping.is_set():
            return  # the next start takes it up
        status, text, event = "READY", "", "ACTOR_READY"
        try:
            images.pull(tenant, actor["image"])
        except SandboxError as error:
            status, text, event = "ERROR", str(error), "ACTOR_ERROR"
        with tenant.store.transaction():
            current = actors.find(tenant, actor["id"])
            same = current is not None and all(
                current[name] == actor[name] for name in ("image", "revision")
            )
            if current is not None and same:
                if current["status"] != status:
                    events.note(tenant, current, event, status_message=text)
                current.update(status=status, statusMessage=text)
                actors.save(tenant, current)
                entered = actor["id"], status, tenant.clock.now()
                tenant.store.after_commit(partial(tenant.pace.enter, *entered, last=True))
            if not same or status == "ERROR":
                workers.remove(tenant, worker_id)
        if same and status == "READY":
            with self._guard:
                pool.ready = True
            self._start(pool, worker_id)
        else:
            with self._guard:
                pool.starting -= 1
                waiting = list(pool.mailbox)
            for execution_id in waiting:
                self._changed(execution_id)  # for those who wait in vain
        self.notices.wake()

    def _start(self, pool: Pool, worker_id: str) -> None:
        """Let a requested worker take messages."""
        there = workers.change(self._tenant, worker_id, status=workers.READY) is not None
        with self._guard:
            pool.starting -= 1
            if there:
                pool.idle.append(worker_id)
        self._dispatch(pool)

    def _dispatch(self, pool: Pool) -> None:
        """Give waiting messages to idle workers."""
        with self._guard:
            while pool.ready and pool.mailbox and pool.idle and not self._closing:
                worker_id = pool.idle.popleft()
                run = Run(pool.actor_id, worker_id, pool.mailbox.popleft())
                pool.busy[worker_id] = run
                thread = threading.Thread(
                    target=self._work, args=(pool, run), name=f"agavepy-{worker_id}", daemon=True
                )
                self._threads.add(thread)
                thread.start()

    def _work(self, pool: Pool, first: Run) -> None:
        """Be a worker until the mailbox is empty, on a thread of its own."""
        run: Run | None = first
        try:
            while run is not None:
                workers.change(self._tenant, run.worker_id, status=workers.BUSY)
                self._execute(run)
                run = self._next(pool, run)
        finally:
            with self._guard:
                self._threads.discard(threading.current_thread())

    def _execute(self, run: Run) -> None:
        """Carry one execution out, whatever happens."""
        try:
            runs.carry_out(
                self._place,
                run,
                self._client,
                closing=lambda: self._closing,
                changed=self._changed,
            )
        except Exception as error:  # noqa: BLE001 - the last line of a thread: no execution may hang
            if self._closed:
                return  # the next run of the sandbox settles it
            _log.exception("execution %s failed in the sandbox", run.execution_id)
            actor = actors.find(self._tenant, run.actor_id)
            if actor is not None:
                reason = f"The sandbox failed to run the execution: {error!r}"
                runs.settle(self._place, actor, run.execution_id, reason)
            self._changed(run.execution_id)

    def _next(self, pool: Pool, run: Run) -> Run | None:
        """Return what a worker runs next; None when it is idle or has left."""
        worker_id = run.worker_id
        now = self._tenant.clock.now()
        if not self._closed:
            workers.change(
                self._tenant,
                worker_id,
                lastExecutionTime=now,
                lastHealthCheckTime=now,
                **({} if worker_id in pool.leaving else {"status": workers.READY}),
            )
        with self._guard:
            leaves = worker_id in pool.leaving
            if pool.ready and pool.mailbox and not leaves and not self._closing:
                following = Run(pool.actor_id, worker_id, pool.mailbox.popleft())
                pool.busy[worker_id] = following
                return following
            pool.busy.pop(worker_id, None)
            pool.leaving.discard(worker_id)
            if not leaves:
                pool.idle.append(worker_id)
        if leaves:
            workers.remove(self._tenant, worker_id)
        return None

    def _changed(self, execution_id: str) -> None:
        """Wake who waits for an execution, and tell what has been noted of it."""
        with self._guard:
            event = self._watched.get(execution_id)
        if event is not None:
            event.set()
        self._tenant.clock.notify()
        self.notices.wake()
