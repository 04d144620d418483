"""Keeps one login in the cache for all processes: one renewal at a time, whatever the disk does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from agavepy.auth import files
from agavepy.auth.cache import Cache, Identity
from agavepy.auth.tokens import Pair

#: A renewal holds the lock for as long as one answer of the token service may take.
LOCK_TIMEOUT_S = 90.0


class CachedLogin:
    """The :class:`~agavepy.auth.tokens.Keeper` of a login in a :class:`Cache`.

    A login that the cache holds is renewed there. One that it does not hold is left out of it,
    unless :attr:`logged_in` says that a user has just logged in: then it becomes the current one.
    ``login()`` gives its client keywords. A disk that cannot be written costs one UserWarning.
    Used by one thread at a time, as a TokenSource does.
    """

    def __init__(
        self, cache: Cache, identity: Identity, login: Callable[[], Mapping[str, Any]]
    ) -> None:
        self.cache = cache
        self.identity = identity
        self.logged_in = False
        self._login = login
        self._held = False
        self._loaded: Pair | None = None
        self._outdated: Pair | None = None
        self._warned = False

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock of the credentials directory, if the login is kept there."""
        if self.cache.pair(self.identity) is None:
            yield
            return
        with self.locked():
            yield

    def load(self) -> Pair | None:
        """Return the latest pair in the cache, unless it is one that could not be replaced."""
        self._loaded = self.cache.pair(self.identity)
        return None if self._loaded == self._outdated else self._loaded

    def save(self, pair: Pair) -> None:
        """Write a new pair, or warn once that it lives in memory only."""
        logged_in, self.logged_in = self.logged_in, False
        try:
            if not logged_in:
                self.cache.update(self.identity, pair)
            else:
                with nullcontext() if self._held else self.locked():
                    self.cache.log_in(self._login(), pair)
        except OSError as error:
            self._outdated = self._loaded
            self._warn(f"cannot write to {self.cache.directory}: {_reason(error)}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the credentials directory; warn when that cannot be had."""
        import filelock  # not on the path of a call with a fresh token

        path = self.cache.directory / "current.lock"
        lock = filelock.FileLock(path, timeout=LOCK_TIMEOUT_S, mode=0o600)
        try:
            files.make_directory(self.cache.directory)
            lock.acquire()
        except filelock.Timeout:
            self._warn(f"another process has held {path} for {LOCK_TIMEOUT_S:g} seconds")
        except (OSError, NotImplementedError) as error:
            self._warn(f"cannot lock {path}: {_reason(error)}")
        self._held = True
        try:
            yield
        finally:
            self._held = False
            lock.release()

    def _warn(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            text = f"{what}; what cannot be written there is kept in memory only"
            warnings.warn(text, stacklevel=2)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
