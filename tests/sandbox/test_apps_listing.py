"""Listings of apps: who sees which, summaries and whole apps, terms, collections by name."""

from __future__ import annotations

import secrets

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.apps_support import APPS, ids, manage, register


def test_users_see_public_apps_their_own_and_those_shared_with_them(http: HttpFactory) -> None:
    mine, shared = register(http("ada")), register(http("grace"))
    assert {"wc-1.0", mine["id"]} <= set(ids(http("ada")))
    assert shared["id"] not in ids(http("ada"))
    pems = {"username": "ada", "permission": "READ"}
    result(http("grace").post(f"{APPS}{shared['id']}/pems", json=pems), 201)
    assert shared["id"] in ids(http("ada"))
    assert mine["id"] not in ids(http("grace"))
    assert {mine["id"], shared["id"]} <= set(ids(http("admin")))


def test_a_hidden_app_is_forbidden_and_an_unknown_one_not_found(http: HttpFactory) -> None:
    app = register(http("ada"))
    for path in ("", "/history", "/pems", "/pems/grace", "/form"):
        assert app["id"] in refusal(http("grace").get(f"{APPS}{app['id']}{path}"), 403)
        assert "none-9.9" in refusal(http("ada").get(f"{APPS}none-9.9{path}"), 404)


def test_apps_are_summaries_unless_a_filter_asks_for_more(http: HttpFactory) -> None:
    app = register(http("ada"), inputs=[{"id": "reads"}])
    listing = {item["id"]: item for item in result(http("ada").get(APPS))}
    assert set(listing[app["id"]]) == {
        "id", "name", "version", "revision", "executionSystem", "shortDescription", "isPublic",
        "label", "lastModified", "_links",
    }  # fmt: skip
    assert set(listing[app["id"]]["_links"]) == {"self"}
    whole = result(http("ada").get(APPS, params={"filter": "*"}))
    assert app in whole
    few = result(http("ada").get(APPS, params={"filter": "id,inputs.id", "id.eq": app["id"]}))
    assert few == [{"id": app["id"], "inputs": [{"id": "reads"}]}]


def test_the_app_changed_last_comes_first_and_pages_do_not_overlap(http: HttpFactory) -> None:
    tag = secrets.token_hex(4)
    made = [register(http("ada"), tags=[tag])["id"] for _ in range(3)]
    assert ids(http("ada"), tags=tag) == made[::-1]
    result(manage(http("ada"), made[0], "enable"))
    order = [made[0], made[2], made[1]]
    assert ids(http("ada"), tags=tag) == order
    pages = [
        result(http("ada").get(f"{APPS}?tags={tag}&limit=1&offset={number}"))[0]["id"]
        for number in range(3)
    ]
    assert pages == order
    assert ids(http("ada"), tags=tag, orderBy="id", order="ASC") == sorted(made)


def test_public_and_private_apps_can_be_told_apart(http: HttpFactory) -> None:
    app = register(http("ada"))
    for word in ("publicOnly", "public"):
        found = ids(http("ada"), "", **{word: "true"})
        assert "wc-1.0" in found
        assert app["id"] not in found
    for word, value in (("privateOnly", "true"), ("public.eq", "false")):
        found = ids(http("ada"), "", **{word: value})
        assert app["id"] in found
        assert "wc-1.0" not in found
    assert {"wc-1.0", app["id"]} <= set(ids(http("ada"), publicOnly=False, privateOnly=False))


def test_terms_look_into_inputs_and_parameters(http: HttpFactory) -> None:
    mark = secrets.token_hex(4)
    app = register(
        http("ada"),
        label=f"Label {mark}",
        inputs=[{"id": f"in{mark}"}],
        parameters=[{"id": f"p{mark}", "value": {"type": "number"}}],
        tags=["x", mark],
        ontology=[f"http://ontology/{mark}"],
    )
    for terms in (
        {"inputs.id": f"in{mark}"},
        {"parameters.id.like": f"*{mark}"},
        {"label.like": f"*{mark}*"},
        {"tags": mark},
        {"id.in": f"{app['id']},other-1.0"},
        {"parameters.type": "number", "tags.eq": mark},
        {"lastUpdated.after": "1 hour ago", "uuid": app["uuid"]},
    ):
        assert ids(http("ada"), **terms) == [app["id"]], terms
    assert ids(http("ada"), **{"parameters.type": "bool", "tags.eq": mark}) == []
    refusal(http("ada").get(APPS, params={"revision.gt": "many"}), 400)


@pytest.mark.parametrize("wild", [False, True])
def test_apps_are_found_by_name_tag_ontology_and_system(http: HttpFactory, wild: bool) -> None:
    mark = secrets.token_hex(4)
    system = f"exec-{mark}"
    clone = {"action": "clone", "id": system}
    result(http("admin").put("/systems/v2/sandbox.exec", json=clone))
    app = register(
        http("admin"),
        name=f"N{mark}",
        tags=["other", f"T{mark}"],
        ontology=[f"o{mark}"],
        executionSystem=system,
    )
    for exact in (f"name/n{mark}", f"tag/t{mark}", f"ontology/O{mark}", f"system/{system}"):
        path = f"{exact[:-2]}*" if wild else exact
        assert ids(http("admin"), path) == [app["id"]], path
        assert ids(http("admin"), path, publicOnly=True) == []
        assert ids(http("ada"), path) == []
        assert ids(http("admin"), path, **{"name.like": "other*"}) == []
    assert ids(http("admin"), f"name/{mark}") == []
