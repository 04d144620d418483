"""The inputs and parameters of a job request, checked against what its app takes.

Rules: agave-jobs ``JobRequestInputProcessor`` and ``JobRequestParameterProcessor``. Per input:
visible, required, minCardinality, maxCardinality, validator, then existence and permission. Per
parameter: visible, required, cardinality, type, then validator or enumeration.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from agavepy.sandbox import patterns
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import files_staging, sources
from agavepy.sandbox.tenant import Tenant

Spec = dict[str, Any]

_UNLIMITED = -1


def check_inputs(
    tenant: Tenant, user: str, app: Spec, given: dict[str, Any]
) -> dict[str, list[str]]:
    """Return the values of each input of a job, as lists.

    Raises ApiError 400 for values that the app does not take or files that do not exist, 403 for
    files that ``user`` may not read.
    """
    _refuse_unknown("input", app["inputs"], given)
    accepted: dict[str, list[str]] = {}
    for spec in app["inputs"]:
        raw = _chosen("input", spec, given)
        if raw is None:
            continue
        values = raw.split(";") if isinstance(raw, str) else raw
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise ApiError(
                400, f"Invalid value for input {spec['id']}: give an address or an array of them"
            )
        values = [item.strip() for item in values if item.strip()]
        _check_count("input", spec, values)
        for value in values:
            _check_pattern("input", spec, value)
        for value in values:
            try:
                _check_file(tenant, user, value)
            except ApiError as error:
                # An input is an argument: that it does not exist is the request's fault.
                status = 400 if error.status == 404 else error.status
                text = f"Invalid value for input {spec['id']}: {error.message}"
                raise ApiError(status, text) from error
        if values:
            accepted[spec["id"]] = values
    return accepted


def check_parameters(app: Spec, given: dict[str, Any], *, exact: bool) -> dict[str, Any]:
    """Return the value, or the list of values, of each parameter of a job.

    ``exact`` refuses what is only the text of a number or flag, or the number for a text. Raises
    ApiError 400 for values that the app does not take.
    """
    _refuse_unknown("parameter", app["parameters"], given)
    accepted: dict[str, Any] = {}
    for spec in app["parameters"]:
        raw = _chosen("parameter", spec, given)
        if raw is None:
            continue
        values = raw if isinstance(raw, list) else [raw]
        _check_count("parameter", spec, values)
        if exact and given.get(spec["id"]) is raw:
            _check_types(spec, values)
        typed = [_TYPES[spec["value"]["type"]](spec, value) for value in values]
        if spec["value"]["type"] in {"string", "number"}:
            for value in typed:
                _check_pattern("parameter", spec, str(value))
        accepted[spec["id"]] = typed if isinstance(raw, list) else typed[0]
    return accepted


def drop_conflicts(specs: list[Spec], given: dict[str, Any]) -> dict[str, Any]:
    """Return the given values without those that an app no longer takes from its users."""
    visible = {spec["id"] for spec in specs if spec["value"]["visible"]}
    return {name: value for name, value in given.items() if name in visible}


def _refuse_unknown(kind: str, specs: list[Spec], given: dict[str, Any]) -> None:
    known = [spec["id"] for spec in specs]
    for name in given:
        if name not in known:
            there = f"it takes {', '.join(known)}" if known else "it takes none"
            raise ApiError(400, f"Unknown {kind} {name}: the app has no such {kind}; {there}")


def _chosen(kind: str, spec: Spec, given: dict[str, Any]) -> Any:
    """Return the value that the request gives, else the default; None when there is neither."""
    name, value = spec["id"], spec["value"]
    present = given.get(name) not in (None, "", [])
    if not value["visible"]:
        if present:
            raise ApiError(
                400,
                f"Invalid value for {kind} {name}: it is a fixed value that cannot be set by users",
            )
        return value["default"]
    if present:
        return given[name]
    if value["required"]:
        raise ApiError(400, f"No {kind} specified for {name}, which the app requires")
    return value["default"]


def _check_count(kind: str, spec: Spec, values: list[Any]) -> None:
    name, semantics = spec["id"], spec["semantics"]
    fewest, most = semantics["minCardinality"], semantics["maxCardinality"]
    if len(values) < fewest:
        raise ApiError(
            400, f"Too few values for {kind} {name}: {len(values)}, at least {fewest} needed"
        )
    if most != _UNLIMITED and len(values) > most:
        raise ApiError(
            400, f"Too many values for {kind} {name}: {len(values)}, at most {most} allowed"
        )


def _check_pattern(kind: str, spec: Spec, value: str) -> None:
    text = spec["value"]["validator"]
    if not text:
        return
    try:
        pattern = patterns.java(text)
    except re.error as error:  # of an app that an earlier release has taken
        raise ApiError(
            400,
            f"The validator of {kind} {spec['id']}, {text}, cannot be used ({error}): update the "
            "app with another one",
        ) from error
    if pattern.fullmatch(value) is None:
        raise ApiError(
            400, f"Invalid value for {kind} {spec['id']}: {value!r} does not match {text}"
        )


def _check_file(tenant: Tenant, user: str, value: str) -> None:
    scheme, mark, _ = value.partition("://")
    if mark and scheme.lower() not in {"agave", "http", "https"}:
        raise ApiError(
            400,
            f"{value!r} has the scheme {scheme}, which a job cannot stage. Give an "
            "agave://system/path or http(s) address, or a path",
        )
    found = sources.locate(tenant, user, value)
    if found is None:
        # Looked at when it is staged: checking more than the address would be a second download.
        files_staging.check_source(tenant, user, value)
        return
    check_protocol(tenant, found.system)
    found.there()


def check_protocol(tenant: Tenant, system: Spec) -> None:
    """Raise ApiError 400 for a system whose storage the tenant's jobs service has given up."""
    protocol = (system["storage"] or {}).get("protocol")
    if protocol in tenant.jobs.dropped_protocols:
        raise ApiError(
            400,
            f"System {system['id']} has storage of the protocol {protocol}, which "
            f"{tenant.jobs.title} does not support",
        )


def _check_types(spec: Spec, values: list[Any]) -> None:
    kinds, wanted = _EXACT[spec["value"]["type"]]
    for value in values:
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds != (bool,)):
            raise _wrong(spec, value, wanted)


def _text(spec: Spec, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise _wrong(spec, value, "text")


def _number(spec: Spec, value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _wrong(spec, value, "a number")
    return int(number) if number.is_integer() else number


def _flag(spec: Spec, value: Any) -> bool:
    flag = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if flag is None:
        raise _wrong(spec, value, "true or false")
    return flag


def _choice(spec: Spec, value: Any) -> str:
    words = [word for choice in spec["value"]["enum_values"] for word in choice]
    if value not in words:
        raise _wrong(spec, value, f"one of {', '.join(words)}")
    return str(value)


def _wrong(spec: Spec, value: Any, wanted: str) -> ApiError:
    return ApiError(
        400, f"Invalid value for parameter {spec['id']}: it must be {wanted}, not {value!r}"
    )


_TYPES: dict[str, Callable[[Spec, Any], Any]] = {
    "string": _text,
    "number": _number,
    "bool": _flag,
    "flag": _flag,
    "enumeration": _choice,
}
#: What a value of each type must be where types are exact, and how to say so.
_EXACT: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "number": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "flag": ((bool,), "true or false"),
    "enumeration": ((str,), "text"),
}
