"""Every name and signature that programs for agavepy 0.9 and 1.0 go by is there (see the table)."""

from __future__ import annotations

import inspect
import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from agavepy.agave import Agave, Token

#: From the sources of TACC/agavepy, tag v0.9.5 and master (1.0.0a).
TABLE: dict[str, Any] = json.loads(
    Path(__file__).with_name("released_names.json").read_text("utf-8")
)
NAMES = [(module, name) for module, names in TABLE["modules"].items() for name in names]


def takes(function: Any, expected: str, *, bound: bool = True) -> None:
    """Fail unless a function takes the arguments of ``expected``, in order, and needs no more."""
    have = list(inspect.signature(function).parameters.values())
    have = have if bound else have[1:]
    wanted = [part.strip() for part in expected.split(",") if part.strip()]
    assert [item.name for item in have[: len(wanted)]] == [
        part.partition("=")[0] for part in wanted
    ]
    for item, part in zip(have, wanted, strict=False):
        default = part.partition("=")[2]
        if default:
            assert repr(item.default) == default, item
        assert item.kind is not item.KEYWORD_ONLY or default
    for item in have[len(wanted) :]:
        optional = item.default is not item.empty
        assert optional or item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD), item


@pytest.fixture
def ag() -> Agave:
    return Agave(api_server="https://127.0.0.1:1", token="t", cache_client=False)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_name_can_be_imported_from_where_it_was(module: str, name: str) -> None:
    found = import_module(module)
    assert getattr(found, name) is not None
    namespace: dict[str, Any] = {}
    exec(f"from {module} import {name}", namespace)
    assert namespace[name] is not None


@pytest.mark.parametrize("module", TABLE["modules"])
def test_a_module_can_be_the_first_that_a_program_imports(module: str) -> None:
    program = f"import {module} as first; print(*dir(first))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(TABLE["modules"][module]) <= set(done.stdout.split())


@pytest.mark.parametrize("function", TABLE["functions"])
def test_a_function_takes_what_it_took(function: str) -> None:
    takes(pkgutil.resolve_name(function), TABLE["functions"][function])


@pytest.mark.parametrize("target", TABLE["patched"])
def test_tests_of_programs_can_put_their_own_in_place_of_a_name(target: str) -> None:
    with mock.patch(target) as replaced:
        assert pkgutil.resolve_name(target) is replaced
    assert pkgutil.resolve_name(target) is not replaced


def test_the_client_takes_every_keyword_and_only_keywords() -> None:
    parameters = inspect.signature(Agave).parameters
    for name in TABLE["keywords"]:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default in (None, False)


@pytest.mark.parametrize("name", TABLE["attributes"])
def test_a_client_has_the_attribute(name: str, ag: Agave) -> None:
    getattr(ag, name)
    assert hasattr(ag, name)


@pytest.mark.parametrize("name", TABLE["methods"])
def test_a_method_takes_what_it_took(name: str, ag: Agave) -> None:
    takes(getattr(ag, name), TABLE["methods"][name])
    takes(getattr(Agave, name), TABLE["methods"][name], bound=False)
    assert getattr(ag, name).__doc__


@pytest.mark.parametrize("name", TABLE["class_methods"])
def test_a_method_of_the_class_takes_what_it_took(name: str) -> None:
    takes(getattr(Agave, name), TABLE["class_methods"][name])


def test_a_token_takes_its_arguments_by_position_and_lets_them_be_set() -> None:
    takes(Token, TABLE["token"]["arguments"])
    token = Token("ada", "p", "https://127.0.0.1:1", "k", "s", True, None, "a", "r")
    for name in TABLE["token"]["attributes"]:
        assert hasattr(token, name)
    assert set(token.token_info) == set(TABLE["token_info"])
    token.username, token.password = "grace", "q"
    assert (token.username, token.password) == ("grace", "q")


def test_the_services_are_listed(ag: Agave) -> None:
    assert set(TABLE["services"]) <= set(dir(ag))
    assert ag.all is not None
    assert set(TABLE["services"]) <= set(ag.all.resources)
