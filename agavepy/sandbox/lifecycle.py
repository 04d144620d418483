"""Lifecycles as data: which status may follow which. No clocks, no storage, no processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Lifecycle:
    """The statuses of one kind of thing: where it begins and what may follow each status.

    A status that nothing follows is an end.
    """

    kind: str
    initial: str
    moves: Mapping[str, frozenset[str]]

    @property
    def ends(self) -> frozenset[str]:
        """The statuses that nothing follows."""
        return frozenset(status for status in self.moves if self.ended(status))

    def ended(self, status: str) -> bool:
        """Return whether nothing follows ``status``; KeyError for a word that is no status."""
        return not self.moves[status]

    def allows(self, status: str, following: str) -> bool:
        """Return whether ``following`` may come after ``status``."""
        return following in self.moves[status]
