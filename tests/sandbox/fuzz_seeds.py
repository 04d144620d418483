"""What a tenant holds for made-up requests to be about: ids that exist, bodies that are taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from agavepy.sandbox import Sandbox
from tests.conftest import Http
from tests.sandbox.apps_support import definition
from tests.sandbox.files_support import STORAGE
from tests.sandbox.jobs_support import HELLO, end
from tests.sandbox.meta_support import SCHEMA
from tests.sandbox.systems_support import execution_system, storage_system

#: Nothing listens there, so that what is told to it is refused at once.
NOWHERE = "http://127.0.0.1:9/"
SYSTEM, CLUSTER, ROLE, ACCOUNT = "fuzz.storage", "fuzz.exec", "fuzzers", "fuzzer"
PERMISSION = {"username": "grace", "permission": "READ"}
NONCE = {"level": "EXECUTE", "maxUses": 3, "description": "three times"}
ACTOR = {"image": "sandbox/echo", "name": "fuzz", "stateless": False}
JOB = {
    "name": "count",
    "appId": "wc-1.0",
    "inputs": {"file": HELLO},
    "parameters": {"mode": "words"},
    "archivePath": "",  # the usual one; Aloe wants it said
}

Values = dict[str, Any]


@dataclass
class Seeds:
    """Values that exist, by the name of a parameter or field; values that belong together, by the
    beginning of the paths that they are for; and good bodies, by operation.
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    places: list[tuple[str, Values]] = field(default_factory=list)
    bodies: dict[str, Any] = field(default_factory=dict)

    def at(self, path: str, **values: Any) -> None:
        """Let paths that begin so have these values, all together."""
        self.places.append((path, values))
        for name, value in values.items():
            self.like(value, name)

    def like(self, value: Any, *names: str) -> None:
        """Let parameters and fields of these names have a value."""
        for name in names:
            known = self.values.setdefault(name, [])
            if value not in known:
                known.append(value)

    def resource(self, uuid: str) -> None:
        """Let whatever takes a uuid have this one."""
        self.like(uuid, "uuid", "uuids", "associatedUuid")

    def together(self, path: str, names: set[str]) -> list[Values]:
        """Return the values for the variables ``names`` of a path, as many sets as there are."""
        found = [values for start, values in self.places if path.startswith(start)]
        return [values for values in found if names <= set(values)]


def plant(sandbox: Sandbox) -> Seeds:
    """Make one thing of every kind, most of them ada's, and return what leads to them."""
    seeds = Seeds(bodies=_bodies(sandbox.url))
    with _user(sandbox, "ada") as ada, _user(sandbox, "admin") as admin:
        for name in ("ada", "grace", "admin"):
            seeds.like(name, "username", "owner", "user")
        _files(ada, seeds)
        _systems(ada, seeds)
        _apps(ada, seeds)
        _jobs(ada, seeds)
        _metadata(ada, seeds)
        _subscriptions(ada, seeds)
        _actors(ada, seeds)
        _accounts(admin, seeds)
        _logins(ada, sandbox.credentials("ada"), seeds)
    _pages(seeds)
    return seeds


def _user(sandbox: Sandbox, name: str) -> Http:
    return Http(sandbox.url, sandbox.credentials(name)["token"])


def _made(answer: requests.Response) -> Any:
    assert answer.ok, answer.text
    return answer.json()["result"]


def _files(ada: Http, seeds: Seeds) -> None:
    paths = ("", "ada", "ada/data/hello.txt", "/home/ada/data", "ada/none", "grace")
    for path in paths:
        seeds.at("/files/v2/", systemId=STORAGE, filePath=path, sourcefilePath=path, username="ada")
        seeds.like(path, "path")
    for path in ("data/hello.txt", "none"):
        seeds.at("/transforms/v2/", transformId="raw-0", owner="ada", filePath=path, tag="raw-0")
    share = {"username": "public", "permission": "READ"}
    _made(ada.post("/files/v2/pems/ada/data/hello.txt", json=share))
    upload = {"fileToUpload": ("staged.txt", b"staged")}
    seeds.resource(_made(ada.post("/files/v2/media/ada", files=upload))["uuid"])
    history = _made(ada.get("/files/v2/history/ada/staged.txt"))
    seeds.at("/transfers/", transferId=_last(history[-1]["_links"]["transfer"]["href"]))


