"""``python -m reads SYSTEM FOLDER``: print the sequence files of a folder, as the cached login."""

from __future__ import annotations

import sys

from agavepy import Agave
from reads.counting import fasta_files


def main() -> None:
    """Print one name on each line."""
    ag = Agave.restore()
    print(*fasta_files(ag, *sys.argv[1:3]), sep="\n")


if __name__ == "__main__":
    main()
