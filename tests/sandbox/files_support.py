"""Requests about files that most tests begin with: a directory of one's own, a staged upload."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from tests.conftest import Http
from tests.sandbox.answers import result
from tests.waiting import wait_for

STORAGE = "sandbox.storage"
ENDED = {"STAGING_COMPLETED", "STAGING_FAILED"}


def at(kind: str, path: str, system: str = STORAGE) -> str:
    """Return the path of a request; one that begins with a slash gives two after the system."""
    return f"/files/v2/{kind}/system/{system}/{quote(path)}"


def workplace(http: Http, user: str = "ada") -> str:
    """Make a directory that no other test uses and return its path from the home directory."""
    name = f"w{uuid.uuid4().hex[:12]}"
    result(http.put(at("media", user), json={"action": "mkdir", "path": name}), 201)
    return f"{user}/{name}"


def events(http: Http, path: str, system: str = STORAGE) -> list[str]:
    """Return the words of a path's history."""
    return [event["status"] for event in result(http.get(at("history", path, system)))]


def staged(http: Http, path: str, system: str = STORAGE, times: int = 1) -> list[str]:
    """Wait until a path has been staged (``times`` over) and return the words of its history."""

    def ended() -> list[str]:
        words = events(http, path, system)
        return words if sum(word in ENDED for word in words) >= times else []

    return wait_for(ended)


def upload(
    http: Http, directory: str, name: str, content: bytes, system: str = STORAGE, **fields: str
) -> Any:
    """Upload content, wait until it is staged, and return what the upload was answered."""
    path = f"{directory}/{name}" if directory else name
    before = http.get(at("history", path, system))
    times = 1
    if before.status_code == 200:
        times += sum(event["status"] in ENDED for event in before.json()["result"])
    answer = http.post(
        at("media", directory, system), files={"fileToUpload": (name, content)}, data=fields
    )
    record = result(answer, 202)
    words = staged(http, path, system, times)
    assert words[-1] == "STAGING_COMPLETED", words
    return record


def content(http: Http, path: str, system: str = STORAGE) -> bytes:
    """Return what a file holds."""
    answer = http.get(at("media", path, system))
    assert answer.status_code == 200, answer.text
    return answer.content


def names(http: Http, path: str, system: str = STORAGE) -> list[str]:
    """Return the names in a listing, ``.`` included."""
    return [entry["name"] for entry in result(http.get(at("listings", path, system)))]
