"""Internal users of the profiles service (agave-profiles ``InternalUsersResource``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import internal_users


@handler("profiles", "listInternalUsers")
def list_internal_users(call: Call) -> Reply:
    """Answer the internal users of a user."""
    found = call.page(internal_users.owned(call.tenant, call.user, _owner(call)))
    return Reply([_answer(call, item) for item in found])


@handler("profiles", "addInternalUser")
def add_internal_user(call: Call) -> Reply:
    """Create an internal user."""
    item = internal_users.add(call.tenant, call.user, _owner(call), call.body)
    return Reply(_answer(call, item), 201)


@handler("profiles", "deleteInternalUsers")
def delete_internal_users(call: Call) -> Reply:
    """Remove all internal users of a user."""
    internal_users.delete(call.tenant, call.user, _owner(call))
    return Reply.empty()


@handler("profiles", "getInternalUser")
def get_internal_user(call: Call) -> Reply:
    """Answer one internal user."""
    name = call.args["internalUsername"]
    return Reply(_answer(call, internal_users.find(call.tenant, call.user, _owner(call), name)))


@handler("profiles", "updateInternalUser")
def update_internal_user(call: Call) -> Reply:
    """Change an internal user."""
    name = call.args["internalUsername"]
    item = internal_users.update(call.tenant, call.user, _owner(call), name, call.body)
    return Reply(_answer(call, item))


@handler("profiles", "deleteInternalUser")
def delete_internal_user(call: Call) -> Reply:
    """Remove one internal user."""
    name = call.args["internalUsername"]
    internal_users.delete(call.tenant, call.user, _owner(call), name)
    return Reply.empty()


def _owner(call: Call) -> str:
    name = str(call.args["username"])
    return call.user if name == "me" else name


def _answer(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    owner, name = item["owner"], item["username"]
    answer = {key: value for key, value in item.items() if key != "owner"}
    path = {"username": owner, "internalUsername": name}
    answer["_links"] = {
        "self": {"href": call.link("profiles", "getInternalUser", **path)},
        "profile": {"href": call.link("profiles", "listByUsername", username=owner)},
    }
    return answer
