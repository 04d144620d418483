"""Uploads: what callers may give for a file, and what of it arrives."""

from __future__ import annotations

import io
import os
import socket
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.formparser import parse_form_data

from agavepy.errors import UsageError
from agavepy.multipart import BLOCK, Source, Stream
from agavepy.plan import Parameter, Plan
from agavepy.request import build
from agavepy.transport import Transport
from tests.unit.loopback import Loopback, Reply, Seen

UPLOAD = Plan(
    "files",
    "importData",
    "POST",
    "/up",
    (
        Parameter("fileToUpload", "file", "file"),
        Parameter("fileName", "form"),
        Parameter("notifications", "form", json=True),
    ),
    body="multipart",
    consumes=("multipart/form-data", "application/x-www-form-urlencoded"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def transport(server: Loopback) -> Iterator[Transport]:
    server.say(Reply())
    ours = Transport(server.url, sleep=lambda _: None)
    yield ours
    ours.close()


def parsed(seen: Seen) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    """Return the fields of a form and its files as (name, content), by a parser not ours."""
    headers = {name.lower(): value for name, value in seen.headers.items()}
    environ = {
        "wsgi.input": io.BytesIO(seen.body),
        "CONTENT_TYPE": headers["content-type"],
        "CONTENT_LENGTH": str(len(seen.body)),
        "REQUEST_METHOD": seen.method,
    }
    _, form, files = parse_form_data(environ)
    found = {}
    for name, file in files.items():
        found[name] = str(file.filename), file.read()
        file.close()
    return dict(form), found


def upload(transport: Transport, server: Loopback, value: Any, **fields: Any) -> tuple[str, bytes]:
    """Upload and return the name and the bytes that the server got."""
    request = build(UPLOAD, {"fileToUpload": value, **fields}, transport.base_url)
    transport.send(request)
    form, files = parsed(server.requests[-1])
    assert "Content-Length" in server.requests[-1].headers
    assert set(form) == set(fields)
    return files["fileToUpload"]


CONTENT = bytes(range(256)) * 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'wei"rd näme.dat'
    path.write_bytes(CONTENT)
    return path


def test_a_file_arrives_however_it_is_given(
    transport: Transport, server: Loopback, file: Path
) -> None:
    name = file.name
    assert upload(transport, server, file) == (name, CONTENT)
    assert upload(transport, server, str(file)) == (name, CONTENT)
    with file.open("rb") as opened:
        assert upload(transport, server, opened) == (name, CONTENT)
    with file.open("rb") as opened:
        assert upload(transport, server, ("other.txt", opened)) == ("other.txt", CONTENT)
    assert upload(transport, server, CONTENT) == ("fileToUpload", CONTENT)
    assert upload(transport, server, io.BytesIO(CONTENT)) == ("fileToUpload", CONTENT)
    assert upload(transport, server, ("n", CONTENT, "text/plain")) == ("n", CONTENT)
    assert upload(transport, server, ("n", CONTENT, None, {"X-A": "b"})) == ("n", CONTENT)
    assert b"\r\nX-A: b\r\n" in server.requests[-1].body
    with tempfile.TemporaryFile() as unnamed:
        unnamed.write(CONTENT)
        unnamed.seek(0)
        assert upload(transport, server, unnamed) == ("fileToUpload", CONTENT)


def test_a_file_opened_as_text_arrives_byte_for_byte(
    transport: Transport, server: Loopback, tmp_path: Path
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("grün\r\n".encode() * 10)
    with path.open(encoding="utf-8") as opened:
        assert upload(transport, server, opened) == ("text.txt", path.read_bytes())
    with path.open(encoding="utf-8") as opened:
        opened.readline()
        assert upload(transport, server, opened)[1] == "grün\r\n".encode() * 9


def test_a_file_is_sent_from_where_it_stands(
    transport: Transport, server: Loopback, file: Path
) -> None:
    with file.open("rb") as opened:
        opened.seek(100)
        assert upload(transport, server, opened)[1] == CONTENT[100:]


def test_an_empty_file_arrives_as_one(transport: Transport, server: Loopback) -> None:
    assert upload(transport, server, ("empty", b"")) == ("empty", b"")


def test_the_other_fields_of_the_form_arrive_with_the_file(
    transport: Transport, server: Loopback
) -> None:
    notifications = [{"url": "http://x", "event": "*"}]
    fields = {"fileName": "näme", "notifications": notifications}
    upload(transport, server, b"x", **fields)
    form, _ = parsed(server.requests[-1])
    assert form["fileName"] == "näme"
    assert form["notifications"] == '[{"url": "http://x", "event": "*"}]'


def test_a_form_without_its_file_needs_no_multipart(transport: Transport, server: Loopback) -> None:
    transport.send(build(UPLOAD, {"fileName": "a b"}, transport.base_url))
    seen = server.requests[-1]
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen.body == b"fileName=a+b"


def test_a_pipe_is_sent_in_chunks_because_its_length_is_unknown(
    transport: Transport, server: Loopback
) -> None:
    reading, writing = os.pipe()
    os.write(writing, CONTENT)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        transport.send(build(UPLOAD, {"fileToUpload": ("p", pipe)}, transport.base_url))
    seen = server.requests[-1]
    assert seen.headers["Transfer-Encoding"] == "chunked"
    assert parsed(seen)[1]["fileToUpload"] == ("p", CONTENT)


def test_an_open_file_can_be_the_whole_body(
    transport: Transport, server: Loopback, file: Path
) -> None:
    binary = Plan(
        "actors",
        "send",
        "POST",
        "/m",
        (Parameter("body", "body", "any"),),
        body="json",
        consumes=("application/octet-stream",),
    )
    with file.open("rb") as opened:
        transport.send(build(binary, {"body": opened}, transport.base_url))
    seen = server.requests[-1]
    assert seen.body == CONTENT
    assert seen.headers["Content-Type"] == "application/octet-stream"
    assert seen.headers["Content-Length"] == str(len(CONTENT))


def test_an_upload_is_repeated_from_its_start(
    server: Loopback, transport: Transport, file: Path
) -> None:
    put = Plan("s", "put", "PUT", "/p", UPLOAD.parameters, body="multipart")
    with file.open("rb") as opened:
        opened.seek(7)
        server.say(Reply(503), Reply())
        response = transport.send(build(put, {"fileToUpload": opened}, transport.base_url))
    assert response.status_code == 200
    first, second = (parsed(seen)[1]["fileToUpload"][1] for seen in server.requests)
    assert first == second == CONTENT[7:]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (io.StringIO("text"), "a text stream has no bytes"),
        ("no/such/file", "No such file.*text is the path of a file"),
        (3, "give an open binary file, a path, bytes"),
        (Path(), "is a directory"),
    ],
)
def test_what_is_no_file_is_refused_by_name(value: object, told: str) -> None:
    with pytest.raises(UsageError, match=f"^fileToUpload.*{told}"):
        build(UPLOAD, {"fileToUpload": value}, "http://h")


class Text:
    """A file that turns out to give text only when it is read."""

    def read(self, size: int) -> str:
        return "x" * min(size, 3)


def test_a_file_that_gives_text_is_noticed_when_it_is_read() -> None:
    with pytest.raises(UsageError, match="fileToUpload: the file gives text: open it in binary"):
        list(Source(Text(), "fileToUpload"))


def test_a_file_that_shrinks_under_way_is_an_error_and_not_a_hanging_server(file: Path) -> None:
    source = Source(file, "fileToUpload")
    file.write_bytes(b"short")
    with pytest.raises(UsageError, match=f"lost {len(CONTENT) - 5} bytes during the upload"):
        list(source)


def test_a_file_that_grows_under_way_is_sent_as_it_was(file: Path) -> None:
    source = Source(file, "fileToUpload")
    with file.open("ab") as opened:
        opened.write(b"more")
    assert b"".join(bytes(block) for block in source) == CONTENT


def test_a_large_file_is_never_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as opened:
        opened.truncate(64 * BLOCK)
    tracemalloc.start()
    try:
        stream = Stream([b"head", Source(path, "f"), b"tail"])
        total = sum(len(block) for block in stream)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == stream.size == 64 * BLOCK + 8
    assert peak < 2 * BLOCK


def test_what_can_be_read_only_once_is_known_to_be_so() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        stream = Stream([Source(pipe, "f")])
        assert stream.replayable  # nothing has been read yet
        list(stream)
        assert not stream.replayable
    assert Stream([Source(io.BytesIO(b"x"), "f")]).replayable


def test_a_file_that_shrinks_while_the_kernel_sends_it_is_an_error_that_counts_the_loss(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"0123456789")
    source = Source(path, "fileToUpload")
    assert source.plain
    path.write_bytes(b"0123")
    near, far = socket.socketpair()
    with near, far, pytest.raises(UsageError, match="lost 6 bytes"):
        source.send_to(near)
