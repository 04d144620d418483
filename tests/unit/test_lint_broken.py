"""Whatever a file holds, the lint says what is wrong with it and does not fall over it."""

from __future__ import annotations

import copy
import time
from pathlib import Path

import pytest

from tests.unit.test_lint import PATH, SOUND, Change, box, findings, get


def nested(opening: str, count: int, closing: str) -> str:
    return f"swagger: '2.0'\nx-deep: {opening * count}{closing * count}\n"


#: Documents that nothing can be done with, and words of what is said about each.
UNUSABLE = {
    "no number": ("a: !!int abc", "invalid literal"),
    "no boolean": ("a: !!bool maybe", "not YAML or JSON"),
    "no time": ("a: !!timestamp soon", "not YAML or JSON"),
    "a number of too many digits": ("a: " + "9" * 10_000, "digits"),
    "many levels": (nested("[", 900, "]"), "nested more than 100 levels"),
    "more levels than the parser stands": (nested("{a: ", 100_000, "}"), "too deeply"),
    "a part within itself": ("swagger: '2.0'\ninfo: &i {x: *i}", "holds itself"),
    "aliases of aliases": (
        "swagger: '2.0'\nx-0: &a0 [x, x]\n"
        + "".join(f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)),
        "more than 1000000 parts",
    ),
}


@pytest.mark.parametrize(("text", "said"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_used_at_all_is_one_finding(text: str, said: str, tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, text)
    assert finding.startswith("document: ")
    assert said in finding


def test_references_that_stand_for_more_than_any_reader_bears_are_a_finding_at_once(
    tmp_path: Path,
) -> None:
    document = copy.deepcopy(SOUND)
    models = document["definitions"]
    text = {"type": "string", "description": "A text."}
    for level in range(8):
        inner = text if level == 7 else {"$ref": f"#/definitions/M{level + 1}"}
        fields = {f"p{number}": inner for number in range(10)}
        models[f"M{level}"] = {"type": "object", "description": "It.", "properties": fields}
    models["Box"]["properties"]["many"] = {"$ref": "#/definitions/M0"}
    start = time.process_time()
    (finding,) = findings(tmp_path, document)
    assert time.process_time() - start < 2
    assert "more than 1000000 parts once its references are written out" in finding


def test_models_made_of_each_other_are_a_finding(tmp_path: Path) -> None:
    document = copy.deepcopy(SOUND)
    document["definitions"]["Boxes"]["allOf"] = [{"$ref": "#/definitions/Boxes"}]
    assert findings(tmp_path, document)
    del document["x-agavepy-envelope"], document["definitions"]["Boxes"]["properties"]["result"]
    assert findings(tmp_path, document)


#: What is done to the sound document, the place that is named, and words of what is said.
ODD: dict[str, tuple[Change, str, str]] = {
    "a status that is a number": (
        lambda d: get(d)["responses"].update({200: get(d)["responses"].pop("200")}),
        f"paths.{PATH}.get.responses",
        "the key 200 is no text",
    ),
    "a path that is a number": (
        lambda d: d["paths"].update({3: {"get": {}}}),
        "paths",
        "the key 3 is no text",
    ),
    "a field that YAML reads as a boolean": (
        lambda d: box(d).update({True: {"type": "string", "description": "Whether it is on."}}),
        "definitions.Box.properties",
        "the key True is no text",
    ),
    "a requirement of a number": (
        lambda d: d.update(security=[{"oauth2": []}, {1: []}]),
        "security.1",
        "is not among the securityDefinitions",
    ),
    "a reference to a file of no name": (
        lambda d: get(d)["parameters"].append({"$ref": "a\0b#/x"}),
        f"paths.{PATH}.get.parameters",
        "which is not there",
    ),
}


@pytest.mark.parametrize(("change", "place", "said"), ODD.values(), ids=ODD.keys())
def test_what_is_of_the_wrong_kind_is_named(
    change: Change, place: str, said: str, tmp_path: Path
) -> None:
    document = copy.deepcopy(SOUND)
    change(document)
    assert any(f.startswith(f"{place}: ") and said in f for f in findings(tmp_path, document))
