"""How things are measured: alternating rounds, medians, and processes with their own accounts."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Line:
    """One line of the table. ``figure`` is agavepy's, as a ratio where there is something to
    compare with; ``bravado`` is the same ratio for stock bravado."""

    what: str
    figure: str
    bound: str
    aim: str = ""
    bravado: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Account:
    """What one process cost: seconds of CPU, seconds on the clock, peak bytes of memory."""

    cpu_s: float
    wall_s: float
    peak: int
    output: str


def account(program: str, *arguments: str) -> Account:
    """Run a Python program in a fresh process and return what it cost.

    Raises RuntimeError with what it wrote to stderr when it fails.
    """
    # Installed packages have bytecode; without it, compiling our modules would be what is measured.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    with process.stdout:
        output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a benchmark program ended with {process.returncode}:\n{program}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Account(usage.ru_utime + usage.ru_stime, wall, peak, output)


def accounts(programs: Mapping[str, str], *arguments: str, rounds: int) -> dict[str, list[Account]]:
    """Run programs in turns; the first round warms the disk caches and is not kept."""
    found: dict[str, list[Account]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, program in programs.items():
            cost = account(program, *arguments)
            if number:
                found[name].append(cost)
    return found


def cpu_per_call(
    contestants: Mapping[str, Callable[[], object]], *, calls: int, rounds: int
) -> dict[str, float]:
    """Return the median CPU seconds of one call of each contestant, taken in alternating rounds."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for call in contestants.values():
        call()
    for _ in range(rounds):
        for name, call in contestants.items():
            with steady():
                started = time.process_time()
                for _ in range(calls):
                    call()
                found[name].append((time.process_time() - started) / calls)
    return {name: statistics.median(times) for name, times in found.items()}


@contextmanager
def steady() -> Iterator[None]:
    """Collect garbage before a measurement, so that nobody pays for another's."""
    gc.collect()
    yield


def median(costs: list[Account], field: str) -> float:
    """Return the median of one field of some accounts."""
    return float(statistics.median(getattr(cost, field) for cost in costs))


def ratio(own: float, other: float) -> str:
    """Return ``own`` over ``other`` as text."""
    return f"{own / other:.2f} ×"
