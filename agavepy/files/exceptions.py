"""The error of the functions of agavepy 0.9 for files."""

from __future__ import annotations

from agavepy.interactive.errors import AgaveFilesError

__all__ = ["AgaveFilesError"]
