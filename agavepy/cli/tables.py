"""Tables of the command line: columns as wide as their widest cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agavepy.shapes import one_line


def lines(rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Yield a line for each row; what a cell holds cannot command the terminal."""
    table = [[one_line(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
