"""Searching actors, executions, workers and logs: terms, words, pages, and who finds what."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import actors_run_support as run
from tests.sandbox.actors_support import BASE, Document, address, new_name, register, result, share
from tests.sandbox.answers import flask_refusal as refusal

SEARCH = f"{BASE}/search"
LATER = (datetime.now(timezone.utc) + timedelta(days=2)).date().isoformat()


@pytest.fixture(scope="module")
def names() -> list[str]:
    return [new_name("search") for _ in range(3)]


@pytest.fixture(scope="module")
def three(sandbox: Sandbox, names: list[str]) -> list[Document]:
    """Three actors of ada, of which one is stateful and two have hints."""
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as web:
        return [
            register(web, name=names[0], description="Red apple pie", hints=["a", "b"]),
            register(web, name=names[1], description="Green apple", hints=["b"], logEx=50),
            register(web, name=names[2], stateless=False, logEx=500),
        ]


def found(http: Http, names: list[str], *terms: tuple[str, str], path: str = BASE) -> list[int]:
    """Return which of the three actors a search finds."""
    hits = result(http.get(path, params=list(terms)))["search"]
    return [names.index(item["name"]) for item in hits if item.get("name") in names]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("term", "value", "hits"),
    [
        ("stateless", "false", [2]),
        ("stateless", "True", [0, 1]),
        ("stateless.neq", "true", [2]),
        ("log_ex", "50", [1]),
        ("logEx.eq", "50.0", [1]),
        ("logEx.gt", "50", [2]),
        ("logEx.gte", "50", [1, 2]),
        ("logEx.lt", "500", [1]),
        ("logEx.lte", "500", [1, 2]),
        ("logEx.between", "40,60", [1]),
        ("logEx", "none", [0]),
        ("logEx.neq", "50", [0, 2]),
        ("logEx.in", "[50, 500]", [1, 2]),
        ("logEx.nin", "[50, 500]", [0]),
        ("logEx", "text", []),
        ("logEx.gt", "text", []),
        ("hints", "b", [0, 1]),
        ("hints.neq", "a", [1, 2]),
        ("hints", '["a", "b"]', [0]),
        ("defaultEnvironment", "{}", [0, 1, 2]),
        ("description.like", "^R.*pie$", [0]),
        ("description.like", "apple", [0, 1]),
        ("description.nlike", "apple", [2]),
        ("description.like", "*pple", None),
        ("description", "Red apple pie", [0]),
        ("description", "red apple pie", []),
        ("createTime.gt", "2020-05-01", [0, 1, 2]),
        ("create_time.lt", "2020-05-01", []),
        ("createTime.between", f"2020-05-01,{LATER}T00:00:00Z", [0, 1, 2]),
        ("createTime", "none", []),
        ("no.such.field", "1", []),
        ("q", "apple", []),
        ("search", "PIE green", [0, 1]),
        ("search", "pi", []),
        ("exactsearch", "apple pie", [0]),
        ("exactsearch", "pie apple", []),
    ],
)
def test_a_term_finds_what_it_says(
    http: HttpFactory, names: list[str], term: str, value: str, hits: list[int] | None
) -> None:
    terms = [("name.in", json.dumps(names)), (term, value)]
    if hits is None:
        assert value in refusal(http("ada").get(BASE, params=terms), 500)
        return
    for path in (BASE, f"{SEARCH}/actors"):
        assert found(http("ada"), names, *terms, path=path) == hits


def test_each_term_counts(http: HttpFactory, names: list[str], three: list[Document]) -> None:
    ids = json.dumps([item["id"] for item in three[:2]])
    terms = (("id.in", ids), ("logEx", "50"), ("search", "apple"))
    assert found(http("ada"), names, *terms) == [1]


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("logEx.in", "50"),
        ("logEx.in", "50,60"),
        ("logEx.in", "[" * 5000),
        ("logEx.between", "50"),
        ("createTime.gt", "soon"),
        ("name.like", "("),
        ("limit", "-1"),
        ("skip", "-1"),
    ],
)
def test_a_value_that_an_operator_cannot_take_fails_as_it_does_there(
    http: HttpFactory, term: str, value: str
) -> None:
    assert value in refusal(http("ada").get(BASE, params={term: value}), 500)


def test_pages_tell_how_much_there_is(
    http: HttpFactory, names: list[str], three: list[Document]
) -> None:
    terms: dict[str, str | int] = {"name.in": json.dumps(names), "limit": 1, "skip": 1}
    page = result(http("ada").get(BASE, params=terms))
    assert [item["id"] for item in page["search"]] == [three[1]["id"]]
    assert page["_metadata"] == {
        "totalCount": 3,
        "recordsSkipped": 1,
        "recordLimit": 1,
        "countReturned": 1,
    }
    whole = result(http("ada").get(f"{SEARCH}/actors"))["_metadata"]
    assert (whole["recordsSkipped"], whole["recordLimit"]) == (0, 100)
    assert "limit" in refusal(http("ada").get(BASE, params={"limit": "many"}))


def test_nobody_finds_what_they_may_not_read(http: HttpFactory, names: list[str]) -> None:
    web = http("ada")
    word = new_name("needle").replace("-", "")
    actor = register(web, description=word)
    execution = run.send(web, actor["id"], word)
    run.end(web, actor["id"], execution)

    def counts(user: str) -> list[int]:
        below = {"actorId": str(actor["id"])}
        terms = {
            "actors": {"id": str(actor["id"])},
            "executions": below,
            "logs": {"search": word},
            "workers": below,
        }
        return [
            result(http(user).get(f"{SEARCH}/{kind}", params=query))["_metadata"]["totalCount"]
            for kind, query in terms.items()
        ]

    assert counts("ada")[:3] == [1, 1, 1]
    assert counts("ada")[3] >= 1
    assert counts("grace") == [0, 0, 0, 0]
    share(web, actor, "grace", "READ")
    assert counts("grace") == counts("ada")
    assert counts("admin") == counts("ada")


def test_executions_workers_and_logs_are_found_below_their_actor(http: HttpFactory) -> None:
    web = http("ada")
    actor_id = run.ready(web, "sandbox/echo")
    first, second = (run.send(web, actor_id, text) for text in ("one", "two"))
    for execution in (first, second):
        run.end(web, actor_id, execution)

    def search(*rest: str, **terms: Any) -> list[Document]:
        path = "/".join([BASE, actor_id, *rest])
        hits: list[Document] = result(web.get(path, params=terms))["search"]
        return hits

    assert [e["id"] for e in search("executions", limit=1)] == [first]
    assert [e["id"] for e in search("executions", **{"id.neq": first})] == [second]
    assert search("executions", exitCode=0, status="COMPLETE")[0]["executor"] == "ada"
    assert search("executions", **{"startTime.gt": f"{LATER}"}) == []
    assert {w["actorId"] for w in search("workers", image="sandbox/echo")} == {actor_id}
    assert [log["logs"] for log in search("executions", first, "logs", search="one")] == ["one\n"]
    assert search("executions", first, "logs", search="two") == []
    logs = result(web.get(f"{SEARCH}/logs", params={"actorId": actor_id, "search": "two"}))
    assert [log["executionId"] for log in logs["search"]] == [second]


def test_what_cannot_be_searched_is_named(http: HttpFactory) -> None:
    assert "'nonces'" in refusal(http("ada").get(f"{SEARCH}/nonces"))


def test_a_nonce_alone_is_no_search(http: HttpFactory, three: list[Document]) -> None:
    nonce = result(http("ada").post(address(three[0], "nonces"), json={"level": "READ"}))["id"]
    where = address(three[0], "workers")
    listed = result(http("").get(where, params={"x-nonce": nonce}))
    assert isinstance(listed, list)
    hits = result(http("").get(where, params={"x-nonce": nonce, "limit": 5}))
    assert hits["_metadata"]["recordLimit"] == 5


def test_the_client_takes_words_or_a_dict_of_terms(
    sandbox: Sandbox, names: list[str], three: list[Document]
) -> None:
    actors = sandbox.client("ada").actors
    terms = {"name.in": json.dumps(names), "logEx.gt": 50}
    assert [item.id for item in actors.list(search=terms).search] == [three[2]["id"]]
    hits = actors.getSearch(search_type="actors", search="pie", query={"name": names[0]}, limit=5)
    assert (hits.search[0].id, hits._metadata.recordLimit) == (three[0]["id"], 5)
    assert isinstance(actors.list(), list)
