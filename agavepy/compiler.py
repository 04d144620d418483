"""Compile a Swagger 2.0 document into operation plans; bravado-core reads and dereferences it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from agavepy.errors import DescriptionError
from agavepy.plan import BYTES, Answer, Parameter, Plan


@contextlib.contextmanager
def _old_means() -> Iterator[None]:
    """Let bravado-core resolve references by means that are deprecated, with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


with _old_means():
    from bravado_core.exception import SwaggerError
    from bravado_core.spec import Spec
    from jsonschema.exceptions import RefResolutionError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
#: Models may nest themselves; documentation and dates deeper than this are of no use to anybody.
MAX_DEPTH = 6
#: What a document with the wrong things in the wrong places makes bravado-core and us stumble over.
_BROKEN = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    OSError,
    RecursionError,
    RefResolutionError,
    SwaggerError,
)
_FORM = ("application/x-www-form-urlencoded", "multipart/form-data")


def build_spec(document: dict[str, Any], origin: Path, **config: Any) -> Spec:
    """Return bravado-core's view of ``document``, whose relative references start at ``origin``.

    ``config`` is bravado-core's own. Raises DescriptionError naming the file and the fault.
    """
    options = {
        "validate_swagger_spec": False,
        "use_models": False,
        "also_return_response": False,
        **config,
    }
    url = origin.resolve().as_uri()
    try:
        with _old_means():
            return cast(
                Spec,
                Spec.from_dict(document, origin_url=url, config=options),  # type: ignore[no-untyped-call]
            )
    except _BROKEN as error:
        raise DescriptionError(f"{origin}: not a usable Swagger 2.0 document: {error!r}") from error


def compile_document(
    document: Any,
    origin: Path | str,
    service: str = "",
    *,
    read: Callable[[str], Any] | None = None,  # noqa: ARG001 - used by the resolver to come
) -> dict[str, Any]:
    """Compile a parsed document into JSON-able service data (see ``plan.ServicePlan.from_json``).

    ``origin`` is the file or URL that the document came from: relative references start there.
    ``service`` overrides the document's own name. ``read(url)`` returns another document that a
    reference leads to, parsed, and raises DescriptionError where it must not; without it, files
    beside the origin are read. The data's ``skipped`` lists the operations that cannot be called,
    as (where, why). Raises DescriptionError when the document is none.
    """
    origin = Path(origin)  # URLs and `read` come with the resolver
    if not isinstance(document, dict) or str(document.get("swagger")) != "2.0":
        raise DescriptionError(
            f"{origin}: not a Swagger 2.0 document: it has no line `swagger: '2.0'`"
        )
    if not isinstance(document.get("paths"), dict):
        raise DescriptionError(f"{origin}: the document has no `paths`")
    name = service or str(document.get("x-agavepy-service") or origin.stem)
    reader = _Reader(document, origin, name)
    try:
        with _old_means():
            operations = {plan.name: plan.to_json() for plan in reader.plans()}
    except DescriptionError:
        raise
    except _BROKEN as error:
        raise DescriptionError(f"{origin}: {reader.where}: {error!r}") from error
    info = document.get("info") or {}
    return {
        "service": name,
        "title": str(info.get("title", name)),
        "description": str(info.get("description", "")).strip(),
        "operations": operations,
        "skipped": [],
    }


