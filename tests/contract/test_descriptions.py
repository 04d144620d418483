"""The documents are sound, say all that people need, and are what their page says they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from swagger_spec_validator.validator20 import validate_spec_url

from agavepy import loader
from agavepy.lint import check
from agavepy.vendor import EXTENSIONS
from tests.contract.described import EVERY, JSON, follow, properties

DOCUMENTS = sorted(loader.SPECS.glob("*.yaml"))
PAGE = Path(__file__).resolve().parents[2] / "docs" / "descriptions.rst"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_is_valid_swagger(path: Path) -> None:
    validate_spec_url(path.resolve().as_uri())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_has_no_findings(path: Path) -> None:
    assert [str(finding) for finding in check(path)] == []


def test_the_page_on_descriptions_defines_every_extension_once() -> None:
    defined = re.findall(r"^``(x-agavepy-[\w-]+)`` \(", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(defined) == sorted(EXTENSIONS)


@pytest.mark.parametrize("service", loader.services())
def test_what_is_deprecated_says_what_to_expect(service: str) -> None:
    silent = [
        plan.id
        for plan in loader.service_plan(service).values()
        if plan.deprecated and "deprecated" not in plan.description
    ]
    assert not silent


@pytest.mark.parametrize("service", loader.services())
def test_every_variable_that_a_caller_gives_has_its_place(service: str) -> None:
    for plan in loader.service_plan(service).values():
        for parameter in plan.parameters:
            if parameter.location == "path":
                assert f"{{{parameter.name}}}" in plan.path, plan.id
            if parameter.optional:
                assert parameter.location == "path", plan.id


def test_every_operation_says_that_it_may_refuse_what_it_is_given() -> None:
    assert [operation.id for operation in EVERY if 400 not in operation.responses] == []


def test_every_operation_that_answers_bytes_says_what_its_refusals_are() -> None:
    for operation in EVERY:
        answer = operation.responses[operation.successes[0]] if operation.successes else {}
        if follow(answer.get("schema")).get("type") == "file":
            assert {JSON, "*/*"} & set(operation.produces), operation.id


def test_every_history_names_the_kinds_of_its_events() -> None:
    told = {}
    for operation in EVERY:
        if operation.name.startswith("get") and "History" in operation.name:
            result = properties(operation.responses[200]["schema"])["result"]
            event = properties(follow(result).get("items", result))
            told[operation.id] = len(follow(event["status"]).get("enum", ()))
    assert {"systems.getHistory": 36, "jobs.getHistory": 28}.items() <= told.items()
    assert all(told.values()), told
