"""The pages of the sandbox: the tenant as a person wants to see it, for who has the secret."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from agavepy import loader
from agavepy.sandbox import page, registry
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import (
    actors,
    actors_executions,
    actors_messages,
    actors_names,
    apps,
    clients,
    disk,
    jobs,
    jobs_outputs,
    meta_access,
    systems,
    users,
)
from agavepy.sandbox.tenant import Tenant

#: Things on one page, executions with their logs among them, and characters of a log.
ENTRIES, _EXECUTIONS, _LOG = 250, 50, 64 << 10

_COUNTED = (
    ("systems", systems.SYSTEM),
    ("apps", apps.KIND),
    ("jobs", jobs.KIND),
    ("actors", actors_names.ACTOR),
    ("metadata", meta_access.ITEM.documents),
)

Page = Callable[[Call], Reply]


def for_those_who_know(operation: str) -> Callable[[Page], Page]:
    """Register the decorated function as a page, behind the secret of the run."""

    def register(function: Page) -> Page:
        def guarded(call: Call) -> Reply:
            given = call.args.get("secret")
            known = given if given is not None else _cookie(call)
            if not hmac.compare_digest(known.encode(), call.tenant.control.secret.encode()):
                text = "Open the address that `agavepy sandbox` has printed: it holds the secret."
                raise ApiError(401, text)
            return function(call) if given is None else _remember(call, given)

        registry.handler(page.SERVICE, operation)(guarded)
        return function

    return register


def _cookie(call: Call) -> str:
    for part in call.headers.get("Cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == _cookie_name(call.tenant):
            return value
    return ""


def _cookie_name(tenant: Tenant) -> str:
    """Return a name of this sandbox's own: browsers tell no ports of a host apart."""
    return f"agavepy-sandbox-{urlsplit(tenant.url).port}"


def _remember(call: Call, secret: str) -> Reply:
    """Move the secret from the address, which browsers keep and show, into a cookie."""
    rest = {name: value for name, value in call.args.items() if name != "secret"}
    cookie = f"{_cookie_name(call.tenant)}={secret}; HttpOnly; SameSite=Strict; Path=/"
    address = call.link(page.SERVICE, call.plan.name, **rest)
    headers = {**page.HEADERS, "Location": address, "Set-Cookie": cookie}
    return Reply.raw(b"", page.HTML, 302, headers)


def answer(call: Call, template: str, *, live: bool = True, **values: Any) -> Reply:
    """Return a page; a ``live`` one is renewed while somebody looks at it."""
    return page.answer(call.tenant, template, here=call.plan.name, live=live, **values)


def link(call: Call, operation: str, **arguments: Any) -> str:
    """Return the address of a page."""
    return page.link(call.tenant, operation, **arguments)


def offset(call: Call) -> int:
    """Return how many things were on the pages before."""
    return max(int(call.args.get("offset", 0)), 0)


def _part(
    call: Call, things: list[Any], size: int = ENTRIES, **where: str
) -> tuple[list[Any], str]:
    """Return the things of this page, and the address of the next page if there are more."""
    end = offset(call) + size
    more = link(call, call.plan.name, **where, offset=end) if len(things) > end else ""
    return things[offset(call) : end], more


@for_those_who_know("home")
def home(call: Call) -> Reply:
    """Show users and counts."""
    tenant = call.tenant
    people = [
        {**user, "clients": [item["name"] for item in clients.owned(tenant, user["username"])]}
        for user in users.everybody(tenant)
    ]
    counts = [(name, len(tenant.store.all(kind)), link(call, name)) for name, kind in _COUNTED]
    return answer(call, "home", title="Overview", users=people, counts=counts)


@for_those_who_know("systems")
def list_systems(call: Call) -> Reply:
    """List systems."""
    found, more = _part(call, call.tenant.store.all(systems.SYSTEM, deleted=False))
    return answer(call, "systems", title="Systems", systems=found, more=more)


@for_those_who_know("apps")
def list_apps(call: Call) -> Reply:
    """List apps."""
    found, more = _part(call, call.tenant.store.all(apps.KIND, deleted=False))
    for app in found:
        app["files"] = _deployment(call, app)
        app["arguments"] = [
            (kind, item)
            for kind, many in (("input", "inputs"), ("parameter", "parameters"))
            for item in app[many]
        ]
    return answer(call, "apps", title="Apps", apps=found, more=more)


