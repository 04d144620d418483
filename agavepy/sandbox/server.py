"""A threaded HTTP/1.1 server for one WSGI application: keep-alive, chunks, TLS, a quick stop.

Werkzeug's own server closes every connection and waits 10 ms after each request, and cheroot
refuses the ``//`` with which old programs begin their paths; the standard library's does neither.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from agavepy.sandbox.errors import SandboxError

_log = logging.getLogger(__name__)
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
#: What a service left unread of a body is read away up to this size, so that the connection stays.
_DRAIN = 1 << 20


class Server:
    """Serves ``app`` on ``host`` and ``port`` (0: a free one) until :meth:`stop`.

    Raises SandboxError when the address is taken or not to be had.
    """

    def __init__(
        self, app: WsgiApp, host: str, port: int, tls: ssl.SSLContext | None = None
    ) -> None:
        try:
            self._http = _HttpServer(app, host, port, tls)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise SandboxError(
                    f"port {port} of {host} is in use: choose another --port, or 0 for a free one"
                ) from error
            raise SandboxError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        except OverflowError as error:
            raise SandboxError(f"port {port} is not a port: give one from 0 to 65535") from error
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def start(self) -> None:
        """Answer requests from now on, on threads of their own."""
        self._thread.start()

    def close(self) -> None:
        """Give the address back, of a server that was never started too."""
        self._http.server_close()

    def stop(self) -> None:
        """Take no more connections, close the open ones, return when no request is left."""
        self._http.shutdown()
        self._thread.join()
        self.close()
        self._http.hang_up()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, app: WsgiApp, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self.app = app
        self.tls = tls
        self.connections: dict[socket.socket, bool] = {}
        self.changed = threading.Condition()
        self.closing = False
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's looks its own name up in the DNS, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is not None:
            request.settimeout(30)
            request = self.tls.wrap_socket(request, server_side=True)
        with self.changed:
            self.connections[request] = False
        try:
            super().finish_request(request, client_address)
        finally:
            with self.changed:
                del self.connections[request]
                self.changed.notify_all()
            if self.tls is not None:
                request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # a client that went away is no error of the server's
            _log.exception("connection from %s failed", client_address)

    def hang_up(self) -> None:
        """End idle connections at once and busy ones when their request is answered."""
        with self.changed:
            self.closing = True
            for connection, busy in self.connections.items():
                if not busy:
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
            self.changed.wait_for(lambda: not self.connections, timeout=5)
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.changed.wait_for(lambda: not self.connections, timeout=5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "agavepy-sandbox"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    timeout = 300  # seconds that a connection may idle
    server: _HttpServer

    def handle_one_request(self) -> None:
        """Read and answer one request; the base class looks a method up by the verb."""
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or len(self.raw_requestline) > 65536:
                self.close_connection = True
                return
            if not self.parse_request():
                return
            self._busy(True)
            try:
                self._answer()
                self.wfile.flush()
            finally:
                self._busy(False)
        except (TimeoutError, ConnectionError, ssl.SSLError):
            self.close_connection = True
            with contextlib.suppress(OSError):  # what was answered before it broke off
                self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Let a client go on that asked; it waits, so the words leave at once."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _busy(self, busy: bool) -> None:
        with self.server.changed:
            self.server.connections[self.connection] = busy
            if self.server.closing:
                self.close_connection = True

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        status_line: list[str] = []
        headers: list[tuple[str, str]] = []

        def start_response(status: str, fields: list[tuple[str, str]], *_: Any) -> None:
            status_line[:] = [status]
            headers[:] = fields

        parts = self.server.app(self._environ(body), start_response)
        try:
            self._send(status_line[0], headers, parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        if body.read(_DRAIN) and body.read(1):
            self.close_connection = True

    def _body(self) -> io.BufferedIOBase | None:
        """Return the stream of the request's body; None when its length makes no sense."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return io.BufferedReader(_Chunks(cast(io.BufferedReader, self.rfile)))
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            self.send_error(400, f"Content-Length {length!r} is not a number")
            self.close_connection = True
            return None
        return io.BufferedReader(
            _Counted(cast(io.BufferedReader, self.rfile), int(length)), 1 << 16
        )

    def _environ(self, body: io.BufferedIOBase) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "RAW_URI": self.path,
            "QUERY_STRING": query,
            "SERVER_NAME": self.server.server_name,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if self.server.tls else "http",
            "wsgi.input": body,
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def _send(self, status: str, headers: list[tuple[str, str]], parts: Iterable[bytes]) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        bare = self.command == "HEAD" or code in {"204", "304"}
        chunked = not bare and "content-length" not in names
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if bare:
            return
        for part in parts:
            if chunked and part:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            else:
                self.wfile.write(part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: the application logs requests."""


class _Counted(io.RawIOBase):
    """The next ``length`` bytes of a connection; a connection that ends before is an error."""

    def __init__(self, source: io.BufferedReader, length: int) -> None:
        self._source = source
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            return 0
        view = memoryview(buffer)[: self._left]
        count = self._source.readinto1(view)
        if not count:
            raise ConnectionAbortedError("the client went away in the middle of the body")
        self._left -= count
        return count


class _Chunks(io.RawIOBase):
    """A body in chunks (RFC 9112 section 7.1), put together again."""

    def __init__(self, source: io.BufferedReader) -> None:
        self._source = source
        self._left = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._ended:
            return 0
        if not self._left:
            self._left = self._next_chunk()
            if not self._left:
                self._ended = True
                while self._source.readline(65537) not in {b"\r\n", b"\n", b""}:
                    pass  # trailers
                return 0
        count = self._source.readinto1(memoryview(buffer)[: self._left])
        if not count:
            raise ConnectionAbortedError("the client went away in the middle of the body")
        self._left -= count
        if not self._left:
            self._source.readline(3)
        return count

    def _next_chunk(self) -> int:
        line = self._source.readline(1024).partition(b";")[0].strip()
        if not line or line.strip(b"0123456789abcdefABCDEF"):  # int() takes signs and underscores
            raise ConnectionAbortedError(f"not the size of a chunk: {line!r}")
        return int(line, 16)
