"""The HTTP server: what clients send arrives whole, connections are kept, a stop is quick."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from agavepy.sandbox.errors import SandboxError
from agavepy.sandbox.server import Server

GATE = threading.Event()
ARRIVED = threading.Semaphore(0)


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/wait":
        ARRIVED.release()
        GATE.wait(10)
    data = b"not read" if path == "/unread" else environ["wsgi.input"].read()
    text = f"{environ['REQUEST_METHOD']} {environ['RAW_URI']} {len(data)} ".encode() + data[:20]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter([text[:5], b"", text[5:]])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


@pytest.fixture
def server() -> Iterator[Server]:
    GATE.set()
    running = Server(echo, "127.0.0.1", 0)
    running.start()
    yield running
    GATE.set()
    running.stop()


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    yield opened
    opened.close()


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **kwargs: Any
) -> bytes:
    connection.request(method, path, body, **kwargs)
    return connection.getresponse().read()


def test_many_requests_share_one_connection(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", "/a%20b?x=1") == b"GET /a%20b?x=1 0 "
    first = connection.sock
    assert ask(connection, "POST", "/p", b"hello") == b"POST /p 5 hello"
    assert ask(connection, "GET", "/stream") == b"GET /stream 0 "
    assert ask(connection, "HEAD", "/h") == b""
    assert ask(connection, "DELETE", "/d") == b"DELETE /d 0 "
    assert connection.sock is first


def test_a_body_in_chunks_is_put_together(connection: http.client.HTTPConnection) -> None:
    parts = [b"a" * 100_000, b"b", b"c" * 7]
    answer = ask(connection, "POST", "/p", iter(parts), encode_chunked=True)
    assert answer.startswith(b"POST /p 100008 aaa")
    assert ask(connection, "GET", "/after") == b"GET /after 0 "


def test_a_body_that_nobody_read_does_not_spoil_the_next_request(
    connection: http.client.HTTPConnection,
) -> None:
    ask(connection, "POST", "/unread", b"x" * 50_000)
    assert ask(connection, "GET", "/after") == b"GET /after 0 "


def test_idle_connections_keep_nobody_waiting(server: Server) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    GATE.clear()
    busy = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in range(8)]
    for connection in busy:
        connection.request("GET", "/wait")
    for _ in busy:
        assert ARRIVED.acquire(timeout=10)
    quick = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    assert ask(quick, "GET", "/quick") == b"GET /quick 0 "
    GATE.set()
    for connection in busy:
        assert connection.getresponse().read() == b"GET /wait 0 "
        connection.close()
    quick.close()
    for end in idle:
        end.close()


def test_a_request_that_makes_no_sense_is_refused(server: Server) -> None:
    for request, status in (
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: lots\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", b"400"),
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as end:
            end.sendall(request)
            answer = b"".join(iter(lambda end=end: end.recv(4096), b""))  # type: ignore[misc]
        assert status in answer


def test_a_client_that_asks_leave_to_send_is_told_to_go_on(server: Server) -> None:
    head = b"POST /p HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as end:
        end.sendall(head)
        assert end.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        end.sendall(b"hello")
        assert b"POST /p 5 hello" in end.recv(4096)


@pytest.mark.parametrize("size", [b"-5", b"+5", b"0x5", b"1_0", b"", b"zz"])
def test_a_chunk_of_no_size_ends_the_connection(server: Server, size: bytes) -> None:
    request = b"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\nabcde\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as end:
        end.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            assert end.recv(4096) == b""


def test_a_busy_port_is_one_clear_error_at_once(server: Server) -> None:
    before = time.monotonic()
    with pytest.raises(SandboxError, match=f"port {server.port} .* is in use"):
        Server(echo, "127.0.0.1", server.port)
    assert time.monotonic() - before < 5


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99999), ("203.0.113.7", 0)])
def test_an_address_that_is_not_to_be_had_is_named(host: str, port: int) -> None:
    with pytest.raises(SandboxError, match=f"{port}"):
        Server(echo, host, port)


def test_a_stop_ends_idle_connections_and_lets_a_request_finish() -> None:
    GATE.clear()
    server = Server(echo, "127.0.0.1", 0)
    server.start()
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    ask(idle, "GET", "/")
    busy = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    busy.request("GET", "/wait")
    assert ARRIVED.acquire(timeout=10)
    stopping = threading.Thread(target=server.stop)
    before = time.monotonic()
    stopping.start()
    assert idle.sock.recv(1) == b""
    GATE.set()
    assert busy.getresponse().read() == b"GET /wait 0 "
    stopping.join(10)
    assert time.monotonic() - before < 4.5, "it waited for one that idled"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
    idle.close()
    busy.close()
