"""Calls survive a server that is busy or away for a moment, and nothing is done twice."""

from __future__ import annotations

import contextlib
import email.utils
import socket
import sys
import threading
from collections.abc import Iterator

import pytest
import requests

from agavepy.errors import ConnectionFailed, TimedOut
from agavepy.transport import Transport
from tests.unit.loopback import DROP, Loopback, Reply

MIDDLE = 0.5  # what "random" gives in these tests


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transport(server: Loopback, clock: Clock) -> Iterator[Transport]:
    ours = Transport(server.url, clock=clock, sleep=clock.sleep, random=lambda: MIDDLE)
    yield ours
    ours.close()


def ask(transport: Transport, method: str = "GET", body: bytes | None = None) -> requests.Response:
    request = requests.Request(method, transport.base_url + "/x", data=body).prepare()
    return transport.send(request, operation="svc.op")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_call_that_may_be_repeated_outlives_a_busy_server(
    server: Loopback, transport: Transport, method: str, status: int
) -> None:
    server.say(Reply(status), Reply(status), Reply(200))
    body = b"content" if method == "PUT" else None
    assert ask(transport, method, body).status_code == 200
    assert [seen.method for seen in server.requests] == [method] * 3
    assert {seen.body for seen in server.requests} == {body or b""}


@pytest.mark.parametrize("status", [400, 404, 409, 500, 501])
def test_what_would_fail_again_is_not_repeated(
    server: Loopback, transport: Transport, status: int
) -> None:
    server.say(Reply(status), Reply(200))
    assert ask(transport).status_code == status
    assert len(server.requests) == 1


def test_waiting_grows_and_is_spread_by_chance(
    server: Loopback, transport: Transport, clock: Clock
) -> None:
    server.say(Reply(503))
    assert ask(transport).status_code == 503
    assert len(server.requests) == 5
    assert clock.slept == [MIDDLE * 0.5, MIDDLE * 1.0, MIDDLE * 2.0, MIDDLE * 4.0]


def test_no_retry_starts_after_the_deadline(server: Loopback, clock: Clock) -> None:
    server.say(Reply(503))
    transport = Transport(
        server.url,
        retries=1000,
        deadline_s=30,
        clock=clock,
        sleep=clock.sleep,
        random=lambda: MIDDLE,
    )
    assert ask(transport).status_code == 503
    assert clock.now == 30
    assert 5 < len(server.requests) < 20
    transport.close()


@pytest.mark.parametrize(
    ("retry_after", "date", "at_least"),
    [
        ("7", "", 7.0),
        ("0", "", 0.0),
        (email.utils.formatdate(1000_000_050, usegmt=True), 1000_000_000, 50.0),
        (email.utils.formatdate(1000_000_000, usegmt=True), 1000_000_050, 0.0),
        ("soon", "", 0.0),
        ("\xb2", "", 0.0),  # a superscript two: a digit to str.isdigit, which float() refuses
    ],
)
def test_a_server_that_says_when_to_return_is_obeyed(
    server: Loopback,
    transport: Transport,
    clock: Clock,
    retry_after: str,
    date: int | str,
    at_least: float,
) -> None:
    headers = {"Retry-After": retry_after}
    if date:
        headers["Date"] = email.utils.formatdate(int(date), usegmt=True)
    server.say(Reply(429, headers=headers), Reply(200))
    assert ask(transport).status_code == 200
    assert clock.slept == [at_least + MIDDLE * 0.5]


def test_a_wait_beyond_the_deadline_is_not_begun(
    server: Loopback, transport: Transport, clock: Clock
) -> None:
    server.say(Reply(503, headers={"Retry-After": "3600"}), Reply(200))
    response = ask(transport)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "3600"
    assert clock.slept == []


def test_a_broken_connection_is_tried_again(server: Loopback, transport: Transport) -> None:
    server.say(DROP, DROP, Reply(200))
    assert ask(transport, "PUT", b"content").status_code == 200
    assert [seen.body for seen in server.requests] == [b"content"] * 3


def test_an_answer_that_breaks_off_is_asked_for_again(
    server: Loopback, transport: Transport
) -> None:
    server.say(Reply(200, b'{"cut', length=100), Reply(200, b'{"whole": 1}'))
    assert ask(transport).json() == {"whole": 1}


