"""Downloads and uploads of the files service (agave-files FileManagementResource)."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from werkzeug.datastructures import FileStorage

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.content import file_reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler, on_start
from agavepy.sandbox.services.files import (
    IN_MEDIA,
    MISSING,
    Place,
    internal_user,
    place,
    require,
)
from agavepy.sandbox.state import disk, files, files_staging, users
from agavepy.sandbox.state.files_access import authorize, authorize_target
from agavepy.sandbox.state.files_views import logical_file
from agavepy.sandbox.state.notifications_definition import requested
from agavepy.sandbox.tenant import Tenant

#: What a bare address wants to know of an import: how it ended.
_ENDS = ("STAGING_COMPLETED", "STAGING_FAILED")


@handler("files", "download")
@handler("files", "downloadFromDefaultSystem")
@handler("files", "downloadHome")
@handler("files", "downloadHomeFromDefaultSystem")
def download(call: Call) -> Reply:
    """Answer the bytes of a file, or the range of them that was asked for."""
    at = place(call, IN_MEDIA)
    require(call, at, "READ")
    return _content(call, at)


@handler("files", "downloadPublic")
def download_public(call: Call) -> Reply:
    """Answer a file that everybody may read, without a token (PublicFileDownloadResource)."""
    username = call.args["username"]
    if users.get(call.tenant, username) is None:
        raise ApiError(404, f"No user found with the name {username}")
    at = place(call, IN_MEDIA, user=username)
    authorize(call.tenant, "", at.system, at.logical, "READ")
    if not disk.exists(at.real):
        raise ApiError(404, MISSING)
    return _content(call, at)


@handler("files", "getHeaders")
@handler("files", "getHeadersOnDefaultSystem")
def get_headers(call: Call) -> Reply:
    """Answer what a download would answer, without the bytes."""
    reply = download(call)
    reply.result.close()
    reply.result = b""
    return reply


@handler("files", "importData")
@handler("files", "importToDefaultSystem")
def import_data(call: Call) -> Reply:
    """Take a file in, sent along or to be fetched; it is staged after the answer."""
    at = place(call, IN_MEDIA)
    require(call, at, "WRITE")
    if not at.real.is_dir():
        raise ApiError(400, f"Files can be imported into a directory only: {at.logical} is a file")
    internal = internal_user(call)
    upload = call.files.get("fileToUpload")
    url = call.args.get("urlToIngest")
    if upload and url:
        raise ApiError(400, "Give either fileToUpload or urlToIngest, not both")
    if not upload and not url:
        raise ApiError(400, "No file uploaded")
    if url:
        files_staging.check_source(call.tenant, call.user, url)
    told = [
        notification
        for name in ("notifications", "callbackURL", "callbackUrl")
        for notification in requested(call.args.get(name), _ENDS)
    ]
    name = _name(call.args.get("fileName"), upload.filename if upload else None, url)
    path = disk.join(at.logical, name)
    real = disk.real(call.tenant, at.system, path, user_home=False)
    authorize_target(call.tenant, call.user, at.system, path)
    if upload and real.is_dir():
        raise ApiError(400, f"A directory of that name exists: {path}")
    append = bool(call.args.get("append"))
    if url:
        source, kept = url, None
    else:
        with disk.storing(at.system):
            kept = _keep(call.tenant, upload) if upload else None
        source = f"http://{call.remote_addr}/{name}"
    try:
        with disk.storing(at.system):
            record = files_staging.queue(
                call.tenant,
                call.user,
                at.system,
                path,
                source,
                upload=kept,
                append=append,
                native_format=call.args.get("fileType") or "raw",
                told=told,
                internal_user=internal,
            )
    except BaseException:  # not acknowledged: on a full disk, say
        if kept is not None:
            kept.unlink(missing_ok=True)
        raise
    return Reply(logical_file(call, call.tenant, call.user, record), 202)


@on_start
def resume_staging(tenant: Tenant) -> None:
    """Stage what was acknowledged before the tenant stopped."""
    files_staging.resume(tenant)


def _name(given: str | None, sent: str | None, url: str | None) -> str:
    """Return the name that an imported file gets; ApiError 400 for none, or for a path."""
    if given:
        if "/" in given or "\\" in given or given in {".", ".."}:
            raise ApiError(400, f"Invalid fileName {given!r}: it must be a name, not a path")
        return given
    if url is not None:
        name = files_staging.name_of(url)
    else:  # some browsers send the path that a file has at home
        name = (sent or "").replace("\\", "/").rpartition("/")[2]
    if name in {"", ".", ".."}:
        raise ApiError(400, "The import has no file name: give one as fileName")
    return name


def _keep(tenant: Tenant, upload: FileStorage) -> Path:
    """Return where an upload is kept, durably; it was received on the disk and is only moved."""
    upload.stream.flush()
    return files_staging.adopt(tenant, Path(cast(BinaryIO, upload.stream).name))


def _content(call: Call, at: Place) -> Reply:
    if not at.real.exists():  # a link that leads nowhere
        raise ApiError(404, MISSING)
    name = PurePosixPath(files.readable_name(at.logical)).name
    with disk.storing(at.system):
        return file_reply(call, at.real, name, files.mime_type(name))
