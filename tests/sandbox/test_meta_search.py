"""Finding metadata: queries of MongoDB, their wildcards and encodings, order, pages, projection."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.meta_support import (
    BULK,
    DATA,
    SCHEMAS,
    add,
    add_schema,
    encoded,
    new_name,
    search,
)

VALUES: dict[str, Any] = {
    "fir": {"genus": "Abies", "height": 60, "tags": ["tree", "green"], "sites": [{"n": 3}]},
    "oak": {"genus": "Quercus", "height": 30, "tags": ["tree"], "sites": [{"n": 1}, {"n": 9}]},
    "moss": {"genus": "Bryum", "height": 0.1, "tags": [], "eats": None, "note": "100% + wet"},
    "word": "a text",
}


@pytest.fixture(scope="module")
def plants(sandbox: Sandbox) -> dict[str, str]:
    """Items of ada by their name's end; their names begin alike."""
    prefix = new_name()
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
        body = [{"name": f"{prefix}-{name}", "value": value} for name, value in VALUES.items()]
        result(ada.post(f"{BULK}/create", json=body))
        found = search(ada, {"name": f"{prefix}*", "owner": "ada"})
    assert len(found) == len(VALUES)
    return {"prefix": prefix, **{item["name"].rpartition("-")[2]: item["uuid"] for item in found}}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"value.genus": "Abies"}, {"fir"}),
        ({"value": "a text"}, {"word"}),
        ({"value.height": {"$gt": 0.1, "$lte": 30}}, {"oak"}),
        ({"value.height": {"$gte": 30}}, {"fir", "oak"}),
        ({"value.height": {"$in": [60, 0.1]}}, {"fir", "moss"}),
        ({"value.height": {"$nin": [60, 0.1]}}, {"oak", "word"}),
        ({"value.genus": {"$regex": "^q", "$options": "i"}}, {"oak"}),
        ({"value.genus": {"$regex": "u"}}, {"oak", "moss"}),
        ({"$or": [{"value.height": 60}, {"value.genus": "Bryum"}]}, {"fir", "moss"}),
        ({"$and": [{"value.tags": "tree"}, {"value.height": {"$lt": 50}}]}, {"oak"}),
        ({"$nor": [{"value.tags": "tree"}]}, {"moss", "word"}),
        ({"value.tags": "green"}, {"fir"}),
        ({"value.tags": {"$ne": "tree"}}, {"moss", "word"}),
        ({"value.tags": {"$size": 1}}, {"oak"}),
        ({"value.tags": {"$all": ["tree", "green"]}}, {"fir"}),
        ({"value.sites.n": {"$gt": 5}}, {"oak"}),
        ({"value.sites.0.n": 3}, {"fir"}),
        ({"value.sites": {"$elemMatch": {"n": {"$gt": 2, "$lt": 5}}}}, {"fir"}),
        ({"value.eats": {"$exists": True}}, {"moss"}),
        ({"value.eats": None}, {"fir", "oak", "moss", "word"}),
        ({"value.genus": {"$not": {"$regex": "^A"}}}, {"oak", "moss", "word"}),
        ({"value.height": {"$not": {"$gt": 30}, "$exists": True}}, {"oak", "moss"}),
        ({"value.sites": {"$elemMatch": {"n": {"$not": {"$lt": 9}}}}}, {"oak"}),
        ({"value.sites.0": {"n": 3}}, {"fir"}),
        ({"value.genus": {"$type": "string"}}, {"fir", "oak", "moss"}),
        ({"value.tags": {"$elemMatch": {"$in": ["green"]}}}, {"fir"}),
        ({"value.genus": {"$not": "A*"}, "value.height": {"$gt": 0}}, {"oak", "moss"}),
        ({"value.genus": "*u*"}, {"oak", "moss"}),
        ({"value.genus": "A*"}, {"fir"}),
        ({"value.genus": "A.*"}, {"fir"}),
        ({"value.genus": "*a"}, set()),
        ({"value.genus": "bies*"}, set()),
        ({"value.height": True}, set()),
        ({"value.height": {"$mod": [7, 4]}}, {"fir"}),
        ({"value.height": {"$type": ["int", "string"]}}, {"fir", "oak"}),
        ({"value.eats": {"$type": 10}}, {"moss"}),
        ({"value.genus": {"$size": 1}}, set()),
        ({"value.sites.n": {"$in": [None, 3]}}, {"fir", "moss", "word"}),
        ({"value.sites." + "9" * 5000: 3}, set()),
        ({"value.genus": {"$in": ["A*", "Bryum"]}}, {"fir", "moss"}),
        ({"value.note": "100% + wet"}, {"moss"}),
        ({"value.height": "60"}, set()),
        ({"tenantId": "sandbox", "value.height": 60}, {"fir"}),
        ({"created": {"$gt": "2020-01-01T00:00:00Z"}, "value": "a text"}, {"word"}),
        ({"lastUpdated": {"$lt": {"$date": "2020-01-01T00:00:00Z"}}}, set()),
        ({"lastUpdated": {"$gt": {"$date": 1000}}, "value.height": 60}, {"fir"}),
        ({"created": "2020*"}, set()),
    ],
)
def test_a_query_finds_what_mongodb_would(
    http: HttpFactory, plants: dict[str, str], query: dict[str, Any], names: set[str]
) -> None:
    found = search(http("ada"), {"$and": [{"name": f"{plants['prefix']}-*"}, query]})
    assert {item["name"].rpartition("-")[2] for item in found} == names


