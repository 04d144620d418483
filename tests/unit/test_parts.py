"""Each part of a multipart form of OpenAPI 3: its name, type, headers and content."""

from __future__ import annotations

import io
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.errors import UsageError
from tests.unit.documents import Document, compiled, content, sent, taking


def parts(request: requests.PreparedRequest) -> list[Message]:
    """Return the parts of a multipart request as the standard library reads them."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + content(request))
    assert message.is_multipart()
    found = message.get_payload()
    assert isinstance(found, list)
    return [part for part in found if isinstance(part, Message)]


def named(part: Message) -> tuple[Any, Any, str, Any]:
    """Return the name, file name, media type ("" for none) and content of a part."""
    return (
        part.get_param("name", header="content-disposition"),
        part.get_param("filename", header="content-disposition"),
        part["Content-Type"] or "",
        part.get_payload(decode=True),
    )


UPLOAD: Document = {
    "schema": {
        "type": "object",
        "properties": {
            "note": {"type": "string"},
            "count": {"type": "integer"},
            "about": {"type": "object"},
            "words": {"type": "array", "items": {"type": "string"}},
            "points": {"type": "array", "items": {"type": "object"}},
            "picture": {"type": "string", "format": "binary"},
            "pages": {"type": "array", "items": {"type": "string", "format": "binary"}},
        },
    },
    "encoding": {"picture": {"contentType": "image/png, image/jpeg"}},
}


def test_a_multipart_form_has_a_part_for_each_field_and_file() -> None:
    request = sent(
        taking({"multipart/form-data": UPLOAD}),
        note="é",
        count=3,
        about={"a": 1},
        words=["x", "y"],
        points=[{"x": 1}, {"x": 2}],
        picture=("p.png", b"\x89PNG"),
        pages=[("1.bin", b"one"), io.BytesIO(b"two")],
    )
    assert [named(part) for part in parts(request)] == [
        ("note", None, "", "é".encode()),
        ("count", None, "", b"3"),
        ("about", None, "application/json", b'{"a": 1}'),
        ("words", None, "", b"x"),
        ("words", None, "", b"y"),
        ("points", None, "application/json", b'{"x": 1}'),
        ("points", None, "application/json", b'{"x": 2}'),
        ("picture", "p.png", "image/png", b"\x89PNG"),
        ("pages", "1.bin", "application/octet-stream", b"one"),
        ("pages", "pages", "application/octet-stream", b"two"),
    ]


def test_a_part_has_the_headers_that_are_given_with_it() -> None:
    form: Document = {
        **UPLOAD,
        "encoding": {
            "picture": {
                "headers": {
                    "X-Tags": {
                        "required": True,
                        "schema": {"type": "array"},
                        "description": "How.",
                    },
                    "X-Size": {"$ref": "#/components/headers/Size"},
                    "Content-Type": {"schema": {"type": "string"}},
                }
            },
        },
    }
    document = taking({"multipart/form-data": form})
    document["components"] = {
        "headers": {"Size": {"explode": True, "schema": {"type": "object"}}},
    }
    request = sent(
        document,
        picture=(
            "p.png",
            b"1",
            None,
            {"x-tags": ["a", 2], "X-Size": {"w": 1, "h": 2}, "X-None": None},
        ),
        pages=[b"2", (None, io.BytesIO(b"3"), "text/css", {"X-Page": 2})],
        note=(None, "é", None, {"X-Own": True}),
        about=(None, {"a": 1}, "application/ld+json", {"Content-Language": "en"}),
    )
    found = parts(request)
    assert [named(part) for part in found] == [
        ("note", None, "", "é".encode()),
        ("about", None, "application/ld+json", b'{"a": 1}'),
        ("picture", "p.png", "application/octet-stream", b"1"),
        ("pages", "pages", "application/octet-stream", b"2"),
        ("pages", "pages", "text/css", b"3"),
    ]
    usual = {"Content-Disposition", "Content-Type"}
    assert [{k: v for k, v in part.items() if k not in usual} for part in found] == [
        {"X-Own": "True"},
        {"Content-Language": "en"},
        {"x-tags": "a,2", "X-Size": "w=1,h=2"},
        {},
        {"X-Page": "2"},
    ]
    assert int(request.headers["Content-Length"]) == len(content(request))
    fields = {
        name: told
        for name, _, _, told in next(iter(compiled(document).values())).parameters[0].fields
    }
    assert fields["picture"] == "Headers of its part: X-Tags (array, required), X-Size (object)."


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X-A": "a\r\nX-Evil: 1"}, "'X-A' is no valid name of a header"),
        ({"X-A\r\n": "a"}, "is no valid name of a header"),
        ({"content-type": "text/plain"}, "content-type is told by the other items"),
        ({"Content-Disposition": "form-data"}, "note: Content-Disposition is told by"),
    ],
)
def test_a_header_of_a_part_cannot_end_it_or_rename_it(headers: Any, said: str) -> None:
    for name, text in (("note", "text"), ("picture", b"bytes")):
        with pytest.raises(UsageError, match=said.replace("note", name)):
            sent(taking({"multipart/form-data": UPLOAD}), **{name: ("n", text, None, headers)})
        with pytest.raises(UsageError, match="'Content-Type' is no valid name of a header, or its"):
            sent(
                taking({"multipart/form-data": UPLOAD}),
                **{name: ("n", text, "text/plain\r\nX-Evil: 1", {})},
            )
    with pytest.raises(UsageError, match="'X-A' is no dict of the headers of its part"):
        sent(taking({"multipart/form-data": UPLOAD}), picture=("n", b"", None, "X-A"))


@pytest.mark.parametrize(
    ("described", "name", "expected"),
    [
        ("image/png, image/jpeg", "p.jpg", "image/jpeg"),
        ("image/png, image/jpeg", "p.gif", "image/png"),
        ("image/*", "p.gif", "image/gif"),
        ("image/*", "p.txt", "application/octet-stream"),
        ("image/png", "p.gif", "image/png"),
    ],
)
def test_the_name_of_a_file_tells_its_type_among_those_described(
    described: str, name: str, expected: str
) -> None:
    form = {**UPLOAD, "encoding": {"picture": {"contentType": described}}}
    (part,) = parts(sent(taking({"multipart/form-data": form}), picture=(name, b"x")))
    assert part["Content-Type"] == expected


def test_the_type_of_a_file_may_stand_in_its_schema() -> None:
    schema = {"type": "object", "properties": {"picture": {"contentMediaType": "image/webp"}}}
    document = taking({"multipart/form-data": {"schema": schema}})
    document["openapi"] = "3.1.0"
    (part,) = parts(sent(document, picture=b"x"))
    assert part["Content-Type"] == "image/webp"


def test_a_file_is_streamed_from_its_path(tmp_path: Path) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(b"x" * 100_000)
    request = sent(taking({"multipart/form-data": UPLOAD}), picture=file, note="n")
    assert int(request.headers["Content-Length"]) == len(content(request)) > 100_000
    raw = sent(taking({"application/octet-stream": {}}), body=file)
    assert (raw.headers["Content-Type"], len(content(raw))) == ("application/octet-stream", 100_000)


def test_the_boundary_survives_a_content_type_of_the_callers_own() -> None:
    request = sent(
        taking({"multipart/form-data": UPLOAD, "application/json": {}}),
        body={"note": "n"},
        headers={"Content-Type": "multipart/form-data"},
    )
    assert [named(part)[0] for part in parts(request)] == ["note"]
