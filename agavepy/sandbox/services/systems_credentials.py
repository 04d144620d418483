"""Credentials of systems on the wire; no secret is ever answered."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.systems import link, system_link
from agavepy.sandbox.state import systems_credentials as credentials


def _item(call: Call, credential: dict[str, Any]) -> dict[str, Any]:
    system_id, owner = call.args["systemId"], credential["internalUsername"]
    own = (
        call.link("systems", "listCredentials", systemId=system_id)
        if owner is None
        else call.link(
            "systems",
            "listCredentialsForInternalUserByType",
            systemId=system_id,
            internalUsername=owner,
            credentialType=credential["parentType"].upper(),
        )
    )
    return {
        "parentType": credential["parentType"],
        "default": credential["default"],
        "internalUsername": owner,
        "type": credential["type"],
        "created": dates.java(credential["created"]),
        # Nothing that is kept of a credential expires.
        "valid": True,
        "expriationDate": None,
        "server": credential["server"],
        "_links": {"self": link(own), "parent": system_link(call, system_id)},
    }


def _named(call: Call) -> tuple[str | None, str | None]:
    return call.args.get("internalUsername"), call.args.get("credentialType")


@handler("systems", "listCredentials")
@handler("systems", "listCredentialsForInternalUser")
@handler("systems", "listCredentialsForInternalUserByType")
def list_credentials(call: Call) -> Reply:
    """List credentials, of one internal user and for one purpose where the address says so."""
    found = credentials.listing(call.tenant, call.user, call.args["systemId"], *_named(call))
    return Reply([_item(call, credential) for credential in call.page(found)])


@handler("systems", "updateCredentials")
@handler("systems", "updateCredentialsForInternalUser")
@handler("systems", "updateCredentialsForInternalUserByType")
def update_credentials(call: Call) -> Reply:
    """Set credentials."""
    credentials.update(call.tenant, call.user, call.args["systemId"], call.body, *_named(call))
    return Reply.empty(201)


@handler("systems", "deleteCredentials")
@handler("systems", "deleteCredentialsForInternalUser")
@handler("systems", "deleteCredentialsForInternalUserByType")
def delete_credentials(call: Call) -> Reply:
    """Remove credentials."""
    credentials.remove(call.tenant, call.user, call.args["systemId"], *_named(call))
    return Reply.empty()
