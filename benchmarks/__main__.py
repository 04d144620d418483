"""Measure everything and print one Markdown table: ``python -m benchmarks [PART]...``.

Parts are startup, descriptions, calls, transfers and sandbox; all when none is named. Figures never
fail a run; what cannot be measured does.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from collections.abc import Callable, Iterator

from benchmarks.measure import Line

PARTS = ("startup", "descriptions", "calls", "transfers", "sandbox")


def main(parts: list[str]) -> int:
    """Print the table of the named parts and return the exit code."""
    unknown = set(parts) - set(PARTS)
    if unknown:
        print(f"no such part: {', '.join(unknown)}; known: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    print("| what | measured | bound | aim | stock bravado | |")
    print("|---|---|---|---|---|---|")
    for part in parts or PARTS:
        run: Callable[[], Iterator[Line]] = importlib.import_module(f"benchmarks.{part}").run
        for line in run():
            cells = (line.what, line.figure, line.bound, line.aim, line.bravado, line.detail)
            print(f"| {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
