"""The definition of an actor: checked, with defaults for what it leaves out (Abaco ``Actor``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import actors_cron, actors_names, actors_permissions
from agavepy.sandbox.state.actors_fields import Fields
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]

TYPES = ("none", "bin", "json")
#: What only privileged users may ask for, and how Abaco says so (``validate_post``).
_PRIVILEGED = {
    "privileged": "make privileged actors",
    "maxWorkers": "set max workers",
    "maxCpus": "set max CPUs",
    "memLimit": "set mem limit",
    "queue": "set queue",
    "useContainerUid": "use container UID",
}
_MEMORY = re.compile(r"\d+[bkmg]?", re.IGNORECASE)
_FORBIDDEN_IN_HINTS = frozenset("'\"{}[]()")


def read(
    tenant: Tenant,
    user: str,
    roles: Iterable[str],
    body: Any,
    previous: Document | None = None,
) -> Document:
    """Return the fields that a body defines, with the defaults for others.

    ``previous`` is the actor that it replaces. Raises ApiError 400 naming the field that is wrong
    or not allowed to the user, 404 for a ``link`` that is no actor.
    """
    fields = Fields(body)
    image = (fields.text("image") or "").strip()
    if not image:
        raise fields.missing("image")
    _check_privileges(fields, roles)
    stateless = fields.flag("stateless")
    stateless = True if stateless is None else stateless
    if stateless and previous is not None and not previous["stateless"]:
        raise fields.refuse(
            "stateless",
            "a stateful actor cannot become stateless: say false, for it is true when left out.",
        )
    if not stateless and "maxWorkers" in fields:
        raise fields.refuse("maxWorkers", "a stateful actor has one worker at the most.")
    return {
        "name": _name(fields, previous),
        "image": image,
        "description": fields.text("description") or "",
        "type": fields.word("type", TYPES) or "none",
        "stateless": stateless,
        "token": fields.flag("token") is not False,
        "link": _link(tenant, user, roles, fields, previous),
        "webhook": _webhook(fields),
        "hints": _hints(fields),
        "privileged": fields.flag("privileged") or False,
        "maxWorkers": _positive(fields, "maxWorkers"),
        "maxCpus": _positive(fields, "maxCpus"),
        "memLimit": _memory(fields),
        "useContainerUid": fields.flag("useContainerUid") or False,
        "defaultEnvironment": _environment(fields),
        "queue": fields.text("queue") or "default",
        "logEx": _positive(fields, "logEx"),
        "cronOn": fields.flag("cronOn") or False,
        **_schedule(tenant, fields, previous),
    }


def forced(body: Any) -> bool:
    """Return whether an update asks for the image to be fetched whatever its name."""
    return Fields(body).flag("force") or False


def _check_privileges(fields: Fields, roles: Iterable[str]) -> None:
    if not actors_permissions.PRIVILEGED_ROLES.isdisjoint(roles):
        return
    for name, what in _PRIVILEGED.items():
        if name in fields and str(fields.raw(name)).lower() not in {"false", "0"}:
            raise ApiError(
                400, f"Not authorized -- only admins and privileged users can {what} ({name})."
            )


def _name(fields: Fields, previous: Document | None) -> str | None:
    name = fields.text("name")
    if previous is None:
        return name
    known: str | None = previous["name"]
    if name is not None and name != known:
        raise fields.refuse("name", f"it is {known!r} and cannot be changed.")
    return known


def _link(
    tenant: Tenant,
    user: str,
    roles: Iterable[str],
    fields: Fields,
    previous: Document | None,
) -> str:
    """Return the link, which has to lead to an actor the user may execute, and never back here."""
    link = fields.text("link") or ""
    target = actors_names.resolve(tenant, link) if link else None
    if link and target is None:
        raise ApiError(404, f"Invalid value for link: no actor found with id or alias {link!r}.")
    if target is not None:
        actors_permissions.require(tenant, user, roles, "actor", target["id"], "EXECUTE")
    seen = {previous["id"]} if previous else set()
    while target is not None:
        if target["id"] in seen:
            raise fields.refuse("link", f"{link!r} leads back to an actor: links make a circle.")
        seen.add(target["id"])
        target = actors_names.resolve(tenant, target["link"]) if target["link"] else None
    return link


def _webhook(fields: Fields) -> str:
    webhook = fields.text("webhook") or ""
    if webhook:
        try:
            parts = urlsplit(webhook)
        except ValueError as error:
            raise fields.refuse("webhook", f"{webhook!r} is not an address: {error}") from error
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise fields.refuse("webhook", f"{webhook!r} is not an http or https address.")
    return webhook


def _hints(fields: Fields) -> list[str]:
    hints = fields.texts("hints") or []
    for hint in hints:
        if not _FORBIDDEN_IN_HINTS.isdisjoint(hint):
            raise fields.refuse("hints", f"{hint!r} holds a quote, a brace or a bracket.")
    return hints


def _positive(fields: Fields, name: str) -> int | None:
    number = fields.number(name)
    if number is not None and number < 1:
        raise fields.refuse(name, f"{number} is not 1 or more.")
    return number


def _memory(fields: Fields) -> str | None:
    limit = fields.text("memLimit")
    if limit is not None and not _MEMORY.fullmatch(limit):
        raise fields.refuse("memLimit", f"{limit!r} is not a number with b, k, m or g behind it.")
    return limit


def _environment(fields: Fields) -> Document:
    environment = fields.mapping("defaultEnvironment") or {}
    for name, value in environment.items():
        if not name or "=" in name or "\0" in name + str(value):
            raise fields.refuse("defaultEnvironment", f"{name!r} can be no environment variable.")
    return environment


def _schedule(tenant: Tenant, fields: Fields, previous: Document | None) -> Document:
    """Return schedule and next run; a schedule that an update leaves as it is goes on."""
    schedule = fields.text("cronSchedule") or None
    if schedule is None:
        return {"cronSchedule": None, "cronNextEx": None}
    if previous is not None and schedule == previous["cronSchedule"]:
        return {"cronSchedule": schedule, "cronNextEx": previous["cronNextEx"]}
    following = actors_cron.first(schedule, tenant.clock.now())
    return {"cronSchedule": schedule, "cronNextEx": following}
