"""Swagger 2.0 documents as operation plans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agavepy import media
from agavepy.lowering import METHODS, Found, Lowering, answer, number, special
from agavepy.plan import BYTES, JSON, MULTIPART, Answer, Body, Parameter, Plan, Scheme
from agavepy.shapes import mapping, text, words

_COLLECTIONS = ("csv", "ssv", "tsv", "pipes", "multi")
_FLOWS = {
    "password": "password",
    "application": "client_credentials",
    "accessCode": "authorization_code",
    "implicit": "implicit",
}


class Swagger2(Lowering):
    """Reads a document of version 2.0."""

    methods = METHODS[:-1]
    places = frozenset({"path", "query", "header", "formData", "body"})

    def plan(self, found: Found, name: str) -> Plan:
        """Return the plan of one operation."""
        operation = found.operation
        path = self.path(found.site.path)
        parameters = tuple(self.parameters(found, path))
        consumes = words(operation.get("consumes") or self.document.get("consumes"))
        produces = words(operation.get("produces") or self.document.get("produces"))
        kind = _body_kind(parameters, consumes)
        responses = self.responses(operation)
        good = self.answer(operation, responses)
        return Plan(
            service=self.service,
            name=name,
            method=found.site.method.upper(),
            path=path,
            parameters=parameters,
            body=kind,
            answer=good,
            produces=produces or (JSON,),
            consumes=consumes or (JSON,),
            statuses=self.statuses(responses),
            server=self.server(),
            bodies=self.bodies(found, consumes) if kind == "json" else (),
            accept=_accept(produces) if good.kind in ("plain", "envelope") else "",
            **self.schemes(operation),
            **self.requires(operation),
        )

    def server(self) -> str:
        """Return the address before all paths; it is relative where no host is named."""
        basis = text(self.document.get("basePath")).strip("/")
        host = text(self.document.get("host")).strip("/")
        schemes = words(self.document.get("schemes"))
        if not host:
            return f"/{basis}" if basis else ""
        scheme = "https" if "https" in schemes or not schemes else schemes[0]
        return f"{scheme}://{host}" + (f"/{basis}" if basis else "")

    def parameters(self, found: Found, path: str) -> Iterator[Parameter]:
        """Yield the parameters of an operation."""
        given = self.given(found, path)
        bodies = [key for key in given if key[1] == "body"]
        forms = [key for key in given if key[1] == "formData"]
        for key in bodies[1:]:
            self.note(f"has a second body, {key[0]!r}: it is left out")
            del given[key]
        if bodies and forms:
            self.note("has a body and form fields: the form is sent where a field of it is given")
        names = self.names(given)
        for (wire, place), parameter in given.items():
            yield self.parameter(names[wire, place], wire, place, parameter)

    def parameter(self, name: str, wire: str, place: str, parameter: dict[str, Any]) -> Parameter:
        """Return one parameter."""
        schema = self.follow(parameter.get("schema")) or parameter
        fields = self.described(name, place, parameter, schema)
        if place == "body":
            # A body without a type of its own may be anything, whatever models it is made of.
            fields["type"] = self.schemas.type(schema) if "type" in schema else "any"
        location = {"formData": "file" if fields["type"] == "file" else "form"}.get(place, place)
        collection = str(parameter.get("collectionFormat", "csv"))
        if collection not in _COLLECTIONS:
            self.note(f"parameter {name!r} has the unknown collectionFormat {collection!r}: csv")
            collection = "csv"
        return Parameter(
            name=name,
            location=location,
            key=wire if wire != name else "",
            collection=collection,
            fields=self.body_fields(schema) if place == "body" else (),
            **fields,
            **special(parameter),
        )

    def body_fields(self, schema: dict[str, Any]) -> tuple[tuple[str, str, bool, str], ...]:
        """Return the fields of a body: what a server sets by itself is none of them."""
        required = self.schemas.required(schema)
        return tuple(
            (name, kind, name in required, told)
            for name, kind, told in self.schemas.fields(schema, "readOnly")
        )

    def bodies(self, found: Found, consumes: tuple[str, ...]) -> tuple[Body, ...]:
        """Return the media types of a body that is not sent as JSON as a matter of course."""
        if not consumes or any(media.essence(item) == JSON for item in consumes):
            return ()
        if media.ANY in consumes:
            return ()
        return tuple(Body(item, media.kind(item)) for item in media.preferred(list(consumes)))

    def answer(self, operation: dict[str, Any], responses: dict[str, dict[str, Any]]) -> Answer:
        """Return what an operation answers when it succeeds."""
        family = self.family(operation)
        good = self.successes(responses)
        response = responses[good[0]] if good else {}
        status = good[0] if good else "200"
        schema = self.follow(response.get("schema"))
        if "schema" not in response:
            return Answer("none" if family == "none" else "envelope", family, number(status))
        if schema.get("type") == "file":
            return Answer("raw", family, number(status), "file")
        schemas = [schema]
        if response.get("x-agavepy-aloe"):
            schemas.append(self.follow(response["x-agavepy-aloe"]))
        if family != "none":
            schemas = [self.follow(self.schemas.properties(item).get("result")) for item in schemas]
        kind = "plain" if family == "none" else "envelope"
        return answer(kind, family, status, self.shown(schemas))

    def definition(self, name: str) -> dict[str, Any]:
        """Return the definition of a security scheme."""
        return self.follow(mapping(self.document.get("securityDefinitions")).get(name))

    def scheme(
        self, name: str, definition: dict[str, Any], scopes: tuple[str, ...]
    ) -> Iterator[Scheme]:
        """Yield a security scheme."""
        kind = definition.get("type")
        if kind == "basic":
            yield Scheme(name, "basic")
        elif kind == "apiKey":
            yield Scheme(name, "apikey", text(definition.get("in")), text(definition.get("name")))
        elif kind == "oauth2":
            yield Scheme(
                name,
                "oauth2",
                flow=_FLOWS.get(text(definition.get("flow")), ""),
                token_url=text(definition.get("tokenUrl")),
                scopes=scopes,
            )
        else:
            self.note(f"security scheme {name!r} has the unknown type {kind!r}: it cannot be used")


def _body_kind(parameters: tuple[Parameter, ...], consumes: tuple[str, ...]) -> str:
    places = {parameter.location for parameter in parameters}
    if "body" in places:
        return "bytes" if consumes == (BYTES,) else "json"
    if "file" in places or ("form" in places and MULTIPART in consumes):
        return "multipart"
    return "form" if "form" in places else "none"


def _accept(produces: tuple[str, ...]) -> str:
    """Ask for JSON where there are other texts as well, of which a server might choose one."""
    kinds = [media.kind(item) for item in produces]
    if "json" in kinds and "text" in kinds:
        return f"{media.preferred(list(produces))[0]}, */*;q=0.5"
    return ""
