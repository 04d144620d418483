"""What a request carries, read by the rules of its description: the other end of a call."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.contract.corpus import Foreign
from tests.unit.loopback import Seen

_SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}
_DELIMITERS = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}


def text(value: Any) -> Any:
    """Return a value as the texts that a server reads: JSON below the first level."""
    if isinstance(value, dict):
        return {str(name): _leaf(item) for name, item in value.items()}
    return [_leaf(item) for item in value] if isinstance(value, list) else _leaf(value)


def _leaf(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def path_values(operation: Foreign, target: str) -> dict[str, str]:
    """Return the raw path variables of a request. Its address must be the described one."""
    template = re.split(r"\{([^{}]*)\}", operation.path.partition("#")[0])
    names: list[str] = []
    pattern = ""
    for index, piece in enumerate(template):
        if index % 2:
            pattern += (
                f"(?P=v{names.index(piece)})" if piece in names else f"(?P<v{len(names)}>[^/?]*)"
            )
            names += [] if piece in names else [piece]
        else:
            pattern += re.escape(piece)
    path = target if "?" in operation.path else target.partition("?")[0]
    found = re.search(f"{pattern}$", path)
    assert found, f"{target} is not at {operation.path}"
    return {name: found[f"v{index}"] for index, name in enumerate(names)}


def parted(raw: str, value: Any, joint: str, pairs: str = "") -> Any:
    """Return a text of several values as the list or the object that it stands for."""
    if isinstance(value, list):
        return [unquote(item) for item in raw.split(joint)]
    if isinstance(value, dict):
        items = raw.split(joint)
        if pairs:
            return {unquote(k): unquote(v) for k, v in (item.split(pairs, 1) for item in items)}
        return {unquote(k): unquote(v) for k, v in zip(items[::2], items[1::2], strict=True)}
    return unquote(raw)


def path_value(parameter: dict[str, Any], value: Any, raw: str) -> Any:
    """Return what a path variable of OpenAPI 3 stands for."""
    style, explode = parameter.get("style", "simple"), bool(parameter.get("explode"))
    if style == "label":
        assert raw[0] == "."
        return parted(raw[1:], value, "." if explode else ",", "=" if explode else "")
    if style == "matrix":
        assert raw[0] == ";"
        name = parameter["name"]
        if explode and isinstance(value, dict):
            return parted(raw[1:], value, ";", "=")
        terms = [term.split("=", 1) for term in raw[1:].split(";")]
        assert {key for key, _ in terms} == {name}
        if explode and isinstance(value, list):
            return [unquote(item) for _, item in terms]
        return parted(terms[0][1], value, ",")
    return parted(raw, value, ",", "=" if explode else "")


def query_value(parameter: dict[str, Any], value: Any, terms: list[str]) -> Any:
    """Take the terms of one parameter out of a query, or of cookies, and return its value."""
    name = parameter["name"]
    style = parameter.get("style", "form")
    explode = parameter.get("explode", style == "form")
    if style == "deepObject" and isinstance(value, dict):
        found: dict[str, Any] = {}
        for term in [term for term in terms if unquote(term).startswith(f"{name}[")]:
            terms.remove(term)
            key, item = term.split("=", 1)
            inner = re.findall(r"\[([^\]]*)\]", unquote(key))
            place: Any = found
            for step in inner[:-1]:
                place = place.setdefault(step, {})
            known = place.get(inner[-1])
            item = unquote(item)
            place[inner[-1]] = (
                item if known is None else [*([known] if isinstance(known, str) else known), item]
            )
        return found
    if explode and style == "form" and isinstance(value, dict):
        return {key: unquote(_take(terms, key)[0].split("=", 1)[1]) for key in value}
    mine = [term.split("=", 1)[1] for term in _take(terms, name, every=True)]
    if isinstance(value, list) and (explode or style == "deepObject"):
        return [unquote(item) for item in mine]
    assert len(mine) == 1, f"{name}: {mine}"
    return parted(mine[0], value, _DELIMITERS.get(style, ","))


def _take(terms: list[str], name: str, every: bool = False) -> list[str]:
    found = [term for term in terms if unquote(term.partition("=")[0]) == name]
    assert found, f"{name} is not among {terms}"
    found = found if every else found[:1]
    for term in found:
        terms.remove(term)
    return found


def collected(parameter: dict[str, Any], value: Any, terms: list[tuple[str, str]]) -> Any:
    """Take the terms of one Swagger 2.0 parameter out of a query or a form."""
    name = parameter["name"]
    mine = [item for key, item in terms if key == name]
    terms[:] = [(key, item) for key, item in terms if key != name]
    style = parameter.get("collectionFormat", "csv")
    if isinstance(value, list):
        return mine if style == "multi" else mine[0].split(_SEPARATORS[style])
    assert len(mine) == 1, f"{name}: {mine}"
    return mine[0]


def query_terms(seen: Seen, operation: Foreign) -> list[str]:
    """Return the raw terms of a query, without those that are a part of the described path."""
    raw = seen.target.partition("?")[2].split("&") if "?" in seen.target else []
    described = operation.path.partition("?")[2].split("&") if "?" in operation.path else []
    return [term for term in raw if term not in described]


def form(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a form."""
    return parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body))


def parts(content_type: str, body: bytes) -> list[tuple[str, str | None, str, bytes]]:
    """Return the parts of a multipart body: name, file name, media type, content."""
    boundary = b"\r\n--" + content_type.partition("boundary=")[2].encode()
    first, *between, last = (b"\r\n" + body).split(boundary)
    assert (first, last) == (b"", b"--\r\n")
    found = []
    for part in between:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        told = re.fullmatch(
            r'form-data; name="([^"]*)"(?:; filename="([^"]*)")?', lines["Content-Disposition"]
        )
        assert told, lines
        found.append((told[1], told[2], lines.get("Content-Type", ""), content))
    return found
