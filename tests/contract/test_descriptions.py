"""The documents are sound, say all that people need, and hold every released operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from swagger_spec_validator.validator20 import validate_spec_url

from agavepy import loader

DOCUMENTS = sorted(path for path in loader.SPECS.glob("*.yaml"))
#: Operations of agavepy 0.9 and 1.0 (TACC/agavepy, its api_*.json): names that programs call.
RELEASED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("released_operations.json").read_text()
)
#: Released parameters that no request can carry, with the reason.
GONE = {
    ("jobs", "deletePermissionsForUser", "uniqueName"): "the path's variable is jobId",
    ("meta", "searchSchema", "uuid"): "the path has no such variable",
}


def operations(document: Any) -> Iterator[tuple[str, str, Any, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "operationId" in operation:
                yield method, path, item, operation


def texts(node: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield every parameter and model field with the place where it stands."""
    if isinstance(node, list):
        for number, child in enumerate(node):
            yield from texts(child, f"{where}[{number}]")
    elif isinstance(node, dict):
        for key, child in node.items():
            if key in {"example", "default", "enum"} or key.startswith("x-"):
                continue
            named: dict[str, Any] = {}
            if key == "properties":
                named = child
            elif key == "parameters":
                entries = child.values() if isinstance(child, dict) else child
                named = {entry.get("name", entry.get("$ref")): entry for entry in entries}
            for name, field in named.items():
                yield f"{where}.{name}", field
                yield from texts(field, f"{where}.{name}")
            if not named:
                yield from texts(child, f"{where}.{key}")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.stem)
def document(request: pytest.FixtureRequest) -> Any:
    return yaml.safe_load(request.param.read_text())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_is_valid_swagger(path: Path) -> None:
    validate_spec_url(path.resolve().as_uri())


def test_every_operation_says_what_it_does_and_how_it_can_end(document: Any) -> None:
    for method, path, _, operation in operations(document):
        where = f"{method} {path}"
        assert operation.get("summary"), where
        codes = set(map(str, operation["responses"]))
        assert any(code[0] in "23" for code in codes), f"{where} has no success"
        assert any(code[0] in "45" for code in codes), f"{where} cannot fail"


def test_every_parameter_and_field_is_described(document: Any) -> None:
    silent = [
        where
        for where, field in texts(document, "")
        if isinstance(field, dict) and "$ref" not in field and not field.get("description")
    ]
    assert silent == []


def test_no_definition_is_unused(document: Any) -> None:
    text = yaml.safe_dump(document) + "".join(
        path.read_text().replace("_common.yaml#", "#")
        for path in DOCUMENTS
        if document.get("x-agavepy-service") is None
    )
    for section in ("definitions", "parameters", "responses"):
        for name in document.get(section) or {}:
            assert re.search(rf"#/{section}/{name}\b", text), f"{section}.{name}"


@pytest.mark.parametrize("service", [name for name in RELEASED if name in loader.services()])
def test_every_operation_that_was_released_is_called_as_before(service: str) -> None:
    plans = loader.service_plan(service)
    for name, old in RELEASED[service].items():
        assert name in plans, f"{service}.{name} is gone"
        plan = plans[name]
        assert plan.method == old["method"], plan.id
        assert plan.path.rstrip("/") == old["path"].rstrip("/"), plan.id
        known = {parameter.name for parameter in plan.parameters}
        lost = {item for item in old["parameters"] if (service, name, item) not in GONE} - known
        assert not lost, f"{plan.id} lost {lost}"


@pytest.mark.parametrize("service", loader.services())
def test_every_variable_that_a_caller_gives_has_its_place(service: str) -> None:
    for plan in loader.service_plan(service).values():
        for parameter in plan.parameters:
            if parameter.location == "path":
                assert f"{{{parameter.name}}}" in plan.path, plan.id
            if parameter.optional:
                assert parameter.location == "path", plan.id
