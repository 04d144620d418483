"""What documents of all versions have in common on their way to operation plans.

A document that is imperfect is used as far as it goes: each oddity is noted (``agavepy specs lint``
tells of it), and only an operation that cannot be called is left out.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from agavepy.errors import DescriptionError
from agavepy.naming import Site, argument_names, operation_names
from agavepy.plan import Answer, Plan, Scheme
from agavepy.resolver import Resolver
from agavepy.schemas import TYPES, Schemas
from agavepy.shapes import mapping, plain, sequence, text, words

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
#: What a part of a document that has the wrong shape makes readers stumble over.
BROKEN = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
#: Templates of other dialects: ``{name*}`` and ``{+name}`` are the rest of the path.
_REST = re.compile(r"\{\+([^{}]+)\}|\{([^{}]+)\*\}")
_VARIABLE = re.compile(r"\{([^{}]*)\}")


class Note(NamedTuple):
    """Something of a document that is not as it ought to be, where, and what is done about it."""

    where: str
    advice: str


class Found(NamedTuple):
    """An operation as its document has it, with the path item that it stands in."""

    site: Site
    item: dict[str, Any]
    operation: dict[str, Any]

    @property
    def where(self) -> str:
        """The operation as notes name it: its verb and path."""
        return f"{self.site.method.upper()} {self.site.path}"


class Lowering(ABC):
    """Walks one document; a subclass knows the words of its version."""

    methods: tuple[str, ...] = METHODS
    siblings = False
    #: The type of a parameter that has none, or several.
    untyped = "string"
    #: Locations of parameters in this version.
    places = frozenset({"path", "query", "header"})

    def __init__(
        self,
        document: dict[str, Any],
        origin: Path | str,
        service: str,
        read: Callable[[str], Any] | None = None,
    ) -> None:
        self.document = document
        self.service = service
        self.notes: list[Note] = []
        self.skipped: list[tuple[str, str]] = []
        self.aliases: dict[str, str] = {}
        self.where = "document"
        resolver = Resolver(document, origin, read, self._dangling, self.siblings)
        self.follow = resolver.follow
        self.schemas = Schemas(resolver)

    def note(self, advice: str) -> None:
        """Remember an oddity of the part that is being read."""
        self.notes.append(Note(self.where, advice))

    def _dangling(self, reference: str, why: str) -> None:
        self.note(f"refers to {reference}, which {why}: it counts as empty")

    def plans(self) -> Iterator[Plan]:
        """Yield the plan of each operation that can be called."""
        found = list(self._found())
        names = operation_names([item.site for item in found], self._misnamed)
        for item in found:
            name = names[item.site]
            self.where = item.where
            self._alias(item, name)
            try:
                yield self.plan(item, name)
            except DescriptionError:
                raise
            except BROKEN as error:
                self._skip(name, f"its description has the wrong shape: {error!r}")

    def _skip(self, name: str, why: str) -> None:
        self.skipped.append((f"{name} ({self.where})", why))

    def _misnamed(self, site: Site, advice: str) -> None:
        self.notes.append(Note(f"{site.method.upper()} {site.path}", advice))

    def _alias(self, found: Found, name: str) -> None:
        if name != found.site.given:
            for spelling in filter(None, (found.site.given, found.where)):
                self.aliases.setdefault(spelling, name)

    def _found(self) -> Iterator[Found]:
        for key, raw in mapping(self.document.get("paths")).items():
            path = str(key)
            if path.startswith("x-"):
                continue
            self.where = path
            item = self.follow(raw)
            if not item and raw:
                self._skip(Site(path, "").words, "what its path refers to is not there")
            for method in self.methods:
                if method not in item:
                    continue
                raw_operation = item[method]
                operation = self.follow(raw_operation)
                given = operation.get("operationId")
                site = Site(path, method, str(given) if isinstance(given, str | int) else None)
                self.where = f"{method.upper()} {path}"
                if not isinstance(raw_operation, dict):
                    self._skip(site.words, f"it is not described: {raw_operation!r}")
                    continue
                yield Found(site, item, operation)

    @abstractmethod
    def plan(self, found: Found, name: str) -> Plan:
        """Return the plan of one operation."""

    # -- parameters ---------------------------------------------------------------------------

    def path(self, written: str) -> str:
        """Return the template of an address without a fragment, which never travels."""
        path = _REST.sub(lambda match: f"{{{match[1] or match[2]}}}", written.partition("#")[0])
        if not path.startswith("/"):
            self.note(f"the path {written!r} does not begin with a slash: one is put before it")
            path = f"/{path}"
        if re.search(r"[{}]", _VARIABLE.sub("", path)):
            self.note("the path has a brace without its other half: it is sent encoded")
        pieces = re.split(r"(\{[^{}]*\})", path)
        return "".join(
            piece if index % 2 else quote(piece, safe="/?=&;,:@!$'()*+~-._%")
            for index, piece in enumerate(pieces)
        )

    def given(self, found: Found, path: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the parameters of an operation by name on the wire and location.

        Those of the operation replace those of its path. Variables that the path has and nobody
        declared are added, and those that it does not have are left out.
        """
        merged: dict[tuple[str, str], dict[str, Any]] = {}
        for holder in (found.item, found.operation):
            own: set[tuple[str, str]] = set()
            listed = holder.get("parameters")
            if listed is not None and not isinstance(listed, list):
                self.note(f"its parameters are {listed!r:.80}, which is no list: there are none")
            for raw in sequence(listed):
                parameter = self.follow(raw)
                name, place = parameter.get("name"), parameter.get("in")
                if not parameter and isinstance(raw, dict) and raw:
                    continue  # a reference that leads nowhere was noted
                if not isinstance(name, str | int) or place not in self.places:
                    self.note(
                        f"the parameter {name!r} in {place!r} has no place that is known here: "
                        "it is left out"
                    )
                    continue
                key = str(name), str(place)
                if key in own:
                    self.note(f"the {place} parameter {name!r} is declared twice: the last counts")
                own.add(key)
                merged[key] = parameter
        variables = _VARIABLE.findall(path)
        for name, place in list(merged):
            if place == "path" and name not in variables:
                self.note(f"path parameter {name!r} is not in the path: it is left out")
                del merged[name, place]
        rest = {match[1] or match[2] for match in _REST.finditer(found.site.path)}
        for variable in variables:
            if (variable, "path") not in merged:
                self.note(f"path variable {{{variable}}} is not declared: it is taken for text")
                merged[variable, "path"] = {"type": "string", "required": True}
            if variable in rest:
                merged[variable, "path"] = {**merged[variable, "path"], "x-agavepy-tail": True}
        return merged

    def names(self, keys: Any) -> dict[tuple[str, str], str]:
        """Return the keyword of each parameter and note those that two of them would have."""
        names = argument_names(keys)
        for (wire, place), name in names.items():
            if name != wire:
                self.note(f"two parameters are called {wire!r}: that in the {place} is {name}")
        return names

    def described(
        self, name: str, place: str, parameter: dict[str, Any], schema: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the fields of a Parameter that are read alike in all versions."""
        kind = self.schemas.type(schema, self.untyped)
        for given in self.schemas.types(schema):
            if given not in TYPES:
                self.note(f"parameter {name!r} has the unknown type {given!r}: {kind} is taken")
        items = self.schemas.items(schema)
        required = parameter.get("required") is True
        if place == "path" and not required:
            required = True
            self.note(f"path parameter {name!r} is not `required: true`: it is taken to be")
        return {
            "type": kind,
            "required": required,
            "doc": text(parameter.get("description")) or text(schema.get("description")),
            "format": text(schema.get("format")),
            "items": self.schemas.type(items, self.untyped) if items else "",
            "enum": self.schemas.enum(schema) or self.schemas.enum(items),
            "default": self.default(name, kind, schema),
            "minimum": self.bound(name, schema, "minimum"),
            "maximum": self.bound(name, schema, "maximum"),
        }

    def default(self, name: str, kind: str, schema: dict[str, Any]) -> Any:
        """Return the default of a parameter; one that is none of its values is left out."""
        value = plain(schema.get("default"))
        if value is None:
            return None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = {
            "integer": number and value == int(value) if number else False,
            "number": number,
            "boolean": isinstance(value, bool),
            "string": isinstance(value, str | int | float),
            "array": isinstance(value, list),
            "object": isinstance(value, dict),
        }
        if not fits.get(kind, True):
            self.note(f"the default of {name!r} is {value!r}, which is no {kind}: it is left out")
            return None
        return value

    def bound(self, name: str, schema: dict[str, Any], word: str) -> float | None:
        """Return a minimum or maximum; what is no number is left out."""
        value = schema.get(word)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        self.note(f"the {word} of {name!r} is {value!r}, which is no number: it is left out")
        return None

    # -- answers and credentials --------------------------------------------------------------

    def responses(self, operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the responses by status, as text."""
        found = mapping(operation.get("responses")).items()
        return {
            str(code): self.follow(raw) for code, raw in found if not str(code).startswith("x-")
        }

    def statuses(self, responses: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Return what each status means."""
        return {code: text(response.get("description")) for code, response in responses.items()}

    def successes(self, responses: dict[str, dict[str, Any]]) -> list[str]:
        """Return the statuses that say success: exact ones first, then 2XX, then the default."""
        exact = sorted(code for code in responses if re.fullmatch(r"2\d\d", code))
        ranges = [code for code in responses if code.upper() == "2XX"]
        return exact + ranges or [code for code in responses if code == "default"]

    def family(self, operation: dict[str, Any]) -> str:
        """Return the family of envelope in which an operation answers."""
        given = operation.get("x-agavepy-envelope") or self.document.get("x-agavepy-envelope")
        return text(given) or "none"

    def shown(self, schemas: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the fields of an Answer that tell what is in a result of one of ``schemas``."""
        dates: dict[tuple[str, ...], None] = {}
        fields: dict[str, tuple[str, str, str]] = {}
        for schema in schemas:
            dates.update(dict.fromkeys(self.schemas.dates(schema)))
            for field in self.schemas.fields(schema, "writeOnly"):
                fields.setdefault(field[0], field)
        kind = self.schemas.kind(schemas[0]) if schemas and schemas[0] else ""
        return {"type": kind, "dates": tuple(dates), "fields": tuple(fields.values())}

    def schemes(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a Plan that say which credentials an operation takes."""
        requirements = sequence(operation.get("security", self.document.get("security")))
        alternatives: list[tuple[Scheme, ...]] = []
        credential = ""
        for requirement in map(mapping, requirements):
            ways: list[tuple[Scheme, ...]] = [()]
            for name, scopes in requirement.items():
                definition = self.definition(str(name))
                if not definition:
                    self.note(f"security scheme {name!r} is not defined: it cannot be used")
                    ways = []
                    break
                credential = credential or text(definition.get("x-agavepy-credential"))
                flows = list(self.scheme(str(name), definition, words(scopes)))
                ways = [(*way, flow) for way in ways for flow in flows]
            alternatives += [way for way in ways if way]
        anonymous = any(requirement == {} for requirement in requirements)
        if credential:
            return {"security": credential, "anonymous": anonymous}
        return {
            "security": "foreign" if alternatives else "none",
            "anonymous": anonymous and bool(alternatives),
            "schemes": tuple(alternatives),
        }

    @abstractmethod
    def definition(self, name: str) -> dict[str, Any]:
        """Return the definition of a security scheme; an empty mapping where there is none."""

    @abstractmethod
    def scheme(
        self, name: str, definition: dict[str, Any], scopes: tuple[str, ...]
    ) -> Iterator[Scheme]:
        """Yield a security scheme, once for each of its OAuth2 flows."""

    def requires(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a Plan that are words of an operation alone."""
        searched = mapping(operation.get("x-agavepy-search"))
        return {
            "summary": text(operation.get("summary")),
            "description": text(operation.get("description")),
            "deprecated": operation.get("deprecated") is True,
            "requires": words(operation.get("x-agavepy-requires")),
            "search": {
                str(word): (
                    str(mapping(rule).get("type", "string")),
                    str(mapping(rule).get("field", word)),
                )
                for word, rule in searched.items()
            },
        }


def special(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a Parameter that vendor extensions set."""
    flags = ("tail", "optional", "flatten", "json")
    return {flag: bool(parameter.get(f"x-agavepy-{flag}")) for flag in flags}


def answer(kind: str, family: str, status: str, shown: dict[str, Any]) -> Answer:
    """Return what an operation answers when it succeeds with ``status``."""
    return Answer(kind, family, number(status), **shown)


def number(status: str) -> int:
    """Return a status that stands for a range, or for all, as the usual one."""
    return int(status) if status.isdigit() else 200
