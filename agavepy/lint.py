"""Findings over a description: what cannot be called, misleads its readers, or is of no use."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agavepy import vendor
from agavepy.errors import DescriptionError, nearest
from agavepy.findings import Finding, doubled
from agavepy.lint_foreign import ForeignCheck
from agavepy.lowering import BROKEN, METHODS
from agavepy.naming import is_name
from agavepy.plan import MULTIPART
from agavepy.reading import MOST_PARTS, read_document
from agavepy.references import References, parts, written_out
from agavepy.shapes import mapping, sequence, text

_SECTIONS = ("parameters", "responses", "definitions")
_UNUSED = "no operation uses it: take it out"
_SILENT = "has no description: say what it means, its unit and the values allowed"


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
    version = _version(document)
    if not version:
        advice = (
            "is not a description of a known version: one begins with `swagger: '2.0'` or "
            "`openapi: 3.0.…` or `3.1.…`"
        )
        return [Finding(str(path), "document", advice)]
    found = [*doubled(path)]
    if version == "3":
        found += ForeignCheck(path, document).run()
    else:
        found += _Check(path, document).run()
    found += _noted(path, document, found)
    if version == "3":
        return found
    return found or list(_invalid(path, document)) or list(_unanswered(path, document))


def _version(document: Any) -> str:
    """Return the major version of a description, "" for what is none."""
    if str(mapping(document).get("swagger")) == "2.0":
        return "2"
    return "3" if str(mapping(document).get("openapi")).startswith("3.") else ""


def _unreadable(path: Path, error: DescriptionError) -> Finding:
    told = " ".join(str(error).split())
    return Finding(str(path), "document", told.removeprefix(f"{path}: "))


def _invalid(path: Path, document: dict[str, Any]) -> Iterator[Finding]:
    """Yield what the Swagger 2.0 schema itself has against a document."""
    if written_out(document) > MOST_PARTS:  # the validator writes it out
        advice = f"stands for more than {MOST_PARTS} parts once its references are written out"
        yield Finding(str(path), "document", f"{advice}: take a level of its models out")
        return
    with warnings.catch_warnings():  # the validator resolves references by deprecated means
        warnings.simplefilter("ignore", DeprecationWarning)
        from swagger_spec_validator.common import SwaggerValidationError
        from swagger_spec_validator.validator20 import validate_spec

        try:
            validate_spec(copy.deepcopy(document), path.resolve().as_uri())  # it writes into it
        except SwaggerValidationError as error:
            told = str(error.args[0]).strip().partition("\n")[0]
            yield Finding(str(path), "document", f"is not valid Swagger 2.0: {told}")
        except BROKEN as error:
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


def _noted(path: Path, document: dict[str, Any], found: list[Finding]) -> Iterator[Finding]:
    """Yield what a call has to make up for, and which operations cannot be called.

    What ``found`` tells of already is not told again.
    """
    from agavepy.compiler import examine

    told = {(finding.place, _gist(finding.advice)) for finding in found}
    told |= {("", gist) for _, gist in told if gist.startswith("refers to ")}
    try:
        data, notes = examine(document, path)
    except DescriptionError as error:
        yield _unreadable(path, error)
        return
    for where, advice in notes:
        if not {(where, _gist(advice)), ("", _gist(advice))} & told:
            yield Finding(str(path), where, advice)
    for where, why in data["skipped"]:
        yield Finding(str(path), where, f"cannot be called: {why}")


def _gist(advice: str) -> str:
    """Return what is wrong, without what is done or to be done about it."""
    return advice.partition(", which ")[0].partition(": ")[0]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation with its verb and path."""
    for path, item in mapping(document.get("paths")).items():
        for method in METHODS if isinstance(path, str) else ():
            if isinstance(mapping(item).get(method), dict):
                yield f"{method.upper()} {path}", item[method]


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
        for name, definition in mapping(document.get("securityDefinitions")).items():
            self.extensions(
                mapping(definition), f"securityDefinitions.{name}", "security definition"
            )
        look = {"parameters": self.parameter, "responses": self.response, "definitions": self.model}
        for section in _SECTIONS:
            for name, part in mapping(document.get(section)).items():
                look[section](part, f"{section}.{name}")
        for path, item in mapping(document.get("paths")).items():
            for parameter in sequence(mapping(item).get("parameters")):
                self.parameter(parameter, f"{path}: {mapping(parameter).get('name')}")
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
            for name in mapping(self.document.get(section)):
                if f"/{section}/{name}" not in used:
                    self.say(f"{section}.{name}", _UNUSED)
        named: set[str] = set()
        for part in (self.document, *(item for _, item in _operations(self.document))):
            for requirement in sequence(part.get("security")):
                named |= set(map(str, mapping(requirement)))
        defined = set(map(str, mapping(self.document.get("securityDefinitions"))))
        for name in sorted(defined - named):
            self.say(f"securityDefinitions.{name}", _UNUSED)
        for name in sorted(named - defined):
            close = nearest(name, defined)
            self.say(f"security.{name}", f"is not among the securityDefinitions{close}: define it")

    def parameter(self, parameter: Any, place: str) -> None:
        if not self.new(parameter):
            return
        self.extensions(parameter, place, f"{parameter.get('in')} parameter")
        if not text(parameter.get("description")):
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
        if any(self.takes_over(part, schema) for part in sequence(schema.get("allOf"))):
            self.say(place, "takes itself over by `allOf`: no value is of such a model")
        for name, field in mapping(schema.get("properties")).items():
            where = f"{place}.{name}"
            if not text(self.references.follow(field).get("description")):
                self.say(where, _SILENT)
            self.model(field, where)
        for part in sequence(schema.get("allOf")):
            self.model(part, place)
        self.model(schema.get("items"), f"{place}[]")
        self.model(schema.get("additionalProperties"), f"{place}.*")

    def takes_over(self, part: Any, schema: Any, within: tuple[int, ...] = ()) -> bool:
        """Tell whether a part of a model leads back to it."""
        full = self.references.follow(part)
        if full is schema or id(full) in within:
            return full is schema
        parts_of_it = sequence(full.get("allOf"))
        return any(self.takes_over(item, schema, (*within, id(full))) for item in parts_of_it)

    def operation(self, operation: dict[str, Any], where: str) -> None:
        self.extensions(operation, where, "operation")
        name: Any = operation.get("operationId")
        if name is None:
            pass  # the compiler tells how it is called then
        elif not (isinstance(name, str) and is_name(name)):
            self.say(where, f"operationId {name!r} is not a name to call: give it a Python name")
        elif name in self.ids:
            self.say(where, f"operationId {name!r} is taken by {self.ids[name]}: rename one")
        else:
            self.ids[name] = where
        if not text(operation.get("summary")):
            self.say(where, "has no summary: say in a line what it does")
        for parameter in sequence(operation.get("parameters")):
            self.parameter(parameter, f"{where}: {mapping(parameter).get('name')}")
        key = where.partition(" ")[2]
        path = key.partition("#")[0]  # a fragment only tells two operations at one address apart
        given: _Parameters = {}
        for holder in (self.document["paths"][key], operation):
            for parameter in sequence(holder.get("parameters")):
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
        if has_file and MULTIPART not in consumes:
            self.say(where, "takes a file: add multipart/form-data to what it consumes")

    def answers(self, operation: dict[str, Any], where: str) -> None:
        responses = {str(code): part for code, part in mapping(operation.get("responses")).items()}
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
        names = set(mapping(schema.get("properties")))
        for part in sequence(schema.get("allOf")):
            full = self.references.follow(part)
            if id(full) not in within:
                names |= self.fields(full, (*within, id(full)))
        return names
