"""Reading by address: what ``ag.geturl`` and ``ag.download_uri`` do, and saving what was read."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import requests

from agavepy import loader
from agavepy import uri as addresses
from agavepy.errors import ConnectionFailed, UsageError, redact_url

if TYPE_CHECKING:
    from agavepy.client import Agave

_CHUNK = 1 << 20  # bytes


def geturl(ag: Agave, url: str) -> requests.Response:
    """Return the answer to a GET of ``url``, whatever its status is.

    The token goes to the client's own tenant only, and an expired one is renewed. Raises
    ConnectionFailed, TimedOut, UsageError for what is no address, CredentialsError when there is no
    token.
    """
    try:
        prepared = requests.Request("GET", url).prepare()
    except requests.RequestException as error:
        raise UsageError(f"{redact_url(str(url))!r} is no address: {error}") from error
    return ag.transport.send(prepared, auth=ag.authenticator("bearer"), operation="geturl")


def download_uri(ag: Agave, uri: str, local_path: str | os.PathLike[str]) -> None:
    """Download a file to ``local_path``, whole or not at all.

    ``uri`` is an ``agave://system/path`` address, or the URL of a file or of a job's output at the
    tenant. Raises UsageError for any other, HttpError, ConnectionFailed, TimedOut, OSError.
    """
    address = addresses.parse(str(uri), ag.transport.base_url)
    plans = loader.service_plan(address.service)
    name = address.operation
    if plans[name].answer.kind != "raw":  # a listing: the operation that reads what it lists
        wanted = set(address.arguments)
        name = next(
            plan.name
            for plan in plans.values()
            if plan.answer.kind == "raw"
            and plan.method == "GET"
            and wanted == {item.name for item in plan.parameters if item.location == "path"}
        )
    save(getattr(ag.service(address.service), name)(**address.arguments), local_path)


def save(response: requests.Response, local_path: str | os.PathLike[str]) -> None:
    """Write the content of a streamed answer to a file, which is there when all of it is.

    Raises ConnectionFailed when the answer breaks off, OSError when it cannot be written.
    """
    target = Path(local_path).resolve()
    with response:
        if target.exists() and not target.is_file():  # a pipe or a device, or OSError: a directory
            with target.open("wb") as file:
                _copy(response, file)
            return
        part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as file:
                _copy(response, file)
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
        except OSError as error:
            if str(error.filename) == str(part):  # the place that was asked for says more
                raise OSError(error.errno, error.strerror, str(local_path)) from error
            raise
        finally:
            part.unlink(missing_ok=True)


def _copy(response: requests.Response, file: BinaryIO) -> None:
    try:
        for block in response.iter_content(_CHUNK):
            file.write(block)
    except requests.RequestException as error:
        raise ConnectionFailed(f"the download broke off: {error}") from error
