"""The arguments of a request, converted to what the description says that they are."""

from __future__ import annotations

import contextlib
import json
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Request

from agavepy.plan import BYTES, FORM, JSON, MULTIPART, Parameter, Plan
from agavepy.sandbox.errors import ApiError

#: Form fields and JSON bodies are held in memory; uploads go to the disk whatever their size.
MAX_BODY = 64 << 20
#: The largest JSON body that the log of requests keeps, in bytes.
MAX_NOTED = 1 << 16
#: The argument of a client that brings terms of search.
SEARCH = "search"
#: What says how an answer looks, that of a refused request too.
SHAPING = frozenset({"naked", "pretty"})
#: An operation that consumes this passes its body on: it is given the stream, unread.
ANY_BODY = "*/*"


@dataclass
class Arguments:
    """What a request brought: described arguments, the body, uploads spooled to the disk."""

    values: dict[str, Any] = field(default_factory=dict)
    #: Terms of the query that are no parameter, under the name of the argument that sends them.
    terms: dict[str, dict[str, str]] = field(default_factory=dict)
    body: Any = None
    files: dict[str, FileStorage] = field(default_factory=dict)
    spooled: list[Path] = field(default_factory=list)
    #: Bytes of the body, as far as they were announced.
    size: int = 0

    def noted(self) -> dict[str, Any]:
        """Return what a log keeps: the arguments by name, uploads by the name of their file."""
        noted = {**self.terms, **self.values}
        if isinstance(self.body, dict | list | str | int | float) and self.size <= MAX_NOTED:
            noted["body"] = self.body
        noted.update((name, upload.filename) for name, upload in self.files.items())
        return noted

    def close(self) -> None:
        """Remove uploads that no service has taken."""
        for upload in self.files.values():
            upload.close()
        for path in self.spooled:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def read(
    into: Arguments, plan: Plan, request: Request, variables: dict[str, str], spool: Path
) -> None:
    """Fill ``into`` from a request; uploads are written below ``spool``.

    Raises ApiError 400 for an argument that is not of its type, a missing one, or a broken body.
    """
    for parameter in plan.parameters:
        if parameter.name in SHAPING:
            with contextlib.suppress(ApiError):  # it is told in its turn
                _argument(into, parameter, request, variables, {})
    fields: dict[str, Any] = {}
    into.size = request.content_length or 0
    if ANY_BODY in plan.consumes:
        into.body = request.stream
    elif request.content_type and request.content_type.startswith(MULTIPART):
        fields = _multipart(into, request, spool)
    elif request.mimetype == FORM:
        fields = request.form.to_dict()
    elif plan.body != "none" or request.content_length:
        into.body = _document(request)
        if plan.body in {"form", "multipart"} and isinstance(into.body, dict):
            fields = {k: v if isinstance(v, str) else json.dumps(v) for k, v in into.body.items()}
    if plan.body == "json" and into.body is None:
        into.body = _uploaded_document(into) or fields or None
    for parameter in plan.parameters:
        _argument(into, parameter, request, variables, fields)
    names = {parameter.name for parameter in plan.parameters if not parameter.flatten}
    terms = {name: text for name, text in request.args.items() if name not in names}
    if terms:
        spread = (parameter.name for parameter in plan.parameters if parameter.flatten)
        into.terms[next(spread, SEARCH)] = terms


def _argument(
    into: Arguments,
    parameter: Parameter,
    request: Request,
    variables: dict[str, str],
    fields: dict[str, Any],
) -> None:
    name, place = parameter.name, parameter.location
    if place == "path":
        into.values[name] = convert(parameter, variables[name])
    elif place in {"query", "form"}:
        # The services read form fields from the query string as well.
        text = fields.get(name) if place == "form" else None
        values = [text] if text is not None else request.args.getlist(name)
        if values:
            many = parameter.type == "array" and parameter.collection == "multi"
            into.values[name] = (
                [convert(parameter, value) for value in values]
                if many
                else convert(parameter, values[-1])
            )
    elif place == "header" and name in request.headers:
        into.values[name] = convert(parameter, request.headers[name])
    missing = into.body is None if place == "body" else name not in into.values
    if parameter.required and missing and place in {"query", "header", "body"}:
        what = "a JSON body" if place == "body" else f"the {place} parameter {name}"
        raise ApiError(400, f"Please provide {what}: {parameter.doc}")


def convert(parameter: Parameter, text: str) -> Any:
    """Return ``text`` as the type of a parameter; an ApiError 400 names both when it is not one."""
    kind = parameter.items if parameter.type == "array" else parameter.type
    if parameter.type == "array" and parameter.collection != "multi":
        separator = {"ssv": " ", "tsv": "\t", "pipes": "|"}.get(parameter.collection, ",")
        return [_scalar(parameter, kind, part) for part in text.split(separator) if part]
    return _scalar(parameter, kind, text)


def _scalar(parameter: Parameter, kind: str, text: str) -> Any:
    if kind == "boolean":
        flag = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
        if flag is not None:
            return flag
    elif kind in {"integer", "number"}:
        parse: Callable[[str], float] = int if kind == "integer" else float
        with contextlib.suppress(ValueError):
            return parse(text)
    else:
        return text
    raise ApiError(400, f"Invalid value for {parameter.name}: {text!r} is no {kind}")


def _document(request: Request) -> Any:
    """Return the parsed JSON body, the text or bytes of another kind, None for an empty one."""
    if request.content_length is not None and request.content_length > MAX_BODY:
        raise ApiError(400, f"The body has more than {MAX_BODY} bytes")
    data = request.get_data(cache=False)
    if not data:
        return None
    if request.mimetype == BYTES:
        return data
    try:
        return json.loads(data, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ApiError(400, "Invalid JSON in the body of the request: nested too deeply") from error
    except ValueError as error:
        if request.mimetype in {"", JSON}:
            raise ApiError(400, f"Invalid JSON in the body of the request: {error}") from error
        return data.decode(errors="replace")


def _no_number(text: str) -> Any:
    """Refuse NaN and Infinity: no JSON has them, and no client could read an answer with them."""
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    """Return a number, unless it is too large for one."""
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _multipart(into: Arguments, request: Request, spool: Path) -> dict[str, Any]:
    def spooled(**_: Any) -> IO[bytes]:
        path = spool / secrets.token_hex(16)
        into.spooled.append(path)
        return path.open("x+b")

    parser = FormDataParser(
        stream_factory=cast(Any, spooled), max_form_memory_size=MAX_BODY, silent=False
    )
    try:
        _, form, files = parser.parse(
            request.stream, request.mimetype, request.content_length, request.mimetype_params
        )
    except (ValueError, HTTPException) as error:
        raise ApiError(400, f"Invalid multipart body: {error}") from error
    except ConnectionError:
        raise
    except OSError as error:
        raise ApiError(
            500, f"The upload could not be stored, nothing was kept of it: {error.strerror}"
        ) from error
    into.files = {name: files[name] for name in files}
    return form.to_dict()


def _uploaded_document(into: Arguments) -> Any:
    """Return the JSON of a ``fileToUpload`` part: how the command lines send bodies."""
    upload = into.files.get("fileToUpload")
    if upload is None:
        return None
    try:
        return json.load(upload.stream)
    except RecursionError as error:
        raise ApiError(400, "Invalid JSON in fileToUpload: nested too deeply") from error
    except ValueError as error:
        raise ApiError(400, f"Invalid JSON in fileToUpload: {error}") from error
