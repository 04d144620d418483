"""Help texts and signatures of services and operations, read from their plans."""

from __future__ import annotations

import inspect
import keyword
import os
import textwrap
from collections.abc import Mapping
from typing import Any, BinaryIO

import requests

from agavepy import loader
from agavepy.naming import spellings
from agavepy.plan import Parameter, Plan, ServicePlan
from agavepy.shapes import printable

_WIDTH = 88
_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
    "file": BinaryIO | os.PathLike[str] | bytes,
    "any": Any,
}
_CREDENTIALS = {
    "bearer": "an access token",
    "user": "the user's own name and password (HTTP basic)",
    "client": "the key and secret of an OAuth client (HTTP basic)",
    "none": "no credential",
}
_REQUIREMENTS = {
    "admin": "a tenant administrator",
    "aloe": "a tenant that runs the Aloe jobs service",
    "classic": "a tenant that runs the classic jobs service",
}
_RESULTS = {
    "raw": "The streamed response: read its iter_content(), or close it.",
    "none": "None.",
}


def models(service: str) -> dict[str, Any]:
    """Return the models of a bundled service by name, {} for another one."""
    document = loader.document(service) if service in loader.services() else {}
    found: dict[str, Any] = document.get("definitions", {})
    return found


def signature(plan: Plan, extras: Mapping[str, str]) -> inspect.Signature:
    """Return the signature of an operation: keywords only, required ones first.

    A name that is no Python name is written as one; its own spelling is taken through ``**others``.
    """
    written = spellings(plan.parameters, extras)
    found: dict[str, tuple[Any, Any]] = {}  # of each keyword: its default and annotation
    for item in sorted(plan.parameters, key=lambda item: not _needed(item)):
        if item.name in written:
            required = _needed(item) and not (plan.bodies and item.fields)
            default = inspect.Parameter.empty if required else item.default
            found[written[item.name]] = default, _annotation(item)
    others = any(written.get(item.name) != item.name for item in plan.parameters)
    for item in plan.parameters if plan.bodies else ():
        for name, kind, _, _ in item.fields:
            if "." in name or name in found or name in extras:
                continue
            if name.isidentifier() and not keyword.iskeyword(name):
                found[name] = None, _TYPES.get(kind.partition(" ")[0], Any)
            else:
                others = True
    for name in extras:
        found[name] = None, str if name in ("nonce", "filter") else dict
    others = others or "others" in found
    parameters = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (default, annotation) in sorted(
            found.items(), key=lambda pair: pair[1][0] is not inspect.Parameter.empty
        )
    ]
    if others and "others" not in found:
        parameters.append(inspect.Parameter("others", inspect.Parameter.VAR_KEYWORD))
    return inspect.Signature(parameters, return_annotation=_result_type(plan))


def _needed(parameter: Parameter) -> bool:
    return parameter.required and not parameter.optional


def _annotation(parameter: Parameter) -> Any:
    if parameter.location == "body" and parameter.type == "string":
        return Any  # JSON text, or what becomes JSON text
    kind = _TYPES.get(parameter.type, Any)
    return list[_TYPES.get(parameter.items, str)] if kind is list else kind  # type: ignore[misc]


def _result_type(plan: Plan) -> Any:
    if plan.answer.kind == "raw":
        return requests.Response
    if plan.answer.kind == "none":
        return None
    return _TYPES.get(plan.answer.type.partition(" ")[0], Any)


def service_help(plan: ServicePlan) -> str:
    """Return the help text of a service: what it is for and the operations that it has."""
    width = max((len(name) for name in plan), default=0)
    rows = [f"    {name:<{width}}  {plan[name].summary}".rstrip() for name in sorted(plan)]
    head = plan.title if plan.title != plan.service else ""
    parts = [head, plan.description, "Operations:\n" + "\n".join(rows)]
    return printable("\n\n".join(filter(None, parts)))


