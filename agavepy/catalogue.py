"""The services of one client: which documents there are, which name each has, which one counts."""

from __future__ import annotations

import copy
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agavepy import compiled, config, fetching, loader, reading, trust
from agavepy.auth.account import Account
from agavepy.brought import BroughtService, Home, Options
from agavepy.compiled import Part
from agavepy.errors import DescriptionError, UsageError
from agavepy.naming import identifier, is_name
from agavepy.plan import ServicePlan
from agavepy.references import leading_out

_SUFFIXES = (".yaml", ".yml", ".json")
_SERVICE, _EXTENDS, _OVERLAY = "x-agavepy-service", "x-agavepy-extends", "x-agavepy-overlay"
#: What says in a document that its place is another than its file's name tells.
_SAYINGS = tuple(word.encode() for word in (_SERVICE, _EXTENDS, _OVERLAY))
#: What only a whole document has, and a partial one has not.
_WHOLE = (re.compile(rb"""swagger["']?\s*:"""), re.compile(rb"""openapi["']?\s*:"""))


class Entry(NamedTuple):
    """Documents that were found or given together: those after the first add to it.

    ``name`` is the one given, "" if it is for the documents to say.
    """

    name: str
    origins: tuple[str, ...]
    given: bool


class _Head(NamedTuple):
    kind: str  # service, extends or overlay
    name: str


#: What was read of the documents of a process: their stamps and heads.
_heads: dict[str, tuple[Any, _Head]] = {}


