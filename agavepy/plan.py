"""Operation plans: what a call needs to know of a description, as immutable JSON-able data.

A plan is compiled once from a document (``agavepy.compiler``) and holds no reference to it, so
that a client that calls bundled services imports neither a YAML parser nor bravado.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

#: Raised by one whenever the shape below changes; a cached plan of another number is compiled anew.
PLAN_FORMAT = 6
#: The media types that mean something to a call. What is of the first travels as it is.
BYTES = "application/octet-stream"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data"

#: Named tuples and not dataclasses, whose module costs more to import than all plans to make.
_NOTHING: Mapping[str, Any] = {}


class Parameter(NamedTuple):
    """One keyword of a call and where it goes on the wire.

    ``location`` is one of path, query, header, cookie, form, file or body. ``type`` is the Swagger
    type (string, integer, number, boolean, array, file, object) or ``any`` where there is none.
    ``tail`` marks a path variable that may hold slashes and be empty, ``optional`` a path variable
    that a caller may leave out, ``flatten`` a query parameter whose dict value is spread over the
    query string, ``json`` a form field whose value other than text is sent as JSON text.
    ``collection`` is the collection format of an array (csv, ssv, tsv, pipes, multi).

    ``key`` is the name on the wire where it is another than ``name``. An OpenAPI 3 parameter has a
    ``style`` (simple, label, matrix, form, spaceDelimited, pipeDelimited, deepObject) in place of a
    collection format, with ``explode`` and ``reserved`` (reserved characters are not encoded); or
    the ``media`` type as which its value is written, such as application/json.
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
    key: str = ""
    style: str = ""
    explode: bool = False
    reserved: bool = False
    media: str = ""


class Body(NamedTuple):
    """One media type in which an OpenAPI 3 operation takes its body.

    ``kind`` is how a value is written: json, form, multipart, text, bytes or any of these. ``type``
    is the type of the value: string where it may be one, "" where it is not described. ``parts``
    describe the fields of a form: their location is form or file. ``headers`` are those that parts
    of a multipart form may have, by the names of the parts.
    """

    media: str
    kind: str
    type: str = ""
    parts: tuple[Parameter, ...] = ()
    headers: Mapping[str, tuple[Parameter, ...]] = _NOTHING


class Scheme(NamedTuple):
    """One security scheme of a document that is not of the tenant's own kind.

    ``kind`` is bearer, basic, apikey, oauth2, openid, mutual or http (any other HTTP scheme, whose
    name is ``key``). An apikey travels in ``location`` (header, query or cookie) under the name
    ``key``. ``flow`` (password, client_credentials, authorization_code or implicit), the URLs and
    ``scopes`` are those of OAuth2, as the document writes them: they may be relative to a server.
    """

    name: str
    kind: str
    location: str = ""
    key: str = ""
    flow: str = ""
    token_url: str = ""
    refresh_url: str = ""
    scopes: tuple[str, ...] = ()


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
    password), client (HTTP basic with the OAuth client's key and secret), secret, none, or foreign:
    what ``schemes`` says, which are alternatives, and the schemes of one alternative are needed
    together. A scheme is foreign unless it has an ``x-agavepy-credential``. ``anonymous`` says that
    servers answer the operation without a credential as well.
    ``search`` maps the words of ``word.op=value`` query terms to (type, dotted result field).

    The address of the operation is ``server`` and ``path``. ``server`` is what the document says:
    an absolute URL, or the beginning of a path that is relative to the tenant (or to where the
    document came from), such as ``/v3``; "" where it says nothing. It ends without a slash.
    ``bodies`` are the media types of an OpenAPI 3 body, the preferred one first. ``accept`` is
    sent as the header of that name, unless the caller gives one.
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
    produces: tuple[str, ...] = (JSON,)
    consumes: tuple[str, ...] = (JSON,)
    search: Mapping[str, tuple[str, str]] = _NOTHING
    statuses: Mapping[str, str] = _NOTHING
    schemes: tuple[tuple[Scheme, ...], ...] = ()
    server: str = ""
    bodies: tuple[Body, ...] = ()
    accept: str = ""

    @property
    def id(self) -> str:
        """The operation as users write it, such as ``files.list``."""
        return f"{self.service}.{self.name}"

    def to_json(self) -> dict[str, Any]:
        """Return plain data from which :func:`plan_from_json` makes an equal plan."""
        data = _lean(self)
        data["parameters"] = [_lean(parameter) for parameter in self.parameters]
        data["answer"] = _lean(self.answer)
        if self.schemes:
            data["schemes"] = [[_lean(scheme) for scheme in needed] for needed in self.schemes]
        if self.bodies:
            data["bodies"] = [
                {
                    **_lean(body),
                    "parts": [_lean(part) for part in body.parts],
                    "headers": {name: [*map(_lean, own)] for name, own in body.headers.items()},
                }
                for body in self.bodies
            ]
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
    parameters = tuple(map(_parameter, fields.pop("parameters", ())))
    answer = dict(fields.pop("answer", ()))
    for key in ("dates", "fields"):
        if key in answer:
            answer[key] = _tuples(answer[key])
    for key in ("requires", "produces", "consumes"):
        if key in fields:
            fields[key] = tuple(fields[key])
    if "search" in fields:
        fields["search"] = {word: tuple(rule) for word, rule in fields["search"].items()}
    if "schemes" in fields:
        fields["schemes"] = tuple(tuple(map(_scheme, needed)) for needed in fields["schemes"])
    if "bodies" in fields:
        fields["bodies"] = tuple(map(_body, fields["bodies"]))
    return Plan(parameters=parameters, answer=Answer(**answer), **fields)


def _parameter(data: Mapping[str, Any]) -> Parameter:
    fields = dict(data)
    for key in ("enum", "fields"):
        if key in fields:
            fields[key] = _tuples(fields[key])
    return Parameter(**fields)


def _body(data: Mapping[str, Any]) -> Body:
    parts = tuple(map(_parameter, data["parts"]))
    headers = {name: tuple(map(_parameter, own)) for name, own in data["headers"].items()}
    return Body(**{**data, "parts": parts, "headers": headers})


def _scheme(data: Mapping[str, Any]) -> Scheme:
    return Scheme(**{**data, "scopes": tuple(data.get("scopes", ()))})


class ServicePlan(Mapping[str, Plan]):
    """The operations of one service by name; each plan is made when it is first asked for.

    ``operations`` holds each operation as :meth:`Plan.to_json` data or as the JSON text of it: text
    takes a fifth of the memory, and most programs use few operations of a service. ``aliases`` maps
    the spellings of the document to the names of operations where these differ. ``skipped`` are the
    operations that cannot be called, as (where, why); ``where`` begins with the operation's name.
    """

    def __init__(
        self,
        service: str,
        title: str,
        description: str,
        operations: Mapping[str, Mapping[str, Any] | str],
        aliases: Mapping[str, str] = _NOTHING,
        skipped: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.service = service
        self.title = title
        self.description = description
        self.aliases = aliases
        self.skipped = skipped
        self._data = operations
        self._plans: dict[str, Plan] = {}
        #: What a client works out of a plan once for all of its calls, kept as long as the plan.
        self.programs: dict[str, Any] = {}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], service: str = "") -> ServicePlan:
        """Make one of the data of ``compiler.compile_document``, under another name if given."""
        return cls(
            service or data["service"],
            data["title"],
            data["description"],
            data["operations"],
            data.get("aliases", _NOTHING),
            [(where, why) for where, why in data.get("skipped", ())],
        )

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