def _deployment(call: Call, app: dict[str, Any]) -> str:
    """Return the page of the files of an app, empty when their system is gone."""
    system = systems.find(call.tenant, app["deploymentSystem"])
    if system is None:
        return ""
    path = disk.logical(system, app["deploymentPath"]).strip("/")
    return link(call, "files", systemId=system["id"], filePath=path)


@for_those_who_know("jobs")
def list_jobs(call: Call) -> Reply:
    """List jobs, newest first."""
    found, more = _part(call, call.tenant.store.all(jobs.KIND)[::-1])
    return answer(call, "jobs", title="Jobs", jobs=found, more=more)


@for_those_who_know("job")
def show_job(call: Call) -> Reply:
    """Show a job."""
    tenant = call.tenant
    job = jobs.find(tenant, call.args["jobId"])
    if job is None:
        raise ApiError(404, f"No job has the id {call.args['jobId']}")
    history = jobs.history(tenant, job["id"])
    outputs = _outputs(call, job)
    return answer(call, "job", title=job["name"], job=job, history=history, outputs=outputs)


def _outputs(call: Call, job: jobs.Job) -> str:
    """Return the page of the outputs of a job, empty when they, or their system, are gone."""
    try:
        system, logical, _ = jobs_outputs.locate(call.tenant, job, "")
    except ApiError:
        return ""
    return link(call, "files", systemId=system["id"], filePath=logical.strip("/"))


@for_those_who_know("actors")
def list_actors(call: Call) -> Reply:
    """List actors."""
    tenant = call.tenant
    found, more = _part(call, actors.every(tenant))
    for actor in found:
        actor["waiting"] = len(actors_messages.waiting(tenant, actor["id"]))
        actor["executions"] = len(actors_executions.of_actor(tenant, actor["id"]))
    return answer(call, "actors", title="Actors", actors=found, more=more)


@for_those_who_know("actor")
def show_actor(call: Call) -> Reply:
    """Show an actor."""
    tenant = call.tenant
    actor = tenant.store.get(actors_names.ACTOR, call.args["actorId"])
    if actor is None:
        raise ApiError(404, f"No actor has the id {call.args['actorId']}")
    every = actors_executions.of_actor(tenant, actor["id"])[::-1]
    executions, more = _part(call, every, _EXECUTIONS, actorId=actor["id"])
    for execution in executions:
        log = actors_executions.log(tenant, execution["id"])
        execution["log"] = log if len(log) <= _LOG else f"{log[:_LOG]}\n…"
    return answer(
        call,
        "actor",
        title=actor["name"] or actor["id"],
        actor=actor,
        messages=actors_messages.waiting(tenant, actor["id"])[:ENTRIES],
        executions=executions,
        more=more,
    )


@for_those_who_know("metadata")
def list_metadata(call: Call) -> Reply:
    """List metadata items and schemas."""
    kinds = (("item", meta_access.ITEM), ("schema", meta_access.SCHEMA))
    every = [(word, item) for word, k in kinds for item in call.tenant.store.all(k.documents)]
    found, more = _part(call, every)
    return answer(call, "metadata", title="Metadata", found=found, more=more)


@for_those_who_know("requests")
def list_requests(call: Call) -> Reply:
    """Show the last requests to services, newest first."""
    found = call.tenant.control.requests.newest(offset(call), ENTRIES + 1)
    end = offset(call) + ENTRIES
    more = link(call, call.plan.name, offset=end) if len(found) > ENTRIES else ""
    return answer(call, "requests", title="Requests", requests=found[:ENTRIES], more=more)


@for_those_who_know("services")
def list_services(call: Call) -> Reply:
    """List the described services."""
    described = [loader.service_plan(name) for name in loader.services()]
    return answer(call, "services", live=False, title="Operations", services=described)


@for_those_who_know("operations")
def list_operations(call: Call) -> Reply:
    """Show the operations of a service."""
    name = call.args["service"]
    if name not in loader.services():
        raise ApiError(404, f"No document describes a service {name}")
    service = loader.service_plan(name)
    plans = sorted(service.values(), key=lambda plan: plan.name)
    values = {"title": service.title, "service": service, "plans": plans}
    return answer(call, "operations", live=False, **values)


@registry.handler(page.SERVICE, "asset")
def asset(call: Call) -> Reply:
    """Give a file that pages load; it holds nothing of the tenant."""
    name = call.args["name"]
    if name not in page.ASSETS:
        raise ApiError(404, f"The pages have no file {name}")
    content = (page.FOLDER / name).read_bytes()
    return Reply.raw(content, page.ASSETS[name], headers=dict(page.HEADERS))
