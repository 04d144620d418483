"""Bodies that are bytes: they reach the wire as they are, and as nothing else."""

from __future__ import annotations

import io
from typing import Any

import pytest

from agavepy.errors import UsageError
from agavepy.plan import BYTES, Parameter, Plan
from agavepy.request import build

BASE = "https://tenant.example"
SEND = Plan(
    "svc",
    "send",
    "POST",
    "/x",
    (Parameter("message", "body", "string", required=True, format="binary"),),
    body="bytes",
    consumes=(BYTES,),
)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"\x00\xff"), b"\x00\xff"),
        ("grün", "grün".encode()),
        ('{"no": "JSON"}', b'{"no": "JSON"}'),
    ],
)
def test_bytes_and_text_are_sent_as_they_are(value: Any, sent: bytes) -> None:
    request = build(SEND, {"message": value}, BASE)
    assert request.body == sent
    assert request.headers["Content-Type"] == BYTES
    assert request.headers["Content-Length"] == str(len(sent))


def test_an_open_file_is_streamed() -> None:
    request = build(SEND, {"message": io.BytesIO(b"\x00" * 100_000)}, BASE)
    assert b"".join(iter(request.body)) == b"\x00" * 100_000  # type: ignore[arg-type]
    assert request.headers["Content-Type"] == BYTES
    assert request.headers["Content-Length"] == "100000"


@pytest.mark.parametrize("value", [{"a": 1}, ["a"], 1, True, 1.5, object()])
def test_what_is_no_bytes_is_refused_by_name(value: Any) -> None:
    with pytest.raises(UsageError, match=r"svc\.send: give bytes, text or an open"):
        build(SEND, {"message": value}, BASE)
