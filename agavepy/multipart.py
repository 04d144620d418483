"""Bodies that are streamed from files: multipart forms and raw uploads, without reading them whole.

http.client sends whatever has a ``read`` in blocks of 8 or 16 KiB, which is slower than the disk
and the network; an iterable of large blocks is handed to the socket as it is.
"""

from __future__ import annotations

import io
import os
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from agavepy.errors import UsageError
from agavepy.marshal import header_text
from agavepy.plan import BYTES, MULTIPART

#: How the Content-Type of a body that is made here begins.
BOUND = f"{MULTIPART}; boundary="
#: Bytes read and sent at a time; larger blocks gain nothing and cost memory in every thread.
BLOCK = 1 << 20
_NONE: Mapping[str, str] = {}
#: Headers of a part that are made of what is given for it.
_OWN_HEADERS = ("content-disposition", "content-type")


class Source:
    """One file of an upload: what a caller gave for it, its name and its remaining size.

    ``value`` is an open binary file, a path (text or path-like), bytes, or a tuple of a name and
    one of these; a media type may follow, and a dict of headers. A file is sent from where it
    stands, again so if the request has to be repeated. A text-mode file is read through its binary
    buffer.

    ``size`` is in bytes and None where it cannot be known, as for a pipe. Raises UsageError, naming
    the parameter ``label``, for anything else.
    """

    def __init__(self, value: Any, label: str) -> None:
        self.label = label
        self.media_type = BYTES
        self.headers: Mapping[str, str] = _NONE
        name = ""
        if isinstance(value, tuple) and 2 <= len(value) <= 4:
            name, value, *rest = value
            self.media_type = str(rest[0]) if rest and rest[0] else self.media_type
            self.headers = part_headers(rest[1], label) if rest[1:] else _NONE
        self._path: Path | None = None
        self._file: Any = None
        self._start = 0
        self.size: int | None
        if isinstance(value, str | os.PathLike):
            self._path = Path(os.fspath(value))
            self.size = self._path_size()
        elif isinstance(value, bytes | bytearray | memoryview):
            self._file, self.size = io.BytesIO(value), memoryview(value).nbytes
        elif hasattr(value, "read"):
            self._file = self._binary(value)
            self.size = self._file_size()
        else:
            raise UsageError(
                f"{label}={value!r}: give an open binary file, a path, bytes, or (name, file)"
            )
        self.name = str(name or "") or self._own_name(value)

    def _own_name(self, value: Any) -> str:
        given = self._path if self._path is not None else getattr(value, "name", "")
        # An unnamed temporary file has the number of its descriptor for a name.
        return Path(os.fsdecode(given)).name if isinstance(given, str | bytes | Path) else ""

    def _path_size(self) -> int:
        assert self._path is not None
        try:
            if self._path.is_dir():
                raise UsageError(f"{self.label}={str(self._path)!r} is a directory: give a file")
            return self._path.stat().st_size
        except OSError as error:
            raise UsageError(
                f"{self.label}={str(self._path)!r}: {error.strerror} (text is the path of a file; "
                "give bytes to send content)"
            ) from error

    def _binary(self, file: Any) -> Any:
        if not isinstance(file, io.TextIOBase):
            return file
        buffer = getattr(file, "buffer", None)
        if buffer is None:
            raise UsageError(f"{self.label}: a text stream has no bytes: encode it, or use BytesIO")
        if file.seekable():
            file.seek(file.tell())  # where the text stands is where its buffer shall stand
        return buffer

    def _file_size(self) -> int | None:
        if not self.replayable:
            return None
        self._start = self._file.tell()
        end: int = self._file.seek(0, os.SEEK_END)
        self._file.seek(self._start)
        return max(0, end - self._start)

    @property
    def replayable(self) -> bool:
        """Whether the same bytes can be sent a second time."""
        if self._path is not None:
            return True
        seekable = getattr(self._file, "seekable", None)
        return bool(seekable()) if seekable else hasattr(self._file, "seek")

    def __iter__(self) -> Iterator[bytes | memoryview]:
        """Yield blocks; one is valid until the next is asked for.

        Raises UsageError if the file is shorter than it was: the server waits for the rest.
        """
        if self._path is not None:
            with self._path.open("rb", buffering=0) as file:
                yield from self._blocks(file)
            return
        if self.replayable:
            self._file.seek(self._start)
        yield from self._blocks(self._file)

    @property
    def plain(self) -> bool:
        """Whether this is a file on disk of known size, which the kernel can send by itself."""
        if not self.size:
            return False
        return self._path is not None or isinstance(
            self._file, io.FileIO | io.BufferedReader | io.BufferedRandom
        )

    def send_to(self, sock: socket.socket) -> None:
        """Send a plain file. Raises UsageError if it is shorter than it was."""
        size = self.size or 0
        if self._path is not None:
            with self._path.open("rb", buffering=0) as file:
                sent = sock.sendfile(file, 0, size)
        else:
            sent = sock.sendfile(self._file, self._start, size)
        if sent < size:
            raise UsageError(f"{self.label}: the file lost {size - sent} bytes during the upload")

    def _blocks(self, file: BinaryIO) -> Iterator[bytes | memoryview]:
        left = self.size
        readinto = getattr(file, "readinto", None)
        room = memoryview(bytearray(BLOCK if left is None else min(BLOCK, left)))
        while left is None or left > 0:
            most = len(room) if left is None else min(len(room), left)
            block: bytes | memoryview
            block = room[: readinto(room[:most]) or 0] if readinto else file.read(most)
            if isinstance(block, str):
                raise UsageError(f"{self.label}: the file gives text: open it in binary mode")
            if not len(block):
                break
            yield block
            if left is not None:
                left -= len(block)
        if left:
            raise UsageError(f"{self.label}: the file lost {left} bytes during the upload")


