"""The two jobs services that a tenant may run, classic and Aloe, each as one table of its ways.

Sources: agave-jobs 2.2.27 for the classic one; agave-legacy-jobs and agave-docs aloe-job-changes
for Aloe. A tenant chooses one of them when it is made, and whoever deals with jobs asks that one:
nobody asks which it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from agavepy.plan import Plan
from agavepy.sandbox import dates
from agavepy.sandbox.envelope import VERSIONS
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.ids import Ids
from agavepy.sandbox.lifecycle import Lifecycle

#: Statuses in which a stop must kill what the execution system runs.
ON_SYSTEM = frozenset({"QUEUED", "RUNNING", "CLEANING_UP"})
#: The status in which a service takes a job up, and in which one that starts over begins again.
TAKEN_UP = "PENDING"


@dataclass(frozen=True)
class JobModel:
    """How one of the jobs services works.

    ``states`` are its statuses, ``unseen`` those of a job that is accepted and cannot be found yet,
    ``putting_away`` those after the app has ended, ``waits_in`` the one in which a job waits for a
    place on its system, ``stop_on_system`` what a stop makes of a job that its system has.
    """

    name: str
    title: str
    #: What its envelopes say: clients tell the services apart by it.
    version: str
    states: Lifecycle
    unseen: frozenset[str]
    putting_away: frozenset[str]
    waits_in: str
    stop_on_system: str
    #: The words of ``jobs.manage`` that stop a job, and whether one that has ended refuses them.
    stop_words: tuple[str, ...]
    stops_once: bool
    #: Statuses in which a job cannot be submitted again yet.
    not_resubmitted: frozenset[str]
    #: Whether requests are JSON of exactly the described types, and nothing else.
    exact: bool
    #: Whether an app fails by its exit code, and whether the callbacks of its wrapper are heard.
    judged_by_exit: bool
    hears_callbacks: bool
    #: Storage protocols with which the service cannot deal any more.
    dropped_protocols: frozenset[str]
    date: Callable[[float], str]
    new_id: Callable[[Ids], str]
    #: Archive path of a job without one: its owner, the epoch, whether the system is public.
    archive_path: Callable[[str, float, bool], str]
    #: What history says of a change: the status before, the one after, the runner's words.
    tells: Callable[[str, str, str], str]
    #: The message of a success that has no words of its own.
    message: Callable[[Plan], str | None]

    #: The service whose envelopes the model shapes.
    service: str = "jobs"

    def offer(self, plan: Plan, instead: str) -> None:
        """Raise ApiError 405, naming what does the same, for an operation of another model only."""
        others = MODELS.keys() & set(plan.requires) - {self.name}
        if others:
            titles = " and ".join(MODELS[name].title for name in sorted(others))
            raise ApiError(
                405,
                f"{plan.id} is an operation of tenants whose jobs service is {titles}. This one's "
                f"is {self.title}: use {instead}",
            )


def _moves(
    forward: Mapping[str, str], always: set[str], ends: tuple[str, ...]
) -> dict[str, frozenset[str]]:
    """Return the successors of each status: those ahead of it, and those always possible."""
    moves = {
        status: frozenset(following.split()) | (always - {status}) | {TAKEN_UP}
        for status, following in forward.items()
    }
    return {**moves, **dict.fromkeys(ends, frozenset[str]())}


#: ``JobStatusType.getNextValidStates``. Every active status may also end by failure or by being
#: stopped, be paused, and go back to PENDING, which is how ``reset`` and a restarted service start
#: a job over.
_CLASSIC_MOVES = _moves(
    {
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
    },
    {"FAILED", "STOPPED", "KILLED", "PENDING", "PAUSED"},
    ("FINISHED", "FAILED", "STOPPED", "KILLED"),
)

CLASSIC = JobModel(
    name="classic",
    title="classic",
    version=VERSIONS["java"],
    states=Lifecycle("job", TAKEN_UP, _CLASSIC_MOVES),
    unseen=frozenset(),
    putting_away=frozenset({"CLEANING_UP", "ARCHIVING", "ARCHIVING_FINISHED", "ARCHIVING_FAILED"}),
    waits_in="QUEUED",
    # ``JobManager.kill`` of 2.2.27. Older deployments recorded STOPPED throughout; the source is
    # followed here. In every other status a stopped job is STOPPED at once.
    stop_on_system="FAILED",
    stop_words=("stop",),
    stops_once=False,
    not_resubmitted=frozenset(),
    exact=False,
    judged_by_exit=False,
    hears_callbacks=True,
    dropped_protocols=frozenset(),
    date=dates.java,
    new_id=lambda ids: ids.uuid("007"),
    archive_path=lambda owner, _epoch, _public: f"{owner}/archive/jobs/job-${{JOB_ID}}",
    tells=lambda _before, _after, words: words,
    message=lambda _plan: None,
)

#: No way leads past a status; BLOCKED is left for where the job was.
_ALOE_WAY = (
    "PENDING", "PROCESSING_INPUTS", "STAGING_INPUTS", "STAGED", "STAGING_JOB", "SUBMITTING",
    "QUEUED", "RUNNING", "CLEANING_UP", "ARCHIVING", "FINISHED",
)  # fmt: skip
_ALOE_MOVES = _moves(
    {
        **dict(pairwise(_ALOE_WAY)),
        "QUEUED": "RUNNING CLEANING_UP",
        "CLEANING_UP": "ARCHIVING FINISHED",
        "BLOCKED": " ".join(_ALOE_WAY[:-1]),
        "PAUSED": " ".join(_ALOE_WAY[:-1]),
    },
    {"FAILED", "STOPPED", "PENDING", "PAUSED", "BLOCKED"},
    ("FINISHED", "FAILED", "STOPPED"),
)
_ALOE_MOVES["ACCEPTED"] = frozenset({TAKEN_UP, "FAILED"})
#: Which of Aloe's workers has a job of each status; of all others it is the one for monitoring.
_PHASES = {
    **dict.fromkeys(("ACCEPTED", *_ALOE_WAY[:3]), "STAGING"),
    **dict.fromkeys(_ALOE_WAY[3:6], "SUBMITTING"),
    "BLOCKED": "SUBMITTING",
    "ARCHIVING": "ARCHIVING",
}


def _transition(before: str, after: str, words: str) -> str:
    phase = _PHASES.get(before, "MONITORING")
    return f"Transitioning from status {before} to {after} in phase {phase}. {words}"


def _aloe_archive(owner: str, epoch: float, public: bool) -> str:
    """Return Aloe's archive path; where everybody has a home of their own, it is within that."""
    day = dates.zulu(epoch).partition("T")[0]
    return f"{f'{owner}/' if public else ''}archive/jobs/{day}/${{JOB_NAME}}-${{JOB_ID}}"


def _code(plan: Plan) -> str:
    """Return ``JOBS_GET_HISTORY List the events of a job.``: code and prose, as Aloe's messages."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plan.name).upper()
    return f"{plan.service.upper()}_{words} {plan.summary}."


ALOE = JobModel(
    name="aloe",
    title="Aloe",
    version="2.4.2-aloe",
    states=Lifecycle("job", "ACCEPTED", _ALOE_MOVES),
    unseen=frozenset({"ACCEPTED"}),
    putting_away=frozenset({"CLEANING_UP", "ARCHIVING"}),
    waits_in="BLOCKED",
    stop_on_system="STOPPED",
    stop_words=("stop", "kill"),
    stops_once=True,
    not_resubmitted=frozenset({"ACCEPTED", "PENDING"}),
    exact=True,
    judged_by_exit=True,
    hears_callbacks=False,  # the routes that they called are withdrawn
    dropped_protocols=frozenset({"GRIDFTP", "AZURE", "S3"}),
    date=dates.zulu,
    new_id=lambda ids: ids.rfc4122("007"),
    archive_path=_aloe_archive,
    tells=_transition,
    message=_code,
)

MODELS = {model.name: model for model in (CLASSIC, ALOE)}