def operation_help(plan: Plan, extras: Mapping[str, str]) -> str:
    """Return the help text of an operation."""
    parts = [plan.summary or plan.id]
    if plan.deprecated:
        parts.append("Deprecated: it may go away.")
    if plan.description and plan.description != plan.summary:
        parts.append(plan.description)
    parts.append(f"Example:\n    {example(plan)}")
    written = spellings(plan.parameters, extras)
    arguments = [
        _row(item.name, _kind(item), _parameter_text(item, written.get(item.name, "")))
        for item in plan.parameters
    ]
    arguments += [_row(name, "optional", use) for name, use in extras.items()]
    parts.append("Arguments:\n" + "\n".join(arguments))
    for item in plan.parameters:
        if item.fields:
            rows = [
                _row(name, f"{kind}, required" if required else kind, doc)
                for name, kind, required, doc in item.fields
            ]
            parts.append(f"Fields of {item.name}:\n" + "\n".join(rows))
    parts.append(_result_help(plan))
    if plan.search:
        rows = [_row(word, kind, "") for word, (kind, _) in plan.search.items()]
        parts.append("Search words, as in search={'word.op': value}:\n" + "\n".join(rows))
    if plan.statuses:
        rows = [_row(code, "", text) for code, text in plan.statuses.items()]
        parts.append("Status codes:\n" + "\n".join(rows))
    needs = [_foreign(plan) or _CREDENTIALS.get(plan.security, plan.security)]
    needs += [_REQUIREMENTS.get(item, item) for item in plan.requires]
    parts.append(f"Needs: {', '.join(needs)}.\nRequest: {plan.method} {plan.server}{plan.path}")
    return printable("\n\n".join(parts))


def _foreign(plan: Plan) -> str:
    """Return what a document of others asks for: one of several credentials, or some together."""
    ways = [" with ".join(f"{s.name} ({s.kind})" for s in needed) for needed in plan.schemes]
    return " or ".join(dict.fromkeys(ways))


def example(plan: Plan) -> str:
    """Return a call that gives what has to be given."""
    written = spellings(plan.parameters)
    needed = [
        f"{written.get(item.name, item.name)}={_example_value(item)}"
        for item in plan.parameters
        if _needed(item)
    ]
    return f"ag.{plan.id}({', '.join(needed)})"


def _example_value(parameter: Parameter) -> str:
    if parameter.location == "file":
        return 'open("example.dat", "rb")'
    for known in (parameter.default, *parameter.enum):
        if known is not None:
            return repr(known)
    if parameter.location == "body" and parameter.type in ("object", "any"):
        names = [name for name, _, required, _ in parameter.fields if required and "." not in name]
        return "{" + ", ".join(f"{name!r}: ..." for name in names) + "}" if names else "{...}"
    values = {"integer": "1", "number": "1.0", "boolean": "True", "array": "[...]", "object": "{}"}
    return values.get(parameter.type, repr(f"<{parameter.name}>"))


def _result_help(plan: Plan) -> str:
    text = _RESULTS.get(plan.answer.kind) or f"{plan.answer.type or 'the body as it is'}."
    rows = [_row(name, kind, doc) for name, kind, doc in plan.answer.fields]
    return "\n".join([f"Result: {text}", *rows])


def _kind(parameter: Parameter) -> str:
    kind = parameter.format if parameter.format == "date-time" else parameter.type
    if parameter.type == "array":
        kind = f"array of {parameter.items or 'string'}"
    return f"{kind}, required" if _needed(parameter) else kind


def _parameter_text(parameter: Parameter, written: str) -> str:
    text = [parameter.doc]
    if parameter.key:
        text.append(f"It is {parameter.key!r} in the {parameter.location}.")
    if parameter.enum:
        text.append(f"One of: {', '.join(str(value) for value in parameter.enum)}.")
    if parameter.minimum is not None or parameter.maximum is not None:
        bounds = [("at least", parameter.minimum), ("at most", parameter.maximum)]
        told = " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
        text.append(told[0].upper() + told[1:] + ".")
    if written != parameter.name:
        text.append(f"Write {written}=… for it." if written else "Give it by **{name: value}.")
    if parameter.default is not None:
        text.append(f"The server's default: {parameter.default}.")
    return " ".join(filter(None, text))


def _row(name: str, kind: str, text: str) -> str:
    head = f"    {name} ({kind})" if kind else f"    {name}"
    line = f"{head}: {' '.join(text.split())}" if text else head
    return "\n".join(
        textwrap.wrap(line, _WIDTH, subsequent_indent="        ", break_long_words=False) or [line]
    )
