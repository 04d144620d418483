"""Read documents of anybody safely: bounds on size, depth and aliases, and plain data only.

YAML is read as OpenAPI wants it, by the JSON rules of YAML 1.2: dates, ``yes`` and ``1:30`` are
text.
"""

from __future__ import annotations

import functools
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agavepy.errors import DescriptionError

#: The largest document that is read, in bytes.
MOST_BYTES = 20 << 20
#: Levels of nesting in a document.
MOST_LEVELS = 100
#: Parts of a document once its aliases are written out. A document without aliases may have more.
MOST_PARTS = 1_000_000
#: Pairs that the merge keys of a document (``<<``) may copy; PyYAML before 6.0.4 makes each copy.
_MOST_MERGED = 100_000
#: What PyYAML stumbles over in values that are none of their type, such as very long numbers.
_ODD_VALUES = (ValueError, LookupError, AttributeError, TypeError, RecursionError)
#: What opens a level of nesting on the same line. Its C code exhausts the stack of the process if
#: there are too many levels, so documents that might have them are looked through beforehand.
_OPENINGS = (b"[", b"{", b"- ", b"? ", b"-\t", b"?\t")
_MOST_OPENINGS = 5000
#: Levels at which libyaml has begun to give up by itself, or fewer.
_PARSERS_OWN = 500
_TOO_DEEP = "is nested too deeply to be read"


def read_document(path: Path) -> Any:
    """Parse a YAML or JSON file. Raises DescriptionError naming the file, line and fault."""
    return parse(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Return the content of a document. Raises DescriptionError, also for what is no plain file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device would never end
            raise DescriptionError(f"{path}: is no file that holds a description")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DescriptionError(f"cannot read the description {path}: {error.strerror}") from error
    refuse_size(len(content), str(path))
    return content


def refuse_size(size: int, where: str) -> None:
    """Raise DescriptionError where a document is larger than any that is read."""
    if size > MOST_BYTES:
        raise DescriptionError(f"{where}: is larger than {MOST_BYTES >> 20} MiB: take it apart")


def parse(content: bytes, where: str) -> Any:
    """Return the plain data of a YAML or JSON document; ``where`` names it in errors.

    Raises DescriptionError for what is neither, and for what is nested or repeated beyond bounds.
    """
    document = _parse(content, where)
    if fault := _unwieldy(document):
        raise DescriptionError(f"{where}: {fault}")
    return document


def _parse(content: bytes, where: str) -> Any:
    if content.lstrip()[:1] == b"{":
        try:
            return json.loads(content)
        except ValueError:
            pass  # YAML begins like that as well, and tells the line of a fault
        except RecursionError as error:
            raise DescriptionError(f"{where}: {_TOO_DEEP}") from error
    import yaml

    try:
        loader = _loader()
        if sum(map(content.count, _OPENINGS)) > _MOST_OPENINGS:
            _refuse_depth(where, yaml.parse(content, Loader=loader))
        return yaml.load(content, Loader=loader)  # noqa: S506 - a safe loader, with less in it
    except DescriptionError:
        raise
    except (yaml.YAMLError, *_ODD_VALUES) as error:
        told = str(error).replace(' in "<byte string>",', " at")
        raise DescriptionError(f"{where}: not YAML or JSON: {told}") from error


@functools.cache
def _loader() -> Any:
    """Return a safe loader of plain data, whose merge keys are counted."""
    import re

    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        merged = 0

        def flatten_mapping(self, node: Any) -> None:
            for part in _merged(node):
                self.flatten_mapping(part)
                self.merged += len(part.value)
                if self.merged > _MOST_MERGED:
                    raise yaml.YAMLError(f"merge keys copy more than {_MOST_MERGED} pairs")
            super().flatten_mapping(node)

    def _merged(node: Any) -> Iterator[Any]:
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                parts = value.value if isinstance(value, yaml.SequenceNode) else (value,)
                yield from (part for part in parts if isinstance(part, yaml.MappingNode))

    plain = ("null", "bool", "int", "float", "str", "seq", "map")
    tags = {f"tag:yaml.org,2002:{kind}" for kind in plain} | {None}  # None: refuses all others
    Loader.yaml_constructors = {
        tag: make for tag, make in Loader.yaml_constructors.items() if tag in tags
    }
    kept = {"null", "merge"}
    digits = r"[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE])"
    Loader.yaml_implicit_resolvers = {
        start: [rule for rule in rules if rule[0].rpartition(":")[2] in kept]
        for start, rules in Loader.yaml_implicit_resolvers.items()
    }
    for kind, pattern, starts in (
        ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", "[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
        ("float", rf"[-+]?({digits})([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ):
        tag = f"tag:yaml.org,2002:{kind}"
        Loader.add_implicit_resolver(tag, re.compile(f"^(?:{pattern})$"), list(starts))
    return Loader


def _refuse_depth(where: str, events: Any) -> None:
    """Raise DescriptionError where the parser's stack would not do; newer ones have a bound."""
    import yaml

    depth = 0
    try:
        for event in events:
            kind = type(event).__name__
            depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
            if depth > _MOST_OPENINGS:
                raise DescriptionError(f"{where}: {_TOO_DEEP}")
    except yaml.YAMLError as error:
        if depth > _PARSERS_OWN:
            raise DescriptionError(f"{where}: {_TOO_DEEP}") from error
        raise


def _unwieldy(document: Any) -> str:
    """Return why a document cannot be walked, which YAML's aliases make easy: "" if it can."""
    if not isinstance(document, dict | list):
        return ""
    sizes: dict[int, tuple[int, int]] = {}  # of each part: how deep it is, how much it holds
    begun: set[int] = set()
    waiting: list[Any] = [document]
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
        if depth > MOST_LEVELS:
            return f"is nested more than {MOST_LEVELS} levels deep: take its models apart"
    written_out = sizes[id(document)][1]
    if written_out > MOST_PARTS and written_out > 2 * _written(document):
        return f"holds more than {MOST_PARTS} parts once its aliases are written out: use `$ref`"
    return ""


def _written(document: Any) -> int:
    """Return how many parts a document has as it is written, each alias counted as one."""
    seen: set[int] = set()
    count, waiting = 1, [document]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        children = part.values() if isinstance(part, dict) else part
        count += len(part)
        waiting += [child for child in children if isinstance(child, dict | list)]
    return count
