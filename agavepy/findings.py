"""A finding over a description, and what can be wrong with any YAML or JSON document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agavepy.shapes import printable

_DEEPEST = 100
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend: the file, the place in it, and what is wrong and what to do about it."""

    file: str
    place: str
    advice: str

    def __str__(self) -> str:
        return printable(f"{self.file}: {self.place}: {self.advice}")


def unwieldy(document: Any) -> str:
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


def doubled(path: Path) -> Iterator[Finding]:
    """Yield the keys that a mapping has twice: of two operations the first would just be gone."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = path.read_bytes()
    try:
        waiting: list[Any] = [yaml.compose(content, Loader=loader)]
    except yaml.YAMLError:  # JSON that is no YAML, for example with an emoji as two escapes
        yield from (Finding(str(path), "document", advice) for advice in _doubled_in_json(content))
        return
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


def _doubled_in_json(content: bytes) -> list[str]:
    """Return what there is to say of keys that an object of JSON has twice."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(key for key, _ in pairs)
        twice = [key for key, count in counts.items() if count > 1]
        found.extend(f"{key!r} stands twice in one object, and only one counts" for key in twice)
        return dict(pairs)

    json.loads(content, object_pairs_hook=look)
    return found
