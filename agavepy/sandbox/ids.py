"""Ids, keys and tokens as the servers make them (science-apis ``AgaveUUID``)."""

from __future__ import annotations

import random
import string
import threading
import time
from typing import Any
from uuid import UUID

#: Nanoseconds since the epoch, moved so that they have nineteen digits for two centuries.
_EARLIEST = 4_000_000_000_000_000_000
#: What the last group of an Agave uuid says of the thing it names (agave-common ``UUIDType``).
_PLAIN = (
    "profile", "file", "internaluser", "token", "app", "system", "job", "transform", "transfer",
    "postit", "notification", "metadata", "schema", "monitor", "monitorcheck", "tenant",
)  # fmt: skip
KINDS = {
    **{f"{number:03}": word for number, word in enumerate(_PLAIN, 1)},
    "017": "encoding_task",
    "018": "decoding_task",
    "019": "usage_trigger",
    "020": "file_staging_task",
    "021": "job_staging_task",
    **{f"{number:03}": f"{word}_event" for number, word in enumerate(_PLAIN, 22)},
    "040": "worker",
    "041": "batch_queue",
    "042": "notification_delivery",
    "043": "role",
    "044": "permission",
    "048": "tag",
    "049": "tag_event",
    "050": "group",
    "053": "reactor",
    "054": "realtime_channel",
    "055": "clients",
    "058": "repository",
    "060": "abaco_agent",
    "062": "scheduled_transfer",
}
_ALPHABET = string.ascii_letters + string.digits


def _source(seed: int | None) -> random.Random:
    # Seeded ids are guessable on purpose: a test asked for them.
    return random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311


class Ids:
    """Makes ids that are unique in a tenant and, being secret where they grant access, random.

    After :meth:`seed` they are the same in every run: for tests, and no secret to anybody.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._random: random.Random = random.SystemRandom()
        self._seed: int | None = None

    def seed(self, number: int | None) -> None:
        """Make ids from a number from now on, or with None such that nobody can guess them."""
        with self._lock:
            self._seed = number
            self._random = _source(number)
            self._last = 0 if number is None else _EARLIEST + number % 10**9 * 10**6

    def state(self) -> Any:
        """Return where the sequence of ids stands."""
        with self._lock:
            state = None if self._seed is None else self._random.getstate()
            return self._seed, self._last, state

    def set_state(self, state: Any) -> None:
        """Go back to where :meth:`state` was."""
        seed, last, inner = state
        self.seed(seed)
        with self._lock:
            self._last = last
            if inner is not None:
                self._random.setstate(inner)

    def uuid(self, kind: str) -> str:
        """Return an Agave uuid of a three-digit ``kind``, such as 007 for a job."""
        with self._lock:
            # Nineteen digits that grow: newer ids sort after older ones, also after a restart.
            now = 0 if self._seed is not None else time.time_ns() + _EARLIEST
            self._last = max(self._last + 1, now)
            number = self._last
        return f"{number:019d}-242ac11b-0001-{kind}"

    def rfc4122(self, kind: str) -> str:
        """Return a random uuid of RFC 4122 and a three-digit ``kind``, as Aloe's jobs have."""
        with self._lock:
            number = self._random.getrandbits(128)
        return f"{UUID(int=number, version=4)}-{kind}"

    def hex(self, length: int) -> str:
        """Return ``length`` random hexadecimal digits."""
        with self._lock:
            return f"{self._random.getrandbits(4 * length):0{length}x}"

    def key(self, length: int) -> str:
        """Return ``length`` random letters and digits, as consumer keys have them."""
        with self._lock:
            return "".join(self._random.choice(_ALPHABET) for _ in range(length))
