"""The transforms service over the wire: its catalogue, and files that need no conversion."""

from __future__ import annotations

from typing import Any

import pytest

from agavepy.errors import HttpError
from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result

ROOT = "/transforms/v2"
READS = "ada/data/reads.fa"
OPERATIONS = [
    ("get", f"{ROOT}/"),
    ("get", f"{ROOT}/fasta-0"),
    ("get", f"{ROOT}/tags/sequence"),
    ("post", f"{ROOT}/fasta-0/sync/{READS}"),
    ("post", f"{ROOT}/fasta-0/async/{READS}"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nobody_gets_in_without_a_token(http: HttpFactory, method: str, path: str) -> None:
    answer = http("").request(method, path, json={"url": "agave://sandbox.storage/x"})
    assert answer.status_code == 401


@pytest.mark.parametrize("user", ["ada", "grace", "admin"])
def test_everybody_sees_the_same_transforms(sandbox: Sandbox, http: HttpFactory, user: str) -> None:
    answer = http(user).get(f"{ROOT}/")
    assert list(answer.json()) == ["status", "message", "version", "result"]
    found = result(answer)
    assert [item["id"] for item in found] == ["raw-0", "fasta-0", "bed-0", "gff-0"]
    for item in found:
        address = item["_links"]["self"]["href"]
        assert address == f"{sandbox.url}{ROOT}/{item['id']}"
        assert result(http(user).get(address)) == item
    page = {"limit": "1", "offset": "2", "filter": "id,encoder.name"}
    kept = [{"id": "bed-0", "encoder": {"name": "bed-0-encoder"}}]
    assert result(http(user).get(f"{ROOT}/", params=page)) == kept


def test_one_transform_is_answered_as_an_object(http: HttpFactory) -> None:
    found = result(http("ada").get(f"{ROOT}/FASTA-0"))
    assert (found["id"], found["name"], found["enabled"]) == ("fasta-0", "fasta-0", True)
    assert found["tags"] == ["sequence", "bioinformatics"]
    assert [decoder["name"] for decoder in found["decoders"]] == ["raw-0"]


def test_an_unknown_transform_is_not_found(http: HttpFactory) -> None:
    text = "No transform found matching fast"
    assert refusal(http("ada").get(f"{ROOT}/fast"), 404) == text
    for kind in ("sync", "async"):
        answer = http("ada").post(f"{ROOT}/fast/{kind}/{READS}", json={"url": "agave://x/y"})
        assert refusal(answer, 404) == text


@pytest.mark.parametrize(
    ("tag", "ids"),
    [("Annot", ["bed-0", "gff-0"]), ("sequence", ["fasta-0"]), ("nothing", [])],
)
def test_transforms_are_found_by_a_part_of_a_tag(
    http: HttpFactory, tag: str, ids: list[str]
) -> None:
    assert [item["id"] for item in result(http("ada").get(f"{ROOT}/tags/{tag}"))] == ids


def test_transforms_of_a_tag_come_in_pages(http: HttpFactory) -> None:
    found = result(http("ada").get(f"{ROOT}/tags/bio", params={"limit": 1, "offset": 1}))
    assert [item["id"] for item in found] == ["bed-0"]


@pytest.mark.parametrize(
    ("transform", "body"),
    [
        ("fasta-0", {"nativeFormat": "fasta-0", "url": "http://unused.example.org"}),
        ("fasta-0", {"nativeFormat": "FASTA"}),
        ("raw-0", {"nativeFormat": "raw"}),
        ("raw-0", None),
    ],
)
def test_a_file_that_needs_no_conversion_is_downloaded(
    http: HttpFactory, transform: str, body: Any
) -> None:
    plain = http("ada").get(f"/files/v2/media/system/sandbox.storage/{READS}")
    assert plain.content.startswith(b">")
    answer = http("ada").post(f"{ROOT}/{transform}/sync/{READS}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.content == plain.content
    assert answer.headers["Content-Disposition"] == "inline; filename=reads.fa"


@pytest.mark.parametrize(
    ("transform", "body", "formats"),
    [("gff-0", {"nativeFormat": "bed-0"}, "bed-0 to gff-0"), ("bed-0", None, "raw to bed-0")],
)
def test_a_conversion_is_not_implemented(
    http: HttpFactory, transform: str, body: Any, formats: str
) -> None:
    answer = http("ada").post(f"{ROOT}/{transform}/sync/{READS}", json=body)
    text = f"Converting /home/ada/data/reads.fa from {formats} is not implemented"
    assert refusal(answer, 501) == text


def test_staging_is_not_implemented(http: HttpFactory) -> None:
    body = {"url": "agave://sandbox.storage/ada/out.fa", "nativeFormat": "raw"}
    answer = http("ada").post(f"{ROOT}/fasta-0/async/{READS}", json=body)
    assert refusal(answer, 501) == (
        "Staging /home/ada/data/reads.fa to agave://sandbox.storage/ada/out.fa as fasta-0 "
        "is not implemented"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "Please provide a JSON body"),
        ({}, "No value given for 'url'"),
        ({"url": 7}, "Invalid value for 'url'"),
        ({"url": "agave://x/y", "nativeFormat": 7}, "Invalid value for 'nativeFormat'"),
        ({"url": "agave://x/y", "callbackUrl": 7}, "Invalid value for 'callbackUrl'"),
    ],
)
def test_staging_to_nowhere_is_refused(http: HttpFactory, body: Any, message: str) -> None:
    answer = http("ada").post(f"{ROOT}/fasta-0/async/{READS}", json=body)
    assert refusal(answer, 400).startswith(message)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("grace", READS, 403),
        ("ada", "ada/data/nothing.fa", 404),
        ("ada", "ada/data", 501),
        ("ada", "%2e%2e/%2e%2e/etc/passwd", 404),
        ("ada", "ada/%2e%2e/%2e%2e/%2e%2e/etc/passwd", 404),
    ],
)
def test_only_files_that_the_caller_may_read_are_touched(
    http: HttpFactory, kind: str, user: str, path: str, status: int
) -> None:
    body = {"url": "agave://sandbox.storage/x", "nativeFormat": "fasta-0"}
    answer = http(user).post(f"{ROOT}/fasta-0/{kind}/{path}", json=body)
    message = refusal(answer, status)
    assert "root:" not in message


@pytest.mark.filterwarnings("ignore:transforms:DeprecationWarning")
def test_a_client_gets_the_file_and_not_its_json(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    where = {"owner": "ada", "filePath": "data/reads.fa"}
    native = {"nativeFormat": "fasta-0", "url": ""}
    answer = ag.transforms.transformAndDownload(transformId="fasta-0", body=native, **where)
    assert answer.content.startswith(b">")
    assert ag.transforms.get(transformId="fasta-0").name == "fasta-0"
    target = {"url": "agave://sandbox.storage/ada/reads.bed"}
    with pytest.raises(HttpError, match="not implemented"):
        ag.transforms.transformAndStage(transformId="bed-0", body=target, **where)
