"""Which documents a query of MongoDB matches, as its manual has it.

A path leads through the documents in an array. A comparison is met by a value and by a member of an
array, and by values of its own type only: ``true`` is no 1. A field that is missing is null. What
an operator such as ``$ne`` denies is what its opposite does not match.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial, reduce
from typing import Any

from agavepy.sandbox import patterns
from agavepy.sandbox.errors import ApiError

Document = dict[str, Any]
#: Whether what a path leads to meets a condition.
Test = Callable[[list[Any]], bool]
#: What a value of a query stands for, in comparisons with the field of this name.
Literal = Callable[[str, Any], Any]
Meant = Callable[[Any], Any]

_MISSING = object()
_ORDERS = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}
_FLAGS = {"i": re.I, "m": re.M, "s": re.S, "x": re.X}
#: BSON's types by name and number (MongoDB manual, BSON types); JSON has no others.
_TYPES = {1: "double", 2: "string", 3: "object", 4: "array", 8: "bool", 9: "date", 10: "null",
          16: "int", 18: "long"}  # fmt: skip


def malformed(why: str) -> ApiError:
    """Return the refusal of what is no query."""
    return ApiError(400, f"Malformed JSON Query: {why}")


def compiled(query: Any, literal: Literal) -> Callable[[Any], bool]:
    """Return the test that a query is. Raises ApiError 400 for what is none."""
    if not isinstance(query, dict):
        raise malformed(f"{query!r:.80} is not an object")
    tests = [_part(name, value, literal) for name, value in query.items()]
    return lambda document: all(test(document) for test in tests)


def _part(name: str, value: Any, literal: Literal) -> Callable[[Any], bool]:
    if name in {"$and", "$or", "$nor"}:
        if not isinstance(value, list) or not value:
            raise malformed(f"{name} takes a list of queries")
        inner = [compiled(member, literal) for member in value]
        if name == "$and":
            return lambda document: all(test(document) for test in inner)
        return lambda document: any(test(document) for test in inner) is (name == "$or")
    if name == "$comment":
        return lambda _: True
    if name.startswith("$"):
        raise malformed(f"{name} is no operator over fields that is known here")
    steps, met = name.split("."), _condition(value, lambda given: literal(name, given))
    return lambda document: met([*_reached(document, steps)])


def _reached(node: Any, steps: list[str]) -> Iterator[Any]:
    """Yield what a path leads to, _MISSING where it ends before."""
    if not steps:
        yield node
    elif isinstance(node, list):
        step, rest = steps[0], steps[1:]
        if step.isdecimal() and len(step) < 10 and int(step) < len(node):
            yield from _reached(node[int(step)], rest)
        for member in node:
            if isinstance(member, dict) and (step in member or not step.isdecimal()):
                yield from _reached(member, steps)
    elif isinstance(node, dict) and steps[0] in node:
        yield from _reached(node[steps[0]], steps[1:])
    else:
        yield _MISSING


def _condition(value: Any, literal: Meant) -> Test:
    """Return the test of a value to equal, or of operators that are met all together."""
    if not _is_operators(value):
        return _equals(literal(value))
    tests = [_operator(name, operand, value, literal) for name, operand in value.items()]
    return lambda found: all(test(found) for test in tests)


def _is_operators(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and any(name.startswith("$") for name in value)
        and set(value) != {"$date"}
    )


def _operator(name: str, operand: Any, beside: Document, literal: Meant) -> Test:
    made = _OPERATORS.get(name)
    if made is None:
        raise malformed(f"{name} is no operator that is known here")
    return made(operand, beside, literal)


def _in(operand: Any, _: Document, literal: Meant) -> Test:
    members = [_equals(literal(member)) for member in _list("$in", operand)]
    return lambda found: any(test(found) for test in members)


def _all(operand: Any, _: Document, literal: Meant) -> Test:
    members = [_condition(member, literal) for member in _list("$all", operand)]
    return lambda found: bool(members) and all(test(found) for test in members)


def _list(name: str, operand: Any) -> list[Any]:
    if not isinstance(operand, list):
        raise malformed(f"{name} takes a list")
    return operand


def _denied(opposite: str, operand: Any, beside: Document, literal: Meant) -> Test:
    denied = _operator(opposite, operand, beside, literal)
    return lambda found: not denied(found)


def _not(operand: Any, _: Document, literal: Meant) -> Test:
    if not _is_operators(operand) and not isinstance(literal(operand), re.Pattern):
        raise malformed("$not takes operators or a text with a wildcard")
    denied = _condition(operand, literal)
    return lambda found: not denied(found)


def _exists(operand: Any, _: Document, __: Meant) -> Test:
    return lambda found: any(value is not _MISSING for value in found) is bool(operand)


def _options(_: Any, beside: Document, __: Meant) -> Test:
    if "$regex" not in beside:
        raise malformed("$options are those of a $regex")
    return lambda _: True


def _each(found: list[Any]) -> Iterator[Any]:
    """Yield what is compared: each value, and each member of one that is an array."""
    for value in found:
        yield value
        if isinstance(value, list):
            yield from value


def _equals(wanted: Any) -> Test:
    if isinstance(wanted, re.Pattern):
        return lambda found: any(isinstance(v, str) and wanted.search(v) for v in _each(found))
    key = _key(wanted)
    return lambda found: any(_key(value) == key for value in _each(found))


def _ordered(name: str, operand: Any, _: Document, literal: Meant) -> Test:
    wanted = literal(operand)
    if isinstance(wanted, re.Pattern):
        raise malformed(f"{name} takes no wildcard")
    key, compare = _key(wanted), _ORDERS[name]

    def met(value: Any) -> bool:
        other = _key(value)
        return bool(other[0] == key[0] and compare(other, key))

    return lambda found: any(map(met, _each(found)))


def _key(value: Any) -> tuple[int, Any]:
    """Return a type's place in BSON's order, and what is compared within the type."""
    if value is None or value is _MISSING:
        return 5, 0
    if isinstance(value, bool):
        return 40, value
    if isinstance(value, str):
        return 15, value
    if isinstance(value, list):
        return 25, [_key(member) for member in value]
    if isinstance(value, dict):
        return 20, [(name, _key(value[name])) for name in sorted(value)]
    return (45 if isinstance(value, datetime) else 10), value


def _regex(operand: Any, beside: Document, _: Meant) -> Test:
    options = beside.get("$options", "")
    if not isinstance(operand, str) or not isinstance(options, str) or set(options) - set(_FLAGS):
        raise malformed(f"$regex takes a text, and $options some of i, m, s, x: {options!r:.80}")
    try:
        patterns.check(operand)
        pattern = re.compile(operand, reduce(operator.or_, map(_FLAGS.__getitem__, options), 0))
    except re.error as error:
        raise malformed(f"$regex: {error}") from error
    return _equals(pattern)


def _elem_match(operand: Any, _: Document, literal: Meant) -> Test:
    if not isinstance(operand, dict):
        raise malformed("$elemMatch takes an object")
    if _is_operators(operand) and not set(operand) <= {"$and", "$or", "$nor"}:
        met = _condition(operand, literal)
        return lambda found: any(met([m]) for v in found if isinstance(v, list) for m in v)
    test = compiled(operand, lambda _, value: literal(value))
    return lambda found: any(
        isinstance(m, dict) and test(m) for v in found if isinstance(v, list) for m in v
    )


def _size(operand: Any, _: Document, __: Meant) -> Test:
    if isinstance(operand, bool) or not isinstance(operand, int | float) or operand < 0:
        raise malformed("$size takes a number that is not negative")
    return lambda found: any(isinstance(v, list) and len(v) == operand for v in found)


def _type(operand: Any, _: Document, __: Meant) -> Test:
    wanted: set[str] = set()
    for given in operand if isinstance(operand, list) else [operand]:
        name = _TYPES.get(given) if isinstance(given, int) else given
        if not isinstance(name, str) or name not in {*_TYPES.values(), "number"}:
            raise malformed(f"$type: {given!r:.80} is no type that a value here can have")
        wanted |= {"int", "long", "double"} if name == "number" else {name}
    return lambda found: any(v is not _MISSING and _name(v) in wanted for v in _each(found))


def _name(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "int" if -(1 << 31) <= value < 1 << 31 else "long"
    kinds = {5: "null", 10: "double", 15: "string", 20: "object", 25: "array", 40: "bool"}
    return kinds.get(_key(value)[0], "date")


def _mod(operand: Any, _: Document, __: Meant) -> Test:
    numbers = isinstance(operand, list) and all(map(_is_finite, operand))
    if not numbers or len(operand) != 2 or not int(operand[0]):
        raise malformed("$mod takes a divisor that is not 0, and a remainder")
    divisor, remainder = map(int, operand)

    def met(value: Any) -> bool:  # the remainder has the sign of the value, as in C
        if not _is_finite(value):
            return False
        left = abs(int(value)) % abs(divisor)
        return (left if value >= 0 else -left) == remainder

    return lambda found: any(map(met, _each(found)))


def _is_finite(value: Any) -> bool:
    return _key(value)[0] == 10 and math.isfinite(value)


_OPERATORS: dict[str, Callable[[Any, Document, Meant], Test]] = {
    "$eq": lambda operand, _, literal: _equals(literal(operand)),
    **{name: partial(_ordered, name) for name in _ORDERS},
    "$in": _in,
    "$all": _all,
    "$ne": partial(_denied, "$eq"),
    "$nin": partial(_denied, "$in"),
    "$not": _not,
    "$exists": _exists,
    "$regex": _regex,
    "$options": _options,
    "$elemMatch": _elem_match,
    "$size": _size,
    "$type": _type,
    "$mod": _mod,
}
