"""The part of the admin service that registers, publishes and blocks APIs."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.services.admin import fields, for_admins, needed, words
from agavepy.sandbox.state import apis

#: As WSO2 API Manager writes them.
_ENVIRONMENTS = "Production and Sandbox"
_AUTH_TYPES = {"oauth": "Application & Application User", "none": "None"}
_TIER = "Unlimited"


@for_admins("listApis")
def list_apis(call: Call) -> Reply:
    """Answer the APIs."""
    found = [_summary(api) for api in call.page(apis.listing(call.tenant))]
    return Reply(found, message="APIs retrieved successfully.")


@for_admins("addApi")
def add_api(call: Call) -> Reply:
    """Register an API."""
    body = fields(call)
    methods = [word.upper() for word in words(body, "methods")] or list(apis.METHODS)
    auth = [word.lower() for word in words(body, "auth")] or [apis.AUTH[0]]
    wanted = apis.Definition(
        name=needed(body, "name", "api_name"),
        path=needed(body, "path", "context"),
        url=needed(body, "url"),
        methods=methods,
        auth=auth * len(methods) if len(auth) == 1 else auth,
        visibility=needed({"visibility": apis.VISIBILITIES[0], **body}, "visibility").lower(),
        roles=words(body, "roles"),
    )
    api = apis.add(call.tenant, call.user, wanted)
    return Reply(_details(api), message="API created successfully.")


@for_admins("getApi")
def get_api(call: Call) -> Reply:
    """Answer an API."""
    api = apis.find(call.tenant, call.args["apiId"])
    return Reply(_details(api), message="API retrieved successfully.")


@for_admins("updateApiStatus")
def update_api_status(call: Call) -> Reply:
    """Publish, block or retire an API."""
    word = needed(fields(call), "status")
    api = apis.set_status(call.tenant, call.args["apiId"], word)
    return Reply(_details(api), message="API updated successfully.")


@for_admins("deleteApi")
def delete_api(call: Call) -> Reply:
    """Remove an API."""
    apis.delete(call.tenant, call.args["apiId"])
    return Reply.empty(204)


def _summary(api: dict[str, Any]) -> dict[str, Any]:
    return {name: api[name] for name in ("id", "name", "owner", "version", "status")}


def _details(api: dict[str, Any]) -> dict[str, Any]:
    verbs = {
        method: {"auth_type": _AUTH_TYPES[auth], "throttling_tier": _TIER}
        for method, auth in api["verbs"].items()
    }
    template = {
        "route": "/*",
        "methods": ",".join(verbs),
        "roles": ",".join(api["roles"]),
        "tiers": _TIER,
    }
    return {
        **_summary(api),
        "context": api["context"],
        "environments": _ENVIRONMENTS,
        "url": api["url"],
        "visibility": api["visibility"],
        "resources": [{"url_pattern": "/*", "http_verbs": verbs}],
        "templates": [template],
    }
