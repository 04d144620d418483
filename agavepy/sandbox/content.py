"""A file as the reply to a download: its headers, and the range that was asked for."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from werkzeug.http import (
    dump_options_header,
    http_date,
    parse_if_range_header,
    parse_range_header,
)

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError

_BLOCK = 1 << 18


def file_reply(call: Call, path: Path, name: str, content_type: str) -> Reply:
    """Return the bytes of the file at ``path``, streamed, or the range of them that ``call`` wants.

    Headers and codes are those of agave-files' FileManagementResource: 206 for a range; ApiError
    416 for one that the file does not have, 501 for a directory, 400 for what is no regular file.
    """
    kind = path.stat().st_mode
    if stat.S_ISDIR(kind):
        raise ApiError(501, "Directory downloads not supported")
    if not stat.S_ISREG(kind):  # a pipe or a socket of a job: reading it would never end
        raise ApiError(400, f"Not a file that can be downloaded: {name}")
    content = path.open("rb")
    status = os.fstat(content.fileno())
    size = status.st_size
    changed = datetime.fromtimestamp(int(status.st_mtime), timezone.utc)
    shown = "attachment" if call.args.get("force") else "inline"
    headers = {
        "Content-Disposition": _disposition(shown, name),
        "Last-Modified": http_date(changed),
        "Accept-Ranges": "bytes",
    }
    start, stop = 0, size
    found = _range(call, size, changed)
    if found is not None:
        start, stop = found
        if start >= stop:
            content.close()
            raise ApiError(
                416,
                f"The range is not in the file, which has {size} bytes",
                headers={"Content-Range": f"bytes */{size}"},
            )
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        content.seek(start)
    headers["Content-Length"] = str(stop - start)
    code = 200 if found is None else 206
    return Reply.raw(_Bytes(content, stop - start), content_type, code, headers)


def _disposition(shown: str, name: str) -> str:
    """Return the header for a name; one that is not plain ASCII is sent encoded too (RFC 6266)."""
    if name.isascii() and name.isprintable():
        return dump_options_header(shown, {"filename": name})
    plain = "".join(mark if mark.isascii() and mark.isprintable() else "_" for mark in name)
    simple = dump_options_header(shown, {"filename": plain})
    return f"{simple}; filename*=UTF-8''{quote(name, safe='')}"


def _range(call: Call, size: int, changed: datetime) -> tuple[int, int] | None:
    """Return first byte and the one after the last of the range; None for the whole file.

    Several ranges, other units and nonsense get the whole file, as RFC 9110 section 14.2 allows,
    and so does a range of an earlier version (``If-Range``).
    """
    wanted = parse_range_header(call.args.get("Range"))
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    condition = call.headers.get("If-Range")
    if condition and parse_if_range_header(condition).date != changed:
        return None
    return wanted.range_for_length(size) or (0, 0)


class _Bytes(Iterator[bytes]):
    """The next ``size`` bytes of an open file; closing closes the file, read or not."""

    def __init__(self, content: BinaryIO, size: int) -> None:
        self._content = content
        self._left = size

    def __next__(self) -> bytes:
        block = self._content.read(min(_BLOCK, self._left)) if self._left else b""
        if not block:
            self.close()
            raise StopIteration
        self._left -= len(block)
        return block

    def close(self) -> None:
        """Close the file."""
        self._left = 0
        self._content.close()
