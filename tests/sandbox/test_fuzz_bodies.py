"""Bodies that are good but for one field of another kind: refused, never stumbled over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from agavepy import loader
from agavepy.sandbox import Sandbox
from tests.conftest import Http
from tests.contract.described import EVERY, Described
from tests.sandbox.fuzz_seeds import Seeds, plant

#: Values that some field or other does not take.
ODD: tuple[Any, ...] = (
    *(None, True, -1, 1.5, 10**30, "", "\0", "\ud800", "http://[", "$(x)"),
    *([], [[]], [None], {}, {"": ""}, {"$gt": 1}),
)
#: Who may do what the others may not.
ADMINISTRATED = {"admin", "profiles"}


@pytest.fixture(scope="module")
def planted() -> Iterator[tuple[Sandbox, Seeds]]:
    with Sandbox() as sandbox:
        seeds = plant(sandbox)
        sandbox.control.snapshot("clean")
        yield sandbox, seeds


@pytest.mark.slow
@pytest.mark.parametrize("service", loader.services())
def test_a_field_of_the_wrong_kind_is_refused_as_described(
    planted: tuple[Sandbox, Seeds], service: str
) -> None:
    sandbox, seeds = planted
    wrong = []
    for operation in EVERY:
        good = seeds.bodies.get(operation.id)
        if operation.service != service or good is None or not operation.at("body"):
            continue
        sandbox.control.restore("clean")
        login = sandbox.credentials("admin" if service in ADMINISTRATED else "ada")
        basic = (login["username"], login["password"])
        auth = basic if operation.credential == "user" else None
        with Http(sandbox.url, "" if auth else login["token"]) as web:
            web.headers["Content-Type"] = "application/json"
            for body in _mutants(good):
                answer = web.request(
                    operation.method, _address(operation, seeds), data=body, auth=auth
                )
                status = answer.status_code
                if status not in operation.responses or status in {500, 502, 503}:
                    wrong.append(f"{operation.id} {body[:300]!r}: {status} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)


def _address(operation: Described, seeds: Seeds) -> str:
    """Return the path of an operation, its variables filled with what exists."""
    names = {parameter["name"] for parameter in operation.at("path")}
    path = operation.path
    for name, value in next(iter(seeds.together(path, names)), {}).items():
        path = path.replace(f"{{{name}}}", quote(str(value)))
    return path


def _mutants(good: Any) -> Iterator[bytes]:
    for value in ODD:
        for body in _replaced(good, value):
            yield json.dumps(body).encode()


def _replaced(node: Any, value: Any) -> Iterator[Any]:
    """Yield ``node`` with each of its parts, itself first, replaced by ``value``."""
    yield value
    if isinstance(node, dict):
        for name, part in node.items():
            yield from ({**node, name: other} for other in _replaced(part, value))
    elif isinstance(node, list):
        for place, part in enumerate(node):
            rest = node[place + 1 :]
            yield from ([*node[:place], other, *rest] for other in _replaced(part, value))
