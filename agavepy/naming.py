"""Names to write in Python for the operations and parameters of any document.

They do not depend on the order in which a document lists its parts, and nothing but a Python
identifier is ever made.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from agavepy.plan import Parameter

#: Which parameter of several with one name keeps it: the others are called ``<name>_<location>``.
PRECEDENCE = ("path", "query", "header", "cookie", "form", "file", "body")


class Site(NamedTuple):
    """Where an operation stands: its path and verb, and the operationId that it has, if any."""

    path: str
    method: str
    given: str | None = None

    @property
    def words(self) -> str:
        """The verb and the path as one name, for an operation without a name of its own."""
        return identifier(f"{self.method}_{identifier(self.path) or 'root'}")


def is_name(text: str) -> bool:
    """Tell whether ``text`` can be written after a dot, and is no name that Python hides."""
    return (
        text.isidentifier()
        and not keyword.iskeyword(text)
        and not text.startswith("_")
        and unicodedata.normalize("NFKC", text) == text  # as Python reads identifiers
    )


def identifier(text: str) -> str:
    """Return the identifier that is closest to ``text``; "" where none of it can be kept."""
    kept = "".join(
        char if f"a{char}".isidentifier() else "_" for char in unicodedata.normalize("NFKC", text)
    )
    name = re.sub(r"_+", "_", kept).strip("_") if kept != text else text.lstrip("_")
    if not name:
        return ""
    if not name.isidentifier():  # it begins with a digit
        name = f"op_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def operation_names(sites: Iterable[Site], note: Callable[[Site, str], None]) -> dict[Site, str]:
    """Return a name for each operation; each differs from all others.

    An operationId that is a Python name is kept; of several operations that have it, the first by
    path keeps it. ``note(site, advice)`` is told of each name that had to be made.
    """
    names: dict[Site, str] = {}
    taken: dict[str, Site] = {}
    ordered = sorted(sites, key=lambda site: (site.path, site.method))
    made = []
    for site in ordered:
        given = site.given or ""
        if is_name(given) and given not in taken:
            names[site] = given
            taken[given] = site
        else:
            made.append(site)
    for site in made:
        given = site.given or ""
        wanted = identifier(given) or site.words
        name = _free(taken, wanted, f"{wanted}_{site.words}" if given else site.words)
        names[site] = name
        taken[name] = site
        if not given:
            note(site, f"has no operationId and is called {name}: give it one")
        elif wanted != given:
            note(site, f"operationId {given!r} is not a name to call: it is called {name}")
        else:
            first = taken[given]
            other = f"{first.method.upper()} {first.path}"
            note(site, f"operationId {given!r} is taken by {other}: it is called {name}")
    return names


def _free(taken: Collection[str], *wanted: str) -> str:
    for name in wanted:
        if name not in taken:
            return name
    count = 2
    while f"{wanted[-1]}_{count}" in taken:
        count += 1
    return f"{wanted[-1]}_{count}"


def argument_names(keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return a name for each parameter, given as (name on the wire, location)."""
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = {name for name, _ in keys}
    used: set[str] = set()
    for key in sorted(keys, key=lambda key: _rank(key[1])):
        wire, location = key
        name = wire if wire not in used else _free(taken, f"{wire}_{location}")
        names[key] = name
        used.add(name)
        taken.add(name)
    return names


def _rank(location: str) -> int:
    return PRECEDENCE.index(location) if location in PRECEDENCE else len(PRECEDENCE)


def spellings(parameters: Iterable[Parameter], extras: Collection[str] = ()) -> Mapping[str, str]:
    """Return how each parameter is written as a keyword of a call, by its name.

    A name that is an identifier is written as it is. One that is none is written as an identifier,
    if nothing else has that; its own spelling is understood as well.
    """
    names = [parameter.name for parameter in parameters]
    written = {name: name for name in names if name.isidentifier() and not keyword.iskeyword(name)}
    taken = {*names, *extras}
    for name in names:
        spelling = identifier(name) if name not in written else ""
        if spelling and spelling not in taken:
            written[name] = spelling
            taken.add(spelling)
    return written
