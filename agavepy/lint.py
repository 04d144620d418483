"""Findings over a description: what cannot be called, misleads its readers, or is of no use."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agavepy import vendor
from agavepy.errors import DescriptionError, nearest
from agavepy.loader import read_document
from agavepy.references import References, parts

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_DEEPEST = 100
_LARGEST = 1_000_000
#: What the validator of Swagger itself falls over.
_STUMBLES = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
_SECTIONS = ("parameters", "responses", "definitions")
_UNUSED = "no operation uses it: take it out"
_SILENT = "has no description: say what it means, its unit and the values allowed"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend: the file, the place in it, and what is wrong and what to do about it."""

    file: str
    place: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.advice}"


def check(path: Path) -> list[Finding]:
    """Return the findings over the document at ``path``; none if it is sound.

    A file whose name begins with an underscore is what the documents beside it share: it is used if
    one of them uses it. A file that cannot be read at all is a finding, too. What the Swagger
    schema has against a document is told once nothing of ours is left to mend.
    """
    try:
        document = read_document(path)
    except DescriptionError as error:
        return [_unreadable(path, error)]
    if not isinstance(document, dict) or str(document.get("swagger")) != "2.0":
        advice = "is not Swagger 2.0: a description begins with `swagger: '2.0'`"
        return [Finding(str(path), "document", advice)]
    if fault := _unwieldy(document):
        return [Finding(str(path), "document", fault)]
    found = [*_doubled(path), *_Check(path, document).run()]
    return found or list(_invalid(path, document)) or list(_unanswered(path, document))


def _unreadable(path: Path, error: DescriptionError) -> Finding:
    text = " ".join(str(error).split())
    return Finding(str(path), "document", text.removeprefix(f"{path}: "))


def _unwieldy(document: Any) -> str:
    """Return why a document cannot be walked, which YAML's aliases make easy: "" if it can."""
    sizes: dict[int, tuple[int, int]] = {}  # of each part: how deep it is, how much it holds
    begun: set[int] = set()
    waiting = [document]
    while waiting:
        part = waiting[-1]
        children = part.values() if isinstance(part, dict) else part
        if id(part) not in sizes and id(part) not in begun:
            begun.add(id(part))
            for child in children:
                if isinstance(child, dict | list) and id(child) not in sizes:
                    if id(child) in begun:
                        return "a part of it holds itself, by an alias: write a `$ref` there"
                    waiting.append(child)
            continue
        waiting.pop()
        begun.discard(id(part))
        inner = [sizes.get(id(child), (0, 1)) for child in children]
        depth = 1 + max((deep for deep, _ in inner), default=0)
        sizes[id(part)] = depth, 1 + sum(much for _, much in inner)
        if depth > _DEEPEST:
            return f"is nested more than {_DEEPEST} levels deep: take its models apart"
    if sizes[id(document)][1] > _LARGEST:
        return f"holds more than {_LARGEST} parts once its aliases are written out: use `$ref`"
    return ""


def _doubled(path: Path) -> Iterator[Finding]:
    """Yield the keys that a mapping has twice: of two operations the first would just be gone."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    waiting: list[Any] = [yaml.compose(path.read_bytes(), Loader=loader)]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node.value, list):
            continue
        seen.add(id(node))
        lines: dict[str, int] = {}
        for entry in node.value:
            pair = entry if isinstance(entry, tuple) else (entry,)
            waiting += pair
            if len(pair) == 1 or not isinstance(pair[0].value, str) or pair[0].value == "<<":
                continue
            key, line = pair[0].value, pair[0].start_mark.line + 1
            if key in lines:
                advice = f"{key!r} stands on line {lines[key]} too, and only one of them counts"
                yield Finding(str(path), f"line {line}", advice)
            lines[key] = line


def _invalid(path: Path, document: dict[str, Any]) -> Iterator[Finding]:
    """Yield what the Swagger 2.0 schema itself has against a document."""
    with warnings.catch_warnings():  # the validator resolves references by deprecated means
        warnings.simplefilter("ignore", DeprecationWarning)
        from swagger_spec_validator.common import SwaggerValidationError
        from swagger_spec_validator.validator20 import validate_spec

        try:
            validate_spec(copy.deepcopy(document), path.resolve().as_uri())  # it writes into it
        except SwaggerValidationError as error:
            text = str(error.args[0]).strip().partition("\n")[0]
            yield Finding(str(path), "document", f"is not valid Swagger 2.0: {text}")
        except _STUMBLES as error:
            yield Finding(str(path), "document", f"cannot be validated as Swagger 2.0: {error!r}")


def _unanswered(path: Path, document: dict[str, Any]) -> Iterator[Finding]:
    """Yield the search words that look at a field that no result of the document has.

    Listings answer summaries and search whole objects, which other operations answer.
    """
    from agavepy.compiler import compile_document

    try:
        operations = compile_document(document, path)["operations"]
    except DescriptionError as error:
        yield _unreadable(path, error)
        return
    kinds: dict[str, str] = {}
    for plan in operations.values():
        kinds.update({field[0]: field[1] for field in plan.get("answer", {}).get("fields", ())})
    parents = {name.rpartition(".")[0] for name in kinds}
    open_ended = {name for name, kind in kinds.items() if kind in ("any", "object")} - parents
    for where, operation in _operations(document):
        for word, rule in (operation.get("x-agavepy-search") or {}).items():
            field = str(rule.get("field", word))
            steps = field.split(".")
            above = {".".join(steps[:count]) for count in range(1, len(steps))}
            if field not in kinds and not above & open_ended and not rule.get("computed"):
                yield Finding(
                    str(path),
                    f"{where}: x-agavepy-search.{word}",
                    f"looks at {field!r}, which no result has{nearest(field, kinds)}: give its "
                    "`field`, or `computed: true` if the server works it out",
                )


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation with its verb and path."""
    for path, item in _dict(document.get("paths")).items():
        for method in METHODS if isinstance(path, str) else ():
            if isinstance(_dict(item).get(method), dict):
                yield f"{method.upper()} {path}", item[method]


