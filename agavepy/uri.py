"""Addresses of files: ``agave://system/path``, and URLs of a tenant as the calls they stand for.

In ``agave://system/path`` the path starts after one slash, so that it is relative to the home
directory of the system; a second slash, ``agave://system//path``, makes it absolute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from agavepy import config, loader
from agavepy.errors import UsageError, redact_url
from agavepy.plan import Plan

SCHEME = "agave://"
#: Kept readable in an address; ``%``, ``?``, ``#`` and blanks are not among them.
_SAFE = "/!$&'()*+,;=:@~"
_WITH_FILES = ("files", "jobs")


class Address(NamedTuple):
    """The call that reads what an address names: a service, an operation of it, its arguments.

    Values are decoded; a ``%`` in one is written ``%25``, as calls want it.
    """

    service: str
    operation: str
    arguments: Mapping[str, str]


def format_agave(system: str, path: str) -> str:
    """Return the ``agave://`` address of ``path`` (as calls take it) on the storage ``system``."""
    return f"{SCHEME}{quote(system, safe='')}/{quote(path, safe=_SAFE, errors='surrogateescape')}"


def parse_agave(uri: str) -> tuple[str, str]:
    """Return the system and the path of an ``agave://`` address, decoded.

    Raises UsageError for anything else.
    """
    if not uri.lower().startswith(SCHEME):
        raise UsageError(f"{redact_url(uri)!r} is no address like agave://system/path")
    system, _, path = uri[len(SCHEME) :].partition("/")
    if not system:
        raise UsageError(f"{uri!r} names no system: write agave://system/path")
    return unquote(system), unquote(path, errors="surrogateescape")


def parse(uri: str, base_url: str = "") -> Address:
    """Return the call that reads what ``uri`` names.

    ``uri`` is an ``agave://`` address, or the URL of a file, a listing or a job's output at the
    tenant ``base_url`` (at any server when that is empty). Raises UsageError for all else, and for
    a URL of another server: the tenant's credentials do not belong there.
    """
    if uri.lower().startswith(SCHEME):
        system, path = parse_agave(uri)
        arguments = {"systemId": _literal(system), "filePath": _literal(path)}
        return Address("files", "download", arguments)
    path = _path_below(uri, base_url)
    found: tuple[int, Address] | None = None
    for plan, pattern in _templates():
        match = pattern.fullmatch(path)
        fixed = len(re.sub(r"\{\w+\}", "", plan.path))
        if match and (found is None or fixed > found[0]):
            values = {name: _literal(unquote(text)) for name, text in match.groupdict().items()}
            found = fixed, Address(plan.service, plan.name, values)
    if found is None:
        raise UsageError(
            f"{redact_url(uri)!r} is no address of a file: give agave://system/path, or the URL of "
            "a file or of a job's output"
        )
    return found[1]


def _path_below(uri: str, base_url: str) -> str:
    parts, base = urlsplit(uri), urlsplit(base_url)
    if parts.scheme.lower() not in config.PORTS or not parts.netloc:
        raise UsageError(
            f"{redact_url(uri)!r} is no address of a file: give agave://system/path or a URL"
        )
    prefix = base.path.rstrip("/")
    if base_url:
        ours = config.origin(base_url) == config.origin(uri)
        if not ours or not parts.path.startswith(f"{prefix}/"):
            raise UsageError(f"{redact_url(uri)!r} is no address of the tenant {base_url}")
    return parts.path[len(prefix) :]


def _literal(text: str) -> str:
    return text.replace("%", "%25")


@lru_cache(maxsize=1)
def _templates() -> tuple[tuple[Plan, re.Pattern[str]], ...]:
    return tuple(_read_templates())


def _read_templates() -> Iterator[tuple[Plan, re.Pattern[str]]]:
    """Yield the operations that read files or list them, with a pattern of their paths."""
    for service in _WITH_FILES:
        for plan in loader.service_plan(service).values():
            tails = {item.name for item in plan.parameters if item.location == "path" and item.tail}
            if plan.method != "GET" or not tails:
                continue
            pieces = []
            for piece in re.split(r"(\{\w+\})", plan.path):
                if piece.startswith("{"):
                    text = ".*" if piece[1:-1] in tails else "[^/]+"
                    pieces.append(f"(?P<{piece[1:-1]}>{text})")
                else:
                    pieces.append(re.escape(piece))
            yield plan, re.compile("".join(pieces), re.DOTALL)
