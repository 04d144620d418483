"""Access tokens: what one is, when it is stale, and how all threads and processes renew it once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol

from agavepy import config, timing
from agavepy.errors import ConnectionFailed, CredentialsError, TimedOut, TokenError

Clock = Callable[[], float]
#: Tokens are renewed this long before they expire, so that none expires on its way.
LEEWAY_S = 60.0
#: Of a short-lived token, the part of its life that may be left when it is renewed.
LEEWAY_PART = 0.1


class Pair(NamedTuple):
    """An access token and what came with it.

    ``refresh`` is "" where the grant gives none. ``created_at`` is in epoch seconds by this
    machine's clock, ``expires_in`` in seconds; each is None when it is not known.
    """

    access: str
    refresh: str = ""
    created_at: float | None = None
    expires_in: float | None = None
    scope: str = ""
    kind: str = "bearer"

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], now: float, before: Pair | None = None) -> Pair:
        """Make a pair of the token service's answer; ``before`` is the pair that it renews.

        An answer without a refresh token leaves the old one good (RFC 6749, section 6).
        """
        return cls(
            access=str(answer["access_token"]),
            refresh=str(answer.get("refresh_token") or (before.refresh if before else "")),
            created_at=float(int(now)),
            expires_in=config.seconds(answer.get("expires_in")),
            scope=str(answer.get("scope") or ""),
            kind=str(answer.get("token_type") or "bearer"),
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Pair | None:
        """Make a pair of client keywords or a cached record; None when there is no token in it."""
        access, refresh = record.get("token") or "", record.get("refresh_token") or ""
        if not access and not refresh:
            return None
        created_at, expires_in, expires_at = (
            config.seconds(record.get(key)) for key in ("created_at", "expires_in", "expires_at")
        )
        if created_at is None and expires_at is not None and expires_in is not None:
            created_at = expires_at - expires_in
        elif expires_in is None and expires_at is not None and created_at is not None:
            expires_in = expires_at - created_at
        return cls(str(access), str(refresh), created_at, expires_in)

    @property
    def expires_at(self) -> float | None:
        """Epoch seconds of the expiry, None when it is not known."""
        if self.created_at is None or self.expires_in is None:
            return None
        return self.created_at + self.expires_in

    def stale(self, now: float) -> bool:
        """Tell whether it is time to renew; a token of unknown age is good until it is refused."""
        if not self.access:
            return True
        if self.expires_at is None or self.expires_in is None:
            return False
        return now >= self.expires_at - min(LEEWAY_S, LEEWAY_PART * max(0.0, self.expires_in))

    def expired(self, now: float) -> bool:
        """Tell whether the server is sure to refuse it."""
        return not self.access or (self.expires_at is not None and now >= self.expires_at)

    def newer_than(self, other: Pair | None) -> bool:
        """Tell whether this is a later pair of the same login.

        Times have whole seconds, so another pair of the same second counts as later.
        """
        if other is None:
            return True
        if not self.access or (self.access, self.refresh) == (other.access, other.refresh):
            return False
        return other.created_at is None or (self.created_at or 0.0) >= other.created_at

    def times(self) -> dict[str, Any]:
        """Return created_at, expires_in (whole seconds) and expires_at (local, as ctime writes)."""
        expiry = self.expires_at
        return {
            "created_at": None if self.created_at is None else int(self.created_at),
            "expires_in": None if self.expires_in is None else int(self.expires_in),
            "expires_at": None if expiry is None else time.ctime(expiry),
        }

    def info(self) -> dict[str, Any]:
        """Return the ``token_info`` of earlier releases: its eight keys."""
        expiry = self.expires_at
        return {
            "access_token": self.access,
            "refresh_token": self.refresh or None,
            "token_type": self.kind,
            "scope": self.scope,
            "expiration": None if expiry is None else int(expiry),
            **self.times(),
        }

    def __repr__(self) -> str:
        times = self.times()
        refresh = "with" if self.refresh else "without"
        return f"<{type(self).__name__} expires_at={times['expires_at']} {refresh} refresh token>"


#: Gets a new pair from the server; the old one may help.
Grant = Callable[["Pair | None"], "Pair"]


class Keeper(Protocol):
    """The place where a login is kept for all processes."""

    def hold(self) -> AbstractContextManager[Any]:
        """Keep other processes from renewing the login meanwhile."""

    def load(self) -> Pair | None:
        """Return the pair that is kept now; None when the login is not kept."""

    def save(self, pair: Pair) -> None:
        """Keep a new pair; a place that cannot be written is no error."""


class TokenSource:
    """Gives the access token of one login, always a good one; safe to share between threads.

    ``grant(pair)`` gets a new pair from the server, by the refresh token of the old one where that
    can be; None: the token cannot be renewed. A refresh token works once, so of all threads, and of
    all processes that share ``keeper``, one renews the pair and the others take over its result.
    ``on_grant(pair)`` is called after each grant, with no lock held. ``clock`` gives epoch seconds.
    """

    def __init__(
        self,
        pair: Pair | None = None,
        grant: Grant | None = None,
        *,
        keeper: Keeper | None = None,
        on_grant: Callable[[Pair], object] | None = None,
        clock: Clock = timing.now,
    ) -> None:
        self.pair = pair
        self.keeper = keeper
        self._grant = grant
        self._on_grant = on_grant
        self._clock = clock
        self._lock = threading.RLock()
        #: What the server refused to renew, and how: asking the same again would not help.
        self._refused: tuple[Any, TokenError] | None = None
        #: How often a new pair was looked for, and why the last time failed (None: it did not).
        self._attempts = 0
        self._failure: TokenError | ConnectionFailed | TimedOut | None = None

    def access(self) -> str:
        """Return an access token that is good now, renewed if it is about to expire.

        Raises TokenError when the server gives none, CredentialsError when there is nothing to get
        one with, ConnectionFailed or TimedOut when it cannot be asked.
        """
        pair = self.pair
        if pair is None or pair.stale(self._clock()):
            pair = self._replace(pair)
        return pair.access

    def renew(self, used: str) -> bool:
        """Replace the access token ``used``, which the server refused as expired.

        False: it cannot be renewed. Raises what :meth:`access` does.
        """
        pair = self.pair
        if pair is not None and pair.access and pair.access != used:
            return True  # another thread has done it since that request was stamped
        if self._way_to_renew() is None:
            return False
        self._replace(pair, refused=True)
        return True

    def refresh(self) -> str:
        """Get a new access token now, however fresh the old one is.

        Raises what :meth:`access` does.
        """
        return self._replace(self.pair, refused=True, forced=True).access

    def _replace(
        self,
        old: Pair | None,
        *,
        refused: bool = False,
        forced: bool = False,
        grant: Grant | None = None,
    ) -> Pair:
        """Return a pair later than ``old``; with ``refused`` even if ``old`` looks good.

        ``forced`` asks the server even if somebody else has left a newer pair, by ``grant`` if that
        is given.
        """
        attempts = self._attempts
        with self._lock:
            pair = self.pair
            if pair is not old and pair is not None and not forced:
                return pair  # another thread was first
            if self._attempts != attempts and self._failure is not None and not forced:
                # It failed for the thread that was first: those that waited for it are told the
                # same, in place of waiting for one failure after the other.
                if refused or pair is None or pair.expired(self._clock()):
                    raise _again(self._failure)
                return pair
            grant = grant or self._way_to_renew()
            if grant is None:
                if pair is None or not pair.access:
                    raise CredentialsError("there is no access token and nothing to get one with")
                return pair  # a bare token: the server is the judge
            granted = self._exchange(pair, grant, refused=refused, forced=forced)
            pair = self.pair
        assert pair is not None
        if granted and self._on_grant is not None:
            self._on_grant(pair)
        return pair

    def _exchange(self, old: Pair | None, grant: Grant, *, refused: bool, forced: bool) -> bool:
        """Set a newer pair, under the lock of all processes; True when the server was asked."""
        with self.keeper.hold() if self.keeper else nullcontext():
            kept = self.keeper.load() if self.keeper else None
            if kept is not None and kept.newer_than(old) and (old or self._takes_over()):
                self.pair = kept
                if not forced and not kept.stale(self._clock()):
                    return False
            basis = self.pair
            try:
                self.pair = grant(basis) if forced else self._ask(basis, grant)
                self._failure = None
            except (TokenError, ConnectionFailed, TimedOut) as error:
                self._failure = error
                if refused or basis is None or basis.expired(self._clock()):
                    raise
                return False  # still good for the rest of its leeway
            finally:
                self._attempts += 1
            if self.keeper:
                self.keeper.save(self.pair)
            return True

    def _takes_over(self) -> bool:
        """Tell whether a login that the cache has, but we not so far, serves as well as a grant."""
        return True

    def _way_to_renew(self) -> Grant | None:
        """Return what gets a new pair as things are now, None where nothing does."""
        return self._grant

    def _means(self) -> tuple[Any, ...]:
        """Return what a grant depends on besides the pair."""
        return ()

    def _ask(self, pair: Pair | None, grant: Grant) -> Pair:
        asked = pair, self._means()
        if self._refused is not None and self._refused[0] == asked:
            raise _again(self._refused[1])
        try:
            return grant(pair)
        except TokenError as error:
            if pair is not None and error.status in {400, 401}:
                self._refused = asked, error
            raise

    def __deepcopy__(self, memo: dict[int, Any]) -> TokenSource:
        """Return itself: a copy would use up the single-use refresh token."""
        return self

    def __copy__(self) -> TokenSource:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pair!r}>"


def _again(
    error: TokenError | ConnectionFailed | TimedOut,
) -> TokenError | ConnectionFailed | TimedOut:
    """Return an error like one that another call has raised, for a traceback of its own."""
    if isinstance(error, TokenError):
        return TokenError(error.response, error.message, error.operation, error.hint)
    return type(error)(*error.args, request=error.request)
