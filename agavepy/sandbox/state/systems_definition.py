"""Definitions of systems, queues and credentials: checked, and brought into the shape that is kept.

What is kept has the field names of answers, so that other services read a system as users see it.
Secrets are checked for presence and dropped at once: every system of the sandbox is a directory of
its own, so nothing ever logs in with them, and what is not kept cannot leak.
"""

from __future__ import annotations

import re
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state.systems_fields import Fields

Document = dict[str, Any]

# SA agave-systems model/enumerations; KERBEROSE is spelled so there.
TYPES = ("STORAGE", "EXECUTION", "AUTH")
STATUSES = ("UP", "DOWN", "MAINTENANCE", "UNKNOWN")
EXECUTION_TYPES = ("HPC", "CLI", "CONDOR", "ATMOSPHERE")
_BATCH = ("LSF", "LOADLEVELER", "PBS", "CONDOR", "TORQUE", "MOAB", "SLURM")
SCHEDULERS = (
    *_BATCH,
    *(f"CUSTOM_{name}" for name in _BATCH),
    "SGE", "CUSTOM_GRIDENGINE", "FORK", "UNKNOWN",
)  # fmt: skip
STORAGE_PROTOCOLS = (
    "GRIDFTP", "FTP", "SFTP", "IRODS", "IRODS4", "LOCAL", "AZURE", "S3", "SWIFT", "HTTP", "HTTPS",
)  # fmt: skip
LOGIN_PROTOCOLS = ("SSH", "GSISSH", "LOCAL", "API")
#: What each type of credential needs besides its type.
CREDENTIALS: dict[str, tuple[str, ...]] = {
    "PASSWORD": ("username", "password"),
    "PAM": ("username", "password"),
    "SSHKEYS": ("username", "publicKey", "privateKey"),
    "APIKEYS": ("publicKey", "privateKey"),
    "X509": (),
    "KERBEROSE": (),
    "TOKEN": (),
    "LOCAL": (),
    "ANONYMOUS": (),
}
#: The fields of a system that its definition gives it: what a clone takes over.
FIELDS = (
    "name", "type", "description", "site", "status", "storage", "executionType", "scheduler",
    "environment", "startupScript", "maxSystemJobs", "maxSystemJobsPerUser", "workDir",
    "scratchDir", "login", "queues",
)  # fmt: skip
_SECRETS = ("username", "password", "credential", "publicKey", "privateKey", "token")
_SERVER_PROTOCOLS = ("KERBEROSE", "OAUTH2", "OA4MP", "VOMS", "MYPROXY", "MPG", "NONE")

_ID = re.compile(r"[0-9A-Za-z.-]{1,64}\Z")
_RESERVED = ("execution", "storage", "authentication", "vizualization", "instrument")
_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGTPE]?)(?:I?B)?\s*\Z", re.IGNORECASE)
_GB = {"": 1.0, **{unit: 1024.0**power for power, unit in enumerate("KMGTPE", -2)}}
_MOST_GB = 2.0**31
_TIME = re.compile(r"\d{1,4}:[0-5]\d:[0-5]\d\Z")


def system_id(value: Any) -> str:
    """Return a system id that may be registered, or raise ApiError 400 with the rule it breaks.

    The rules are those of agave-systems SystemManager: at most 64 letters, digits, dots and
    dashes, and not a word that the service uses for kinds of systems (spelled as there). Ids of
    dots alone are refused as well: in an address they lead somewhere else.
    """
    if not isinstance(value, str) or not _ID.match(value) or not value.strip("."):
        rule = "a system id is 1 to 64 letters, digits, dots and dashes"
        raise ApiError(400, f"Invalid value for 'id': {value!r}; {rule}")
    if value.lower() in _RESERVED:
        raise ApiError(400, f"Invalid value for 'id': {value!r} is a reserved word")
    return value


