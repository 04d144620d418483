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

    def ended(self, status: str) -> bool:
        """Return whether nothing follows ``status``; KeyError for a word that is no status."""
        return not self.moves[status]

    def allows(self, status: str, following: str) -> bool:
        """Return whether ``following`` may come after ``status``."""
        return following in self.moves[status]


def _job_moves() -> dict[str, frozenset[str]]:
    """Return the successors of each job status (agave-jobs ``JobStatusType``).

    Every active status may also end by failure or by being stopped, be paused, and go back to
    PENDING, which is how ``reset`` and a restarted service start a job over.
    """
    forward = {
        "PENDING": "PROCESSING_INPUTS",
        "PROCESSING_INPUTS": "STAGING_INPUTS STAGED",
        "STAGING_INPUTS": "STAGED",
        "STAGED": "STAGING_JOB SUBMITTING",
        "STAGING_JOB": "SUBMITTING",
        "SUBMITTING": "QUEUED RUNNING",
        # A job that is over before it was ever seen running goes straight to CLEANING_UP.
        "QUEUED": "RUNNING CLEANING_UP",
        "RUNNING": "QUEUED CLEANING_UP",
        "PAUSED": "STAGED QUEUED RUNNING",
        "CLEANING_UP": "ARCHIVING FINISHED",
        "ARCHIVING": "ARCHIVING_FINISHED ARCHIVING_FAILED",
        "ARCHIVING_FINISHED": "FINISHED",
        "ARCHIVING_FAILED": "FINISHED",
    }
    always = {"FAILED", "STOPPED", "KILLED", "PENDING", "PAUSED"}
    moves = {
        status: frozenset(following.split()) | (always - {status}) | {"PENDING"}
        for status, following in forward.items()
    }
    return {**moves, **dict.fromkeys(("FINISHED", "FAILED", "STOPPED", "KILLED"), frozenset())}


JOBS = Lifecycle("job", "PENDING", _job_moves())

#: Statuses in which a stop must kill what the execution system runs, after which agave-jobs
#: 2.2.27 (``JobManager.kill``) records FAILED. Older deployments recorded STOPPED throughout; the
#: source is followed here. In every other status a stopped job is STOPPED at once.
JOB_ON_SYSTEM = frozenset({"QUEUED", "RUNNING", "CLEANING_UP"})

#: Statuses after the app has ended: the outputs are being put away.
JOB_PUTTING_AWAY = frozenset({"CLEANING_UP", "ARCHIVING", "ARCHIVING_FINISHED", "ARCHIVING_FAILED"})
