"""Roles on systems on the wire, with the answers of agave-systems SystemRoleResource."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.systems import link, profile_link, system_link
from agavepy.sandbox.state import systems
from agavepy.sandbox.state import systems_roles as roles


def _item(call: Call, system_id: str, username: str, role: str) -> dict[str, Any]:
    own = call.link("systems", "getRoleForUser", systemId=system_id, username=username)
    return {
        "username": username,
        "role": role,
        "_links": {
            "self": link(own),
            "parent": system_link(call, system_id),
            "profile": profile_link(call, username),
        },
    }


@handler("systems", "listRoles")
def list_roles(call: Call) -> Reply:
    """List everybody's roles, or the caller's own."""
    system = systems.visible(call.tenant, call.user, call.args["systemId"])
    found = roles.listing(call.tenant, call.user, system).items()
    return Reply([_item(call, system["id"], *pair) for pair in call.page(list(found))])


@handler("systems", "getRoleForUser")
def get_role(call: Call) -> Reply:
    """Show a role: an object for those who administer the system, an array of one for others."""
    system = systems.visible(call.tenant, call.user, call.args["systemId"])
    username = call.args["username"]
    role = roles.get(call.tenant, call.user, system, username)
    item = _item(call, system["id"], username, role)
    if roles.administers(call.tenant, call.user, system):
        return Reply(item)
    return Reply(call.page([item]))


@handler("systems", "updateRole")
@handler("systems", "updateRoleForUser")
def update_role(call: Call) -> Reply:
    """Give or take a role; 201 with a role, 200 with none."""
    named = call.args.get("username")
    system, username, role = roles.grant(
        call.tenant, call.user, call.args["systemId"], call.body, named
    )
    item = _item(call, system["id"], username, role)
    return Reply([item], 200 if role == "NONE" else 201)


@handler("systems", "deleteRoles")
def delete_roles(call: Call) -> Reply:
    """Take all roles away but the owner's."""
    roles.clear(call.tenant, call.user, call.args["systemId"])
    return Reply.empty()


@handler("systems", "deleteRoleForUser")
def delete_role(call: Call) -> Reply:
    """Take one user's role away."""
    roles.revoke(call.tenant, call.user, call.args["systemId"], call.args["username"])
    return Reply.empty()
