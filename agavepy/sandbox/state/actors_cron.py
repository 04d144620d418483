"""The schedules of actors: ``2030-06-21 14 + 1 day`` (abaco ``models.py``, ``Actor.set_cron``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from dateutil.relativedelta import relativedelta

from agavepy.sandbox.errors import ApiError

_SCHEDULE = re.compile(
    r"(now|\d{4}-\d{1,2}-\d{1,2} \d{1,2}) ?\+ ?(\d+) (hour|day|week|month)s?", re.IGNORECASE
)
#: How ``cronNextEx`` is written: days and hours of UTC.
_HOUR = "%Y-%m-%d %H"
_FORM = "'yyyy-mm-dd hh + <number> <unit>', where unit is hour(s), day(s), week(s) or month(s)"


@dataclass(frozen=True)
class Schedule:
    """When an actor runs by itself: first at an hour (UTC), then every ``number`` ``unit``."""

    first: datetime
    number: int
    unit: str

    def after(self, now: float) -> datetime:
        """Return the earliest hour of the schedule that is later than ``now`` (epoch seconds)."""
        moment = datetime.fromtimestamp(now, timezone.utc)
        step = relativedelta(**{f"{self.unit}s": self.number})  # type: ignore[arg-type]
        # Counted from the first hour, so that months after the 31st do not stay on the 28th.
        seconds = {"hour": 3600, "day": 86400, "week": 604800, "month": 31 * 86400}
        length = seconds[self.unit] * self.number
        count = max(int((moment - self.first).total_seconds() // length), 0)
        while (found := self.first + step * count) <= moment:
            count += 1
        return found


def parse(text: str, now: float) -> Schedule:
    """Return a schedule whose first hour may have passed; ApiError 400 for a text that is none."""
    found = _SCHEDULE.fullmatch(str(text).strip())
    if found is None:
        raise ApiError(400, f"The cron is in the wrong format: {text!r} is not {_FORM}")
    start, number, unit = found[1].lower(), int(found[2][:9]), found[3].lower()
    if not 0 < number < 10_000:
        raise ApiError(400, f"The cron is invalid: {number} {unit}s is no time to repeat after")
    if start == "now":
        first = datetime.fromtimestamp(now, timezone.utc).replace(minute=0, second=0, microsecond=0)
    else:
        try:
            first = datetime.strptime(start, _HOUR).replace(tzinfo=timezone.utc)
        except ValueError as error:
            raise ApiError(400, f"The cron is invalid: {start!r} is no hour of a day") from error
    return Schedule(first, number, unit)


def first(text: str, now: float) -> str:
    """Return ``cronNextEx`` of a schedule that somebody sets at ``now`` (epoch seconds).

    Raises ApiError 400 for a text that is no schedule and for one that begins in an hour gone by.
    """
    found = parse(text, now)
    this_hour = datetime.fromtimestamp(now, timezone.utc).replace(minute=0, second=0, microsecond=0)
    if found.first < this_hour:
        raise ApiError(400, f"The cron is invalid: {text!r} begins in the past")
    return found.first.strftime(_HOUR)


def due(next_run: str) -> float:
    """Return a ``cronNextEx`` in epoch seconds."""
    return datetime.strptime(next_run, _HOUR).replace(tzinfo=timezone.utc).timestamp()


def following(text: str, last: str, now: float) -> str:
    """Return the ``cronNextEx`` after a run that was due at ``last``; hours gone by are left out.

    ``now`` in a schedule was the hour in which it was set; its runs go on from the last one.
    """
    found = parse(text, due(last))
    return found.after(now).strftime(_HOUR)
