"""Hold what servers answer against the descriptions, during a test."""

from __future__ import annotations

import json
import warnings

import requests

from agavepy.sandbox.checks import UNREAD, Checks
from agavepy.testing.asked import plan_of

MODES = ("off", "warn", "strict")


class AnswerWarning(UserWarning):
    """A server answered something that its description does not say."""


class AnswerMismatch(AssertionError):
    """A server answered something that its description does not say."""


class Validator:
    """A watcher of answers: with ``strict`` one that is not as described fails the call.

    Otherwise it is a warning. Answers that gateways give in place of the service (401, 429, 5xx)
    and those to addresses that no description has are passed over. ``base_url`` is the tenant's.
    """

    def __init__(self, strict: bool, base_url: str = "") -> None:
        self._strict = strict
        self._base_url = base_url
        self._checks = Checks()

    def __call__(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        """Look at one answer."""
        plan, _ = plan_of(request, self._base_url)
        status = response.status_code
        if plan is None or status in {401, 429} or status >= 500 or response.is_redirect:
            return
        body = UNREAD
        if plan.answer.kind != "raw" and response.content:
            try:
                body = json.loads(response.content)
            except ValueError:
                self._tell(f"{plan.id} answered {status} with a body that is not JSON")
                return
            if "naked=" in str(request.url):
                body = UNREAD  # the envelope was left away, as asked
        fault = self._checks.answer(plan, status, body)
        if fault:
            self._tell(f"{plan.id} answered {fault}")

    def _tell(self, what: str) -> None:
        if self._strict:
            raise AnswerMismatch(f"{what} (--agave-validate=strict)")
        warnings.warn(what, AnswerWarning, stacklevel=2)