def _systems(ada: Http, seeds: Seeds) -> None:
    internal = {"username": "intern", "email": "intern@example.org"}
    _made(ada.post("/profiles/v2/ada/users", json=internal))
    seeds.at("/profiles/v2/", username="ada", internalUsername="intern")
    seeds.at("/profiles/v2/", term="username", value="ada")
    for body in (storage_system(SYSTEM), execution_system(CLUSTER)):
        made = _made(ada.post("/systems/v2/", json=body))
        seeds.resource(made["uuid"])
        seeds.like([made["uuid"]], "associationIds")
        seeds.bodies["notifications.add"]["associatedUuid"] = made["uuid"]
        more = {"internalUsername": "intern", "credentialType": "DEFAULT", "username": "ada"}
        seeds.at("/systems/v2/", systemId=made["id"], queueName="small", **more)
    for name in (STORAGE, "sandbox.exec"):
        seeds.like(name, "systemId", "target")


def _apps(ada: Http, seeds: Seeds) -> None:
    own = _made(ada.post("/apps/v2/", json=seeds.bodies["apps.add"]))
    event = _made(ada.get(f"/apps/v2/{own['id']}/history"))[0]["id"]
    for app in (own["id"], "wc-1.0"):
        seeds.at("/apps/v2/", appId=app, uniqueName=app, uuid=event, username="grace")
    seeds.at("/apps/v2/", name="wc", tag="demo", term="text-0", systemId="sandbox.exec")
    for uuid in (own["uuid"], event):
        seeds.resource(uuid)


def _jobs(ada: Http, seeds: Seeds) -> None:
    first = _made(ada.get("/jobs/v2/"))[0]["id"]
    second = _made(ada.post("/jobs/v2/", json={**JOB, "archive": False}))["id"]
    end(ada, second)
    for job in (first, second):
        for path in ("count.txt", ""):
            seeds.at("/jobs/v2/", jobId=job, filePath=path, username="grace")
        seeds.resource(job)
    for attribute, value in (("status", "FINISHED"), ("appId", "wc-1.0"), ("created", "today")):
        seeds.at("/jobs/v2/", attribute=attribute, value=value)


def _metadata(ada: Http, seeds: Seeds) -> None:
    data = _made(ada.post("/meta/v2/data", json=seeds.bodies["meta.addMetadata"]))["uuid"]
    schema = _made(ada.post("/meta/v2/schemas", json=SCHEMA))["uuid"]
    for below in (f"data/{data}", f"schemas/{schema}"):
        _made(ada.post(f"/meta/v2/{below}/pems", json=PERMISSION))
    seeds.at("/meta/v2/data", uuid=data, username="grace")
    seeds.at("/meta/v2/schemas", uuid=schema, username="grace")
    seeds.like(schema, "schemaId")
    for query in ('{"name":"note"}', '{"value.a":{"$gt":0}}', '{"$or":[{"name":{"$regex":"("}}]}'):
        seeds.like(query, "q")
    seeds.bodies["meta.bulkUpdate"][0]["uuid"] = seeds.bodies["meta.bulkDelete"][0] = data
    tag = _made(ada.post("/tags/v2/", json={"name": "seed", "associationIds": [data]}))["id"]
    event = _made(ada.get(f"/tags/v2/{tag}/history"))[0]["id"]
    seeds.at("/tags/v2/", tagId=tag, uuid=data, eventId=event, username="grace")
    seeds.bodies["tags.addAssociations"] = [schema]
    for uuid in (data, schema, tag, event):
        seeds.resource(uuid)
    seeds.at("/tenants", code=_made(ada.get("/tenants"))[0]["code"])
    seeds.at("/realtime/v2/", channelId=_made(ada.get("/realtime/v2/"))[0]["id"])


def _subscriptions(ada: Http, seeds: Seeds) -> None:
    base = "/monitors/v2/"
    monitor = _made(ada.post(base, json={"target": STORAGE}))["id"]
    check = _made(ada.post(f"{base}{monitor}/checks"))["id"]
    event = _made(ada.get(f"{base}{monitor}/history"))[0]["id"]
    seeds.at(base, monitorId=monitor, checkId=check, eventId=event)
    base = "/notifications/v2/"
    notification = _made(ada.post(base, json=seeds.bodies["notifications.add"]))["id"]
    attempt = _made(ada.post(f"{base}{notification}/attempts"))["id"]
    seeds.at(base, uuid=notification, attemptUuid=attempt)
    seeds.bodies["notifications.update"] = {**seeds.bodies["notifications.add"], "event": "UPDATED"}
    for method in ("GET", "POST"):
        body = {**seeds.bodies["postits.create"], "method": method}
        postit = _made(ada.post("/postits/v2/", json=body))["postit"]
        seeds.at("/postits/v2/", nonce=postit, uuid=postit)
    for uuid in (monitor, check, event, notification, attempt):
        seeds.resource(uuid)


