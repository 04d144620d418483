"""Several metadata items at a time, all or none; each call answers a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services import meta_views as views
from agavepy.sandbox.state import meta


@handler("meta", "bulkCreate")
def bulk_create(call: Call) -> Reply:
    """Add several metadata items."""
    internal = call.internal_user

    def create(item: Any) -> str:
        views.check_associations(call, item)
        return str(meta.create(call.tenant, call.user, item, internal)["uuid"])

    return _each(call, "created", create)


@handler("meta", "bulkUpdate")
def bulk_update(call: Call) -> Reply:
    """Change several metadata items."""

    def update(item: Any) -> str:
        wanted = {"uuid": str, "update": dict}
        if not isinstance(item, dict) or not all(
            isinstance(item.get(name), kind) for name, kind in wanted.items()
        ):
            raise ApiError(400, "Give an object with a uuid and an update, which is an object")
        uuid: str = item["uuid"]
        views.check_associations(call, item["update"], uuid)
        meta.update(call.tenant, call.user, uuid, item["update"], partly=True)
        return uuid

    return _each(call, "updated", update)


@handler("meta", "bulkDelete")
def bulk_delete(call: Call) -> Reply:
    """Delete several metadata items."""

    def delete(uuid: Any) -> str:
        if not isinstance(uuid, str):
            raise ApiError(400, f"Give a uuid, not {uuid!r:.80}")
        meta.delete(call.tenant, call.user, uuid)
        return uuid

    return _each(call, "deleted", delete)


def _each(call: Call, done: str, act: Callable[[Any], str]) -> Reply:
    given = views.body(call)
    if not isinstance(given, list) or not given:
        raise ApiError(400, "The body must be a JSON array that is not empty")
    uuids: list[str] = []
    with call.tenant.store.transaction():
        for number, item in enumerate(given):
            try:
                uuids.append(act(item))
            except ApiError as error:
                raise ApiError(
                    error.status, f"Nothing was {done}. Item {number}: {error.message}"
                ) from error
    noun = "metadata item" if len(uuids) == 1 else "metadata items"
    return Reply(f"{len(uuids)} {noun} {done}: {', '.join(uuids)}")
