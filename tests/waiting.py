"""Waiting for what happens in its own time, with a deadline and an account of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_never = threading.Event()


def wait_for(condition: Callable[[], T], timeout_s: float = 20) -> T:
    """Return the first true value of ``condition()``; fail after ``timeout_s`` seconds."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not happen within {timeout_s} s: {condition}"
        _never.wait(0.01)