class Stream:
    """A request body made of bytes and files; iterating sends it from the start, each time.

    ``size`` is its length in bytes, None where a file's is unknown (it is then sent in chunks).
    """

    def __init__(self, pieces: Iterable[bytes | Source]) -> None:
        self._pieces = tuple(pieces)
        self.size: int | None = 0
        for piece in self._pieces:
            length = len(piece) if isinstance(piece, bytes) else piece.size
            self.size = None if self.size is None or length is None else self.size + length
        self._sent = False

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent once more."""
        return not self._sent or all(
            piece.replayable for piece in self._pieces if isinstance(piece, Source)
        )

    def pieces(self) -> tuple[bytes | Source, ...]:
        """Return what the body is made of, for a connection that sends it."""
        self._sent = True
        return self._pieces

    def __iter__(self) -> Iterator[bytes | memoryview]:
        for piece in self.pieces():
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece


class Field(NamedTuple):
    """One field of a form that is no file, with its media type ("" for text) and its headers."""

    name: str
    text: str
    media: str = ""
    headers: Mapping[str, str] = _NONE


def part_headers(given: Any, label: str) -> dict[str, str]:
    """Return headers of one part as text. Raises UsageError naming the parameter ``label``."""
    if not isinstance(given, Mapping):
        raise UsageError(f"{label}: {given!r} is no dict of the headers of its part")
    for name in given:
        if str(name).lower() in _OWN_HEADERS:
            raise UsageError(
                f"{label}: {name} is told by the other items: (name, content, media type, headers)"
            )
    found = given.items()
    return {name: header_text(name, value) for name, value in found if value is not None}


def encode(
    fields: Iterable[Field | tuple[str, str]],
    files: Iterable[tuple[str, Source]],
) -> tuple[Stream, str]:
    """Return a ``multipart/form-data`` body (RFC 7578) and its Content-Type.

    Text fields go before files, so that a server knows them when a file arrives.
    """
    boundary = secrets.token_hex(16)
    pieces: list[bytes | Source] = []
    for name, text, media, headers in (Field(*field) for field in fields):
        told = {**(_type(media) if media else {}), **headers}
        pieces.append(_head(boundary, name, "", told) + text.encode() + b"\r\n")
    for name, source in files:
        file_name = f'; filename="{_escaped(source.name or name)}"'
        told = {**_type(source.media_type), **source.headers}
        pieces += [_head(boundary, name, file_name, told), source, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Stream(pieces), f"{BOUND}{boundary}"


def _type(media: str) -> dict[str, str]:
    return {"Content-Type": header_text("Content-Type", media)}


def _head(boundary: str, name: str, extra: str, headers: Mapping[str, str]) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"{extra}\r\n'
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{head}{told}\r\n".encode("utf-8", "surrogateescape")


def _escaped(name: str) -> str:
    """Escape a name the way browsers do (WHATWG HTML, multipart/form-data encoding algorithm)."""
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
