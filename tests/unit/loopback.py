"""A web server on a free port of this machine that answers as a test scripts it."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    client_port: int


@dataclass(frozen=True)
class Reply:
    """An answer. ``length`` declares another Content-Length than the body has.

    With status 0 the connection is reset after the request has been read.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


DROP = Reply(status=0)
Script = Callable[[Seen], Reply]


class Loopback:
    """The server; ``requests`` are those that came, ``connections`` counts their connections.

    ``answer`` is a function of the request and may be replaced at any time.
    """

    def __init__(self, answer: Script | None = None) -> None:
        self.answer: Script = answer or (lambda _: Reply())
        self.requests: list[Seen] = []
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def say(self, *replies: Reply) -> None:
        """Answer with these, one after the other, the last one for good; forget what came."""
        queue = list(replies)
        self.requests.clear()

        def answer(_: Seen) -> Reply:
            with self.lock:
                return queue.pop(0) if len(queue) > 1 else queue[0]

        self.answer = answer

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that failed: their clients are what tests look at."""

    request_queue_size = 128
    loopback: Loopback


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        loopback = self.server.loopback
        with loopback.lock:
            loopback.connections += 1
            loopback.open_now += 1
            loopback.most_open = max(loopback.most_open, loopback.open_now)
        try:
            super().handle()
        except ConnectionError:
            pass  # the client hung up, which several tests are about
        finally:
            with loopback.lock:
                loopback.open_now -= 1

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _serve(self) -> None:
        loopback = self.server.loopback
        seen = Seen(
            self.command, self.path, dict(self.headers), self._body(), self.client_address[1]
        )
        with loopback.lock:
            loopback.requests.append(seen)
        reply = loopback.answer(seen)
        if not reply.status:
            # A reset, not an orderly end: nothing is left to read on the other side.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        headers = {"Content-Type": "application/json", **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        length = len(reply.body) if reply.length is None else reply.length
        if length != len(reply.body):
            self.close_connection = True
        if reply.status != 204:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD" and reply.status != 204:
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: tests look at what came."""
