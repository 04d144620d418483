"""How what lives by itself goes from state to state: at once, when it is told, or with time.

Things report each state that they enter and, before they leave it, wait here for as long as the
mode of their kind wants. All that is kept is of this run: the next one has every kind at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agavepy.sandbox.clock import Clock
from agavepy.sandbox.errors import SandboxError

#: What has a life of its own; of files it is their imports, with the transfers that bring them.
KINDS = ("jobs", "files", "actors", "executions")
AT_ONCE, BY_HAND, BY_TIME = MODES = ("at_once", "by_hand", "by_time")
#: Seconds for which a look that lets a thing go on waits until it has.
_LOOK_S = 1.0
#: Seconds for which :meth:`Pace.advance` waits when it is not told.
PATIENCE_S = 2.0
_IDLE_S = 3600.0


class NoThingError(SandboxError):
    """Nothing of that kind and id is under way."""


@dataclass(frozen=True)
class Mode:
    """How the things of one kind go on.

    ``seconds`` of the tenant's time is how long each state lasts (by time); ``looks`` after how
    many GETs of a thing it goes on (by hand), None for only when it is told.
    """

    mode: str = AT_ONCE
    seconds: float | None = None
    looks: int | None = None


@dataclass(eq=False)
class _Thing:
    """Something under way: ``entered`` counts its states, ``allowed`` those that it may leave."""

    kind: str
    ids: tuple[str, ...]
    state: str
    since: float
    entered: int = 1
    allowed: int = 0
    looks: int = 0
    ended: bool = False

    def called(self, name: str) -> bool:
        """Return whether an id is one of its own."""
        return name in self.ids

    def settled(self) -> bool:
        """Return whether it has left every state that it was allowed to leave."""
        return self.ended or self.allowed < self.entered

    def allow(self, transitions: int) -> None:
        """Let it leave its state and that many in all."""
        self.allowed = max(self.allowed, self.entered - 1) + transitions


class Pace:
    """The modes of a tenant's kinds, and the things that are under way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._modes = dict.fromkeys(KINDS, Mode())
        self._things: dict[str, _Thing] = {}
        #: Whether GETs are counted: some kind goes on after a number of looks.
        self.looking = False

    # What tests do.

    def set(
        self, kind: str, mode: str, *, seconds: float | None = None, looks: int | None = None
    ) -> dict[str, Any]:
        """Choose how the things of a kind go on, those under way too, and return the choice.

        ``mode`` is at_once, by_hand (until :meth:`advance`, or after ``looks`` GETs of the thing)
        or by_time (each state lasts ``seconds`` of the tenant's time). Raises SandboxError for a
        kind, a mode or a figure that makes no sense.
        """
        _known("kind", kind, KINDS)
        _known("mode", mode, MODES)
        if (seconds is not None) != (mode == BY_TIME):
            raise SandboxError("seconds go with the mode by_time, which needs them")
        if looks is not None and mode != BY_HAND:
            raise SandboxError(f"looks go with the mode by_hand: {mode} counts none")
        if seconds is not None and not 0 < seconds < float("inf"):
            raise SandboxError(f"a state cannot last {seconds:g} seconds: give more than 0")
        if looks is not None and looks < 1:
            raise SandboxError(f"nothing goes on after {looks} looks: give 1 or more")
        chosen = Mode(mode, seconds, looks)
        self.set_modes({**self._modes, kind: chosen})
        return _shown(kind, chosen)

    def advance(
        self,
        kind: str,
        thing_id: str | None = None,
        transitions: int = 1,
        wait_s: float = PATIENCE_S,
    ) -> list[dict[str, Any]]:
        """Tell a thing, or all of a kind, to go on by some states; return what is become of them.

        Returns when they have, after ``wait_s`` seconds at most: what a state is about, such as the
        process of a running job, is done before it is left, and the rest of the states that were
        allowed follows when they can (``left``). Raises NoThingError for an id of which nothing is
        under way, SandboxError for a kind or number that makes no sense.
        """
        _known("kind", kind, KINDS)
        if transitions < 1:
            raise SandboxError(f"nothing goes on by {transitions} states: give 1 or more")
        told = self._under_way(kind)
        if thing_id is not None:
            told = [thing for thing in told if thing.called(thing_id)]
            if not told:
                raise NoThingError(f"nothing of the kind {kind} is under way with id {thing_id!r}")
        with self._guard:
            for thing in told:
                thing.allow(transitions)
        self._clock.notify()
        self._clock.wait(lambda: all(thing.settled() for thing in told), wait_s)
        return [self._document(thing) for thing in told]

    def listing(self) -> list[dict[str, Any]]:
        """Return each kind with its mode and the things under way."""
        return [
            {**_shown(kind, mode), "things": list(map(self._document, self._under_way(kind)))}
            for kind, mode in self.modes().items()
        ]

    def modes(self) -> dict[str, Mode]:
        """Return the mode of each kind, for :meth:`set_modes`."""
        return dict(self._modes)

    def set_modes(self, modes: dict[str, Mode]) -> None:
        """Choose the modes of all kinds."""
        self._modes = dict(modes)
        self.looking = any(mode.looks for mode in modes.values())
        self._clock.notify()

    # What things do.

    def begin(self, kind: str, key: str, state: str, ids: Sequence[str] = ()) -> None:
        """Take notice of a thing in its first state.

        ``key`` is by what it is known here; ``ids`` by what to tests, the key when empty.
        """
        thing = _Thing(kind, tuple(ids) or (key,), state, self._clock.now())
        with self._guard:
            self._forget(key)
            self._things[key] = thing

    def enter(self, key: str, state: str, since: float, *, last: bool = False) -> None:
        """Take notice of a thing's next state; after its ``last`` one it is under way no longer.

        ``since`` (epoch seconds of the tenant) is from before others could see the state: they may
        move the clock at once.
        """
        with self._guard:
            thing = self._things.get(key)
            if thing is None:
                return
            if state != thing.state:
                thing.state, thing.since, thing.looks = state, since, 0
                thing.entered += 1
            if last:
                self._forget(key)
        self._clock.notify()

    def hold(self, key: str, gone: Callable[[], bool]) -> None:
        """Wait until a thing may leave its state, or is ``gone``; the clock tells of both."""
        thing = self._things.get(key)
        if thing is None:
            return

        def over() -> bool:
            return gone() or not self._held(thing)

        while not over():
            seconds = self._modes[thing.kind].seconds
            left = _IDLE_S if seconds is None else thing.since + seconds - self._clock.now()
            self._clock.wait(over, max(left, 0.0))

    def end(self, thing_id: str) -> None:
        """Forget what has this id: it is gone, and nobody waits for it any more."""
        self._end(lambda thing: thing.called(thing_id))

    def clear(self) -> None:
        """Forget all things: nothing of the tenant is under way."""
        self._end(lambda _: True)

    def slow(self, kind: str) -> bool:
        """Return whether things of a kind may wait here for long."""
        return self._modes[kind].mode != AT_ONCE

    def looked(self, ids: Iterable[str]) -> None:
        """Count a look at whatever has one of these ids, after it was answered.

        The look after which a thing goes on is over when it has, a second later at most, so that
        the next look finds it there.
        """
        moved = []
        with self._guard:
            for thing in self._called(*ids):
                needed = self._modes[thing.kind].looks
                if needed is None:
                    continue
                thing.looks += 1
                if thing.looks >= needed and thing.settled():
                    thing.allow(1)
                    moved.append(thing)
        if moved:
            self._clock.notify()
            self._clock.wait(lambda: all(thing.settled() for thing in moved), _LOOK_S)

    def held(self, thing_id: str) -> str:
        """Return the mode that keeps a thing in its state; empty when none does."""
        held = [thing for thing in self._called(thing_id) if self._held(thing)]
        return self._modes[held[0].kind].mode if held else ""

    def _held(self, thing: _Thing) -> bool:
        mode = self._modes[thing.kind]
        if mode.mode == AT_ONCE or not thing.settled() or thing.ended:
            return False
        return mode.seconds is None or self._clock.now() < thing.since + mode.seconds

    def _under_way(self, kind: str) -> list[_Thing]:
        with self._guard:
            return [thing for thing in self._things.values() if thing.kind == kind]

    def _called(self, *ids: str) -> list[_Thing]:
        return [thing for thing in list(self._things.values()) if any(map(thing.called, ids))]

    def _end(self, which: Callable[[_Thing], bool]) -> None:
        with self._guard:
            for key in [key for key, thing in self._things.items() if which(thing)]:
                self._forget(key)
        self._clock.notify()

    def _forget(self, key: str) -> None:
        thing = self._things.pop(key, None)
        if thing is not None:
            thing.ended = True

    def _document(self, thing: _Thing) -> dict[str, Any]:
        return {
            "kind": thing.kind,
            "id": thing.ids[0],
            "state": thing.state,
            "since": thing.since,
            "held": self._held(thing),
            "left": 0 if thing.settled() else thing.allowed - thing.entered + 1,
        }


def _known(what: str, word: str, words: Iterable[str]) -> None:
    if word not in words:
        raise SandboxError(f"unknown {what} {word!r}: choose one of {', '.join(words)}")


def _shown(kind: str, mode: Mode) -> dict[str, Any]:
    return {"kind": kind, "mode": mode.mode, "seconds": mode.seconds, "looks": mode.looks}