class _Reader:
    """Walks one document; every ``$ref`` is followed through bravado-core."""

    def __init__(self, document: dict[str, Any], origin: Path, service: str) -> None:
        self.spec = build_spec(document, origin)
        self.document: dict[str, Any] = self.spec.spec_dict
        self.origin = origin
        self.service = service
        self.where = "paths"

    def plans(self) -> Iterator[Plan]:
        seen: dict[str, str] = {}
        taken: set[tuple[str, str, str]] = set()
        for key, raw in self.document["paths"].items():
            item = self.spec.deref(raw)
            # A fragment never travels: it only makes room for a second operation at the address.
            path = key.partition("#")[0]
            for method in METHODS:
                if method not in item:
                    continue
                self.where = f"{method.upper()} {key}"
                where = f"{self.origin}: {self.where}"
                operation = self.spec.deref(item[method])
                plan = self.plan(path, method, item, operation, where)
                if plan.name in seen:
                    raise DescriptionError(
                        f"{where}: operationId {plan.name!r} is taken by {seen[plan.name]}"
                    )
                seen[plan.name] = self.where
                for kind in plan.consumes:
                    if (method, plan.path, kind) in taken:
                        raise DescriptionError(f"{where}: another operation there consumes {kind}")
                    taken.add((method, plan.path, kind))
                yield plan

    def plan(self, path: str, method: str, item: Any, operation: Any, where: str) -> Plan:
        name = operation.get("operationId")
        if not isinstance(name, str) or not name.isidentifier():
            raise DescriptionError(f"{where}: operationId {name!r} is not a Python name")
        basis = str(self.document.get("basePath", "")).rstrip("/")
        parameters = tuple(self.parameters(item, operation, basis + path, where))
        consumes = tuple(operation.get("consumes") or self.document.get("consumes") or ())
        produces = tuple(operation.get("produces") or self.document.get("produces") or ())
        return Plan(
            service=self.service,
            name=name,
            method=method.upper(),
            path=basis + path,
            parameters=parameters,
            body=_body_kind(parameters, consumes),
            answer=self.answer(operation),
            security=self.security(operation),
            anonymous={} in (operation.get("security") or ()),
            summary=str(operation.get("summary", "")).strip(),
            description=str(operation.get("description", "")).strip(),
            deprecated=bool(operation.get("deprecated")),
            requires=tuple(operation.get("x-agavepy-requires") or ()),
            produces=produces or ("application/json",),
            consumes=consumes or ("application/json",),
            search={
                word: (str(rule.get("type", "string")), str(rule.get("field", word)))
                for word, rule in (operation.get("x-agavepy-search") or {}).items()
            },
            statuses={
                str(code): str(self.spec.deref(response).get("description", "")).strip()
                for code, response in (operation.get("responses") or {}).items()
            },
        )

    def parameters(self, item: Any, operation: Any, path: str, where: str) -> Iterator[Parameter]:
        merged: dict[tuple[str, str], Any] = {}
        for group in (item.get("parameters"), operation.get("parameters")):
            for raw in group or ():
                parameter = self.spec.deref(raw)
                merged[parameter["name"], parameter["in"]] = parameter
        names = [name for name, _ in merged]
        for (name, place), parameter in merged.items():
            if names.count(name) > 1:
                raise DescriptionError(f"{where}: two parameters are called {name!r}")
            if place == "path" and f"{{{name}}}" not in path:
                raise DescriptionError(f"{where}: the path has no variable {{{name}}}")
            yield self.parameter(name, place, parameter)
        for piece in path.split("{")[1:]:
            variable = piece.partition("}")[0]
            if (variable, "path") not in merged:
                raise DescriptionError(f"{where}: path variable {{{variable}}} is not declared")

    def parameter(self, name: str, place: str, parameter: Any) -> Parameter:
        schema = self.spec.deref(parameter.get("schema")) or parameter
        kind = str(schema.get("type") or ("any" if place == "body" else "string"))
        location = {"formData": "file" if kind == "file" else "form"}.get(place, place)
        items = self.spec.deref(schema.get("items")) or {}
        return Parameter(
            name=name,
            location=location,
            type=kind,
            required=bool(parameter.get("required")),
            doc=str(parameter.get("description", "")).strip(),
            format=str(schema.get("format", "")),
            items=str(items.get("type", "")),
            collection=str(parameter.get("collectionFormat", "csv")),
            enum=tuple(schema.get("enum") or items.get("enum") or ()),
            default=schema.get("default"),
            minimum=schema.get("minimum"),
            maximum=schema.get("maximum"),
            tail=bool(parameter.get("x-agavepy-tail")),
            optional=bool(parameter.get("x-agavepy-optional")),
            flatten=bool(parameter.get("x-agavepy-flatten")),
            json=bool(parameter.get("x-agavepy-json")),
            fields=tuple(self.body_fields(schema)) if place == "body" else (),
        )

    def security(self, operation: Any) -> str:
        requirements = operation.get("security", self.document.get("security"))
        for requirement in requirements or ():
            for scheme in requirement:
                definition = self.document.get("securityDefinitions", {}).get(scheme, {})
                kind = definition.get("x-agavepy-credential")
                return str(kind or ("user" if definition.get("type") == "basic" else "bearer"))
        return "none"

    def answer(self, operation: Any) -> Answer:
        family = str(
            operation.get("x-agavepy-envelope") or self.document.get("x-agavepy-envelope") or "none"
        )
        codes = sorted(str(code) for code in operation.get("responses") or {})
        good = [code for code in codes if code.startswith("2")] or ["200"]
        response = self.spec.deref((operation.get("responses") or {}).get(good[0])) or {}
        schema = self.spec.deref(response.get("schema"))
        status = int(good[0])
        if schema is None:
            return Answer("none" if family == "none" else "envelope", family, status)
        if schema.get("type") == "file":
            return Answer("raw", family, status, "file")
        schemas = [schema]
        if response.get("x-agavepy-aloe"):
            schemas.append(self.spec.deref(response["x-agavepy-aloe"]))
        if family != "none":
            schemas = [self.properties(item).get("result", {}) for item in schemas]
        schemas = [self.spec.deref(item) for item in schemas]
        dates: dict[tuple[str, ...], None] = {}
        fields: dict[str, tuple[str, str, str]] = {}
        for item in schemas:
            dates.update(dict.fromkeys(self.dates(item)))
            for field in self.fields(item):
                fields.setdefault(field[0], field)
        return Answer(
            "plain" if family == "none" else "envelope",
            family,
            status,
            self.kind(schemas[0]) if schemas[0] else "",
            tuple(dates),
            tuple(fields.values()),
        )

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the properties of a model, those that it takes over by ``allOf`` included."""
        found: dict[str, Any] = {}
        for part in schema.get("allOf") or ():
            found.update(self.properties(self.spec.deref(part)))
        found.update(schema.get("properties") or {})
        return found

    def kind(self, schema: Any) -> str:
        """Return the type of a schema as people write it: ``array of object``, ``date-time``."""
        kind = schema.get("type") or ("object" if self.properties(schema) else "any")
        if kind == "array" or schema.get("items"):
            items = f"array of {self.kind(self.spec.deref(schema.get('items')) or {})}"
            return items if kind == "array" else f"{items}, or {kind}"
        return str(schema.get("format") if schema.get("format") == "date-time" else kind)

    def dates(self, schema: Any, depth: int = 0) -> Iterator[tuple[str, ...]]:
        """Yield the key paths of the dates that callers get as datetimes."""
        if depth > MAX_DEPTH:
            return
        if schema.get("format") == "date-time" and not schema.get("x-agavepy-text"):
            yield ()
        if schema.get("items"):
            for path in self.dates(self.spec.deref(schema["items"]), depth + 1):
                yield ("[]", *path)
        for name, child in self.properties(schema).items():
            for path in self.dates(self.spec.deref(child), depth + 1):
                yield (name, *path)

    def fields(
        self, schema: Any, prefix: str = "", depth: int = 0
    ) -> Iterator[tuple[str, str, str]]:
        """Yield (dotted name, type, description) of everything that a result holds."""
        if depth > MAX_DEPTH:
            return
        if schema.get("items"):
            yield from self.fields(self.spec.deref(schema["items"]), prefix, depth + 1)
        for name, raw in self.properties(schema).items():
            child = self.spec.deref(raw)
            text = str(child.get("description", "")).strip()
            if child.get("enum"):
                text += f" One of: {', '.join(str(value) for value in child['enum'])}."
            yield prefix + name, self.kind(child), text
            yield from self.fields(child, f"{prefix}{name}.", depth + 1)

    def required(self, schema: Any) -> set[str]:
        """Return the names of the properties that a model requires, ``allOf`` parts included."""
        names = set(schema.get("required") or ())
        for part in schema.get("allOf") or ():
            names |= self.required(self.spec.deref(part))
        return names

    def body_fields(self, schema: Any) -> Iterator[tuple[str, str, bool, str]]:
        required = self.required(schema)
        for name, kind, text in self.fields(schema):
            yield name, kind, name in required, text


def _body_kind(parameters: tuple[Parameter, ...], consumes: tuple[str, ...]) -> str:
    places = {parameter.location for parameter in parameters}
    if "body" in places:
        return "bytes" if consumes == (BYTES,) else "json"
    if "file" in places or ("form" in places and _FORM[1] in consumes):
        return "multipart"
    return "form" if "form" in places else "none"