def test_an_answer_that_always_breaks_off_is_a_clear_error(
    server: Loopback, transport: Transport
) -> None:
    server.say(Reply(200, b'{"cut', length=100))
    with pytest.raises(ConnectionFailed, match=r"svc\.op: the answer of http.*/x broke off"):
        ask(transport)


@pytest.mark.parametrize("reply", [DROP, Reply(503), Reply(429), Reply(200, b"{", length=9)])
def test_a_post_that_may_have_arrived_is_never_sent_twice(
    server: Loopback, transport: Transport, reply: Reply
) -> None:
    server.say(reply)
    if reply.status in (503, 429):
        assert ask(transport, "POST", b"job").status_code == reply.status
    else:
        with pytest.raises(ConnectionFailed, match=r"svc\.op: "):
            ask(transport, "POST", b"job")
    assert len(server.requests) == 1


def test_a_post_that_found_no_server_is_sent_when_there_is_one(clock: Clock) -> None:
    """Nothing listens at first: no byte can have arrived, so that trying again is safe."""
    got: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            received = b""
            while not received.endswith(b"job"):
                received += connection.recv(65536)
            got.append(received)
            connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(listening,))

        def sleep(seconds: float) -> None:
            clock.sleep(seconds)
            if len(clock.slept) == 2:
                listening.listen()
                thread.start()

        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        transport = Transport(url, clock=clock, sleep=sleep)
        assert ask(transport, "POST", b"job").status_code == 201
        thread.join()
        transport.close()
    assert len(got) == 1


def test_a_server_that_is_not_there_is_named(clock: Clock) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        transport = Transport(url, retries=1, clock=clock, sleep=clock.sleep)
        with pytest.raises(ConnectionFailed, match=rf"svc\.op: cannot reach {url}/x: .*refused"):
            ask(transport)
    assert len(clock.slept) == 1


def test_an_idle_connection_that_the_server_closed_is_replaced_before_a_post(
    server: Loopback, transport: Transport
) -> None:
    server.say(Reply(200, headers={"Connection": "close"}))
    ask(transport)
    server.say(Reply(200))
    assert ask(transport, "POST", b"job").status_code == 200
    assert len(server.requests) == 1


def test_a_silent_server_is_an_error_in_time_and_is_not_asked_again(clock: Clock) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        transport = Transport(url, timeout=(5, 0.05), clock=clock, sleep=clock.sleep)
        with pytest.raises(TimedOut, match=r"svc\.op: no answer of http.*\(5, 0\.05\) seconds"):
            ask(transport)
        transport.close()
    assert clock.slept == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse when a queue is full")
def test_a_server_that_does_not_take_the_call_is_an_error_in_time(clock: Clock) -> None:
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(2):  # as many as the queue of the system holds
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        transport = Transport(url, timeout=(0.1, 5), clock=clock, sleep=clock.sleep)
        with pytest.raises(TimedOut, match=r"svc\.op: no connection to http.*\(0\.1, 5\) seconds"):
            ask(transport)
    assert clock.slept == []


def test_a_server_that_stops_in_the_middle_is_an_error_in_time(clock: Clock) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        transport = Transport(url, timeout=(5, 0.2), clock=clock, sleep=clock.sleep)
        held: list[socket.socket] = []

        def half_an_answer() -> None:
            connection, _ = listening.accept()
            held.append(connection)
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

        thread = threading.Thread(target=half_an_answer)
        thread.start()
        with pytest.raises(TimedOut, match="within the timeout"):
            ask(transport)
        thread.join()
        for connection in held:
            connection.close()
        transport.close()


def test_what_can_be_read_once_is_not_sent_twice(server: Loopback, transport: Transport) -> None:
    server.say(Reply(503), Reply(200))
    request = requests.Request("PUT", transport.base_url + "/x").prepare()
    request.body = iter([b"once"])  # type: ignore[assignment]
    request.headers["Content-Length"] = "4"
    assert transport.send(request).status_code == 503
    assert [seen.body for seen in server.requests] == [b"once"]
