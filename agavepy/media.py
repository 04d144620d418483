"""Media types by what a client does with them: JSON, forms, text, bytes."""

from __future__ import annotations

from agavepy.plan import FORM, JSON, MULTIPART

ANY = "*/*"
_TEXTS = frozenset({"xml", "yaml", "x-yaml", "javascript", "x-javascript", "ecmascript", "csv"})
_TEXTS_SUFFIXES = ("+xml", "+yaml", "x-ndjson", "jsonl", "json-seq", "graphql", "sql", "jose")


def essence(media: str) -> str:
    """Return a media type without its parameters, in small letters."""
    return media.partition(";")[0].strip().lower()


def kind(media: str) -> str:
    """Return how a body of a media type is written: json, form, multipart, text, bytes or any."""
    bare = essence(media)
    if bare in ("", ANY):
        return "any"
    if bare == FORM:
        return "form"
    if bare == MULTIPART:
        return "multipart"
    major, _, minor = bare.partition("/")
    if minor == "json" or minor.endswith("+json"):
        return "json"
    if major == "text" or minor in _TEXTS or minor.endswith(_TEXTS_SUFFIXES):
        return "text"
    return "bytes"


def preferred(media: list[str]) -> list[str]:
    """Return media types with JSON itself first, then other JSON, then as they are listed."""
    return sorted(
        media,
        key=lambda item: (essence(item) != JSON) + (kind(item) not in ("json", "any")),
    )


def matches(given: str, described: str) -> bool:
    """Tell whether a media type is the described one or within its range, such as ``image/*``."""
    bare, wanted = essence(given), essence(described)
    if wanted.endswith("/*") and wanted != ANY:
        return bare.startswith(wanted[:-1])
    return wanted in (bare, ANY)