class Catalogue:
    """Finds the documents of a client, in the order in which later ones replace earlier ones.

    That order is: bundled, ``~/.agave/specs``, AGAVEPY_SPECS, ``specs=``, ``add_service``.
    """

    def __init__(
        self,
        specs: Any,
        auth: Any,
        trust: Any,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        self._documents = fetching.Documents(verify, proxies)
        self._auth, self._trust = _by_service("auth", auth), _by_service("trust", trust)
        #: (name or "", source), as given: a directory may have other files after a reload.
        self._given: list[tuple[str, Any]] = list(_pairs(specs))
        self._options: dict[str, Options] = {}
        self._entries_by_name: list[tuple[str, Entry]] | None = None

    def __copy__(self) -> Catalogue:
        """Return one of its own, so that a service that is added to it is added to it alone."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._documents = copy.copy(self._documents)
        return twin

    def names(self) -> list[str]:
        """Return the names of the services that documents of the user say something of."""
        return sorted({name for name, _ in self._named()})

    def add(self, name: str, source: Any, options: Options, account: Account) -> BroughtService:
        """Take one service more, in place of any of its name, and return it.

        Nothing is changed where it raises DescriptionError or UsageError.
        """
        before = self._given, self._options
        self._documents.ask_again()
        self._given = [*self._given, (_checked_name(name), source)]
        self._options = {**self._options, name: options}
        self._entries_by_name = None
        try:
            service = self.service(name, account)
        except BaseException:
            self._given, self._options = before
            self._entries_by_name = None
            raise
        assert service is not None
        return service

    def reload(self) -> None:
        """Look for documents anew, and at each of them however alike it seems."""
        compiled.forget()
        fetching.forget()
        self._documents.ask_again()
        _heads.clear()
        self._entries_by_name = None

    def plan(self, name: str) -> ServicePlan | None:
        """Return the plans of a service of the user's documents, None if none describes it.

        Raises DescriptionError where they cannot be used.
        """
        if not self.has(name):
            return None
        parts = tuple(part for part, _ in self._parts(name))
        return compiled.service_plan(parts, name, self._documents)

    def service(self, name: str, account: Account) -> BroughtService | None:
        """Return the same as a service of a client. Raises UsageError for wrong ``auth``, too."""
        plan = self.plan(name)
        if plan is None:
            return None
        homes = {
            operation: Home(part.origin, given)
            for part, given in self._parts(name)
            for operation in compiled.operations(part, name, self._documents)
        }
        options = self._options.get(name)
        if options is None:
            options = Options(None, self._trust.get(name), self._auth.get(name))
        return BroughtService(account, plan, homes, options)

    def has(self, name: str) -> bool:
        """Tell whether documents of the user say something of a service."""
        return any(known == name for known, _ in self._named())

    def document(self, name: str) -> tuple[Any, str]:
        """Return the document of a service, with its overlays, for readers other than ours.

        Raises DescriptionError where they could not read it, or not by our rules of trust.
        """
        (part, _), *more = self._parts(name)
        document = compiled.document(part, self._documents)
        if more or str(document.get("swagger")) != "2.0":
            raise DescriptionError(f"{name}: bravado reads a single Swagger 2.0 document only")
        for reference in leading_out(document):
            raise DescriptionError(
                f"{part.origin}: refers to {reference}, where bravado would go unasked: bundle the "
                "document"
            )
        return document, part.origin

    def _named(self) -> list[tuple[str, Entry]]:
        """Return all entries by name; only those that were given none are looked at."""
        if self._entries_by_name is None:
            found = []
            for entry in self._around():
                try:
                    found.append((self._name(entry), entry))
                except (DescriptionError, UsageError) as error:
                    # What lies about must not keep all other services from being called.
                    warnings.warn(f"a description is not used: {error}", stacklevel=2)
            for name, source in self._given:
                found += [(self._name(entry), entry) for entry in self._entries(name, source)]
            self._entries_by_name = found
        return self._entries_by_name

    def _name(self, entry: Entry) -> str:
        head = _Head("", entry.name) if entry.name else self._head(entry.origins[0])
        if not head.name and head.kind == "service":
            raise UsageError(
                f"a description in memory has no name: give specs={{name: document}}, or "
                f"{_SERVICE} in it"
            )
        if not head.name:
            raise DescriptionError(
                f"{entry.origins[0]}: is neither Swagger 2.0 nor OpenAPI 3; an overlay names its "
                f"service: `{_OVERLAY}: files`"
            )
        return _checked_name(head.name, entry.origins[0])

    def _parts(self, name: str) -> list[tuple[Part, bool]]:
        """Return the documents of a service, and whether each was given; none if it has none."""
        parts: list[tuple[Part, bool]] = []
        for known, entry in self._named():
            if known != name:
                continue
            replaces = self._head(entry.origins[0]).kind == "service"
            parts = [] if replaces else parts or self._bundled(name, entry.origins[0])
            for origin in entry.origins:
                if self._head(origin).kind == "overlay":
                    part, given = parts[-1]
                    parts[-1] = part._replace(overlays=(*part.overlays, origin)), given
                else:
                    parts.append((Part(origin), entry.given))
        return parts

    def _bundled(self, name: str, origin: str) -> list[tuple[Part, bool]]:
        if name not in loader.services():
            raise DescriptionError(
                f"{origin}: is no whole description of Swagger 2.0 or OpenAPI 3, and there is no "
                f"service {name!r} that it could add to"
            )
        return [(Part(str(loader.SPECS / f"{name}.yaml")), False)]

    def _head(self, origin: str) -> _Head:
        """Return what a document is and of which service, parsed only if it may say so itself."""
        try:
            stamp = self._documents.stamp(origin)
        except DescriptionError:
            stamp = None
        known = _heads.get(origin)
        if known is None or known[0] != stamp:
            known = _heads[origin] = stamp, self._read_head(origin)
        return known[1]

    def _read_head(self, origin: str) -> _Head:
        by_file = "" if origin.startswith(trust.MEMORY) else name_of(origin)
        try:
            content = self._documents.content(origin)
            says = any(saying in content for saying in _SAYINGS)
            document = reading.parse(content, origin) if says else None
        except DescriptionError:
            return _Head("service", by_file)  # its service says what is wrong, when it is asked for
        if isinstance(document, dict):
            for key, kind in ((_OVERLAY, "overlay"), (_EXTENDS, "extends"), (_SERVICE, "service")):
                if key in document:
                    return _Head(kind, str(document[key]))
        if not any(word.search(content) for word in _WHOLE):
            return _Head("overlay", "")
        return _Head("service", by_file)

    def _around(self) -> Iterator[Entry]:
        """Yield the documents of the home directory and of the environment."""
        folder = config.specs_directory(os.environ)
        if os.path.isdir(folder):  # noqa: PTH112 - as the client asks
            yield from self._folder(Path(folder), given=False)
        for text in os.environ.get(config.SPECS_VARIABLE, "").split(os.pathsep):
            if text:
                yield from self._entries("", Path(text), given=False)

    def _entries(self, name: str, source: Any, given: bool = True) -> Iterator[Entry]:
        """Yield the entries of one source as users give it."""
        folder = None if isinstance(source, Mapping | list | tuple) else _path(source)
        if folder is not None and folder.is_dir():
            if name:
                raise UsageError(
                    f"{folder} is a directory: {name!r} needs a file, or a list of them"
                )
            yield from self._folder(folder, given)
        elif isinstance(source, list | tuple):
            if not source:
                raise UsageError(f"specs: {name!r} has no document")
            yield Entry(name, tuple(map(self._origin, source)), given)
        else:
            yield Entry(name, (self._origin(source),), given)

    def _folder(self, folder: Path, given: bool) -> Iterator[Entry]:
        """Yield the documents of a directory: services, then what is added to them, then overlays.

        Files whose names begin with a dot or an underscore are what others refer to.
        """
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
        except OSError as error:
            raise DescriptionError(f"cannot look into {folder}: {error.strerror}") from error
        entries = [
            Entry("", (self._origin(folder / name),), given)
            for name in names
            if name.endswith(_SUFFIXES) and name[0] not in "._" and not name.endswith(".plan.json")
        ]
        order = ("service", "extends", "overlay")
        yield from sorted(entries, key=lambda entry: order.index(self._head(entry.origins[0]).kind))

    def _origin(self, source: Any) -> str:
        if isinstance(source, Mapping):
            return self._documents.add(source)
        if isinstance(source, str) and trust.is_web(source):
            return source
        path = _path(source)
        if path is None:
            raise UsageError(
                f"specs: {source!r} is none of a file, a directory, an address of the web or a dict"
            )
        return str(path)


def name_of(origin: str) -> str:
    """Return the name of a service whose document has none: the stem of its file or address."""
    return identifier(fetching.stem(origin)) or "service"


def _checked_name(name: Any, where: str = "") -> str:
    if not isinstance(name, str) or not is_name(name):
        start = f"{where}: " if where else ""
        raise UsageError(
            f"{start}{name!r} is no name of a service: it is an attribute of the client"
        )
    return name


def _path(source: Any) -> Path | None:
    if not isinstance(source, str | os.PathLike) or not str(source):
        return None
    return Path(os.path.abspath(os.path.expanduser(source)))  # noqa: PTH100, PTH111 - links stay


def _pairs(specs: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name ("" for none) and the source of each document in ``specs=``."""
    if specs is None:
        return
    if isinstance(specs, Mapping) and not {"swagger", "openapi"} & specs.keys():
        for name, source in specs.items():
            yield _checked_name(name), source
    elif isinstance(specs, list | tuple):
        for source in specs:
            yield "", source
    else:
        yield "", specs


def _by_service(what: str, given: Any) -> Mapping[str, Any]:
    if given is None or isinstance(given, Mapping):
        return given or {}
    raise UsageError(f"{what}= is a dict of the names of services: {what}={{'search': …}}")
