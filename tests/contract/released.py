"""What the released clients sent (TACC/agavepy 0.9 and 1.0a, agavepy/agave.py and its swaggerpy).

An implementation of its own of the rules of those clients. It shares nothing with ours but
requests, with which they sent as well, so that quoting and encoding are theirs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

#: service -> operation -> method, path and parameters, from the ``api_*.json`` of those releases.
RELEASED: dict[str, dict[str, dict[str, Any]]] = json.loads(
    Path(__file__).with_name("released_operations.json").read_text("utf-8")
)


@dataclass(frozen=True)
class Released:
    """One operation of the released clients; ``parameters`` maps names to ``in``, ``type``…"""

    service: str
    name: str
    method: str
    path: str
    parameters: dict[str, dict[str, Any]]

    @property
    def id(self) -> str:
        return f"{self.service}.{self.name}"


def variables(path: str) -> list[str]:
    return re.findall(r"\{([^{}]*)\}", path)


def released(service: str) -> list[Released]:
    return [Released(service, name, **entry) for name, entry in RELEASED[service].items()]


def sent(operation: Released, arguments: dict[str, Any], base_url: str) -> requests.PreparedRequest:
    """Return the request that the released clients made of ``arguments``.

    The extras of every call are ``headers``, ``query`` and ``nonce``, those of a GET ``search`` and
    ``filter`` too. Raises TypeError where they did.
    """
    given = dict(arguments)
    headers = given.pop("headers", {})
    params: dict[str, Any] = dict(given.pop("query", {}))
    if "nonce" in given:
        params["x-nonce"] = given.pop("nonce")
    if operation.method == "GET":
        params.update(given.pop("search", {}))
        if "filter" in given:
            params["filter"] = given.pop("filter")
    path, form, files, data = operation.path, {}, {}, None
    for name, argument in given.items():
        parameter = operation.parameters.get(name)
        if parameter is None:
            raise TypeError(f"{operation.id} does not have parameter {name!r}")
        place = parameter["in"]
        # A list of dicts is a TypeError here, as it was there.
        value: Any = ",".join(argument) if isinstance(argument, list) else argument
        if place == "path":
            path = path.replace(f"{{{name}}}", str(value))
        elif place == "query":
            if isinstance(value, dict):
                params.update(value)
            params[name] = value
        elif place == "form" and parameter["type"] == "file":
            files[name] = (Path(value.name).name, value.read(), "text/plain")
        elif place == "form":
            form[name] = value
        elif place == "body":
            data, kind = _document(value)
            headers = {"Content-Type": kind, **headers}
    return requests.Request(
        operation.method,
        base_url + path,
        params=params,
        # Beside a file nothing else of a form was sent.
        data=data if data is not None else {} if files else form,
        files=files,
        headers=headers,
    ).prepare()


def _document(value: Any) -> tuple[Any, str]:
    if isinstance(value, str):
        return value, "application/json"
    try:
        return json.dumps(value), "application/json"
    except TypeError:
        return value, "application/octet-stream"
