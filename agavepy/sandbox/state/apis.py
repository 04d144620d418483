"""The APIs that the gateway publishes: the tenant's own, and those that administrators register.

The tenant's own are the described services that take tokens; of them the store keeps the state
only. A registered API is kept whole, can be put into each state, and leads nowhere: the sandbox's
gateway has no services behind it but its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agavepy import loader
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import accounts, clients
from agavepy.sandbox.tenant import Tenant

#: The states of WSO2 API Manager's life cycle, and the fault that a call meets in each; 0 for none.
STATES = {
    "CREATED": 900906,
    "PROTOTYPED": 0,
    "PUBLISHED": 0,
    "BLOCKED": 900907,
    "DEPRECATED": 0,
    "RETIRED": 900906,
}
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")
AUTH = ("oauth", "none")
VISIBILITIES = ("public", "restricted")
#: The API by which a blocked one is published again.
_LAST_RESORT = "admin"
_VERSION = "v2"
_NAME = re.compile(r"\w[\w.]*")
_PATH = re.compile(r"(/[\w.~-]+)+")
_URL = re.compile(r"https?://[^\s/]+\S*")

Document = dict[str, Any]


@dataclass(frozen=True)
class Definition:
    """What an administrator says of a new API; ``auth`` has a word for each method."""

    name: str
    path: str
    url: str
    methods: Sequence[str] = METHODS
    auth: Sequence[str] = ("oauth",) * len(METHODS)
    visibility: str = VISIBILITIES[0]
    roles: Sequence[str] = ()


def fault(tenant: Tenant, service: str) -> int:
    """Return the code of the fault that calls of a service meet for the state of its API, or 0."""
    api = clients.apis().get(service)
    return 0 if api is None else STATES[status(tenant, api)]


def status(tenant: Tenant, api: clients.Api) -> str:
    """Return the state of one of the tenant's own APIs."""
    kept = tenant.store.get("api_status", _own_id(api))
    return str(kept["status"]) if kept else "PUBLISHED"


def listing(tenant: Tenant) -> list[Document]:
    """Return all APIs: the tenant's own, then the registered ones, the oldest first.

    The keys: id, name, owner, version, status, context, url, visibility, roles and ``verbs``, the
    kind of authentication (oauth or none) by method.
    """
    own = [_own(tenant, api) for api in clients.apis().values()]
    return own + tenant.store.all("api")


def find(tenant: Tenant, api_id: str) -> Document:
    """Return one API; ApiError 400, as ADM has it, for an unknown one."""
    api = _own_by_id(api_id)
    found = tenant.store.get("api", api_id) if api is None else _own(tenant, api)
    if found is None:
        raise ApiError(400, f"No API found with id: {api_id}.")
    return found


def add(tenant: Tenant, owner: str, wanted: Definition) -> Document:
    """Register an API of ``owner``, in the state CREATED, and return it.

    Raises ApiError 400 for a field that does not fit and a name or path that is taken, 404 for an
    unknown role.
    """
    _check(wanted)
    document: Document = {
        "id": f"{wanted.name}-{owner}-{_VERSION}",
        "name": wanted.name,
        "owner": owner,
        "version": _VERSION,
        "status": "CREATED",
        "context": wanted.path,
        "url": wanted.url,
        "visibility": wanted.visibility,
        "roles": list(wanted.roles),
        "verbs": dict(zip(wanted.methods, wanted.auth, strict=True)),
    }
    with tenant.store.transaction():
        for role_id in wanted.roles:
            accounts.role(tenant, role_id)
        for other in listing(tenant):
            if other["name"].lower() == wanted.name.lower():
                raise ApiError(400, f"An API with the name {wanted.name} already exists.")
            if other["context"] == wanted.path:
                text = f"The path {wanted.path} belongs to the API {other['id']} already."
                raise ApiError(400, text)
        tenant.store.put("api", document["id"], document)
    return document


def set_status(tenant: Tenant, api_id: str, word: str) -> Document:
    """Put an API into the state of a word, in any case, and return it.

    Raises ApiError 400 for an unknown API or state, and when nobody could undo it.
    """
    state = word.upper()
    if state not in STATES:
        raise ApiError(400, f"Invalid status {word!r}: choose one of {', '.join(STATES)}")
    with tenant.store.transaction():
        document = find(tenant, api_id)
        document["status"] = state
        api = _own_by_id(api_id)
        if api is None:
            tenant.store.put("api", api_id, document)
        elif api.service == _LAST_RESORT and STATES[state]:
            text = f"{api_id} must stay callable: nothing else could publish it again"
            raise ApiError(400, text)
        else:
            tenant.store.put("api_status", api_id, {"status": state})
    return document


def delete(tenant: Tenant, api_id: str) -> None:
    """Remove a registered API.

    Raises ApiError 400 for an unknown one, and for the tenant's own, to which clients subscribe.
    """
    if _own_by_id(api_id) is not None:
        text = f"Clients are subscribed to the API {api_id}: retire it with updateApiStatus"
        raise ApiError(400, text)
    if not tenant.store.delete("api", api_id):
        find(tenant, api_id)


def _check(wanted: Definition) -> None:
    if not _NAME.fullmatch(wanted.name):
        raise ApiError(400, f"Invalid name {wanted.name!r}: use letters, digits and _ .")
    if not _PATH.fullmatch(wanted.path):
        raise ApiError(400, f"Invalid path {wanted.path!r}: one starts with a slash, like /lab/v2")
    if not _URL.fullmatch(wanted.url):
        raise ApiError(400, f"Invalid url {wanted.url!r}: an http or https address is needed")
    _among("methods", wanted.methods, METHODS)
    _among("auth", wanted.auth, AUTH)
    _among("visibility", [wanted.visibility], VISIBILITIES)
    if len(set(wanted.methods)) != len(wanted.methods) or not wanted.methods:
        raise ApiError(400, f"Invalid methods {list(wanted.methods)}: name each once")
    if len(wanted.auth) != len(wanted.methods):
        text = f"{len(wanted.auth)} words for {len(wanted.methods)} methods"
        raise ApiError(400, f"Invalid auth {list(wanted.auth)}: {text}")
    if wanted.visibility == "restricted" and not wanted.roles:
        raise ApiError(400, "roles is required when visibility is restricted.")


def _among(name: str, words: Sequence[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise ApiError(400, f"Invalid {name} {word!r}: choose of {', '.join(known)}")


def _own_id(api: clients.Api) -> str:
    return f"{api.name}-{api.provider}-{api.version}"


def _own_by_id(api_id: str) -> clients.Api | None:
    return next((api for api in clients.apis().values() if _own_id(api) == api_id), None)


def _own(tenant: Tenant, api: clients.Api) -> Document:
    plans = loader.service_plan(api.service).values()
    auth: Mapping[str, str] = {
        plan.method: "none" if plan.security == "none" else "oauth"
        for plan in sorted(plans, key=lambda plan: plan.security != "none")
    }
    return {
        "id": _own_id(api),
        "name": api.name,
        "owner": api.provider,
        "version": api.version,
        "status": status(tenant, api),
        "context": api.context,
        "url": tenant.url + api.context,
        "visibility": "public",
        "roles": [],
        "verbs": {method: auth[method] for method in METHODS if method in auth},
    }
