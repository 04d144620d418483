"""Attempts to tell a subscriber: what came of each, and what follows from it.

An attempt is kept as a document ``{id, notification, delivery, url, event, associatedUuid,
startTime, endTime, code, message, sent}``, times in epoch seconds. Attempts that a policy does not
save are forgotten when the message is given up (agave-notifications NotificationAttemptProcessor).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state.events import DELIVERY, NOTIFICATION
from agavepy.sandbox.state.notifications import ATTEMPT, Notification, reach
from agavepy.sandbox.tenant import Tenant

Attempt = dict[str, Any]

#: The longest pause before a retry, in seconds.
_LONGEST_S = 86400


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: the status that was answered, None without an answer, and words.

    ``hopeless`` says that no further attempt could end otherwise.
    """

    sent: bool
    code: int | None
    message: str
    hopeless: bool = False


def pause(policy: dict[str, Any], failed: int) -> float | None:
    """Return the seconds to wait after so many failed attempts; None to try no more.

    IMMEDIATE waits for nothing. DELAYED waits ``retryDelay`` before the first retry and
    ``retryRate`` before the others. EXPONENTIAL begins with ``retryDelay`` too, and then waits
    ``retryRate``, twice, four times as long and so on, a day at the most.
    """
    strategy = policy["retryStrategy"]
    if strategy == "NONE" or failed > policy["retryLimit"]:
        return None
    if strategy == "IMMEDIATE":
        return 0.0
    if failed == 1:
        return float(policy["retryDelay"])
    growth = 2 ** min(failed - 2, 20) if strategy == "EXPONENTIAL" else 1
    return float(min(policy["retryRate"] * growth, _LONGEST_S))


def settle(
    tenant: Tenant, attempt_id: str, delivery: dict[str, Any], outcome: Outcome, started: float
) -> bool:
    """Write down what came of sending a delivery; return False when it is to be sent again.

    A notification that is not persistent is then COMPLETE, or FAILED when nobody took the message.
    """
    with tenant.store.transaction():
        notification = tenant.store.get(NOTIFICATION, delivery["notification"])
        if notification is None:  # deleted meanwhile, with all that it had to send
            return True
        record(tenant, attempt_id, notification, delivery, outcome, started)
        failed = delivery["tried"] + 1
        wait = None if outcome.sent or outcome.hopeless else pause(notification["policy"], failed)
        if wait is not None:
            delivery.update(tried=failed, due=tenant.clock.now() + wait)
            tenant.store.put(DELIVERY, delivery["key"], delivery)
            return False
        tenant.store.delete(DELIVERY, delivery["key"])
        lost = not outcome.sent and not outcome.hopeless
        if lost and not notification["policy"]["saveOnFailure"]:
            for attempt in tenant.store.all(ATTEMPT, delivery=delivery["key"]):
                tenant.store.delete(ATTEMPT, attempt["id"])
        if not notification["persistent"]:
            # Nobody has been told by one that failed: made active again, it has still to fire.
            notification.update(status="FAILED" if lost else "COMPLETE", fired=not lost)
            tenant.store.put(NOTIFICATION, notification["id"], notification)
    return True


def record(
    tenant: Tenant,
    attempt_id: str,
    notification: Notification,
    delivery: dict[str, Any],
    outcome: Outcome,
    started: float,
) -> Attempt:
    """Add an attempt to a notification, and return it."""
    now = tenant.clock.now()
    attempt: Attempt = {
        "id": attempt_id,
        "notification": notification["id"],
        "delivery": delivery["key"],
        "url": delivery["url"],
        "event": delivery["event"],
        "associatedUuid": delivery["associatedUuid"],
        "startTime": started,
        "endTime": now,
        "code": outcome.code,
        "message": outcome.message,
        "sent": outcome.sent,
    }
    notification.update(
        attempts=notification["attempts"] + 1,
        lastSent=now,
        responseCode=outcome.code,
        success=outcome.sent,
        lastUpdated=now,
    )
    with tenant.store.transaction():
        tenant.store.put(ATTEMPT, attempt_id, attempt)
        tenant.store.put(NOTIFICATION, notification["id"], notification)
    return attempt


def listing(tenant: Tenant, user: str, notification_id: str) -> list[Attempt]:
    """Return the attempts of a notification, the newest first; ApiError as ``reach`` raises."""
    reach(tenant, user, notification_id)
    return tenant.store.all(ATTEMPT, notification=notification_id)[::-1]


def get(tenant: Tenant, user: str, notification_id: str, attempt_id: str) -> Attempt:
    """Return one attempt of a notification; ApiError as ``reach`` raises, 404 without it."""
    reach(tenant, user, notification_id)
    attempt = tenant.store.get(ATTEMPT, attempt_id)
    if attempt is None or attempt["notification"] != notification_id:
        raise ApiError(
            404, f"No attempt of notification {notification_id} found with id {attempt_id}"
        )
    return attempt


def delete(tenant: Tenant, user: str, notification_id: str, attempt_id: str) -> None:
    """Forget one attempt; ApiError as :func:`get` raises."""
    get(tenant, user, notification_id, attempt_id)
    tenant.store.delete(ATTEMPT, attempt_id)


def clear(tenant: Tenant, user: str, notification_id: str) -> None:
    """Forget the attempts that failed; ApiError as ``reach`` raises."""
    with tenant.store.transaction():
        for attempt in listing(tenant, user, notification_id):
            if not attempt["sent"]:
                tenant.store.delete(ATTEMPT, attempt["id"])
