"""Operation plans: what a call needs to know of a description, as immutable JSON-able data.

A plan is compiled once from a document (``agavepy.compiler``) and holds no reference to it, so
that a client that calls bundled services imports neither a YAML parser nor bravado.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

#: Raised by one whenever the shape below changes; a cached plan of another number is compiled anew.
PLAN_FORMAT = 4
#: The type of what is no text: bodies and answers of it travel as they are.
BYTES = "application/octet-stream"

#: Named tuples and not dataclasses, whose module costs more to import than all plans to make.
_NOTHING: Mapping[str, Any] = {}


class Parameter(NamedTuple):
    """One keyword of a call and where it goes on the wire.

    ``location`` is one of path, query, header, form, file or body. ``type`` is the Swagger type
    (string, integer, number, boolean, array, file, object) or ``any`` for a body without a type.
    ``tail`` marks a path variable that may hold slashes and be empty, ``optional`` a path variable
    that a caller may leave out, ``flatten`` a query parameter whose dict value is spread over the
    query string, ``json`` a form field whose value other than text is sent as JSON text.
    ``collection`` is the collection format of an array (csv, ssv, tsv, pipes, multi).
    """

    name: str
    location: str
    type: str = "string"
    required: bool = False
    doc: str = ""
    format: str = ""
    items: str = ""
    collection: str = "csv"
    enum: tuple[Any, ...] = ()
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    tail: bool = False
    optional: bool = False
    flatten: bool = False
    json: bool = False
    #: For a body: its fields, as (dotted name, type, required, description).
    fields: tuple[tuple[str, str, bool, str], ...] = ()


class Answer(NamedTuple):
    """What comes back: ``kind`` is envelope (its ``result``), plain (the JSON body), raw or none.

    ``dates`` are the key paths, from the result down, whose text becomes a datetime; ``[]`` stands
    for "each item". ``fields`` documents the result: (dotted name, type, description).
    """

    kind: str = "envelope"
    family: str = "java"
    status: int = 200
    type: str = ""
    dates: tuple[tuple[str, ...], ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()


class Plan(NamedTuple):
    """One operation: everything that a call, a route, a help page or a stub needs of it.

    ``body`` is how arguments travel: none, json, bytes, form or multipart. ``security`` is the
    credential to send: bearer (the access token), user (HTTP basic with the user's own name and
    password), client (HTTP basic with the OAuth client's key and secret) or none; ``anonymous``
    says that servers answer the operation without it as well.
    ``search`` maps the words of ``word.op=value`` query terms to (type, dotted result field).
    """

    service: str
    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    body: str = "none"
    answer: Answer = Answer()
    security: str = "bearer"
    anonymous: bool = False
    summary: str = ""
    description: str = ""
    deprecated: bool = False
    requires: tuple[str, ...] = ()
    produces: tuple[str, ...] = ("application/json",)
    consumes: tuple[str, ...] = ("application/json",)
    search: Mapping[str, tuple[str, str]] = _NOTHING
    statuses: Mapping[str, str] = _NOTHING

    @property
    def id(self) -> str:
        """The operation as users write it, such as ``files.list``."""
        return f"{self.service}.{self.name}"

    def to_json(self) -> dict[str, Any]:
        """Return plain data from which :func:`plan_from_json` makes an equal plan."""
        data = _lean(self)
        data["parameters"] = [_lean(parameter) for parameter in self.parameters]
        data["answer"] = _lean(self.answer)
        return data


def _lean(item: Any) -> dict[str, Any]:
    """Return the fields of ``item`` that differ from their defaults."""
    fields, defaults = item._asdict(), item._field_defaults
    return {
        name: value
        for name, value in fields.items()
        if name not in defaults or value != defaults[name]
    }


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """Make a plan from :meth:`Plan.to_json` data that may have been through a JSON file."""
    fields = dict(data)
    parameters = []
    for item in fields.pop("parameters", ()):
        parameter = dict(item)
        for key in ("enum", "fields"):
            if key in parameter:
                parameter[key] = _tuples(parameter[key])
        parameters.append(Parameter(**parameter))
    answer = dict(fields.pop("answer", ()))
    for key in ("dates", "fields"):
        if key in answer:
            answer[key] = _tuples(answer[key])
    for key in ("requires", "produces", "consumes"):
        if key in fields:
            fields[key] = tuple(fields[key])
    if "search" in fields:
        fields["search"] = {word: tuple(rule) for word, rule in fields["search"].items()}
    return Plan(parameters=tuple(parameters), answer=Answer(**answer), **fields)


class ServicePlan(Mapping[str, Plan]):
    """The operations of one service by name; each plan is made when it is first asked for.

    ``operations`` holds each operation as :meth:`Plan.to_json` data or as the JSON text of it: text
    takes a fifth of the memory, and most programs use few operations of a service.
    """

    def __init__(
        self,
        service: str,
        title: str,
        description: str,
        operations: Mapping[str, Mapping[str, Any] | str],
    ) -> None:
        self.service = service
        self.title = title
        self.description = description
        self._data = operations
        self._plans: dict[str, Plan] = {}
        #: What a client works out of a plan once for all of its calls, kept as long as the plan.
        self.programs: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Plan:
        plan = self._plans.get(name)
        if plan is None:
            data = self._data[name]
            data = json.loads(data) if isinstance(data, str) else data
            plan = self._plans[name] = plan_from_json(data)
        return plan

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"<ServicePlan {self.service}: {len(self)} operations>"
