"""The mailboxes of actors, whose messages survive a killed sandbox until a worker takes them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from agavepy.sandbox.state import actors_executions as executions
from agavepy.sandbox.tenant import Tenant

#: Types of messages, as ``_abaco_Content_Type`` has them.
TEXT, JSON, BINARY = "str", "application/json", "application/octet-stream"

_KIND = "actor_message"


def put(
    tenant: Tenant,
    actor: dict[str, Any],
    executor: str,
    content: Any,
    content_type: str = TEXT,
    environment: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Put a message into the mailbox of an actor and return the execution that it will be.

    ``content`` is text, JSON or bytes by its ``content_type``; ``environment`` what the sender
    wants the container to see. It is on disk when this returns; the runtime is to be told of it.
    """
    execution_id = tenant.ids.key(13)
    message: dict[str, Any] = {
        "id": execution_id,
        "actorId": actor["id"],
        "contentType": content_type,
        "environment": environment or {},
        "username": executor,
    }
    if content_type == BINARY:
        _write(binary(tenant, execution_id), content)
    else:
        # JSON arrives as Python writes it, not as JSON (abaco ``docker_utils.py``).
        message["text"] = str(content)
    with tenant.store.transaction():
        tenant.store.put(_KIND, execution_id, message)
        execution = executions.create(tenant, actor, executor, id=execution_id)
    tenant.pace.begin("executions", execution_id, execution["status"])
    return execution


def get(tenant: Tenant, execution_id: str) -> dict[str, Any] | None:
    """Return a message that no worker has taken yet, None for another.

    The keys: id, actorId, contentType, environment, username, and text unless it is binary.
    """
    return tenant.store.get(_KIND, execution_id)


def waiting(tenant: Tenant, actor_id: str | None = None) -> list[dict[str, Any]]:
    """Return the messages in an actor's mailbox, or in all, oldest first."""
    equals = {} if actor_id is None else {"actorId": actor_id}
    return tenant.store.all(_KIND, **equals)


def take(tenant: Tenant, execution_id: str) -> None:
    """Take a message out of the mailbox; the bytes of a binary one stay until :func:`drop`."""
    tenant.store.delete(_KIND, execution_id)


def drop(tenant: Tenant, execution_id: str) -> None:
    """Take a message out of the mailbox, and away."""
    take(tenant, execution_id)
    with contextlib.suppress(FileNotFoundError):
        binary(tenant, execution_id).unlink()


def binary(tenant: Tenant, execution_id: str) -> Path:
    """Return where the bytes of a binary message are kept."""
    return tenant.root / "actors" / "messages" / execution_id


def sweep(tenant: Tenant) -> None:
    """Remove bytes of which no message is left: of one that was never acknowledged, or has run."""
    folder = binary(tenant, "any").parent
    for path in folder.iterdir() if folder.exists() else ():
        if get(tenant, path.name) is None:
            path.unlink()


def _write(path: Path, content: bytes) -> None:
    """Write the bytes of a message, which are on disk before the message is acknowledged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