def parse(body: Any, kept: Document | None = None) -> tuple[Document, list[Document]]:
    """Check the definition ``body`` of a system; ``kept`` is the system that it updates.

    Returns the fields of the system, its id aside, and its default credentials. An ``auth`` that
    only repeats the type of a kept credential keeps it, so that what a GET answered can be sent
    back. Raises ApiError 400 naming the first field that is missing or does not fit.
    """
    fields = Fields(body)
    fields.require("name", "type", "storage")
    kind = fields.word("type", TYPES)
    storage = fields.inner("storage")
    assert storage is not None
    credentials = [_auth(storage, "storage", kept)]
    system: Document = {
        "name": fields.text("name", limit=64),
        "type": kind,
        "description": fields.text("description"),
        "site": fields.text("site", limit=64),
        "status": fields.word("status", STATUSES, "UP"),
        "storage": _storage(storage),
    }
    if kind == "EXECUTION":
        fields.require("executionType", "scheduler", "login")
        login = fields.inner("login")
        assert login is not None
        credentials.append(_auth(login, "login", kept))
        system.update(_execution(fields, login))
    return system, credentials


def _endpoint(fields: Fields, protocols: tuple[str, ...]) -> Document:
    fields.require("host", "port", "protocol", "auth")
    proxy = fields.inner("proxy")
    if proxy is not None:
        proxy.require("host", "port")
    return {
        "host": fields.text("host", limit=255),
        "port": fields.count("port", most=65535),
        "protocol": fields.word("protocol", protocols),
        "proxy": proxy
        and {
            "name": proxy.text("name", limit=64),
            "host": proxy.text("host", limit=255),
            "port": proxy.count("port", most=65535),
        },
    }


def _storage(fields: Fields) -> Document:
    storage = _endpoint(fields, STORAGE_PROTOCOLS)
    storage.update(
        rootDir=fields.path("rootDir", "/"),
        # DOC guides/systems: homeDir is relative to rootDir, so that `/` is rootDir itself.
        homeDir=fields.path("homeDir", "/"),
        publicAppsDir=fields.path("publicAppsDir", "") or None,
        mirror=fields.flag("mirror"),
    )
    for name in ("zone", "resource", "container"):
        if name in fields:
            storage[name] = fields.text(name, limit=255)
    return storage


def _execution(fields: Fields, login: Fields) -> Document:
    execution_type = fields.word("executionType", EXECUTION_TYPES)
    scheduler = fields.word("scheduler", SCHEDULERS)
    queues = [queue(item) for item in fields.items("queues")]
    names = [item["name"] for item in queues]
    for name in names:
        if names.count(name) > 1:
            raise fields.refuse("queues", f"there are two queues of the name {name!r}")
    if sum(item["default"] for item in queues) > 1:
        raise fields.refuse("queues", "more than one queue is marked as the default one")
    system = {
        "executionType": execution_type,
        "scheduler": scheduler,
        "environment": fields.text("environment"),
        "startupScript": fields.text("startupScript", limit=255),
        "maxSystemJobs": fields.count("maxSystemJobs", unlimited=True),
        "maxSystemJobsPerUser": fields.count("maxSystemJobsPerUser", unlimited=True),
        "workDir": fields.path("workDir", ""),
        "scratchDir": fields.path("scratchDir", ""),
        "login": _endpoint(login, LOGIN_PROTOCOLS),
        "queues": queues,
    }
    if not queues and needs_queue(system):
        raise fields.refuse("queues", f"{execution_type} systems need at least one queue")
    mark_default(queues)
    return system


def needs_queue(system: Document) -> bool:
    """Return whether jobs of an execution system always go through a queue."""
    return bool(system["executionType"] != "CLI" and system["scheduler"] != "FORK")


def mark_default(queues: list[Document], name: str | None = None) -> None:
    """Make queue ``name`` the only default one; without a name, the first where none is."""
    if queues and name is None and not any(item["default"] for item in queues):
        name = queues[0]["name"]
    if name is not None:
        for item in queues:
            item["default"] = item["name"] == name


