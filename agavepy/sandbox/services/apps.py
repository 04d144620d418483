"""Apps on the wire: listings, registering, changing, publishing, cloning, forms.

Statuses are those of agave-apps ``SoftwareCollectionImpl`` and ``SoftwareResourceImpl``.
"""

from __future__ import annotations

from collections.abc import Callable

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.search import search
from agavepy.sandbox.services import apps_views as views
from agavepy.sandbox.state import apps, apps_copies, apps_form
from agavepy.sandbox.tenant import Tenant

_COPIES: dict[str, Callable[[Tenant, str, str, dict[str, object]], views.Document]] = {
    "publish": apps_copies.publish,
    "clone": apps_copies.clone,
}
_ACTIONS = (*_COPIES, "enable", "disable", "erase")


@handler("apps", "list")
def list_apps(call: Call) -> Reply:
    """List the apps that the caller may read."""
    return _listing(call)


@handler("apps", "listByName")
def list_by_name(call: Call) -> Reply:
    """List apps by name."""
    return _listing(call, "name", call.args["name"])


@handler("apps", "listByTag")
def list_by_tag(call: Call) -> Reply:
    """List apps by tag."""
    return _listing(call, "tags", call.args["tag"])


@handler("apps", "listByOntologyTerm")
def list_by_ontology_term(call: Call) -> Reply:
    """List apps by ontology term."""
    return _listing(call, "ontology", call.args["term"])


@handler("apps", "listBySystemId")
def list_by_system_id(call: Call) -> Reply:
    """List apps by execution system."""
    return _listing(call, "executionsystem", call.args["systemId"])


def _listing(call: Call, word: str = "", like: str = "") -> Reply:
    # Without a term of its own for it, SoftwareDao adds `available = true`.
    asked = {key.lower().partition(".")[0] for key, _ in call.query}
    found = [
        views.body(app)
        for app in apps.listing(call.tenant, call.user)
        if (app["available"] or "available" in asked)
        and (app["isPublic"] or not call.args.get("publicOnly"))
        and not (app["isPublic"] and call.args.get("privateOnly"))
    ]
    if word:
        terms = [(f"{word}.like", like)]
        found = search(found, call.plan.search, terms, call.tenant.clock.now())
    chosen = call.select(found, default="lastModified")
    view = views.whole if call.wants_full else views.summary
    return Reply([view(call, app) for app in chosen])


def _app(call: Call, app: views.Document, status: int = 200) -> Reply:
    return Reply(views.whole(call, views.body(app)), status)


@handler("apps", "add")
def add(call: Call) -> Reply:
    """Register an app, or update the caller's own."""
    return _app(call, apps.register(call.tenant, call.user, call.body))


@handler("apps", "get")
def get(call: Call) -> Reply:
    """Answer one app."""
    return _app(call, apps.visible(call.tenant, call.user, call.args["appId"]))


@handler("apps", "update")
def update(call: Call) -> Reply:
    """Replace the definition of an app."""
    return _app(call, apps.update(call.tenant, call.user, call.args["appId"], call.body), 201)


@handler("apps", "delete")
def delete(call: Call) -> Reply:
    """Hide an app."""
    apps.delete(call.tenant, call.user, call.args["appId"])
    return Reply.empty()


@handler("apps", "manage")
def manage(call: Call) -> Reply:
    """Publish, clone, enable, disable or erase an app."""
    if not isinstance(call.body, dict):
        raise ApiError(400, "The body must be a JSON object with an action")
    action = str(call.body.get("action", "")).lower()
    if action not in _ACTIONS:
        raise ApiError(
            400, f"Invalid action. It must be one of {', '.join(_ACTIONS)}, not {action!r}"
        )
    app_id = call.args["appId"]
    if action in _COPIES:
        return _app(call, _COPIES[action](call.tenant, call.user, app_id, call.body), 202)
    if action == "erase":
        apps.erase(call.tenant, call.user, app_id)
        return Reply.empty()
    return _app(call, apps.set_available(call.tenant, call.user, app_id, action == "enable"))


@handler("apps", "getJobSubmissionForm")
def get_job_submission_form(call: Call) -> Reply:
    """Answer a page with a form that submits a job of an app."""
    app = apps.visible(call.tenant, call.user, call.args["uniqueName"])
    text = apps_form.page(app, call.link("jobs", "submit"))
    return Reply.raw(text.encode(), "text/html; charset=utf-8")
