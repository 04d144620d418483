"""Telling those who asked with an import how it goes: each event is posted to their addresses.

What is to be told is kept as a document ``{id, url, event, document}`` until it was delivered, so
that a restart tells it too. E-mail addresses are accepted and not written to: there is no mail.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import requests

from agavepy.sandbox.errors import ApiError, SandboxError
from agavepy.sandbox.state import files_views, jobs_notifications
from agavepy.sandbox.state.files_records import Record
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

DELIVERY = "file_delivery"
#: What a bare address wants to know: how the import ended.
_ENDS = ("STAGING_COMPLETED", "STAGING_FAILED")
#: Seconds before each further attempt; who fails them all is given up.
_RETRIES_S = (0.5, 2.0)
_TIMEOUT_S = (5.0, 15.0)

Subscription = dict[str, Any]


def subscriptions(*given: str | None) -> list[Subscription]:
    """Return who is to be told of what: url, event and persistent of each.

    Each of ``given`` is a JSON array of those, or an http(s) or e-mail address to be told of the
    end. Raises ApiError 400 for anything else.
    """
    found: list[Subscription] = []
    for text in given:
        if text and text.lstrip()[:1] in {"[", "{", '"'}:
            try:
                wanted = json.loads(text)
            except ValueError as error:
                raise ApiError(400, f"Invalid notifications: not JSON: {error}") from error
        else:
            wanted = text or []
        if isinstance(wanted, str):
            wanted = [{"url": wanted, "event": event} for event in _ENDS]
        found += jobs_notifications.subscriptions({"notifications": wanted})
    return found


def note(tenant: Tenant, record: Record, event: str) -> list[str]:
    """Keep what is to be told of an event; return the ids, to be given to :func:`start`.

    A subscription that is not persistent is used up. The record is changed and not written.
    """
    ids = []
    for item in list(record["notifications"]):
        if item["event"] not in {event, "*"}:
            continue
        if not item["persistent"]:
            record["notifications"].remove(item)
        if "://" in item["url"]:
            ids.append(_keep(tenant, record, item["url"], event))
    return ids


def _keep(tenant: Tenant, record: Record, url: str, event: str) -> str:
    for name, value in (("UUID", record["uuid"]), ("EVENT", event)):
        url = url.replace(f"${{{name}}}", quote(value, safe=""))
    delivery_id = tenant.ids.uuid("042")
    delivery = {
        "id": delivery_id,
        "url": url,
        "event": event,
        "document": files_views.logical_file(tenant, record),
    }
    tenant.store.put(DELIVERY, delivery_id, delivery)
    return delivery_id


def resume(tenant: Tenant) -> None:
    """Tell what was still to be told when the tenant stopped."""
    start(tenant, [delivery["id"] for delivery in tenant.store.all(DELIVERY)])


def start(tenant: Tenant, ids: Iterable[str]) -> None:
    """Tell in the background what :func:`note` has kept."""
    for delivery_id in ids:
        with contextlib.suppress(SandboxError):  # it is stopping: the next start tells it
            tenant.background(_deliver, tenant, delivery_id)


def _deliver(tenant: Tenant, delivery_id: str) -> None:
    """Post one event, trying a few times; it is kept when the tenant stops meanwhile."""
    delivery = tenant.store.get(DELIVERY, delivery_id)
    if delivery is None:
        return
    reason = ""
    for pause in (0.0, *_RETRIES_S):
        if tenant.stopping.wait(pause):
            return
        reason = _post(delivery)
        if not reason:
            break
    if reason:
        _log.warning("gave up telling %s of %s: %s", delivery["url"], delivery["event"], reason)
    tenant.store.delete(DELIVERY, delivery_id)


def _post(delivery: dict[str, Any]) -> str:
    """Return why a delivery failed, empty when it did not."""
    try:
        answer = requests.post(
            delivery["url"],
            json=delivery["document"],
            timeout=_TIMEOUT_S,
            auth=_anonymous,  # so that requests does not look for one in a ~/.netrc
            headers={"X-Agave-Event": delivery["event"]},
        )
    except requests.RequestException as error:
        return str(error)
    return "" if answer.ok else f"{answer.status_code} {answer.reason}"


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
