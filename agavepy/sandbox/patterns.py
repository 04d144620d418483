"""Patterns that users send; those that could keep the whole tenant busy for good are refused.

Python matches on one thread while all others wait, and cannot be interrupted: ``^(a+)+$`` over 40
letters takes days. What can be split in two ways at each turn of a loop is therefore no pattern.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any

_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
#: Flags of Java, which may stand anywhere and hold from there on.
_INLINE_FLAGS = re.compile(r"(?<!\\)\(\?([imsux]+)\)")
#: More turns than this are a loop.
_FEW = 8
_CLASSES: dict[str, Callable[[str], bool]] = {
    "DIGIT": str.isdigit,
    "SPACE": str.isspace,
    "WORD": lambda letter: letter.isalnum() or letter == "_",
}

#: Operators that take one letter; some letters of all kinds, to compare two by.
_LETTERS = {"LITERAL", "NOT_LITERAL", "IN"}
_SAMPLE = "".join(map(chr, range(256))) + "\u0394\u0660\u2003\u4e00"

Item = tuple[Any, Any]


class Endless(re.error):
    """A regular expression that could take for ever."""


def check(pattern: str) -> None:
    """Raise re.error for a text that is no regular expression, Endless for one that may not end."""
    re.compile(pattern)
    if _endless(list(_parser.parse(pattern)), None):
        raise Endless("it repeats what repeats itself, or alternatives that begin alike", pattern)


@lru_cache(maxsize=256)
def java(text: str) -> re.Pattern[str]:
    """Return the pattern of a regular expression as apps have it, which were written for Java.

    Flags within it hold for all of it, as Python has it. Raises re.error as :func:`check` does.
    """
    flags = "".join(sorted(set("".join(_INLINE_FLAGS.findall(text)))))
    plain = _INLINE_FLAGS.sub("", text)
    pattern = f"(?{flags}){plain}" if flags else plain
    check(pattern)
    return re.compile(pattern)


def glob(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return the pattern of a text in which ``*`` stands for anything; it never goes back far.

    It matches whole texts, searched for too.
    """
    first, *others = text.split("*")
    parts = [r"\A" + re.escape(first)]
    for number, middle in enumerate(filter(None, others[:-1])):
        # What was found once stays: a lookahead is not looked into again.
        parts.append(f"(?=(?P<g{number}>.*?{re.escape(middle)}))(?P=g{number})")
    if others:
        parts.append(".*" + re.escape(others[-1]))
    return re.compile("".join(parts) + r"\Z", flags | re.DOTALL)


def _endless(items: list[Item], loop: list[Item] | None) -> bool:
    """Return whether items hold a loop in a loop. ``loop`` is what the loop around them repeats."""
    for operator, value in items:
        name = str(operator)
        if name in _REPEATS:
            body = _unwrapped(value[2])
            loops = value[1] > _FEW
            if loops and loop is not None and not _apart(loop, body):
                return True
            if _endless(body, body if loops else loop):
                return True
        elif name == "BRANCH":
            if loop is not None and not _begin_apart(value[1]):
                return True
            if any(_endless(list(branch), loop) for branch in value[1]):
                return True
        elif any(_endless(list(inner), loop) for inner in _inner(name, value)):
            return True
    return False


def _inner(name: str, value: Any) -> Iterable[Any]:
    if name == "SUBPATTERN":
        return [value[-1]]
    if name in {"ASSERT", "ASSERT_NOT"}:
        return [value[1]]
    if name == "ATOMIC_GROUP":
        return [value]
    return [part for part in value[1:] if part] if name == "GROUPREF_EXISTS" else []


def _unwrapped(body: Any) -> list[Item]:
    items = list(body)
    while len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        items = list(items[0][1][-1])
    return items


def _apart(loop: list[Item], repeated: list[Item]) -> bool:
    """Return whether a letter at an end of a loop says where each turn is: ``(,[0-9]+)*``."""
    ends = [item[1] for item in (loop[0], loop[-1]) if str(item[0]) == "LITERAL"]
    if len(repeated) == 1 and any(not _takes(repeated[0], chr(code)) for code in ends):
        return True
    return _determined(loop)


def _determined(loop: list[Item]) -> bool:
    r"""Return whether each letter says which part of a loop it is for: ``(\s+\S+)*``."""
    parts = [_once_or_more(item) for item in loop]
    turns = pairwise([*parts, parts[0]])
    return all(one and other and _disjoint(one, other) for one, other in turns)


def _once_or_more(item: Item) -> Item | None:
    """Return the letter or class that an item is for sure, None when it is anything else."""
    while str(item[0]) in _REPEATS and item[1][0] > 0 and len(item[1][2]) == 1:
        item = item[1][2][0]
    return item if str(item[0]) in _LETTERS else None


def _disjoint(one: Item, other: Item) -> bool:
    """Return whether no letter is taken by both, by all that is known of them."""
    letters = {*_SAMPLE, *_named(one), *_named(other)}
    return not any(_takes(one, letter) and _takes(other, letter) for letter in letters)


def _named(item: Item) -> Iterable[str]:
    """Return the letters that an item names."""
    name, value = str(item[0]), item[1]
    if name == "IN":
        return [letter for member in value for letter in _named(member)]
    if name in {"LITERAL", "NOT_LITERAL"}:
        return [chr(value)]
    return map(chr, value) if name == "RANGE" else []


def _begin_apart(branches: Iterable[Any]) -> bool:
    firsts: list[Item] = [next(iter(branch), ("", None)) for branch in branches]
    codes = [chr(item[1]).lower() for item in firsts if str(item[0]) == "LITERAL"]
    return len(codes) == len(firsts) == len(set(codes))


def _takes(item: Item, letter: str) -> bool:
    """Return whether one item matches a letter, in either case; True when that is not known."""
    name, value = str(item[0]), item[1]
    codes = {ord(letter), ord(letter.lower()[0]), ord(letter.upper()[0])}
    if name == "LITERAL":
        return value in codes
    if name == "NOT_LITERAL":
        return value not in codes
    if name == "RANGE":
        return any(value[0] <= code <= value[1] for code in codes)
    if name == "CATEGORY":
        _, _, word = str(value).rpartition("_")
        return word not in _CLASSES or _CLASSES[word](letter) is not ("_NOT_" in str(value))
    if name == "IN":
        members = [member for member in value if str(member[0]) != "NEGATE"]
        return any(_takes(member, letter) for member in members) is (len(members) == len(value))
    return True