def test_q_is_decoded_twice_as_the_servers_do(http: HttpFactory, plants: dict[str, str]) -> None:
    ada, query = http("ada"), json.dumps({"uuid": plants["moss"], "value.note": "100% + wet"})
    assert len(result(ada.get(DATA, params={"q": quote(query)}))) == 1
    # Encoded once, the plus is read as a blank and the per cent is half an escape.
    assert "twice" in refusal(ada.get(DATA, params={"q": query}), 400)
    plus = json.dumps({"uuid": plants["moss"], "value.note": {"$regex": "[+] wet"}})
    assert result(ada.get(DATA, params={"q": plus})) == []
    assert len(result(ada.get(DATA, params={"q": quote(plus)}))) == 1


def test_the_text_of_a_dict_is_a_query_too(http: HttpFactory, plants: dict[str, str]) -> None:
    query = str({"uuid": plants["fir"], "value.eats": None})
    found = result(http("ada").get(DATA, params={"q": query}))
    assert [item["uuid"] for item in found] == [plants["fir"]]


@pytest.mark.parametrize(
    "query",
    [
        "{", "[]", '"text"', "5", "name", "{'a': set()}", "{'a': b'x'}", "[" * 10000,
        '{"$or": [' * 300 + "{}" + "]}" * 300, '{"$or": [' * 80 + "{}" + "]}" * 79,
        '{"name": {"$foo": 1}}', '{"$where": "1"}', '{"$or": {"a": 1}}', '{"$or": []}',
        '{"$and": 3}', '{"name": {"$in": "x"}}', '{"name": {"$regex": "("}}',
        '{"name": {"$regex": 5}}', '{"$text": {"$search": "x"}}', '{"name": {"$all": 3}}',
        '{"value": {"$elemMatch": 3}}', '{"name": {"$not": "x"}}', '{"$or": [3]}',
        '{"name": {"$regex": "x", "$options": "q"}}', '{"$match": {"name": "x"}}',
        '{"lastUpdated": {"$date": {"a": 1}}}',
    ],
)  # fmt: skip
def test_what_is_no_query_is_refused(http: HttpFactory, query: str) -> None:
    for address in (DATA, SCHEMAS):
        answer = http("ada").get(address, params={"q": quote(query)})
        assert refusal(answer, 400).startswith("Malformed JSON Query")


