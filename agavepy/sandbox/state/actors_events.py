"""What an actor tells of itself to its webhook and its link (abaco ``events.py``)."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from agavepy.sandbox.state import actors_messages as messages
from agavepy.sandbox.state.actors_names import dbid
from agavepy.sandbox.tenant import Tenant

EVENTS = ("ACTOR_READY", "ACTOR_ERROR", "EXECUTION_STARTED", "EXECUTION_COMPLETE")
#: Who executes a linked actor: nobody has sent the message.
EXECUTOR = "Abaco Event"

_KIND = "actor_event"


def note(tenant: Tenant, actor: dict[str, Any], event: str, **data: Any) -> bool:
    """Keep an event until it is told; return whether anybody wants to be told.

    To be called in the transaction that makes the event true, so that none is lost.
    """
    webhook, link = actor["webhook"], actor["link"]
    if not webhook and not link:
        return False
    now = datetime.fromtimestamp(tenant.clock.now(), timezone.utc).replace(tzinfo=None)
    document = {
        **data,
        "tenant_id": tenant.tenant_id,
        "event_type": event,
        "event_time_utc": now.isoformat(timespec="milliseconds"),
        "event_time_display": now.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "actor_id": actor["id"],
        "actor_dbid": dbid(tenant, actor["id"]),
        "_abaco_link": link,
        "_abaco_webhook": webhook,
    }
    key = tenant.ids.uuid("042")
    tenant.store.put(_KIND, key, {"key": key, "linked": not link, "document": document})
    return True


def untold(tenant: Tenant) -> list[dict[str, Any]]:
    """Return the events that are still to be told, oldest first: key, linked and document."""
    return tenant.store.all(_KIND)


def told(tenant: Tenant, key: str) -> None:
    """Forget an event that has been told."""
    tenant.store.delete(_KIND, key)


def linked(tenant: Tenant, event: dict[str, Any]) -> None:
    """Note that the linked actor has been told an event, of which a webhook may not know yet."""
    tenant.store.put(_KIND, event["key"], {**event, "linked": True})


def to_link(tenant: Tenant, linked: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Send an event as a message to the linked actor and return the execution that it will be."""
    return messages.put(tenant, linked, EXECUTOR, document, messages.JSON)
