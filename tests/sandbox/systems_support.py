"""Definitions of systems for tests, and the requests that most of them begin with."""

from __future__ import annotations

import uuid
from typing import Any

SECRET = "hunter2-very-secret"

Document = dict[str, Any]


def new_id(prefix: str = "test") -> str:
    """Return a system id that no other test uses."""
    return f"{prefix}.{uuid.uuid4().hex[:12]}"


def auth(kind: str = "PASSWORD") -> Document:
    """Return a credential, whose secrets hold SECRET."""
    if kind == "SSHKEYS":
        return {"type": kind, "username": "remote", "publicKey": "ssh-rsa A", "privateKey": SECRET}
    return {"type": kind, "username": "remote", "password": SECRET}


def storage_system(system_id: str, **changes: Any) -> Document:
    """Return the definition of a storage system."""
    storage = {"host": "data.example.org", "port": 22, "protocol": "SFTP", "auth": auth()}
    return {
        "id": system_id,
        "name": "Archive",
        "type": "STORAGE",
        "storage": {**storage, "rootDir": "/export", "homeDir": "/home"},
        **changes,
    }


def execution_system(system_id: str, **changes: Any) -> Document:
    """Return the definition of a batch system with the queues small (the default) and large."""
    login = {"host": "login.example.org", "port": 22, "protocol": "SSH", "auth": auth("SSHKEYS")}
    queues = [
        {
            "name": "small",
            "maxNodes": 2,
            "maxMemoryPerNode": "64GB",
            "maxRequestedTime": "12:00:00",
        },
        {"name": "large", "maxNodes": 128, "maxMemoryPerNode": 2048, "mappedName": "lg.q"},
    ]
    return {
        **storage_system(system_id),
        "name": "Cluster",
        "type": "EXECUTION",
        "executionType": "HPC",
        "scheduler": "SLURM",
        "login": login,
        "queues": queues,
        "maxSystemJobs": 20,
        **changes,
    }
