"""The pages of the sandbox: the tenant as a person wants to see it, for who has the secret."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from agavepy import loader
from agavepy.sandbox import page, registry
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.content import file_reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import (
    actors,
    actors_executions,
    actors_messages,
    actors_names,
    apps,
    clients,
    disk,
    files,
    jobs,
    jobs_outputs,
    meta_access,
    systems,
    users,
)
from agavepy.sandbox.tenant import Tenant

COOKIE = "agavepy-sandbox"
#: A page loads nothing from elsewhere and nothing inline: what users upload cannot act in it.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_HTML = "text/html; charset=utf-8"
#: Bytes of a file that its page shows, and entries of a directory on one page.
_SHOWN, _ENTRIES = 64 << 10, 250

_COUNTED = (
    ("systems", systems.SYSTEM),
    ("apps", apps.KIND),
    ("jobs", jobs.KIND),
    ("actors", actors_names.ACTOR),
    ("metadata", meta_access.ITEM.documents),
)

Page = Callable[[Call], Reply]


def _page(operation: str) -> Callable[[Page], Page]:
    """Register a page, behind the secret, its errors told as a page."""

    def register(function: Page) -> Page:
        def answer(call: Call) -> Reply:
            given = call.args.get("secret")
            known = given if given is not None else _cookie(call)
            if not hmac.compare_digest(known.encode(), call.tenant.control.secret.encode()):
                text = "Open the address that `agavepy sandbox` has printed: it holds the secret."
                return _refusal(call, 401, "This tenant is not open to everybody", text)
            if given is not None:
                return _remember(call, given)
            try:
                return function(call)
            except ApiError as error:
                return _refusal(call, 404, "There is no such thing", error.message)

        registry.handler("_page", operation)(answer)
        return function

    return register


def _cookie(call: Call) -> str:
    for part in call.headers.get("Cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def _remember(call: Call, secret: str) -> Reply:
    """Move the secret from the address, which browsers keep and show, into a cookie."""
    rest = {name: value for name, value in call.args.items() if name != "secret"}
    cookie = f"{COOKIE}={secret}; HttpOnly; SameSite=Strict; Path=/"
    address = call.link("_page", call.plan.name, **rest)
    return Reply.raw(b"", _HTML, 302, {**_HEADERS, "Location": address, "Set-Cookie": cookie})


def _refusal(call: Call, status: int, title: str, text: str) -> Reply:
    return _html(call, "refused", status=status, title=title, text=text)


def _html(call: Call, template: str, status: int = 200, **values: Any) -> Reply:
    def link(operation: str, **arguments: Any) -> str:
        return call.tenant.router.path("_page", operation, arguments)

    def state(item: dict[str, Any]) -> str:
        return _state(call.tenant, item)

    values |= {"tenant": call.tenant, "link": link, "state": state, "here": call.plan.name}
    content = page.render(template, **values)
    return Reply.raw(content, _HTML, status, dict(_HEADERS))


def _link(call: Call, operation: str, **arguments: Any) -> str:
    return call.tenant.router.path("_page", operation, arguments)


@_page("home")
def home(call: Call) -> Reply:
    """Show users and counts."""
    tenant = call.tenant
    people = [
        {**user, "clients": [item["name"] for item in clients.owned(tenant, user["username"])]}
        for user in users.everybody(tenant)
    ]
    counts = [(name, len(tenant.store.all(kind)), _link(call, name)) for name, kind in _COUNTED]
    return _html(call, "home", title="Overview", users=people, counts=counts)


@_page("systems")
def list_systems(call: Call) -> Reply:
    """List systems."""
    found = call.tenant.store.all(systems.SYSTEM, deleted=False)
    return _html(call, "systems", title="Systems", systems=found)


@_page("files")
def browse(call: Call) -> Reply:
    """Browse a directory or view a file, as nobody in particular: everything is shown."""
    tenant, args = call.tenant, call.args
    system = systems.find(tenant, args["systemId"])
    if system is None:
        raise ApiError(404, f"No system has the id {args['systemId']}")
    logical = "/" + args["filePath"].strip("/")
    real = disk.real(tenant, system, logical, user_home=False)
    if not disk.exists(real):
        raise ApiError(404, f"{system['id']} has no {logical}")
    if args.get("raw") and real.is_file():
        reply = file_reply(call, real, real.name, "application/octet-stream")
        reply.headers |= {**_HEADERS, "Content-Security-Policy": "sandbox"}
        return reply
    names = [name for name in logical.split("/") if name]
    steps = [
        (name, _files(call, system, "/".join(names[: number + 1])))
        for number, name in enumerate(names)
    ]
    values: dict[str, Any] = {"title": names[-1] if names else system["id"], "steps": steps}
    values["system"] = system
    if real.is_dir():
        values |= _directory(call, system, logical, real)
    else:
        with real.open("rb") as file:
            start = file.read(_SHOWN)
        size = real.stat().st_size
        values |= {"entries": None, "size": size, "cut": size > len(start)}
        values["text"] = None if b"\0" in start else start.decode(errors="replace")
        values["download"] = _files(call, system, logical.strip("/"), raw="true")
    return _html(call, "files", **values)


def _files(call: Call, system: dict[str, Any], path: str, **query: Any) -> str:
    return _link(call, "files", systemId=system["id"], filePath=path, **query)


def _directory(call: Call, system: dict[str, Any], logical: str, real: Any) -> dict[str, Any]:
    offset = max(call.args.get("offset", 0), 0)
    base = logical.strip("/")
    entries = []
    names = disk.listing(real, offset, _ENTRIES + 1)
    for name in names[:_ENTRIES]:
        status = (real / name).lstat()
        path = files.readable_name(f"{base}/{name}".strip("/"))
        entries.append(
            {
                "name": files.readable_name(name),
                "folder": (real / name).is_dir(),
                "size": status.st_size,
                "changed": status.st_mtime,
                "address": _files(call, system, path),
            }
        )
    more = len(names) > _ENTRIES
    following = _files(call, system, base, offset=offset + _ENTRIES) if more else ""
    return {"entries": entries, "following": following}


@_page("apps")
def list_apps(call: Call) -> Reply:
    """List apps."""
    found = call.tenant.store.all(apps.KIND, deleted=False)
    for app in found:
        app["arguments"] = [
            (kind, item)
            for kind, many in (("input", "inputs"), ("parameter", "parameters"))
            for item in app[many]
        ]
    return _html(call, "apps", title="Apps", apps=found)


@_page("jobs")
def list_jobs(call: Call) -> Reply:
    """List jobs, newest first."""
    return _html(call, "jobs", title="Jobs", jobs=call.tenant.store.all(jobs.KIND)[::-1])


@_page("job")
def show_job(call: Call) -> Reply:
    """Show a job."""
    tenant = call.tenant
    job = jobs.find(tenant, call.args["jobId"])
    if job is None:
        raise ApiError(404, f"No job has the id {call.args['jobId']}")
    place = jobs_outputs.archive if job["archived"] else jobs_outputs.work
    system, logical = place(tenant, job)
    there = disk.exists(disk.real(tenant, system, logical, user_home=False))
    outputs = _files(call, system, logical.strip("/")) if there else ""
    history = jobs.history(tenant, job["id"])
    return _html(call, "job", title=job["name"], job=job, history=history, outputs=outputs)


@_page("actors")
def list_actors(call: Call) -> Reply:
    """List actors."""
    tenant = call.tenant
    found = actors.every(tenant)
    for actor in found:
        actor["waiting"] = len(actors_messages.waiting(tenant, actor["id"]))
        actor["executions"] = len(actors_executions.of_actor(tenant, actor["id"]))
    return _html(call, "actors", title="Actors", actors=found)


@_page("actor")
def show_actor(call: Call) -> Reply:
    """Show an actor."""
    tenant = call.tenant
    actor = tenant.store.get(actors_names.ACTOR, call.args["actorId"])
    if actor is None:
        raise ApiError(404, f"No actor has the id {call.args['actorId']}")
    executions = actors_executions.of_actor(tenant, actor["id"])[: -_ENTRIES - 1 : -1]
    for execution in executions:
        execution["log"] = actors_executions.log(tenant, execution["id"])
    return _html(
        call,
        "actor",
        title=actor["name"] or actor["id"],
        actor=actor,
        messages=actors_messages.waiting(tenant, actor["id"]),
        executions=executions,
    )


@_page("metadata")
def list_metadata(call: Call) -> Reply:
    """List metadata items and schemas."""
    items = call.tenant.store.all(meta_access.ITEM.documents)
    schemas = call.tenant.store.all(meta_access.SCHEMA.documents)
    return _html(call, "metadata", title="Metadata", items=items, schemas=schemas)


@_page("states")
def states(call: Call) -> Reply:
    """Tell the states of jobs, actors and executions."""
    tenant = call.tenant
    living = (
        *tenant.store.all(jobs.KIND),
        *actors.every(tenant),
        *actors_executions.every(tenant),
    )
    return Reply.plain({item["id"]: _state(tenant, item) for item in living})


def _state(tenant: Tenant, item: dict[str, Any]) -> str:
    """Return a state as pages show it: of what a test holds, how."""
    held = tenant.pace.held(item["id"])
    return f"{item['status']}, held {held.replace('_', ' ')}" if held else str(item["status"])


@_page("requests")
def list_requests(call: Call) -> Reply:
    """Show the last requests to services, newest first."""
    asked = [
        item
        for item in call.tenant.control.requests.listing()
        if not str(item["operation"]).startswith("_")
    ]
    return _html(call, "requests", title="Requests", requests=asked[: -_ENTRIES - 1 : -1])


@_page("services")
def list_services(call: Call) -> Reply:
    """List the described services."""
    described = [loader.service_plan(name) for name in loader.services()]
    return _html(call, "services", title="Operations", services=described)


@_page("operations")
def list_operations(call: Call) -> Reply:
    """Show the operations of a service."""
    name = call.args["service"]
    if name not in loader.services():
        raise ApiError(404, f"No document describes a service {name}")
    service = loader.service_plan(name)
    plans = sorted(service.values(), key=lambda plan: plan.name)
    return _html(call, "operations", title=service.title, service=service, plans=plans)


@registry.handler("_page", "asset")
def asset(call: Call) -> Reply:
    """Give a file that pages load; it holds nothing of the tenant."""
    name = call.args["name"]
    if name not in page.ASSETS:
        return _refusal(call, 404, "There is no such thing", f"The pages have no file {name}")
    content = (page.FOLDER / name).read_bytes()
    return Reply.raw(content, page.ASSETS[name], headers=dict(_HEADERS))