def _actors(ada: Http, seeds: Seeds) -> None:
    actor = _made(ada.post("/actors/v2", json=ACTOR))["id"]
    _made(ada.post("/actors/v2/aliases", json={"alias": "parrot", "actorId": actor}))
    _made(ada.post("/actors/v2/configs", json=seeds.bodies["actors.addConfig"]))
    nonces = [
        _made(ada.post(f"/actors/v2/{of}/nonces", json=NONCE))["id"]
        for of in (actor, "aliases/parrot")
    ]
    sent = _made(ada.post(f"/actors/v2/{actor}/messages", json={"message": "hello"}))
    more = {
        "executionId": sent["executionId"],
        "workerId": _made(ada.get(f"/actors/v2/{actor}/workers"))[0]["id"],
        "configName": seeds.bodies["actors.addConfig"]["name"],
    }
    for name, nonce in zip((actor, "parrot"), nonces, strict=True):
        seeds.at("/actors/v2/", actorId=name, alias="parrot", nonceId=nonce, **more)
        seeds.like(nonce, "x-nonce")
        seeds.like(name, "link")
    for kind in ("actors", "executions", "workers", "logs"):
        seeds.at("/actors/v2/search/", search_type=kind)


def _accounts(admin: Http, seeds: Seeds) -> None:
    _made(admin.post("/admin/v2/service_roles", json={"roleId": ROLE}))
    for name, roles in ((ACCOUNT, [ROLE]), ("other", [])):
        body = {"accountId": name, "password": "pw", "roles": roles}
        _made(admin.post("/admin/v2/service_accounts", json=body))
    _made(admin.post("/admin/v2/service_roles", json={"roleId": "empty"}))
    body = {"name": "fuzz", "path": "/fuzz", "url": NOWHERE}
    api = _made(admin.post("/admin/v2/apis", json=body))["id"]
    for name in (api, _made(admin.get("/admin/v2/apis"))[0]["id"]):
        seeds.at("/admin/v2/", accountId=ACCOUNT, roleId=ROLE, apiId=name)


def _logins(ada: Http, login: dict[str, Any], seeds: Seeds) -> None:
    client = {"clientName": "fuzz", "callbackUrl": NOWHERE}
    made = _made(ada.post("/clients/v2/", json=client, auth=(login["username"], login["password"])))
    for name in (made["name"], "DefaultApplication"):
        seeds.at("/clients/v2/", clientName=name)
    seeds.like(made["consumerKey"], "client_id")
    seeds.like(NOWHERE, "redirect_uri", "callbackUrl", "url")
    seeds.like("code", "response_type")
    for name in ("username", "password", "refresh_token"):
        seeds.like(login[name], name)
    user = {"username": login["username"], "password": login["password"]}
    wish = {"client_id": made["consumerKey"], "response_type": "code", "redirect_uri": NOWHERE}
    seeds.bodies["token.create"] = {"grant_type": "password", **user, "scope": "PRODUCTION"}
    seeds.bodies["token.approve"] = {**wish, **user, "decision": "grant"}


def _pages(seeds: Seeds) -> None:
    """Let the pages be asked for what there is; their names are those of other services' fields."""
    known = seeds.values
    for path in ("", "home/ada/data", "home/ada/data/hello.txt"):
        seeds.places.append(("/_page/systems", {"systemId": STORAGE, "filePath": path}))
    for start, name in (("/_page/jobs", "jobId"), ("/_page/actors", "actorId")):
        seeds.places += [(start, {name: value}) for value in known[name]]
    seeds.places.append(("/_page/operations", {"service": "files"}))
    seeds.places.append(("/_page/static", {"name": "live.js"}))


def _last(address: str) -> str:
    return address.rpartition("/")[2]


def _bodies(url: str) -> dict[str, Any]:
    """Return bodies that the services take, by operation."""
    return dict(_pairs(url))


