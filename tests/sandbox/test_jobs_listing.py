"""Listing and searching jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import jobs_support as support
from tests.sandbox.answers import result
from tests.sandbox.jobs_support import HELLO


@pytest.fixture(scope="module")
def three(sandbox: Sandbox) -> Iterator[list[str]]:
    """Three finished jobs of ada, alpha beta gamma, oldest first; gamma is shared with grace."""
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
        ids = [
            support.run(ada, "wc-1.0", name=name, inputs={"file": HELLO}, nodeCount=count + 1)["id"]
            for count, name in enumerate(("alpha one", "beta one", "gamma two"))
        ]
        ada.post(f"/jobs/v2/{ids[2]}/pems", json={"username": "grace", "permission": "READ"})
        yield ids


def listed(http: Http, three: list[str], path: str = "/jobs/v2/", **terms: Any) -> list[str]:
    """Return the names of the three jobs that a search gives, in its order."""
    answer = http.get(path, params={"limit": 250, **terms})
    assert answer.status_code == 200, answer.text
    return [job["name"] for job in answer.json()["result"] if job["id"] in three]


def test_jobs_are_listed_newest_first_as_summaries(http: HttpFactory, three: list[str]) -> None:
    ada = http("ada")
    assert listed(ada, three) == ["gamma two", "beta one", "alpha one"]
    assert listed(ada, three, orderBy="name", order="ASC") == ["alpha one", "beta one", "gamma two"]
    job = ada.get("/jobs/v2/", params={"limit": 1}).json()["result"][0]
    assert set(job) == {
        "id", "name", "owner", "executionSystem", "appId", "created", "status", "startTime",
        "endTime", "_links",
    }  # fmt: skip
    assert set(job["_links"]) == {"self", "archiveData"}


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ({"name": "alpha one"}, ["alpha one"]),
        ({"name.like": "* ONE"}, ["beta one", "alpha one"]),
        ({"name.nlike": "* one"}, ["gamma two"]),
        ({"status.in": "FINISHED,FAILED", "nodecount.gt": 1}, ["gamma two", "beta one"]),
        ({"nodeCount.between": "1,2"}, ["beta one", "alpha one"]),
        ({"status.neq": "FINISHED"}, []),
        ({"appId.eq": "wc-1.0", "name.rlike": "^(a|g)"}, ["gamma two", "alpha one"]),
        ({"created.after": "1 hour ago", "archive": "true", "name.like": "g*"}, ["gamma two"]),
        ({"created.before": "2018-01-01"}, []),
        ({"runtime.gte": 0, "walltime.gte": 0, "name.like": "b*"}, ["beta one"]),
        ({"inputs.like": "*hello.txt*", "name.like": "b*"}, ["beta one"]),
        ({"parameters.like": '*"mode": "lines"*', "name.like": "b*"}, ["beta one"]),
        ({"visible": "false"}, []),
        ({"absent.like": "x"}, ["gamma two", "beta one", "alpha one"]),
    ],
)
def test_search_terms_find_the_jobs_that_they_describe(
    http: HttpFactory, three: list[str], terms: dict[str, Any], names: list[str]
) -> None:
    assert listed(http("ada"), three, **terms) == names


def test_a_value_of_the_wrong_type_is_refused(http: HttpFactory) -> None:
    answer = http("ada").get("/jobs/v2/?nodecount=many")
    assert (answer.status_code, "nodecount" in answer.json()["message"]) == (400, True)


def test_one_sees_only_jobs_that_one_may_read(http: HttpFactory, three: list[str]) -> None:
    assert listed(http("grace"), three) == ["gamma two"]
    assert len(listed(http("admin"), three)) == 3
    assert http("grace").get(f"/jobs/v2/{three[0]}").status_code == 403


def test_a_filter_asks_for_whole_jobs(http: HttpFactory, three: list[str]) -> None:
    whole = http("ada").get("/jobs/v2/?filter=*&limit=1").json()["result"][0]
    assert "archivePath" in whole
    some = http("ada").get("/jobs/v2/?filter=id,archiveSystem&limit=1").json()["result"][0]
    assert set(some) == {"id", "archiveSystem"}


def test_searching_in_the_path_finds_the_same(http: HttpFactory, three: list[str]) -> None:
    ada = http("ada")
    path = "/jobs/v2/search/name.like/*one"
    assert listed(ada, three, path) == ["beta one", "alpha one"]
    assert listed(ada, three, f"{path}/nodecount/2/status/FINISHED") == ["beta one"]
    assert ada.get(f"{path}/nodecount").status_code == 400
    answer = ada.get("/jobs/v2/search/absent/1")
    assert (answer.status_code, "absent" in answer.json()["message"]) == (400, True)


def test_one_attribute_of_all_jobs_can_be_listed(http: HttpFactory, three: list[str]) -> None:
    ada = http("ada")
    found = result(ada.get("/jobs/v2/search/name?name.like=*one&appId=wc-1.0&limit=2"))
    assert found == ["beta one", "alpha one"]
    assert set(ada.get("/jobs/v2/search/STATUS").json()["result"]) >= {"FINISHED"}
    assert ada.get("/jobs/v2/search/absent").status_code == 400


def test_pages_do_not_overlap(http: HttpFactory, three: list[str]) -> None:
    # Jobs that other tests have left may still change.
    these: dict[str, Any] = {"id.in": ",".join(three)}
    pages = [
        result(http("ada").get("/jobs/v2/", params={**these, "limit": 1, "offset": offset}))
        for offset in range(4)
    ]
    assert [job["id"] for page in pages for job in page] == three[::-1]
