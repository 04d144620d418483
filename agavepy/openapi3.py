"""OpenAPI 3.0 and 3.1 documents as operation plans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agavepy import media
from agavepy.lowering import Found, Lowering, answer, special
from agavepy.plan import JSON, Answer, Body, Parameter, Plan, Scheme
from agavepy.shapes import mapping, plain, sequence, text

#: The styles that each location knows, the usual one first.
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
#: Headers that are described by other means: by the body, the answers and the security.
_ELSEWHERE = ("accept", "content-type", "authorization")
#: Headers of the parts of a multipart form that are told by the name and the type of each.
_OF_PARTS = ("content-disposition", "content-type", "content-transfer-encoding")
_FLOWS = {
    "password": "password",
    "clientCredentials": "client_credentials",
    "authorizationCode": "authorization_code",
    "implicit": "implicit",
}


class OpenApi3(Lowering):
    """Reads a document of version 3."""

    untyped = "any"
    places = frozenset({"path", "query", "header", "cookie"})

    def __init__(self, document: dict[str, Any], *others: Any) -> None:
        self.siblings = not str(document.get("openapi")).startswith("3.0")
        super().__init__(document, *others)

    def plan(self, found: Found, name: str) -> Plan:
        """Return the plan of one operation."""
        operation = found.operation
        path = self.path(found.site.path)
        parameters = list(self.parameters(found, path))
        bodies: tuple[Body, ...] = ()
        request = self.follow(operation.get("requestBody"))
        if operation.get("requestBody") is not None:
            bodies = tuple(self.bodies(request))
            parameters.append(self.body(request, bodies, {item.name for item in parameters}))
        responses = self.responses(operation)
        produces = self.produces(responses)
        plain_json = not produces or produces == (JSON,)
        return Plan(
            service=self.service,
            name=name,
            method=found.site.method.upper(),
            path=path,
            parameters=tuple(parameters),
            body=_body_kind(bodies),
            answer=self.answer(operation, responses),
            produces=produces or (JSON,),
            consumes=tuple(body.media for body in bodies) or (JSON,),
            statuses=self.statuses(responses),
            server=self.server(found),
            bodies=bodies,
            accept="" if plain_json or produces[0] == media.ANY else f"{produces[0]}, */*;q=0.5",
            **self.schemes(operation),
            **self.requires(operation),
        )

    def server(self, found: Found) -> str:
        """Return the first server of the operation, else of its path, else of the document."""
        for holder in (found.operation, found.item, self.document):
            for server in map(mapping, sequence(holder.get("servers"))):
                if isinstance(server.get("url"), str):
                    return self.filled(server).rstrip("/")
        return ""

    def filled(self, server: dict[str, Any]) -> str:
        """Return the URL of a server with the defaults of its variables."""
        variables = mapping(server.get("variables"))

        def value(match: re.Match[str]) -> str:
            variable = mapping(variables.get(match[1]))
            for known in (variable.get("default"), *sequence(variable.get("enum"))):
                if isinstance(known, str | int | float):
                    return str(known)
            self.note(f"the server has a variable {{{match[1]}}} without a default: it is empty")
            return ""

        return re.sub(r"\{([^{}]*)\}", value, str(server["url"]).strip())

    def parameters(self, found: Found, path: str) -> Iterator[Parameter]:
        """Yield the parameters of an operation, its body aside."""
        given = {
            (wire, place): parameter
            for (wire, place), parameter in self.given(found, path).items()
            if place != "header" or wire.lower() not in _ELSEWHERE
        }
        names = self.names(given)
        for (wire, place), parameter in given.items():
            name = names[wire, place]
            kind, content = next(iter(mapping(parameter.get("content")).items()), ("", {}))
            schema = self.follow(parameter.get("schema") or mapping(content).get("schema"))
            if not schema and "type" in parameter:
                schema = parameter  # as Swagger 2.0 has it
                if place != "path" or "in" in parameter:
                    self.note(f"parameter {name!r} has a type of its own: it belongs in its schema")
            yield Parameter(
                name=name,
                location=place,
                key=wire if wire != name else "",
                media=str(kind),
                **self.style(name, place, parameter),
                **self.described(name, place, parameter, schema),
                **special(parameter),
            )

    def style(self, name: str, place: str, parameter: dict[str, Any]) -> dict[str, Any]:
        """Return how the value of a parameter is written."""
        known = _STYLES[place]
        style = parameter.get("style", known[0])
        if style not in known:
            self.note(f"parameter {name!r} in the {place} has the style {style!r}: {known[0]}")
            style = known[0]
        explode = parameter.get("explode")
        return {
            "style": style,
            "explode": explode if isinstance(explode, bool) else style == "form",
            "reserved": place == "query" and parameter.get("allowReserved") is True,
        }

    # -- bodies -------------------------------------------------------------------------------

    def bodies(self, request: dict[str, Any]) -> Iterator[Body]:
        """Yield the media types of a request body, the preferred one first."""
        content = {str(kind): part for kind, part in mapping(request.get("content")).items()}
        if not content:
            self.note("the request body has no media type: it is sent as JSON")
            content = {JSON: {}}
        for item in media.preferred(list(content)):
            kind = media.kind(item)
            described = mapping(content[item])
            schema = self.follow(described.get("schema"))
            parts: tuple[Parameter, ...] = ()
            encodings = mapping(described.get("encoding"))
            if kind in ("form", "multipart"):
                parts = tuple(
                    self.part(str(name), self.follow(raw), mapping(encodings.get(name)), kind)
                    for name, raw in self.schemas.properties(schema).items()
                )
            text_too = "string" in self.schemas.types(schema)
            yield Body(
                item,
                kind,
                "string" if text_too else self.schemas.type(schema, ""),
                parts,
                self.part_headers(encodings) if kind == "multipart" else {},
            )

    def part_headers(self, encodings: dict[str, Any]) -> dict[str, tuple[Parameter, ...]]:
        """Return the headers that parts of a multipart form may have, by the names of the parts."""
        found: dict[str, tuple[Parameter, ...]] = {}
        for part, encoding in encodings.items():
            headers = mapping(mapping(encoding).get("headers"))
            described = {str(n): self.follow(raw) for n, raw in headers.items()}
            own = [
                self.header(name, header)
                for name, header in described.items()
                if name.lower() not in _OF_PARTS
            ]
            if own:
                found[str(part)] = tuple(own)
        return found

    def header(self, name: str, described: dict[str, Any]) -> Parameter:
        """Return a header of a part."""
        schema = self.follow(described.get("schema"))
        return Parameter(
            name,
            "header",
            **self.style(name, "header", described),
            **self.described(name, "header", described, schema),
        )

    def part(
        self, name: str, schema: dict[str, Any], encoding: dict[str, Any], kind: str
    ) -> Parameter:
        """Return one field of a form."""
        items = self.schemas.items(schema)
        value = items or schema
        types = {self.schemas.type(value)}
        given = text(encoding.get("contentType"))
        first = given.partition(",")[0].strip()
        binary = _is_binary(value) or (media.kind(first) == "bytes" if first else False)
        style = encoding.get("style")
        # In multipart forms, styles count since OpenAPI 3.1.
        styled = style in _STYLES["query"] and (kind == "form" or self.siblings)
        written = first or (JSON if types & {"object", "array"} else "")
        explode = encoding.get("explode")
        is_file = binary and kind == "multipart"
        if is_file:  # which of several is for the file to tell
            written = given or text(value.get("contentMediaType"))
        return Parameter(
            name=name,
            location="file" if is_file else "form",
            type="array" if items else self.schemas.type(schema),
            items=self.schemas.type(items) if items else "",
            required=False,
            style=str(style) if styled else "",
            explode=explode if isinstance(explode, bool) else style == "form",
            reserved=encoding.get("allowReserved") is True,
            media="" if styled else written,
        )

    def body(self, request: dict[str, Any], bodies: tuple[Body, ...], taken: set[str]) -> Parameter:
        """Return the parameter that stands for the body of a request."""
        name = next(name for name in ("body", "request_body", "request_body_") if name not in taken)
        content = mapping(request.get("content"))
        schema = self.follow(mapping(content.get(bodies[0].media)).get("schema"))
        required = self.schemas.required(schema)
        headers = {part: _told(own) for part, own in bodies[0].headers.items()}
        fields = [
            (field, kind, field in required, f"{told} {headers.get(field, '')}".strip())
            for field, kind, told in self.schemas.fields(schema, "readOnly")
        ]
        return Parameter(
            name=name,
            location="body",
            type=self.schemas.type(schema),
            required=request.get("required") is True,
            doc=text(request.get("description")) or text(schema.get("description")),
            format=text(schema.get("format")),
            default=plain(schema.get("default")),
            items=self.schemas.type(self.schemas.items(schema))
            if self.schemas.items(schema)
            else "",
            fields=tuple(fields),
        )

    # -- answers and credentials --------------------------------------------------------------

    def produces(self, responses: dict[str, dict[str, Any]]) -> tuple[str, ...]:
        """Return the media types of successful answers, JSON first."""
        found: dict[str, None] = {}
        for code in self.successes(responses):
            for kind in mapping(responses[code].get("content")):
                found[media.essence(str(kind))] = None
        return tuple(media.preferred(list(found)))

    def answer(self, operation: dict[str, Any], responses: dict[str, dict[str, Any]]) -> Answer:
        """Return what an operation answers when it succeeds."""
        family = self.family(operation)
        good = self.successes(responses)
        kinds: set[str] = set()
        schemas: list[dict[str, Any]] = []
        for code in good:
            content = {
                str(key): part for key, part in mapping(responses[code].get("content")).items()
            }
            for item in media.preferred(list(content)):
                kind = media.kind(item)
                schema = self.follow(mapping(content[item]).get("schema"))
                if kind == "json" or (kind in ("any", "text") and not _is_binary(schema)):
                    kinds.add(kind)
                    schemas += [schema] if kind != "text" and schema not in schemas else []
                else:
                    kinds.add("bytes")
        status = good[0] if good else "200"
        if kinds == {"bytes"}:
            return answer("raw", family, status, {"type": "file"})
        if not kinds:
            return answer("none" if family == "none" else "envelope", family, status, {})
        if not schemas:
            return answer("plain", "none", status, {"type": "string"})
        if family == "none":
            return answer("plain", family, status, self.shown(schemas))
        results = [self.follow(self.schemas.properties(item).get("result")) for item in schemas]
        return answer("envelope", family, status, self.shown(results))

    def definition(self, name: str) -> dict[str, Any]:
        """Return the definition of a security scheme."""
        components = mapping(self.document.get("components"))
        return self.follow(mapping(components.get("securitySchemes")).get(name))

    def scheme(
        self, name: str, definition: dict[str, Any], scopes: tuple[str, ...]
    ) -> Iterator[Scheme]:
        """Yield a security scheme, once for each of its OAuth2 flows."""
        kind = definition.get("type")
        if kind == "http":
            word = text(definition.get("scheme")).lower()
            known = word in ("bearer", "basic")
            yield Scheme(name, word) if known else Scheme(name, "http", key=word)
        elif kind == "apiKey":
            yield Scheme(name, "apikey", text(definition.get("in")), text(definition.get("name")))
        elif kind == "oauth2":
            flows = mapping(definition.get("flows"))
            for word, flow in _FLOWS.items():
                if word in flows:
                    urls = mapping(flows[word])
                    yield Scheme(
                        name,
                        "oauth2",
                        flow=flow,
                        token_url=text(urls.get("tokenUrl")),
                        refresh_url=text(urls.get("refreshUrl")),
                        scopes=scopes,
                    )
            if not set(flows) & set(_FLOWS):
                yield Scheme(name, "oauth2", scopes=scopes)
        elif kind == "openIdConnect":
            yield Scheme(name, "openid", token_url=text(definition.get("openIdConnectUrl")))
        elif kind == "mutualTLS":
            yield Scheme(name, "mutual")
        else:
            self.note(f"security scheme {name!r} has the unknown type {kind!r}: it cannot be used")


def _is_binary(schema: dict[str, Any]) -> bool:
    """Tell whether a value is bytes: by its format, or by its content since OpenAPI 3.1."""
    if schema.get("format") == "binary" or schema.get("type") == "file":
        return True
    if "contentEncoding" in schema:
        return False  # text, which the caller has encoded
    given = schema.get("contentMediaType")
    return isinstance(given, str) and media.kind(given) == "bytes"


def _told(headers: tuple[Parameter, ...]) -> str:
    """Return which headers a part may have, as people read it."""
    named = [
        f"{one.name} ({one.type}, required)" if one.required else f"{one.name} ({one.type})"
        for one in headers
    ]
    return f"Headers of its part: {', '.join(named)}."


def _body_kind(bodies: tuple[Body, ...]) -> str:
    if not bodies:
        return "none"
    kind = bodies[0].kind
    return {"any": "json", "text": "bytes"}.get(kind, kind)
