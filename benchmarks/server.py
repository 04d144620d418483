"""A stub tenant that costs next to nothing: canned answers over keep-alive, in its own process.

``python -m benchmarks.server`` prints its port and serves until its standard input is closed.

===========================  ========================================================
``/files/v2/listings/*/N/``  a listing of the N entries of the directory ``N``
``/files/v2/media/*/N``      a file of N bytes
POST or PUT                  drains the body and answers a listing of one entry
``/stub/connections``        ``{"most": …}`` connections open at once since the last ask
anything else                an empty result
===========================  ========================================================
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import select
import socket
import sys
from typing import Any, ClassVar

BLOCK = bytes(1 << 20)
_TARGET = re.compile(rb"[A-Z]+ (\S+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_COUNT = re.compile(rb"/files/v2/(listings|media)/.*?/?(\d+)/?$")


def entry(number: int) -> dict[str, Any]:
    """Return one entry of a listing, with the fields that a tenant answers."""
    name = f"reads-{number:04}.fastq"
    return {
        "name": name,
        "path": f"/home/ada/data/{name}",
        "lastModified": f"2018-11-02T10:{number % 60:02}:54.000-05:00",
        "length": 1024 * number,
        "permissions": "READ_WRITE",
        "format": "raw",
        "mimeType": "application/octet-stream",
        "type": "file",
        "system": "data.storage",
        "_links": {
            "self": {"href": f"https://tenant.example/files/v2/media/data.storage/{name}"},
            "system": {"href": "https://tenant.example/systems/v2/data.storage"},
            "metadata": {"href": "https://tenant.example/meta/v2/data"},
            "history": {"href": f"https://tenant.example/files/v2/history/{name}"},
        },
    }


def envelope(result: Any) -> bytes:
    """Return a whole JSON response whose envelope carries ``result``."""
    body = {"status": "success", "message": None, "version": "2.2.27", "result": result}
    return response(json.dumps(body).encode())


def response(body: bytes, content_type: str = "application/json") -> bytes:
    """Return the bytes of a response with this body."""
    return head(len(body), content_type) + body


def head(length: int, content_type: str) -> bytes:
    """Return the head of a response of ``length`` bytes."""
    lines = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    return lines.encode()


class Stub(asyncio.BufferedProtocol):
    """One connection; one request at a time, as HTTP clients without pipelining send them."""

    listings: ClassVar[dict[int, bytes]] = {}
    open = 0
    most = 0

    def __init__(self) -> None:
        self.buffer = bytearray(len(BLOCK))
        self.head = b""
        self.target = b""
        self.left = 0  # bytes of the request's body still to come; -1 while it comes in chunks
        self.tail = b""
        self.to_send = 0  # bytes of a file still to be written
        self.writable = True

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        Stub.open += 1
        Stub.most = max(Stub.most, Stub.open)

    def connection_lost(self, exc: Exception | None) -> None:
        Stub.open -= 1
        self.to_send = 0

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if not self.target:
            self._read_head(bytes(self.buffer[:nbytes]))
        elif self.left > 0:
            self.left -= nbytes
        else:
            self.tail = (self.tail + bytes(self.buffer[max(0, nbytes - 5) : nbytes]))[-5:]
        if self.target and (self.left == 0 or (self.left < 0 and self.tail == b"0\r\n\r\n")):
            target, self.target = self.target, b""
            self._answer(target)

    def _read_head(self, data: bytes) -> None:
        self.head += data
        head_, separator, body = self.head.partition(b"\r\n\r\n")
        if not separator:
            return
        self.head = b""
        match = _TARGET.match(head_)
        assert match, head_[:80]
        self.target = match[1].partition(b"?")[0]
        if _CHUNKED.search(head_):
            self.left, self.tail = -1, body[-5:]
        else:
            length = _LENGTH.search(head_)
            self.left = int(length[1]) - len(body) if length else 0
        if self.left > len(BLOCK):
            self.transport.pause_reading()
            self.task = asyncio.get_running_loop().create_task(self._discard())

    async def _discard(self) -> None:
        """Drain a large body aside, so that an upload is measured and not its recipient."""
        loop = asyncio.get_running_loop()
        descriptor = os.dup(self.transport.get_extra_info("socket").fileno())
        with socket.socket(fileno=descriptor) as connection:
            complete = await loop.run_in_executor(None, _discard, connection, self.left)
        if not complete:
            self.transport.close()
            return
        self.left = 0
        target, self.target = self.target, b""
        self._answer(target)
        self.transport.resume_reading()

    def _answer(self, target: bytes) -> None:
        match = _COUNT.search(target)
        if match and match[1] == b"media":
            self.to_send = int(match[2])
            self.transport.write(head(self.to_send, "application/octet-stream"))
            self._send_file()
        elif match:
            count = int(match[2])
            if count not in self.listings:
                self.listings[count] = envelope([entry(number) for number in range(count)])
            self.transport.write(self.listings[count])
        elif target == b"/stub/connections":
            most, Stub.most = Stub.most, Stub.open
            self.transport.write(response(json.dumps({"most": most}).encode()))
        elif target.startswith(b"/files/v2/media"):
            self.transport.write(envelope(entry(1)))
        else:
            self.transport.write(envelope([]))

    def _send_file(self) -> None:
        while self.to_send and self.writable:
            block = BLOCK if self.to_send >= len(BLOCK) else BLOCK[: self.to_send]
            self.to_send -= len(block)
            self.transport.write(block)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self._send_file()


def _discard(connection: socket.socket, left: int) -> bool:
    """Take ``left`` bytes off a connection; False when it ends before that."""
    buffer = bytearray(4 * len(BLOCK))
    readable = select.poll()
    readable.register(connection, select.POLLIN)
    # Linux drops the bytes without copying them.
    flags = socket.MSG_TRUNC if sys.platform == "linux" else 0
    while left:
        readable.poll()
        try:
            taken = connection.recv_into(buffer, min(left, len(buffer)), flags)
        except BlockingIOError:
            continue
        if not taken:
            return False
        left -= taken
    return True


async def serve() -> None:
    """Print the port and answer until the parent closes our standard input."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Stub, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