def queue(fields: Fields, name: str | None = None) -> Document:
    """Check a queue and return it; ``name`` is the one in the address, if there is one.

    Limits are counts, -1 for none; memory is in GB; time is ``hh:mm:ss``, None for no limit.
    """
    if name is None or "name" in fields:
        fields.require("name")
        given = fields.text("name", limit=128)
        if name is not None and given != name:
            raise fields.refuse("name", f"{given!r} is not the queue in the address, {name!r}")
        name = given
    time = fields.text("maxRequestedTime", limit=16)
    if time is not None and not _TIME.match(time):
        raise fields.refuse("maxRequestedTime", f"{time!r} is not hh:mm:ss, such as 48:00:00")
    return {
        "name": name,
        "default": fields.flag("default"),
        "description": fields.text("description", limit=512),
        "mappedName": fields.text("mappedName", limit=128),
        "maxJobs": fields.count("maxJobs", -1, unlimited=True),
        "maxUserJobs": fields.count("maxUserJobs", -1, unlimited=True),
        "maxNodes": fields.count("maxNodes", -1, unlimited=True),
        "maxProcessorsPerNode": fields.count("maxProcessorsPerNode", -1, unlimited=True),
        "maxMemoryPerNode": _memory_gb(fields, "maxMemoryPerNode"),
        "maxRequestedTime": time,
        "customDirectives": fields.text("customDirectives"),
    }


def _memory_gb(fields: Fields, name: str) -> float:
    value = fields.raw(name)
    if value is None or value in (-1, "-1"):
        return -1.0
    match = None if isinstance(value, bool) else _MEMORY.match(str(value))
    amount = float(match[1]) * _GB[match[2].upper()] if match else 0.0
    if not 0 < amount <= _MOST_GB:
        amounts = "such as 64GB, a number of GB, or -1 for no limit"
        raise fields.refuse(name, f"{value!r} is not an amount of memory, {amounts}")
    return amount


def _auth(endpoint: Fields, parent: str, kept: Document | None) -> Document:
    """Return the default credential in the ``auth`` of a storage or login object."""
    endpoint.require("auth")
    auth = endpoint.inner("auth")
    assert auth is not None
    auth.require("type")
    if kept is not None and not any(name in auth for name in _SECRETS):
        same = (parent, None, auth.word("type", tuple(CREDENTIALS)))
        for stored in kept["credentials"]:
            if (stored["parentType"], stored["internalUsername"], stored["type"]) == same:
                return dict(stored)
    return {"parentType": parent, "internalUsername": None, "default": True, **credential(auth)}


def credential(fields: Fields) -> Document:
    """Check a credential and return what may be kept of it: its type, server and CA bundle."""
    fields.require("type")
    kind = fields.word("type", tuple(CREDENTIALS))
    assert kind is not None
    fields.require(*CREDENTIALS[kind])
    for name in _SECRETS:
        if not isinstance(fields.raw(name), str | None):
            raise fields.refuse(name, "expected text")  # a message repeats no secret
    if kind in ("X509", "KERBEROSE") and "credential" not in fields and "server" not in fields:
        one, other = fields.label("credential"), fields.label("server")
        raise ApiError(400, f"A {kind} credential needs '{one}', or '{other}' to fetch one from")
    server = fields.inner("server")
    return {"type": kind, "server": server and _server(server), "caCerts": fields.text("caCerts")}


def _server(fields: Fields) -> Document:
    fields.require("endpoint", "port", "protocol")
    return {
        "id": fields.text("id", limit=64),
        "name": fields.text("name", limit=64),
        "site": fields.text("site", limit=64),
        "endpoint": fields.text("endpoint", limit=255),
        "port": fields.count("port", most=65535),
        "protocol": fields.word("protocol", _SERVER_PROTOCOLS),
    }
