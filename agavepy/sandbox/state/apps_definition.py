"""Check the definition of an app and bring it into the one form in which apps are kept.

The rules are those of agave-apps ``Software``, ``SoftwareInput``, ``SoftwareParameter`` and
``SoftwareOutput``. Older spellings of the public descriptions are taken too: ``defaultMemory``,
``defaultProcessors`` and, in values, ``defaultValue``.
"""

from __future__ import annotations

import math
import re
from typing import Any

from agavepy.sandbox import patterns
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state.apps_fields import Fields, bad, boolean

App = dict[str, Any]

_NAME = re.compile(r"[0-9A-Za-z._-]{1,64}")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
_ID = re.compile(r"[^\s${}]{1,64}")
_EXECUTION_TYPES = ("ATMOSPHERE", "HPC", "CONDOR", "CLI")
_PARALLELISMS = ("SERIAL", "PARALLEL", "PTHREAD")
_PARAMETER_TYPES = ("string", "number", "bool", "enumeration", "flag")
_UNLIMITED = -1


def app_id_of(name: str, version: str) -> str:
    """Return the id of a private app of that name and version."""
    return f"{name}-{version}"


def check_name(name: Any) -> str:
    """Return a usable app name. Raises ApiError 400 for any other value."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise bad("name", name, "up to 64 letters, digits, dots, dashes and underscores")
    return name


def check_version(version: Any) -> str:
    """Return a usable version. Raises ApiError 400 for any other value."""
    if not isinstance(version, str) or not _VERSION.fullmatch(version) or len(version) > 15:
        raise bad("version", version, "digits and dots such as x.x.x, under 16 characters")
    return version


def normalise(definition: Any) -> App:
    """Return the fields of a definition, checked, with defaults for those that are left out.

    ``deploymentSystem`` and ``defaultQueue`` are None when left out. Memory is in GB, run time
    ``hh:mm:ss``. Raises ApiError 400 naming the field and what it takes.
    """
    if not isinstance(definition, dict):
        raise ApiError(400, "The application definition must be a JSON object")
    given = Fields(definition)
    app: App = {
        "name": check_name(given.take("name")),
        "version": check_version(given.take("version")),
        "executionSystem": given.text("executionSystem", required=True),
        "executionType": given.word("executionType", _EXECUTION_TYPES),
        "deploymentPath": given.text("deploymentPath", required=True),
        "templatePath": given.text("templatePath", required=True),
        "testPath": given.text("testPath", required=True),
        "deploymentSystem": given.text("deploymentSystem"),
        "parallelism": given.word("parallelism", _PARALLELISMS, "SERIAL"),
        "defaultQueue": given.text("defaultQueue"),
        "defaultNodeCount": given.count("defaultNodeCount"),
        "defaultProcessorsPerNode": given.count("defaultProcessorsPerNode", "defaultProcessors"),
        "defaultMemoryPerNode": given.memory("defaultMemoryPerNode", "defaultMemory"),
        "defaultMaxRunTime": given.run_time("defaultMaxRunTime"),
        "checkpointable": given.flag("checkpointable", False),
        "available": given.flag("available", True),
        **{name: given.text(name) for name in ("label", "icon", "helpURI")},
        **{name: given.text(name) for name in ("shortDescription", "longDescription")},
        **{name: given.texts(name) for name in ("modules", "tags", "ontology")},
        "inputs": given.items("inputs", _input),
        "parameters": given.items("parameters", _parameter),
        "outputs": given.items("outputs", _output),
    }
    ids = [item["id"] for item in (*app["inputs"], *app["parameters"])]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise ApiError(400, f"Two inputs or parameters have the same id: {twice}")
    return app


def _identifier(given: Fields) -> str:
    value = given.take("id")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise given.bad("id", value, "up to 64 characters without blanks, braces and dollar signs")
    return value


def _details(given: Fields) -> App:
    details = given.part("details")
    return {
        "label": details.text("label") or given.take("id"),
        "description": details.text("description"),
        "argument": details.text("argument"),
        "showArgument": details.flag("showArgument", False),
        "repeatArgument": details.flag("repeatArgument", False),
    }


def _semantics(given: Fields, required: bool) -> App:
    semantics = given.part("semantics")
    fewest = semantics.whole("minCardinality", 1 if required else 0, 0)
    most = semantics.whole("maxCardinality", max(fewest, 1), _UNLIMITED)
    if most != _UNLIMITED and most < max(fewest, 1):
        raise semantics.bad("maxCardinality", most, f"-1 (no limit) or at least {max(fewest, 1)}")
    return {
        "minCardinality": fewest,
        "maxCardinality": most,
        "ontology": semantics.texts("ontology"),
    }


def _value(given: Fields, *, required: bool) -> App:
    value = given.part("value")
    validator = value.text("validator")
    try:
        patterns.java(validator or "")
    except re.error as error:
        raise value.bad("validator", validator, f"a regular expression ({error})") from error
    return {
        "validator": validator,
        "visible": value.flag("visible", True),
        "required": value.flag("required", required),
        "order": value.whole("order", 0, 0),
        "enquote": value.flag("enquote", False),
        "default": value.take("default", "defaultValue"),
    }


def _check_hidden(given: Fields, value: App) -> None:
    if value["required"] and not value["visible"] and value["default"] is None:
        raise given.part("value").bad("default", None, "given, for it is required and not visible")


def _input(given: Fields) -> App:
    identifier = _identifier(given)
    value = _value(given, required=False)
    default = value["default"] = value["default"] or None
    if not (
        default is None
        or isinstance(default, str)
        or (isinstance(default, list) and all(isinstance(item, str) for item in default))
    ):
        raise given.part("value").bad("default", default, "an address or an array of addresses")
    _check_hidden(given, value)
    file_types = given.part("semantics").texts("fileTypes")
    semantics = {**_semantics(given, value["required"]), "fileTypes": file_types}
    return {
        "id": identifier,
        "value": value,
        "details": _details(given),
        "semantics": semantics,
    }


def _output(given: Fields) -> App:
    identifier = _identifier(given)
    value = _value(given, required=False)
    details = _details(given)
    semantics = {
        **_semantics(given, False),
        "fileTypes": given.part("semantics").texts("fileTypes"),
    }
    return {
        "id": identifier,
        "value": {name: value[name] for name in ("validator", "order", "default")},
        "details": {name: details[name] for name in ("label", "description")},
        "semantics": semantics,
    }


def _parameter(given: Fields) -> App:
    identifier = _identifier(given)
    fields = given.part("value")
    kind = fields.word("type", _PARAMETER_TYPES)
    value = {"type": kind, **_value(given, required=False)}
    if kind == "enumeration":
        value["enum_values"] = _choices(fields)
    value["default"] = _default(fields, value)
    _check_hidden(given, value)
    return {
        "id": identifier,
        "value": value,
        "details": _details(given),
        "semantics": _semantics(given, value["required"]),
    }


def _choices(value: Fields) -> list[dict[str, str]]:
    """Return the values of an enumeration, each as an object of the value and its label."""
    given = value.take("enum_values", "enumValues")
    choices = []
    for item in given if isinstance(given, list) else ():
        choice = {item: item} if isinstance(item, str) else item
        if not (
            isinstance(choice, dict)
            and len(choice) == 1
            and all(isinstance(label, str) for label in choice.values())
        ):
            raise value.bad("enum_values", item, 'a text or an object such as {"value": "label"}')
        choices.append(choice)
    if not choices:
        raise value.bad("enum_values", given, "an array of at least one value")
    return choices


def _default(fields: Fields, value: App) -> Any:
    """Return the default as a job takes it. Raises ApiError 400 when it is none of the type."""
    default, kind = value["default"], value["type"]
    if default == "" and kind != "string":
        return None  # the forms of portals write what was left empty so
    if isinstance(default, list):
        return [_typed(fields, value, item) for item in default]
    return None if default is None else _typed(fields, value, default)


def _typed(fields: Fields, value: App, item: Any) -> Any:
    kind = value["type"]
    if kind in {"bool", "flag"}:
        flag = boolean(item)
        if flag is None:
            raise fields.bad("default", item, "true or false")
        return flag
    if kind == "number":
        return _number(fields, item)
    if not isinstance(item, str):
        raise fields.bad("default", item, "text")
    if kind == "enumeration":
        words = [word for choice in value["enum_values"] for word in choice]
        if item not in words:
            raise fields.bad("default", item, f"one of {', '.join(words)}")
    return item


def _number(fields: Fields, item: Any) -> int | float:
    if isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item):
        return item
    try:
        number = float(item) if isinstance(item, str) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise fields.bad("default", item, "a number")
    return int(number) if number.is_integer() else number
