"""Ids, keys and tokens as the servers make them (science-apis ``AgaveUUID``)."""

from __future__ import annotations

import secrets
import string
import threading
import time

_ALPHABET = string.ascii_letters + string.digits


class Ids:
    """Makes ids that are unique in a tenant and, being secret where they grant access, random."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def uuid(self, kind: str) -> str:
        """Return an Agave uuid of a three-digit ``kind``, such as 007 for a job."""
        with self._lock:
            # Nineteen digits that grow: newer ids sort after older ones, also after a restart.
            self._last = max(self._last + 1, time.time_ns() + 4_000_000_000_000_000_000)
            number = self._last
        return f"{number:019d}-242ac11b-0001-{kind}"

    def hex(self, length: int) -> str:
        """Return ``length`` random hexadecimal digits."""
        return secrets.token_hex((length + 1) // 2)[:length]

    def key(self, length: int) -> str:
        """Return ``length`` random letters and digits, as consumer keys have them."""
        return "".join(secrets.choice(_ALPHABET) for _ in range(length))
