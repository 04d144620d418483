"""What command lines, catalogues and reactors of earlier releases do with files and metadata."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.agave import Agave, AttrDict
from agavepy.asynchronous import AgaveAsyncResponse
from agavepy.sandbox import Sandbox

STORAGE = "sandbox.storage"


@pytest.fixture
def ag(sandbox: Sandbox) -> Agave:
    return sandbox.client("ada")


def pages(ag: Agave, path: str, size: int) -> list[Any]:
    """List a directory page by page, until one is short."""
    found: list[Any] = []
    while True:
        page = ag.files.list(systemId=STORAGE, filePath=path, limit=size, offset=len(found))
        found += page
        if len(page) < size:
            return found


def test_files_are_listed_uploaded_followed_read_and_deleted(ag: Agave, tmp_path: Path) -> None:
    folder = f"files-{uuid.uuid4().hex}"
    ag.files.manage(systemId=STORAGE, filePath="ada", body={"action": "mkdir", "path": folder})
    home = f"ada/{folder}"
    for number in range(4):
        source = tmp_path / f"part {number}.txt"
        source.write_bytes(bytes([number]) * 1000)
        with source.open("rb") as file:
            answer = ag.files.importData(systemId=STORAGE, filePath=home, fileToUpload=file)
        assert AgaveAsyncResponse(ag, answer).result(60) == "FINISHED"
    for size in (2, 3, 100):
        listed = pages(ag, home, size)
        assert [entry["name"] for entry in listed] == [
            ".", "part 0.txt", "part 1.txt", "part 2.txt", "part 3.txt",
        ]  # fmt: skip
        assert [entry.type for entry in listed] == ["dir"] + ["file"] * 4
    for same in (f"{home}/.", f"./{home}"):
        assert [entry.name for entry in pages(ag, same, 100)] == [entry.name for entry in listed]
    last = f"{home}/part 3.txt"
    response = ag.files.download(systemId=STORAGE, filePath=last)
    assert response.status_code == 200
    assert b"".join(response.iter_content(300)) == b"\3" * 1000
    ag.files.delete(systemId=STORAGE, filePath=last)
    with pytest.raises(requests.HTTPError) as caught:
        ag.files.list(systemId=STORAGE, filePath=last)
    assert caught.value.response is not None
    assert caught.value.response.status_code == 404


def test_a_document_is_stored_found_changed_shared_and_deleted(ag: Agave, sandbox: Sandbox) -> None:
    name = f"store-{uuid.uuid4().hex}"
    stored = ag.meta.addMetadata(body=json.dumps({"name": name, "value": {"colour": "red"}}))
    assert stored["uuid"] == stored.uuid
    (item,) = ag.meta.listMetadata(q=json.dumps({"name": name}))
    assert isinstance(item, dict)
    assert (item.get("name"), item.get("nothing", "else")) == (name, "else")
    assert json.loads(json.dumps(item))["value"] == {"colour": "red"}
    changed = {"name": name, "value": {"colour": "blue"}}
    ag.meta.updateMetadata(uuid=stored["uuid"], body=json.dumps(changed))
    assert ag.meta.getMetadata(uuid=stored["uuid"]).value.colour == "blue"
    ag.meta.updateMetadataPermissions(
        uuid=stored["uuid"], body=json.dumps({"username": "grace", "permission": "READ"})
    )
    grace = sandbox.client("grace")
    assert grace.meta.getMetadata(uuid=stored["uuid"])["value"] == AttrDict(colour="blue")
    ag.meta.deleteMetadata(uuid=stored["uuid"])
    assert ag.meta.listMetadata(q=json.dumps({"name": name})) == []