def test_the_last_updated_item_comes_first_and_other_orders_can_be_had(
    http: HttpFactory, plants: dict[str, str]
) -> None:
    ada = http("ada")
    names = [f"{plants['prefix']}-{name}" for name in VALUES]
    every = {"name": f"{plants['prefix']}-*"}

    def listed(**terms: str) -> list[str]:
        return [item["name"] for item in search(ada, every, **terms)]

    assert listed(orderBy="name", order="ASC") == sorted(names)
    assert listed(orderBy="NAME") == sorted(names, reverse=True)
    assert listed(orderBy="uuid", order="ASCENDING") == names
    first = {"name": names[0], "value": VALUES["fir"]}
    result(ada.post(f"{DATA}/{plants['fir']}", json=first))
    assert listed()[0] == names[0]
    assert listed(order="ASC")[-1] == names[0]
    for field in ("uuid", "tenantId", "schemaId", "internalUsername", "value", "created", "owner"):
        assert sorted(listed(orderBy=field)) == sorted(names)
    for field in ("associationIds", "value.height", "nonsense"):
        assert field in refusal(ada.get(DATA, params={"orderBy": field}), 400)
    refusal(ada.get(SCHEMAS, params={"orderBy": "name"}), 400)


def test_pages_follow_each_other(http: HttpFactory, plants: dict[str, str]) -> None:
    every = {"name": f"{plants['prefix']}-*"}
    terms = {"orderBy": "name", "order": "ASC"}
    names = [item["name"] for item in search(http("ada"), every, **terms)]
    pages = [search(http("ada"), every, limit=2, offset=at, **terms) for at in (0, 2, 4)]
    assert [[item["name"] for item in page] for page in pages] == [names[:2], names[2:], []]


def test_a_filter_cuts_items_down_as_a_projection(
    http: HttpFactory, plants: dict[str, str]
) -> None:
    ada = http("ada")
    (oak,) = search(ada, {"uuid": plants["oak"]}, filter="uuid, value.genus,value.sites.n")
    value = {"genus": "Quercus", "sites": [{"n": 1}, {"n": 9}]}
    assert oak == {"uuid": plants["oak"], "value": value}
    every = {"name": f"{plants['prefix']}-*"}
    assert search(ada, every, filter="_links,nothing") == []
    whole = search(ada, {"uuid": plants["oak"]}, filter="*")
    assert whole == search(ada, {"uuid": plants["oak"]})
    # One item is filtered as everywhere else.
    one = result(ada.get(f"{DATA}/{plants['oak']}", params={"filter": "owner,_links.self"}))
    assert set(one) == {"owner", "_links"}


def test_naked_items_come_without_the_envelope(http: HttpFactory, plants: dict[str, str]) -> None:
    terms = {"q": encoded({"uuid": plants["oak"]}), "naked": "true", "filter": "owner"}
    assert http("ada").get(DATA, params=terms).json() == [{"owner": "ada"}]


def test_schemas_are_searched_by_what_is_in_them(http: HttpFactory) -> None:
    ada, title = http("ada"), new_name()
    schema = add_schema(ada, {"title": title, "properties": {"n": {"type": "number"}}})
    assert search(ada, {"schema.title": title}, SCHEMAS) == [schema]
    assert search(ada, {"schema.properties.n.type": "text"}, SCHEMAS) == []
    assert search(http("grace"), {"schema.title": title}, SCHEMAS) == []
    assert search(http("admin"), {"schema.title": f"{title[:-1]}*"}, SCHEMAS) == [schema]
    (cut,) = search(ada, {"schema.title": title}, SCHEMAS, filter="schema.title")
    assert cut == {"schema": {"title": title}}
    newer = add_schema(ada, {"title": title})
    found = search(ada, {"schema.title": title}, SCHEMAS, limit=1)
    assert [item["uuid"] for item in found] == [newer["uuid"]]


def test_a_query_sees_only_what_the_caller_may_read(http: HttpFactory) -> None:
    mine, hers = add(http("ada"), {"k": "same"}), add(http("grace"), {"k": "same"})
    query = {"value.k": "same", "uuid": {"$in": [mine["uuid"], hers["uuid"]]}}
    assert [item["uuid"] for item in search(http("ada"), query)] == [mine["uuid"]]
    assert [item["uuid"] for item in search(http("grace"), query)] == [hers["uuid"]]
    assert len(search(http("admin"), query)) == 2
