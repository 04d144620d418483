"""The tenants service: a directory that holds the one tenant that the sandbox is."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import users


@handler("tenants", "list")
@handler("tenants", "listV2")
def list_tenants(call: Call) -> Reply:
    """Answer all tenants."""
    return Reply([_tenant(call)])


@handler("tenants", "get")
@handler("tenants", "getV2")
def get_tenant(call: Call) -> Reply:
    """Answer the tenant of a code, in a list."""
    code = call.args["code"]
    if code != call.tenant.tenant_id:
        raise ApiError(404, f"No tenant found with code {code}")
    return Reply([_tenant(call)])


def _tenant(call: Call) -> dict[str, Any]:
    tenant = call.tenant
    with tenant.store.transaction():
        kept = tenant.store.get("tenant", tenant.tenant_id)
        if kept is None:
            kept = {"id": tenant.ids.uuid("016")}
            tenant.store.put("tenant", tenant.tenant_id, kept)
    contacts = [
        {
            "name": f"{user['first_name']} {user['last_name']}".strip(),
            "email": user["email"],
            "url": "",
            "type": "admin",
        }
        for user in users.everybody(tenant)
        if user["admin"]
    ]
    return {
        "id": kept["id"],
        "name": f"The local tenant {tenant.tenant_id}",
        "baseUrl": tenant.url + "/",
        "code": tenant.tenant_id,
        "contact": [{**contact, "primary": not n} for n, contact in enumerate(contacts)],
        "_links": {
            "self": {"href": call.link("tenants", "getV2", code=tenant.tenant_id)},
            "publickey": {"href": call.link("token", "getPublicKey")},
        },
    }
