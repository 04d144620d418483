"""What a schema says to people and to a call: its type, its fields, the dates within it.

Schemas of all versions are read alike: ``allOf``, ``oneOf`` and ``anyOf`` are taken together, and
``null`` is left out, because it is no value that anybody would have to prepare for by type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agavepy.resolver import Resolver
from agavepy.shapes import mapping, plain, sequence, text

#: Models may nest themselves; documentation and dates deeper than this are of no use to anybody.
MAX_DEPTH = 6
#: Lines of documentation of one model that anybody reads: of larger ones, only the upper levels of
#: fields (and of dates) are listed.
_MOST = 150
_LINE = 80  # characters
#: The types of constants; a bool is an int to Python.
_TYPES = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (dict, "object"),
    (list, "array"),
)
TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "file"})
#: What documents in the wild call these types.
_MEANT = {
    "int": "integer",
    "int32": "integer",
    "int64": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "map": "object",
    "json": "object",
    "str": "string",
    "text": "string",
    "date": "string",
    "datetime": "string",
    "date-time": "string",
    "uuid": "string",
    "enum": "string",
}
Field = tuple[str, str, str]
Path = tuple[str, ...]


class Schemas:
    """Reads the schemas of one document; what is asked twice of a model is remembered."""

    def __init__(self, resolver: Resolver) -> None:
        self.follow = resolver.follow
        self._properties: dict[int, dict[str, Any]] = {}
        self._rows: dict[int, tuple[str, str]] = {}
        self._fields: dict[tuple[int, int, str], list[Field]] = {}
        self._dates: dict[tuple[int, int], list[Path]] = {}
        self._sizes: dict[tuple[int, int], int] = {}
        #: Parts that were made up on the way: their ids must not be given to others.
        self._kept: list[Any] = []

    def parts(self, schema: dict[str, Any]) -> Iterable[dict[str, Any]]:
        """Return the schemas that make up a schema, those that it takes over first, each once."""
        if "allOf" in schema or "oneOf" in schema or "anyOf" in schema:
            return self._parts(schema, set())
        return (schema,)

    def _parts(self, schema: dict[str, Any], seen: set[int]) -> Iterator[dict[str, Any]]:
        if id(schema) in seen:
            return
        seen.add(id(schema))
        for part in sequence(schema.get("allOf")):
            yield from self._parts(self.follow(part), seen)
        yield schema
        for word in ("oneOf", "anyOf"):
            for part in sequence(schema.get(word)):
                yield from self._parts(self.follow(part), seen)

    def properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the properties of a model, those that it takes over included."""
        known = self._properties.get(id(schema))
        if known is None:
            known = {}
            for part in self.parts(schema):
                known.update({str(k): v for k, v in mapping(part.get("properties")).items()})
            self._properties[id(schema)] = known
            self._kept.append(schema)
        return known

    def required(self, schema: dict[str, Any]) -> set[str]:
        """Return the names of the properties that a model requires, ``allOf`` parts included."""
        names: set[str] = set()
        waiting, seen = [schema], set()
        while waiting:
            part = waiting.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            names |= {name for name in sequence(part.get("required")) if isinstance(name, str)}
            waiting += [self.follow(item) for item in sequence(part.get("allOf"))]
        return names

    def types(self, schema: dict[str, Any]) -> tuple[str, ...]:
        """Return the types that a value may have, ``null`` left out."""
        found: list[str] = []
        for part in self.parts(schema):
            given = part.get("type")
            named = given if isinstance(given, list) else [given]
            kinds = [str(kind) for kind in named if isinstance(kind, str) and kind != "null"]
            if not kinds and "const" in part:
                kinds = [_type_of(part["const"])]
            if not kinds and isinstance(part.get("enum"), list) and part is not schema:
                kinds = [_type_of(value) for value in part["enum"] if value is not None]
            found += [kind for kind in kinds if kind not in found]
        return tuple(found)

    def type(self, schema: dict[str, Any], otherwise: str = "any") -> str:
        """Return the one type by which a value is converted; ``otherwise`` where it has several."""
        kinds = {_MEANT.get(kind, kind) for kind in self.types(schema)}
        if not kinds and self.properties(schema):
            return "object"
        if not kinds and self.items(schema):
            return "array"
        if kinds == {"integer", "number"}:
            return "number"
        (kind,) = kinds if len(kinds) == 1 else (otherwise,)
        return kind if kind in TYPES else otherwise

    def items(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of the items of a list."""
        for part in self.parts(schema):
            if part.get("items"):
                return self.follow(part["items"])
        return {}

    def kind(self, schema: dict[str, Any], levels: int = MAX_DEPTH) -> str:
        """Return the type of a schema as people write it: ``array of object``, ``date-time``."""
        kinds = self.types(schema)
        kind = ", or ".join(kinds) or ("object" if self.properties(schema) else "any")
        items = self.items(schema)
        if ("array" in kinds or items) and levels:
            listed = f"array of {self.kind(items, levels - 1)}"
            others = [kind for kind in kinds if kind != "array"] or (
                [] if "array" in kinds else [kind]
            )
            return ", or ".join([listed, *others])
        return "date-time" if schema.get("format") == "date-time" else kind

    def enum(self, schema: dict[str, Any]) -> tuple[Any, ...]:
        """Return the values that are allowed, as JSON has them; none where all are."""
        for part in self.parts(schema):
            if "const" in part:
                return (plain(part["const"]),)
            if isinstance(part.get("enum"), list):
                return tuple(map(plain, part["enum"]))
        return ()

    def fields(self, schema: dict[str, Any], hidden: str = "") -> list[Field]:
        """Return (dotted name, type, description) of everything that a value holds.

        Fields with the flag ``hidden`` (readOnly or writeOnly) are left out.
        """
        return self._listed(schema, self._levels(schema), hidden)

    def dates(self, schema: dict[str, Any]) -> list[Path]:
        """Return the key paths of the dates that callers get as datetimes."""
        return self._dated(schema, self._levels(schema))

    def _levels(self, schema: dict[str, Any]) -> int:
        """Return how deep a model can be looked at without finding more than anybody wants."""
        levels = MAX_DEPTH
        while levels and self._size(schema, levels) > _MOST:
            levels -= 1
        return levels

    def _size(self, schema: dict[str, Any], levels: int) -> int:
        key = id(schema), levels
        if key not in self._sizes:
            self._kept.append(schema)
            size = 0
            if levels >= 0:
                items = self.items(schema)
                size += self._size(items, levels - 1) if items else 0
                for child in map(self.follow, self.properties(schema).values()):
                    lines = 1 + len(self._row(child)[1]) // _LINE
                    size += lines + self._size(child, levels - 1)
            self._sizes[key] = size
        return self._sizes[key]

    def _listed(self, schema: dict[str, Any], levels: int, hidden: str) -> list[Field]:
        if levels < 0:
            return []
        key = id(schema), levels, hidden
        if key not in self._fields:
            self._kept.append(schema)
            found: list[Field] = []
            items = self.items(schema)
            if items:
                found += self._listed(items, levels - 1, hidden)
            for name, raw in self.properties(schema).items():
                child = self.follow(raw)
                if hidden and child.get(hidden) is True:
                    continue
                found.append((name, *self._row(child)))
                below = self._listed(child, levels - 1, hidden)
                found += [(f"{name}.{inner}", kind, told) for inner, kind, told in below]
            self._fields[key] = found
        return self._fields[key]

    def _row(self, schema: dict[str, Any]) -> tuple[str, str]:
        """Return the type and the description of a field."""
        known = self._rows.get(id(schema))
        if known is None:
            self._kept.append(schema)
            known = self._rows[id(schema)] = self.kind(schema), self.explained(schema)
        return known

    def explained(self, schema: dict[str, Any]) -> str:
        """Return the description of a schema with the values that it allows."""
        told = text(schema.get("description"))
        values = self.enum(schema)
        if values and "const" in schema:
            return f"{told} Always {values[0]!r}.".strip()
        return f"{told} One of: {', '.join(map(str, values))}." if values else told

    def _dated(self, schema: dict[str, Any], levels: int) -> list[Path]:
        if levels < 0:
            return []
        key = id(schema), levels
        if key not in self._dates:
            self._kept.append(schema)
            found: list[Path] = []
            dated = any(part.get("format") == "date-time" for part in self.parts(schema))
            if dated and not schema.get("x-agavepy-text"):
                found.append(())
            items = self.items(schema)
            if items:
                found += [("[]", *path) for path in self._dated(items, levels - 1)]
            for name, raw in self.properties(schema).items():
                found += [(name, *path) for path in self._dated(self.follow(raw), levels - 1)]
            self._dates[key] = list(dict.fromkeys(found))
        return self._dates[key]


def _type_of(value: Any) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "string")
