"""A finding over a description, and what can be wrong with any YAML or JSON document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agavepy.shapes import printable


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend: the file, the place in it, and what is wrong and what to do about it."""

    file: str
    place: str
    advice: str

    def __str__(self) -> str:
        return printable(f"{self.file}: {self.place}: {self.advice}")


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
