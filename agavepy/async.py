"""The name of ``agavepy.asynchronous`` before Python 3.7 made it a keyword: for importlib."""

from __future__ import annotations

import sys

from agavepy import asynchronous

sys.modules[__name__] = asynchronous
