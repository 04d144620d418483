"""The postits service (agave-postits ``index.php``; for Aloe's routes its guide)."""

from __future__ import annotations

import posixpath
import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from agavepy.sandbox import dates, gateway, inside
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import files, postits
from agavepy.sandbox.state.postits import Postit

#: What is between a client and the tenant only, or proves who asks: not for the target.
_OWN = {
    "authorization", "connection", "content-length", "content-type", "cookie", "expect", "host",
    "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "x-agave-internaluser",
}  # fmt: skip
_SHOWN = re.compile(r"\s*inline\b", re.IGNORECASE)


@handler("postits", "list")
def list_postits(call: Call) -> Reply:
    """List the caller's postits."""
    found = postits.listing(call.tenant, call.user, call.args.get("status") or "ACTIVE")
    return Reply([_item(call, item) for item in call.page(found)])


@handler("postits", "create")
def create(call: Call) -> Reply:
    """Create a postit: 200, as the source and live tenants have it; only Aloe answers 201."""
    return Reply(_item(call, postits.create(call.tenant, call.user, call.client_name, call.body)))


@handler("postits", "get")
def get(call: Call) -> Reply:
    """Show one postit."""
    return Reply(_aloe_item(call, postits.get(call.tenant, call.user, call.args["uuid"])))


@handler("postits", "update")
def update(call: Call) -> Reply:
    """Change uses and lifetime of a postit."""
    item = postits.update(call.tenant, call.user, call.args["uuid"], call.body)
    return Reply(_aloe_item(call, item))


@handler("postits", "delete")
def delete(call: Call) -> Reply:
    """Revoke a postit; without a token the verb is one of those that redeem it."""
    if not call.user:
        return _redeem(call, call.args["uuid"])
    postits.revoke(call.tenant, call.user, call.args["uuid"])
    return Reply.empty()


@handler("postits", "redeem")
@handler("postits", "redeemByPost")
@handler("postits", "redeemByPut")
def redeem(call: Call) -> Reply:
    """Make the request of a postit and answer what its target answers."""
    return _redeem(call, call.args["nonce"])


def _redeem(call: Call, nonce: str) -> Reply:
    tenant = call.tenant
    postit = postits.spend(tenant, nonce)
    headers = {name: text for name, text in call.headers.items() if name.lower() not in _OWN}
    body = None
    if postit["method"] in {"POST", "PUT"} and call.body is not None:
        body = call.body
        headers |= {
            name: call.headers[name]
            for name in ("Content-Type", "Content-Length", "Transfer-Encoding")
            if name in call.headers
        }
    acting = None
    if not postit["noauth"]:
        acting = gateway.identity(tenant, postit["creator"], postit["client"])
        if postit["internalUsername"]:
            headers["X-Agave-InternalUser"] = postit["internalUsername"]
    answer = inside.request(
        tenant, acting, postit["method"], postit["url"], headers, body, call.remote_addr
    )
    if postit["force"] or call.args.get("force"):
        answer.headers["Content-Disposition"] = _saved(answer.headers, postit["url"])
    content_type = answer.headers.get("Content-Type", "application/octet-stream")
    return Reply.raw(answer.body, content_type, answer.status, answer.headers)


def _saved(headers: dict[str, str], url: str) -> str:
    """Return the header by which browsers save an answer under the name that it has, if any."""
    shown = headers.get("Content-Disposition", "")
    if shown:
        return _SHOWN.sub("attachment", shown, count=1)
    name = posixpath.basename(unquote(urlsplit(url).path).rstrip("/"))
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}" if name else "attachment"


def _item(call: Call, postit: Postit) -> dict[str, Any]:
    return {
        "creator": postit["creator"],
        "internalUsername": postit["internalUsername"],
        "authenticated": not postit["noauth"],
        "created": dates.php(postit["created"]),
        "expires": dates.php(postit["expires"]),
        "remainingUses": _remaining(postit),
        "postit": postit["postit"],
        "noauth": postit["noauth"],
        "url": postit["url"],
        "method": postit["method"],
        "_links": _links(call, postit),
    }


def _aloe_item(call: Call, postit: Postit) -> dict[str, Any]:
    links = _links(call, postit)
    own = {"uuid": postit["uuid"]}
    links["update"] = {"href": call.link("postits", "update", **own)}
    links["list"] = {"href": call.link("postits", "get", **own)}
    return {
        "postit": postit["postit"],
        "uuid": postit["uuid"],
        "creator": postit["creator"],
        "createdAt": dates.zulu(postit["created"]),
        "expiresAt": dates.zulu(postit["expires"]),
        "remainingUses": _remaining(postit),
        "numberUsed": postit["used"],
        "status": postits.status(postit, call.tenant.clock.now()),
        "noauth": postit["noauth"],
        "url": postit["url"],
        "method": postit["method"],
        "_links": links,
    }


def _remaining(postit: Postit) -> int | str:
    return "unlimited" if postit["unlimited"] else int(postit["remaining"])


def _links(call: Call, postit: Postit) -> dict[str, Any]:
    links = {
        "self": {"href": call.link("postits", "redeem", nonce=postit["postit"])},
        "profile": {"href": call.link("profiles", "listByUsername", username=postit["creator"])},
    }
    if files.is_own(call.tenant, postit["url"]):
        links["file"] = {"href": postit["url"]}
    return links