def _dict(value: Any) -> dict[Any, Any]:
    """Return a dict as it is and nothing for anything else: the validator tells of wrong shapes."""
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(part: dict[str, Any], key: str) -> str:
    return str(part.get(key) or "").strip()


_Parameters = dict[tuple[str, str], dict[str, Any]]


class _Check:
    """Walks one document; parts of other files are looked at where they are used."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self.document = document
        self.references = References(path, document)
        self.found: list[Finding] = []
        #: Parts that were looked at: YAML aliases lead to one part from several places.
        self.seen: set[int] = set()
        #: Parts in which some extensions may stand.
        self.extensible: set[int] = set()
        self.ids: dict[str, str] = {}

    def run(self) -> list[Finding]:
        """Return everything that is found, in the order of the document's sections."""
        document = self.document
        self.extensions(document, "document", "document")
        for name, definition in _dict(document.get("securityDefinitions")).items():
            self.extensions(_dict(definition), f"securityDefinitions.{name}", "security definition")
        look = {"parameters": self.parameter, "responses": self.response, "definitions": self.model}
        for section in _SECTIONS:
            for name, part in _dict(document.get(section)).items():
                look[section](part, f"{section}.{name}")
        for path, item in _dict(document.get("paths")).items():
            for parameter in _list(_dict(item).get("parameters")):
                self.parameter(parameter, f"{path}: {_dict(parameter).get('name')}")
        for where, operation in _operations(document):
            self.operation(operation, where)
        self.stray()
        self.unused()
        return self.found

    def say(self, place: str, advice: str) -> None:
        self.found.append(Finding(str(self.path), place, advice))

    def new(self, part: Any) -> bool:
        """Tell whether a part was not looked at before; a reference is no part."""
        if not isinstance(part, dict) or "$ref" in part or id(part) in self.seen:
            return False
        self.seen.add(id(part))
        return True

    def extensions(self, part: dict[str, Any], place: str, kind: str) -> None:
        self.extensible.add(id(part))
        for fault in vendor.faults(part, kind):
            self.say(place, fault)

    def stray(self) -> None:
        """Say which references lead nowhere, and which extensions stand where none may."""
        for part, place in parts(self.document):
            reference = part.get("$ref")
            if isinstance(reference, str) and not self.references.leads_somewhere(reference):
                self.say(place, f"refers to {reference}, which is not there: correct it")
            for key in part:
                if not isinstance(key, str):
                    self.say(place or "document", f"the key {key!r} is no text: put it in quotes")
            if id(part) not in self.extensible:
                for fault in vendor.faults(part, ""):
                    self.say(place, fault)

    def unused(self) -> None:
        used = self.references.used()
        for section in _SECTIONS:
            for name in _dict(self.document.get(section)):
                if f"/{section}/{name}" not in used:
                    self.say(f"{section}.{name}", _UNUSED)
        named: set[str] = set()
        for part in (self.document, *(item for _, item in _operations(self.document))):
            for requirement in _list(part.get("security")):
                named |= set(map(str, _dict(requirement)))
        defined = set(map(str, _dict(self.document.get("securityDefinitions"))))
        for name in sorted(defined - named):
            self.say(f"securityDefinitions.{name}", _UNUSED)
        for name in sorted(named - defined):
            close = nearest(name, defined)
            self.say(f"security.{name}", f"is not among the securityDefinitions{close}: define it")

    def parameter(self, parameter: Any, place: str) -> None:
        if not self.new(parameter):
            return
        self.extensions(parameter, place, f"{parameter.get('in')} parameter")
        if not _text(parameter, "description"):
            self.say(place, _SILENT)
        self.model(parameter.get("schema"), place)

    def response(self, response: Any, place: str) -> None:
        if not self.new(response):
            return
        self.extensions(response, place, "response")
        self.model(response.get("schema"), f"{place}.schema")

    def model(self, schema: Any, place: str) -> None:
        if not self.new(schema):
            return
        self.extensions(schema, place, str(schema.get("format") or "model"))
        for name, field in _dict(schema.get("properties")).items():
            where = f"{place}.{name}"
            if not _text(self.references.follow(field), "description"):
                self.say(where, _SILENT)
            self.model(field, where)
        for part in _list(schema.get("allOf")):
            self.model(part, place)
        self.model(schema.get("items"), f"{place}[]")
        self.model(schema.get("additionalProperties"), f"{place}.*")

    def operation(self, operation: dict[str, Any], where: str) -> None:
        self.extensions(operation, where, "operation")
        name: Any = operation.get("operationId")
        if not vendor.is_name(name):
            self.say(where, f"operationId {name!r} is not a name to call: give it a Python name")
        elif name in self.ids:
            self.say(where, f"operationId {name!r} is taken by {self.ids[name]}: rename one")
        else:
            self.ids[name] = where
        if not _text(operation, "summary"):
            self.say(where, "has no summary: say in a line what it does")
        for parameter in _list(operation.get("parameters")):
            self.parameter(parameter, f"{where}: {_dict(parameter).get('name')}")
        key = where.partition(" ")[2]
        path = key.partition("#")[0]  # a fragment only tells two operations at one address apart
        given: _Parameters = {}
        for holder in (self.document["paths"][key], operation):
            for parameter in _list(holder.get("parameters")):
                full = self.references.follow(parameter)
                given[str(full.get("name")), str(full.get("in"))] = full
        self.arguments(given, where, path)
        self.body(given, operation, where)
        self.answers(operation, where)

    def arguments(self, given: _Parameters, where: str, path: str) -> None:
        names = [name for name, _ in given]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.say(where, f"two parameters are called {name!r}: a call has one of each name")
        variables = re.findall(r"\{([^{}]*)\}", path)
        declared = {name for name, place in given if place == "path"}
        for name in variables:
            if name not in declared:
                self.say(where, f"path variable {{{name}}} is not declared: add the parameter")
            elif given[name, "path"].get("x-agavepy-tail") and not path.endswith(f"{{{name}}}"):
                self.say(where, f"{{{name}}} is a tail, the rest of the path, but the path goes on")
        for name in sorted(declared - set(variables)):
            self.say(where, f"path parameter {name!r} is not in the path: name its variable so")

    def body(self, given: _Parameters, operation: dict[str, Any], where: str) -> None:
        places = [place for _, place in given]
        if "body" in places and "formData" in places:
            self.say(where, "has a body and form fields: a request carries one kind, choose")
        if "body" in places and where.startswith(("GET ", "HEAD ")):
            self.say(where, "has a body, which servers ignore or refuse on this verb")
        consumes = operation.get("consumes") or self.document.get("consumes") or ()
        has_file = any(parameter.get("type") == "file" for parameter in given.values())
        if has_file and "multipart/form-data" not in consumes:
            self.say(where, "takes a file: add multipart/form-data to what it consumes")

    def answers(self, operation: dict[str, Any], where: str) -> None:
        responses = {str(code): part for code, part in _dict(operation.get("responses")).items()}
        for code, response in responses.items():
            self.response(response, f"{where}: {code}")
        if not any(code[:1] in ("2", "3") for code in responses):
            self.say(where, "has no success among its responses: describe it")
        if not any(code[:1] in ("4", "5") for code in responses):
            self.say(where, "has no failure among its responses: say how it can be refused")
        if operation.get("security", self.document.get("security")) and "401" not in responses:
            self.say(where, "needs a credential: describe 401, the answer to one that is wrong")
        family = operation.get("x-agavepy-envelope", self.document.get("x-agavepy-envelope"))
        for code, response in responses.items():
            schema = self.references.follow(self.references.follow(response).get("schema"))
            bare = code[:1] != "2" or not schema or schema.get("type") == "file"
            if family not in (None, "none") and not bare and "result" not in self.fields(schema):
                advice = "travels in an envelope, and its body has no `result`: describe all of it"
                self.say(f"{where}: {code}", advice)

    def fields(self, schema: dict[str, Any], within: tuple[int, ...] = ()) -> set[str]:
        names = set(_dict(schema.get("properties")))
        for part in _list(schema.get("allOf")):
            full = self.references.follow(part)
            if id(full) not in within:
                names |= self.fields(full, (*within, id(full)))
        return names
