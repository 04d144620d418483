"""Patterns of users: which are refused, so that one search cannot stop the whole tenant."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import quote

import pytest

from agavepy.sandbox import patterns
from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal
from tests.sandbox.apps_support import definition
from tests.sandbox.meta_support import DATA, SCHEMAS

BOMBS = [
    "^(a+)+$", "(a*)*b", "(a|a)*b", "(a|b|ab)*c", r"(\w+\s?)+$", "((a?){9,}x?)*y", "(.*a){20}",
    r"(\w+\S+)*$", r"([a-z]+\w*)*$", r"(\s+\S+\s+)*$", r"(\s*\S+)*$", "([^a]+[^b]+)*c",
    r"([ab]\W?\w+)*$", r"(\s[ab]*\s?)*x",
]  # fmt: skip
FINE = [
    "^x", "a+b*", r"\d{4}-\d{2}", "(foo|bar)+", r"(\.[a-z]+)*", r"(\d+,)*x", "(ab?c)*", "(?i)a.*z",
    r"[^,]+(,[^,]+)*", r"\w+(\s\w+)*", r"\S+(\s+\S+)*", "([a-z]+[0-9])*", r"([A-Z]\d+\s)+",
]  # fmt: skip


@pytest.mark.parametrize("text", BOMBS)
def test_a_pattern_that_could_take_for_ever_is_refused(text: str) -> None:
    with pytest.raises(re.error):
        patterns.check(text)


@pytest.mark.parametrize("text", FINE)
def test_other_patterns_are_taken(text: str) -> None:
    patterns.check(text)


def test_a_validator_may_have_its_flags_where_java_takes_them() -> None:
    pattern = patterns.java(r"([^\s]+(\.(?i)(fa|fasta))$)")
    for text, fits in (("reads.FA", True), ("reads.fasta", True), ("a b.fa", False)):
        assert bool(pattern.fullmatch(text)) is fits
    assert patterns.java(r"a\(?i\)").fullmatch("a(i)")  # an escaped bracket begins no flags
    assert not patterns.java("a").fullmatch("A")


def test_many_wildcards_are_no_burden() -> None:
    started = time.process_time()
    assert not patterns.glob("*a" * 20 + "*b").match("a" * 250)
    assert time.process_time() - started < 1
    assert patterns.glob("a*c*e").match("abcde")
    assert patterns.glob("a*").match("a")
    assert not patterns.glob("a*").match("ba")
    assert patterns.glob("*").match("")


def test_no_service_takes_such_a_pattern(http: HttpFactory) -> None:
    ada, bomb = http("ada"), BOMBS[0]
    query = quote(json.dumps({"value": {"$regex": bomb}}))
    refusal(ada.get(DATA, params={"q": query}), 400)
    refusal(ada.post(SCHEMAS, json={"properties": {"a": {"pattern": bomb}}}), 400)
    refusal(ada.get("/tags/v2", params={"name.rlike": bomb}), 400)
    bad = {"id": "p", "value": {"type": "string", "validator": bomb}}
    message = refusal(ada.post("/apps/v2", json=definition(parameters=[bad])), 400)
    assert "value.validator" in message
    assert ada.get("/actors/v2", params={"description.like": bomb}).status_code == 500
