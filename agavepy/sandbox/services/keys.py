"""The keys service, which deployer subscribes clients to as ``PublicKeys``."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import signing


@handler("keys", "list")
def list_keys(call: Call) -> Reply:
    """Answer the public keys of the tenant: there is one, the gateway's."""
    key = {
        "tenant": call.tenant.tenant_id,
        "type": "RSA",
        "publicKey": signing.public_key(call.tenant),
        "_links": {
            "self": {"href": call.link("keys", "list")},
            "publickey": {"href": call.link("token", "getPublicKey")},
        },
    }
    return Reply(call.page([key]))