def _pairs(url: str) -> Iterator[tuple[str, Any]]:
    for operation in (
        "apps.updateApplicationPermissions",
        "apps.updatePermissionsForUser",
        "jobs.updatePermissions",
        "jobs.updatePermissionsForUser",
        "meta.updateMetadataPermissions",
        "meta.updateMetadataPermissionsForUser",
        "meta.updateSchemaPermissions",
        "meta.updateSchemaPermissionsForUser",
        "tags.updatePermissions",
        "tags.updatePermissionsForUser",
    ):
        yield operation, PERMISSION
    for operation in ("files.updatePermissions", "files.updatePermissionsOnDefaultSystem"):
        yield operation, {**PERMISSION, "recursive": True}
    for of in ("", "Alias", "Config"):
        yield f"actors.update{of}Permissions", {"user": "grace", "level": "READ"}
    config = {"name": "conf", "value": "v", "isSecret": False, "actors": "parrot"}
    monitor = {"target": CLUSTER, "frequency": 60}
    notification = {"url": NOWHERE, "event": "*", "persistent": True, "associatedUuid": ""}
    postit = {"url": f"{url}/files/v2/listings/", "method": "GET", "maxUses": 3, "lifetime": 600}
    internal = {"username": "second", "email": "second@example.org", "firstName": "Second"}
    login = {"username": "remote", "password": "pw", "type": "PASSWORD", "default": True}
    queue = {"name": "fast", "maxNodes": 2, "maxRequestedTime": "01:00:00", "default": True}
    subscription = {"apiName": "Files", "apiVersion": "v2", "apiProvider": "admin"}
    note = {"name": "note", "value": {"a": 1}}
    directory = {"action": "mkdir", "path": "fuzzed"}
    yield from {
        "actors.add": ACTOR,
        "actors.update": ACTOR,
        "actors.addAlias": {"alias": "second", "actorId": "parrot"},
        "actors.updateAlias": {"alias": "parrot", "actorId": "parrot"},
        "actors.addNonce": NONCE,
        "actors.addAliasNonce": NONCE,
        "actors.addConfig": config,
        "actors.updateConfig": config,
        "actors.sendMessage": {"message": "hello"},
        "actors.addWorker": {"num": 1},
        "actors.addExecution": {"runtime": 1, "cpu": 1, "io": 1},
        "actors.updateState": {"n": 1},
        "admin.addAccount": {"accountId": "another", "password": "pw", "roles": [ROLE]},
        "admin.updateAccount": {"password": "new", "roles": [ROLE]},
        "admin.addRoleToAccount": {"roleId": "empty"},
        "admin.addRole": {"roleId": "another"},
        "admin.addAccountToRole": {"accountId": "other"},
        "admin.addApi": {"name": "another", "path": "/another", "url": NOWHERE, "methods": ["GET"]},
        "admin.updateApiStatus": {"status": "PUBLISHED"},
        "apps.add": definition(name="fuzzed"),
        "apps.update": definition(name="fuzzed"),
        "apps.manage": {"action": "clone", "name": "copied", "version": "2.0"},
        "clients.create": {"clientName": "second", "tier": "Gold", "callbackUrl": NOWHERE},
        "clients.addSubscriptionForClient": subscription,
        "clients.deleteSubscriptionsForClient": {"apiName": "Files"},
        "files.manage": directory,
        "files.manageOnDefaultSystem": directory,
        "files.importData": {"fileToUpload": b"up", "fileName": "up.txt"},
        "files.importToDefaultSystem": {"urlToIngest": f"agave://{STORAGE}/ada/data/hello.txt"},
        "jobs.submit": JOB,
        "jobs.manage": {"action": "resubmit"},
        "meta.addMetadata": note,
        "meta.updateMetadata": note,
        "meta.bulkCreate": [note],
        "meta.bulkUpdate": [{"uuid": "", "update": note}],
        "meta.bulkDelete": [""],
        "meta.addSchema": SCHEMA,
        "meta.updateSchema": SCHEMA,
        "monitors.add": monitor,
        "monitors.update": monitor,
        "monitors.manage": {"action": "disable"},
        "notifications.add": notification,
        "postits.create": postit,
        "postits.update": {"maxUses": 5, "lifetime": 900},
        "profiles.create": {"username": "newbie", "email": "n@example.org", "password": "pw"},
        "profiles.update": {"email": "a@example.org", "first_name": "Ada"},
        "profiles.addInternalUser": internal,
        "profiles.updateInternalUser": internal,
        "systems.add": execution_system("fuzz.more"),
        "systems.update": storage_system(SYSTEM),
        "systems.manage": {"action": "setDefault"},
        "systems.updateRole": {"username": "grace", "role": "USER"},
        "systems.updateRoleForUser": {"role": "USER"},
        "systems.updateCredentials": {**login, "internalUsername": "intern"},
        "systems.updateCredentialsForInternalUser": login,
        "systems.updateCredentialsForInternalUserByType": login,
        "systems.addQueue": queue,
        "systems.updateQueue": {**queue, "name": "small"},
        "tags.add": {"name": "fuzzed", "associationIds": []},
        "tags.update": {"name": "renamed", "associationIds": []},
        "transforms.transformAndStage": {"url": f"agave://{STORAGE}/ada/"},
        "uuids.create": {"type": "file"},
        "uuids.createUuid": {"type": "file"},
        "_sandbox.seedIds": {"seed": 7},
        "_sandbox.moveClock": {"advance": 1.5},
        "_sandbox.addFault": {"kind": "status", "status": 503, "operation": "files.list"},
    }.items()
