"""The transforms service (science-apis agave-transforms): its listings, and files that need none.

It is deprecated and the sandbox has no converters: what would have to be converted is answered 501.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.content import file_reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import disk, files, transforms
from agavepy.sandbox.state.files_access import authorize
from agavepy.sandbox.state.systems_fields import Fields


@handler("transforms", "list")
def list_transforms(call: Call) -> Reply:
    """Answer all transforms."""
    return Reply([_answer(call, item) for item in call.page(transforms.listing())])


@handler("transforms", "get")
def get(call: Call) -> Reply:
    """Answer one transform."""
    return Reply(_answer(call, transforms.find(call.args["transformId"])))


@handler("transforms", "listByTag")
def list_by_tag(call: Call) -> Reply:
    """Answer the transforms of a tag."""
    found = call.page(transforms.listing(call.args["tag"]))
    return Reply([_answer(call, item) for item in found])


@handler("transforms", "transformAndStage")
def transform_and_stage(call: Call) -> Reply:
    """Refuse what was asked for wrongly with its reason, and all else as not implemented."""
    transform = transforms.find(call.args["transformId"])
    body = Fields(call.body)
    body.require("url")
    body.text("callbackUrl")
    body.text("nativeFormat")
    url = body.text("url") or ""
    _, path = _source(call)
    raise ApiError(501, f"Staging {path} to {url} as {transform['id']} is not implemented")


@handler("transforms", "transformAndDownload")
def transform_and_download(call: Call) -> Reply:
    """Answer a file that has the format asked for already."""
    transform = transforms.find(call.args["transformId"])
    native = Fields({} if call.body is None else call.body).text("nativeFormat") or transforms.RAW
    system, path = _source(call)
    if transforms.is_needed(transform, native):
        text = f"Converting {path} from {native} to {transform['id']} is not implemented"
        raise ApiError(501, text)
    name = PurePosixPath(files.readable_name(path)).name
    with disk.storing(system):
        return file_reply(call, _real(call, system, path), name, files.mime_type(name))


def _source(call: Call) -> tuple[dict[str, Any], str]:
    """Return the system and logical path of the file to convert, which the caller may read.

    Raises ApiError 403 when they may not, 404 when it is not there, 501 for a directory.
    """
    system = files.default_system(call.tenant, call.user)
    files.usable(system)
    path = disk.logical(system, f"{call.args['owner']}/{call.args['filePath']}")
    authorize(call.tenant, call.user, system, path, "READ")
    real = _real(call, system, path)
    if not disk.exists(real) or not real.exists():
        raise ApiError(404, f"File/folder does not exist: {path}")
    if real.is_dir():
        raise ApiError(501, f"Directories cannot be transformed: {path}")
    return system, path


def _real(call: Call, system: dict[str, Any], path: str) -> Path:
    return disk.real(call.tenant, system, path, user_home=False)


def _answer(call: Call, transform: dict[str, Any]) -> dict[str, Any]:
    address = call.link("transforms", "get", transformId=transform["id"])
    return {**transform, "_links": {"self": {"href": address}}}
