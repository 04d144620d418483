"""The web form of an app: a page made of its inputs and parameters."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from tests.conftest import HttpFactory
from tests.sandbox.apps_support import APPS, register

EVIL = '<script>alert("1")</script>'


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def fields(self) -> dict[str, dict[str, str | None]]:
        """Return the attributes of the form's fields by name, in their order."""
        return {
            str(attributes["name"]): attributes
            for tag, attributes in self.tags
            if tag in {"input", "select"}
        }


def form(http: HttpFactory, **changes: Any) -> Page:
    app = register(http("ada"), **changes)
    answer = http("ada").get(f"{APPS}{app['id']}/form")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Page(answer.content.decode())
    assert page.fields()["appId"]["value"] == app["id"]
    return page


def test_the_form_has_a_field_for_each_input_and_parameter_of_the_app(http: HttpFactory) -> None:
    page = form(
        http,
        label="Aligner",
        longDescription="Aligns reads.",
        inputs=[
            {
                "id": "reads",
                "value": {"required": True, "order": 1, "default": ["agave://s/a", "agave://s/b"]},
                "details": {"label": "Reads of the sample", "description": "FASTA"},
                "semantics": {"maxCardinality": -1},
            },
            {"id": "genome", "value": {"order": 0, "validator": r".*\.fa"}},
            {"id": "hidden", "value": {"visible": False, "default": "agave://s/c"}},
        ],
        parameters=[
            {"id": "count", "value": {"type": "number", "default": 2.5}},
            {"id": "fast", "value": {"type": "flag", "default": True}},
            {"id": "note", "value": {"type": "string", "default": "none"}},
            {"id": "secret", "value": {"type": "string", "visible": False, "default": "x"}},
        ],
    )
    fields = page.fields()
    assert list(fields) == ["appId", "name", "genome", "reads", "count", "fast", "note"]
    assert "required" in fields["reads"]
    assert "required" not in fields["genome"]
    assert fields["reads"]["value"] == "agave://s/a;agave://s/b"
    assert fields["genome"]["title"] == r"Must match .*\.fa"
    assert (fields["count"]["type"], fields["count"]["value"]) == ("number", "2.5")
    assert fields["fast"]["type"] == "checkbox"
    assert "checked" in fields["fast"]
    assert fields["note"]["value"] == "none"
    for text in ("Aligner", "Aligns reads.", "Reads of the sample", "FASTA"):
        assert text in page.text
    (target,) = (attributes for tag, attributes in page.tags if tag == "form")
    assert target["method"] == "post"
    assert str(target["action"]).endswith("/jobs/v2/")


def test_a_choice_offers_its_values_by_their_labels(http: HttpFactory) -> None:
    choices = [{"a": "First"}, {"b": "Second"}]
    page = form(
        http,
        parameters=[
            {"id": "one", "value": {"type": "enumeration", "enum_values": choices, "default": "b"}},
            {
                "id": "some",
                "value": {"type": "enumeration", "enum_values": choices},
                "semantics": {"maxCardinality": 2},
            },
            {"id": "free", "value": {"type": "enumeration", "enum_values": choices}},
        ],
    )
    options = [attributes for tag, attributes in page.tags if tag == "option"]
    assert [option["value"] for option in options] == ["a", "b", "a", "b", "", "a", "b"]
    assert [option["value"] for option in options if "selected" in option] == ["b"]
    assert "multiple" in page.fields()["some"]
    assert "multiple" not in page.fields()["one"]
    assert "Second" in page.text


def test_what_an_app_says_cannot_become_part_of_the_page(http: HttpFactory) -> None:
    page = form(
        http,
        label=EVIL,
        longDescription=EVIL,
        inputs=[
            {
                "id": '"><script>',
                "value": {"default": EVIL, "validator": re.escape(EVIL)},
                "details": {"label": EVIL, "description": EVIL},
            }
        ],
        parameters=[
            {"id": "p", "value": {"type": "enumeration", "enum_values": [{EVIL: EVIL}]}},
            {"id": "q", "value": {"type": "string", "default": EVIL}},
        ],
    )
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert page.text.count(EVIL) >= 5
    assert page.fields()['"><script>']["value"] == EVIL
    assert page.fields()["q"]["value"] == EVIL


def test_an_app_without_inputs_has_a_form_all_the_same(http: HttpFactory) -> None:
    assert list(form(http).fields()) == ["appId", "name"]
