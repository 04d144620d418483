"""Dates as text, in the forms of the different servers."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo
from email.utils import formatdate
from functools import lru_cache

from dateutil import tz


@lru_cache(maxsize=1)
def _chicago() -> tzinfo:
    """Return the zone of the Java servers; dateutil brings the data where a system has none."""
    return tz.gettz("America/Chicago") or timezone.utc


@lru_cache(maxsize=4096)
def java(epoch: float) -> str:
    """Return ``2018-11-02T10:08:54.000-05:00``: the Java services' form of epoch seconds."""
    return datetime.fromtimestamp(epoch, _chicago()).isoformat(timespec="milliseconds")


def php(epoch: float) -> str:
    """Return ``2018-11-02T10:08:54-05:00``: the PHP services' form of epoch seconds."""
    return datetime.fromtimestamp(epoch, _chicago()).isoformat(timespec="seconds")


def zulu(epoch: float) -> str:
    """Return ``2018-11-02T15:08:54.000Z``: the form of the newer services."""
    text = datetime.fromtimestamp(epoch, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def abaco(epoch: float | None) -> str:
    """Return ``2018-11-02T15:08:54.123Z``: Abaco's form, ``None`` for what never happened.

    It replaces every ``000`` of the ISO form (abaco ``models.py``, ``display_time``), so that a
    full second has no zone and no fraction.
    """
    if epoch is None:
        return "None"
    moment = datetime.fromtimestamp(int(epoch * 1000) / 1000, timezone.utc)
    return moment.replace(tzinfo=None).isoformat().replace("000", "Z")


def http(epoch: float) -> str:
    """Return ``Fri, 02 Nov 2018 15:08:54 GMT``: the form of HTTP headers."""
    return formatdate(epoch, usegmt=True)
