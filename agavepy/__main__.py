"""``python -m agavepy``: the command line, also where scripts are not on the PATH."""

from __future__ import annotations

import sys

from agavepy.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
