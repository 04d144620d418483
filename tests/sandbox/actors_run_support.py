"""Actors with images of a test's own, their messages and executions, for the tests of actors."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

from tests.conftest import Http
from tests.waiting import wait_for

ENDS = {"COMPLETE", "ERROR"}
#: Waits until somebody writes a line into the pipe named by GATE, which the sender gives.
GATED = '#!/bin/sh\necho "$MSG begins"\nread -r line < "$GATE"\necho "$MSG ends: $line"\n'

_numbers = itertools.count(1)


def image(root: Path, program: str) -> str:
    """Put a program below the state directory ``root`` as an image, and return the image's name.

    One that does not say by what it runs is run by the tests' Python.
    """
    name = f"tests/image{next(_numbers)}"
    run = root / "images" / name / "run"
    run.parent.mkdir(parents=True)
    run.write_text(program if program.startswith("#!") else f"#!/usr/bin/env python3\n{program}")
    run.chmod(0o755)
    return name


def add(http: Http, image_name: str, **fields: Any) -> dict[str, Any]:
    """Register an actor and return the answer."""
    answer = http.post("/actors/v2", json={"image": image_name, **fields})
    assert answer.status_code == 200, answer.text
    actor: dict[str, Any] = answer.json()["result"]
    return actor


def get(http: Http, actor_id: str) -> dict[str, Any]:
    """Return an actor as it now is."""
    answer = http.get(f"/actors/v2/{actor_id}")
    assert answer.status_code == 200, answer.text
    actor: dict[str, Any] = answer.json()["result"]
    return actor


def until(http: Http, actor_id: str, *wanted: str) -> dict[str, Any]:
    """Wait until an actor has one of these statuses and return it."""
    found = wait_for(lambda: (now := get(http, actor_id))["status"] in wanted and now)
    assert isinstance(found, dict)
    return found


def ready(http: Http, image_name: str, **fields: Any) -> str:
    """Register an actor, wait until it is READY, and return its id."""
    actor_id = str(add(http, image_name, **fields)["id"])
    until(http, actor_id, "READY")
    return actor_id


def send(http: Http, actor_id: str, message: Any = "hello", **query: Any) -> str:
    """Send a message under the key ``message`` and return the id of its execution."""
    answer = http.post(f"/actors/v2/{actor_id}/messages", json={"message": message}, params=query)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["result"]["executionId"])


def execution(http: Http, actor_id: str, execution_id: str) -> dict[str, Any]:
    """Return an execution as it now is."""
    answer = http.get(f"/actors/v2/{actor_id}/executions/{execution_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["result"]
    return found


def in_status(http: Http, actor_id: str, execution_id: str, *wanted: str) -> dict[str, Any]:
    """Wait until an execution has one of these statuses and return it."""
    found = wait_for(
        lambda: (now := execution(http, actor_id, execution_id))["status"] in wanted and now
    )
    assert isinstance(found, dict)
    return found


def end(http: Http, actor_id: str, execution_id: str) -> dict[str, Any]:
    """Wait for the end of an execution and return it."""
    return in_status(http, actor_id, execution_id, *ENDS)


def logs(http: Http, actor_id: str, execution_id: str) -> str:
    """Return what an execution has printed."""
    answer = http.get(f"/actors/v2/{actor_id}/executions/{execution_id}/logs")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["result"]["logs"])


def printed(http: Http, actor_id: str, message: Any = "hello", **query: Any) -> str:
    """Send a message and return what its execution prints until its end."""
    execution_id = send(http, actor_id, message, **query)
    end(http, actor_id, execution_id)
    return logs(http, actor_id, execution_id)


def result(http: Http, actor_id: str, execution_id: str) -> bytes:
    """Take the next result of an execution."""
    answer = http.get(f"/actors/v2/{actor_id}/executions/{execution_id}/results")
    assert answer.status_code == 200, answer.text
    return answer.content


def workers(http: Http, actor_id: str) -> list[dict[str, Any]]:
    """Return the workers of an actor."""
    answer = http.get(f"/actors/v2/{actor_id}/workers")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["result"]
    return found


def share(http: Http, actor_id: str, user: str, level: str) -> None:
    """Give a user a permission on an actor."""
    body = {"user": user, "level": level}
    answer = http.post(f"/actors/v2/{actor_id}/permissions", json=body)
    assert answer.status_code == 200, answer.text


def pipe(folder: Path, name: str = "gate") -> Path:
    """Return a named pipe through which a test lets a GATED image go on."""
    path = folder / name
    os.mkfifo(path)
    return path


def open_gate(path: Path, word: str = "go") -> None:
    """Let the image that waits at a pipe go on, once it waits there."""
    path.write_text(f"{word}\n")
