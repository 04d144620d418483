"""``AgaveAsyncResponse`` of earlier releases: an upload, import or job, and whether it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from agavepy import config, errors
from agavepy.waiters import looks

#: How statuses that end something are reported (agave-jobs ``JobStatusType``, agave-files
#: ``FileEventType``); those of jobs by their own names.
_ENDS = {
    **{word: word for word in ("FINISHED", "FAILED", "STOPPED", "KILLED")},
    **{f"{step}_COMPLETED": "FINISHED" for step in ("STAGING", "TRANSFORMING")},
    **{f"{step}_FAILED": "FAILED" for step in ("STAGING", "TRANSFORMING")},
}
#: Statuses with which something begins: what the history tells before them is about earlier times,
#: such as another upload to the same path.
_BEGINNINGS = frozenset(
    {"ACCEPTED", "PENDING", "STAGING_QUEUED", "STAGING", "TRANSFORMING_QUEUED", "TRANSFORMING"}
)
#: How a server hides a new thing, and for how many seconds that may be so.
_HIDDEN = (403, 404)
_PATIENCE_S = 15.0
#: Events asked for at a time: the most that servers give.
_PAGE = 250


class Error(errors.AgaveError):
    """The history of something cannot be read."""


class TimeoutError(Error, errors.TimedOut):
    """What was waited for is not over yet."""


class AgaveAsyncResponse:
    """Follows what a call has started, by the history that its answer names.

    ``response`` is the answer of a call such as ``ag.files.importData`` or ``ag.jobs.submit``, of
    the client ``ag``. ``status`` is the last one known, as text. Raises :class:`Error` for an
    answer without a history.
    """

    def __init__(self, ag: Any, response: Mapping[str, Any]) -> None:
        self.ag = ag
        self.response = response
        #: How often a server has hidden the history.
        self.retries = 0
        self._seen = False
        try:
            href = response["_links"]["history"]["href"]
        except (KeyError, TypeError):
            href = None
        if not href:
            raise Error(f"the answer names no history to follow: {_shown(response)}")
        self.status = str(response.get("status", ""))
        self.url = _at_tenant(str(href), ag.transport.base_url)

    def done(self) -> bool:
        """Ask once and tell whether it is over, well or not.

        Raises :class:`Error` when the history cannot be read.
        """
        if not self._is_done():
            self.status = _status(self._history(), self.status)
        return self._is_done()

    def result(self, timeout: float | None = None) -> str:
        """Wait for the end, for ``timeout`` seconds at most, and return how it ended.

        That is FINISHED or FAILED; a job may be STOPPED or KILLED too. Raises
        :class:`TimeoutError`, and what :meth:`done` does.
        """
        for _ in looks(timeout or None):
            if self.done():
                break
        else:
            raise TimeoutError(f"not over after {timeout} seconds: the status is {self.status}")
        return self.status

    def _is_done(self) -> bool:
        return self.status in {"FINISHED", "FAILED", "STOPPED", "KILLED"}

    def _history(self) -> list[Any]:
        """Return all events; a history that has not been seen so far may take its time."""
        events: list[Any] = []
        for _ in looks(0 if self._seen else _PATIENCE_S, 1.5):
            try:
                while len(page := self._page(len(events))) == _PAGE:
                    events += page
            except errors.HttpError as error:
                failure = error
                if error.status not in _HIDDEN:
                    break
                self.retries += 1
            else:
                self._seen = True
                return [*events, *page]
        raise Error(f"the history cannot be read: {failure}") from failure

    def _page(self, offset: int) -> Sequence[Any]:
        terms = {"limit": _PAGE, "offset": offset}
        request = requests.Request("GET", self.url, params=terms).prepare()
        response = self.ag.transport.send(
            request, auth=self.ag.authenticator("bearer"), operation="history"
        )
        if not response.ok:
            raise errors.from_response(response, "history")
        try:
            page: Sequence[Any] = response.json()["result"]
            if not (page or offset):
                raise Error(f"the history at {self.url} is empty")
        except (ValueError, KeyError, TypeError) as error:
            raise Error(f"the history at {self.url} is no list of events") from error
        return page


def _status(events: Sequence[Mapping[str, Any]], before: str) -> str:
    """Return the status that a history, the newest event last, tells of its latest run."""
    for event in reversed(events):
        word = str(event.get("status"))
        if word in _ENDS:
            return _ENDS[word]
        if word in _BEGINNINGS:
            break
    return str(events[-1].get("status", before))


def _at_tenant(href: str, base_url: str) -> str:
    """Return the address of a history at the tenant.

    Some tenants give the host of another, such as docker.example.com, or the version as 2.0; and
    the token belongs to no other server.
    """
    if "/v2/" not in href.partition("/2.0/")[0]:
        href = href.replace("/2.0/", "/v2/", 1)
    if config.origin(href) == config.origin(base_url):
        return href
    return base_url + urlsplit(href).path


def _shown(response: Any) -> str:
    keys = ", ".join(map(str, response)) if isinstance(response, Mapping) else ""
    return f"{type(response).__name__} with {keys or 'nothing'}"
