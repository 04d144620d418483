"""The page of files: directories to browse, contents to look at, in whatever state jobs left them.

It shows them as nobody in particular: everything is there, whatever permissions say.
"""

from __future__ import annotations

import codecs
import contextlib
import stat
from pathlib import Path
from typing import Any

from agavepy.sandbox import page
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.content import file_reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.services.page import ENTRIES, answer, for_those_who_know, link, offset
from agavepy.sandbox.state import disk, files, systems

#: Bytes of a file that its page shows.
_SHOWN = 64 << 10


@for_those_who_know("files")
def browse(call: Call) -> Reply:
    """Browse a directory, view a file, or give its bytes."""
    system = systems.find(call.tenant, call.args["systemId"])
    if system is None:
        raise ApiError(404, f"No system has the id {call.args['systemId']}")
    logical = "/" + call.args["filePath"].strip("/")
    real = disk.real(call.tenant, system, logical, user_home=False)
    try:
        if call.args.get("raw") and not real.is_dir():
            return _download(call, real)
        found = _directory(call, logical, real) if real.is_dir() else _file(real)
    except OSError as error:  # a link to nowhere, a job's file that is gone by now or closed to us
        text = f"{system['id']} has no {logical} that can be shown: {error.strerror}"
        raise ApiError(404, text) from error
    names = [name for name in logical.split("/") if name]
    steps = [
        (name, _address(call, "/".join(names[: number + 1]))) for number, name in enumerate(names)
    ]
    values = {"system": system, "steps": steps, "entries": None, "more": "", **found}
    values["download"] = _address(call, logical.strip("/"), raw="true")
    return answer(call, "files", title=names[-1] if names else system["id"], **values)


def _download(call: Call, real: Path) -> Reply:
    reply = file_reply(call, real, files.readable_name(real.name), "application/octet-stream")
    reply.headers |= {**page.HEADERS, "Content-Security-Policy": "sandbox"}
    return reply


def _file(real: Path) -> dict[str, Any]:
    """Return size and beginning of a file; no text of one that is none."""
    status = real.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe of a job would never end
        return {"size": None}
    with real.open("rb") as file:
        start = file.read(_SHOWN)
    cut = status.st_size > len(start)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = None if b"\0" in start else decoder.decode(start, final=not cut)
    return {"size": status.st_size, "text": text, "cut": cut}


def _directory(call: Call, logical: str, real: Path) -> dict[str, Any]:
    base = logical.strip("/")
    names = disk.listing(real, offset(call), ENTRIES + 1)
    entries = []
    for name in names[:ENTRIES]:
        with contextlib.suppress(FileNotFoundError):  # gone since
            entries.append(_entry(call, base, real / name))
    more = _address(call, base, offset=offset(call) + ENTRIES) if len(names) > ENTRIES else ""
    return {"entries": entries, "more": more}


def _entry(call: Call, base: str, real: Path) -> dict[str, Any]:
    """Return the line of an entry; no address of one whose name is no text."""
    status = real.lstat()
    name = files.readable_name(real.name)
    return {
        "name": name,
        "folder": real.is_dir(),
        "size": status.st_size,
        "changed": status.st_mtime,
        "address": _address(call, f"{base}/{name}".strip("/")) if name == real.name else "",
    }


def _address(call: Call, path: str, **query: Any) -> str:
    return link(call, "files", systemId=call.args["systemId"], filePath=path, **query)
