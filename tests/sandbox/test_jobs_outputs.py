"""Reading the outputs of a job, while it runs and when it is archived."""

from __future__ import annotations

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import jobs_support as support
from tests.sandbox.answers import result
from tests.sandbox.files_support import at, content, staged, upload, workplace
from tests.sandbox.jobs_support import HELLO, input_file
from tests.waiting import wait_for


def test_outputs_can_be_read_while_the_job_runs(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    wrapper = (
        "mkdir d; echo 0123456789 > d/digits.txt; echo started\n"
        "while test ! -e go; do sleep 0.01; done\n"
    )
    job_id = support.submit(ada, support.app(ada, sandbox, wrapper))["id"]
    out = f"/jobs/v2/{job_id}/outputs/media/a-job-{job_id}.out"
    wait_for(lambda: ada.get(out).text == "started\n")
    assert support.status(ada, job_id) == "RUNNING"
    assert "/wrapper.sh" in support.outputs(ada, job_id)  # all that is there, not only new files
    assert support.output(ada, job_id, "d/digits.txt") == "0123456789\n"
    job = support.detail(ada, job_id)
    assert job["_links"]["archiveData"]["href"].endswith(f"/jobs/v2/{job_id}/outputs/listings")
    folder = sandbox.tenant.root / "systems/sandbox.exec/scratch" / job["outputPath"]
    (folder / "go").touch()
    job = support.end(ada, job_id)
    assert "/wrapper.sh" not in support.outputs(ada, job_id)
    assert support.output(ada, job_id, "d/digits.txt") == "0123456789\n"
    assert not folder.exists()
    link = job["_links"]["archiveData"]["href"]
    assert "d" in [entry["name"] for entry in ada.get(link).json()["result"]]


@pytest.fixture(scope="module")
def digits(sandbox: Sandbox) -> str:
    """A finished job with ``d/digits.txt`` of ten digits and an empty ``none``."""
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
        wrapper = "mkdir d; printf 0123456789 > d/digits.txt; : > none; ln -s /etc/passwd link\n"
        return str(support.run(ada, support.app(ada, sandbox, wrapper))["id"])


@pytest.mark.parametrize(
    ("wanted", "status", "content", "shown"),
    [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-2", 206, "89", "bytes 8-9/10"),
        ("bytes=5-100", 206, "56789", "bytes 5-9/10"),
        ("lines=1-2", 200, "0123456789", None),
    ],
)
def test_a_range_of_an_output_is_answered(
    http: HttpFactory, digits: str, wanted: str, status: int, content: str, shown: str | None
) -> None:
    path = f"/jobs/v2/{digits}/outputs/media/d/digits.txt"
    answer = http("ada").get(path, headers={"Range": wanted})
    assert (answer.status_code, answer.text) == (status, content)
    assert answer.headers.get("Content-Range") == shown
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Content-Type"] == "text/plain"


def test_a_range_outside_the_file_is_told(http: HttpFactory, digits: str) -> None:
    path = f"/jobs/v2/{digits}/outputs/media/d/digits.txt"
    answer = http("ada").get(path, headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */10")


def test_a_listing_has_no_entry_of_the_directory_itself(http: HttpFactory, digits: str) -> None:
    ada = http("ada")
    for path in ("outputs/listings", "outputs/listings/"):
        entries = ada.get(f"/jobs/v2/{digits}/{path}").json()["result"]
        assert [entry["name"] for entry in entries] == [
            f"a-job-{digits}.err", f"a-job-{digits}.out", "d", "link", "none",
        ]  # fmt: skip
    kinds = {entry["name"]: (entry["type"], entry["format"]) for entry in entries}
    assert (kinds["d"], kinds["none"]) == (("dir", "folder"), ("file", "raw"))
    entries = ada.get(f"/jobs/v2/{digits}/outputs/listings/d").json()["result"]
    assert [(entry["path"], entry["length"]) for entry in entries] == [("/d/digits.txt", 10)]
    one = ada.get(f"/jobs/v2/{digits}/outputs/listings/d/digits.txt").json()["result"]
    assert one == entries
    link = one[0]["_links"]["self"]["href"]
    assert link.endswith(f"/jobs/v2/{digits}/outputs/media/d/digits.txt")
    assert ada.get(link).text == "0123456789"


def test_a_listing_comes_in_pages(http: HttpFactory, digits: str) -> None:
    path = f"/jobs/v2/{digits}/outputs/listings"
    got = http("ada").get(path, params={"limit": 2, "offset": 2}).json()["result"]
    assert [entry["name"] for entry in got] == ["d", "link"]


@pytest.mark.parametrize("path", ["absent", "d/absent", "../demo", "d/../../x", "%2e%2e/x", "link"])
def test_nothing_outside_the_outputs_can_be_read(http: HttpFactory, digits: str, path: str) -> None:
    for kind in ("media", "listings"):
        answer = http("ada").get(f"/jobs/v2/{digits}/outputs/{kind}/{path}")
        assert answer.status_code == 404, answer.text


def test_a_directory_cannot_be_downloaded(http: HttpFactory, digits: str) -> None:
    answer = http("ada").get(f"/jobs/v2/{digits}/outputs/media/d")
    assert answer.status_code == 501
    answer = http("ada").get(f"/jobs/v2/{digits}/outputs/media/none", params={"force": "true"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Disposition"] == "attachment; filename=none"


def test_a_large_output_is_streamed(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "head -c 5000000 /dev/zero > zeros\n")
    job = support.run(ada, app)
    with ada.get(f"/jobs/v2/{job['id']}/outputs/media/zeros", stream=True) as answer:
        assert answer.headers["Content-Length"] == "5000000"
        assert sum(len(block) for block in answer.iter_content(1 << 16)) == 5_000_000


def test_the_demo_job_is_there_from_the_start(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        jobs = ada.get("/jobs/v2/").json()["result"]
        assert [(job["name"], job["status"]) for job in jobs] == [("demo", "FINISHED")]
        assert support.output(ada, jobs[0]["id"], "count.txt") == "7\n"
        assert HELLO in support.detail(ada, jobs[0]["id"])["inputs"]["file"]


def test_history_tells_what_was_staged_and_archived(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    where = workplace(ada)
    for name, size in (("a", 10), ("b", 20)):
        upload(ada, where, name, b"x" * size)
    several = input_file("in", semantics={"maxCardinality": -1})
    app = support.app(ada, sandbox, "mkdir d; printf 12345 > d/made.txt\n", inputs=[several])
    given = [f"{where}/a", f"{where}/b"]
    job = support.run(ada, app, inputs={"in": given})
    events = result(ada.get(f"/jobs/v2/{job['id']}/history"))
    told = {event["status"]: event["progress"] for event in events if "progress" in event}
    assert list(told) == ["STAGING_INPUTS", "ARCHIVING"]
    staged_, archived = told.values()
    assert (staged_["totalFiles"], staged_["totalBytesTransferred"]) == (2, 30)
    assert staged_["source"] == ";".join(given)
    printed = len(support.printed(ada, job)) + len(support.printed(ada, job, "err"))
    assert archived["totalBytes"] == 5 + printed
    assert archived["source"].startswith("agave://sandbox.exec//scratch/ada/job-")
    assert {progress["totalActiveTransfers"] for progress in told.values()} == {0}


@pytest.mark.parametrize("way", ["stopped", "failed"])
def test_a_transfer_that_a_job_does_not_finish_is_over_with_it(
    http: HttpFactory, sandbox: Sandbox, way: str
) -> None:
    ada = http("ada")
    with support.staging(ada, sandbox) as (job_id, address):
        (kept,) = sandbox.tenant.store.all("transfer", source=address)
        assert kept["status"] == "TRANSFERRING"
        if way == "stopped":
            ada.post(f"/jobs/v2/{job_id}", json={"action": "stop"})
    support.end(ada, job_id)
    (kept,) = sandbox.tenant.store.all("transfer", source=address)
    assert kept["status"] == {"stopped": "CANCELLED", "failed": "FAILED"}[way]


def test_an_output_can_be_imported_by_its_address_by_who_may_see_the_job(
    http: HttpFactory, digits: str, sandbox: Sandbox
) -> None:
    ada, grace = http("ada"), http("grace")
    outputs = f"{sandbox.url}/jobs/v2/{digits}/outputs"
    where = workplace(ada)
    for address, name in (
        (f"{outputs}/media/d/digits.txt", "digits.txt"),
        (f"{outputs}/listings/d", "d"),
    ):
        assert ada.post(at("media", where), json={"urlToIngest": address}).status_code == 202
        assert staged(ada, f"{where}/{name}")[-1] == "STAGING_COMPLETED"
    assert content(ada, f"{where}/digits.txt") == b"0123456789"
    assert content(ada, f"{where}/d/digits.txt") == b"0123456789"
    wish = {"urlToIngest": f"{outputs}/media/d/digits.txt"}
    assert grace.post(at("media", "grace"), json=wish).status_code == 403
    wish = {"urlToIngest": f"{outputs}/media/none.txt"}
    assert ada.post(at("media", where), json=wish).status_code == 404
