"""Events of resources: which notifications they concern, and what each of those is to tell.

Services publish where they write an event into a history, in the same transaction, so that what is
owed to subscribers is kept with what happened. The notifier sends it afterwards. What is owed is a
document ``{key, notification, url, event, associatedUuid, body, tried, due}``, ``due`` in epoch
seconds of the tenant's clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from agavepy.sandbox.links import Linker
from agavepy.sandbox.state import users
from agavepy.sandbox.tenant import Tenant

NOTIFICATION = "notification"
DELIVERY = "notification_delivery"
#: Key under which a running tenant holds what wakes its notifier.
WAKE = "notifier.wake"
#: What stands for every resource, and for every event.
ANY = "*"

_MACRO = re.compile(r"\$\{(\w+)\}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

Document = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """One type of resource that has events.

    ``name`` is its word in links and macros, such as ``job``. ``find`` returns a resource by uuid,
    None when there is none; ``may`` whether a user may see it; ``link`` its address; ``document``
    how a user is answered it.
    """

    name: str
    find: Callable[[Tenant, str], Document | None]
    may: Callable[[Tenant, str, Document], bool]
    link: Callable[[Linker, Document], str]
    document: Callable[[Tenant, str, Document], Document]


_sources: dict[str, Source] = {}


def register(number: str, source: Source) -> None:
    """Let resources whose uuids end in ``number``, such as 007, be subscribed to."""
    _sources[number] = source


def source_of(uuid: str) -> Source | None:
    """Return the type of resource that a uuid is of; None when it is of none that has events."""
    return _sources.get(uuid.rpartition("-")[2])


def record(
    tenant: Tenant,
    kind: str,
    number: str,
    of: dict[str, str],
    status: str,
    user: str,
    description: str,
) -> None:
    """Write down what ``user`` did to a resource, as a document of ``kind`` with a uuid of its own.

    ``of`` names the resource, by the word for it; ``number`` ends the uuids of such events.
    """
    event: Document = {
        "id": tenant.ids.uuid(number),
        **of,
        "status": status,
        "created": tenant.clock.now(),
        "createdBy": user,
        "description": description,
    }
    tenant.store.put(kind, event["id"], event)


def publish(tenant: Tenant, uuid: str, event: str, document: Any = None, owner: str = "") -> None:
    """Owe the subscribers of a resource the news of an event.

    ``document`` is what they get; when None, the resource as each of them is answered it. Told are
    ``owner``, whose resource it is, the administrators and who may see it. A notification that is
    not persistent is used up by it.
    """
    with tenant.store.transaction():
        concerned = [
            item
            for target in (uuid, ANY)
            for item in tenant.store.all(NOTIFICATION, associatedUuid=target, status="ACTIVE")
            if not item["fired"] and item["event"] in {event.upper(), ANY}
        ]
        for item in concerned:
            if not may_be_told(tenant, item["owner"], uuid, owner):
                continue
            delivery = message(tenant, item, event, uuid, document)
            tenant.store.put(DELIVERY, delivery["key"], delivery)
            if not item["persistent"]:
                item["fired"] = True
                tenant.store.put(NOTIFICATION, item["id"], item)
        if concerned:
            tenant.store.after_commit(tenant.live.get(WAKE, _nobody))


def message(
    tenant: Tenant, notification: Document, event: str, uuid: str, document: Any = None
) -> Document:
    """Return what a notification has to send about an event; it is not written down.

    Whether its owner may be told is for the caller to know: see :func:`may_be_told`.
    """
    source = source_of(uuid)
    resource = source.find(tenant, uuid) if source else None
    about: Document = {}
    macros = {"UUID": uuid, "EVENT": event}
    if source is not None and resource is not None:
        about = source.document(tenant, notification["owner"], resource)
        prefix = source.name.upper()
        macros[f"{prefix}_URL"] = source.link(tenant, resource)
        macros |= {f"{prefix}_{_upper(name)}": _text(about[name]) for name in about}
    return {
        "key": f"{tenant.store.counter(DELIVERY):012d}",
        "notification": notification["id"],
        "url": filled(notification["url"], macros),
        "event": event,
        "associatedUuid": uuid,
        "body": (about or {"uuid": uuid}) if document is None else document,
        "tried": 0,
        "due": tenant.clock.now(),
    }


def filled(url: str, macros: dict[str, str]) -> str:
    """Return an address with its ``${MACRO}`` words replaced; unknown ones stay."""

    def value(match: re.Match[str]) -> str:
        return quote(macros[match[1]], safe="") if match[1] in macros else match[0]

    return _MACRO.sub(value, url)


def may_be_told(tenant: Tenant, user: str, uuid: str, owner: str = "") -> bool:
    """Return whether a subscriber may still be told of a resource, which is ``owner``'s."""
    if user == owner or users.is_admin(tenant, user):
        return True
    source = source_of(uuid)
    resource = source.find(tenant, uuid) if source else None
    return source is not None and resource is not None and source.may(tenant, user, resource)


def _upper(name: str) -> str:
    """Return ``JOB_NAME``'s way of writing a field: ``startTime`` is ``START_TIME``."""
    return _HUMP.sub("_", name).upper()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def _nobody() -> None:
    """Wake nobody: the notifier of a tenant that has not started yet looks by itself."""
