"""The demo's app ``wc-1.0``: it is as the documentation says, and it really counts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import result
from tests.sandbox.apps_support import APPS, STORAGE
from tests.waiting import wait_for

TEXT = "one two  three\nfour\n\nfive six"
COUNTS = {"lines": 3, "words": 6, "bytes": 29}
NAMES = ["plain.txt", "two  blanks.txt", 'it\'s "quoted".txt', "$HOME `id`.txt", "-l", "count.txt"]


def script(http: HttpFactory, path: str) -> str:
    answer = http("grace").get(f"/files/v2/media/system/{STORAGE}//apps/wc-1.0/{path}")
    assert answer.status_code == 200
    return answer.text


def run(http: HttpFactory, folder: Path, **values: str) -> subprocess.CompletedProcess[str]:
    """Run the wrapper, filled in with values, in a directory."""
    text = script(http, "wrapper.sh")
    for name, value in {**values, "AGAVE_JOB_CALLBACK_FAILURE": "touch failed"}.items():
        text = text.replace(f"${{{name}}}", value)
    shell = shutil.which("sh")
    assert shell
    return subprocess.run(
        [shell, "-c", text], cwd=folder, capture_output=True, text=True, check=False
    )


def test_everybody_sees_the_app_as_it_is_documented(http: HttpFactory) -> None:
    app = result(http("grace").get(APPS + "wc-1.0"))
    assert (app["isPublic"], app["available"]) == (True, True)
    assert (app["executionSystem"], app["deploymentSystem"]) == ("sandbox.exec", STORAGE)
    (item,) = app["inputs"]
    assert (item["id"], item["value"]["required"]) == ("file", True)
    (item,) = app["parameters"]
    assert (item["id"], item["value"]["type"]) == ("mode", "enumeration")
    assert [word for choice in item["value"]["enum_values"] for word in choice] == [
        "lines", "words", "bytes",
    ]  # fmt: skip


@pytest.mark.parametrize("mode", COUNTS)
@pytest.mark.parametrize("name", NAMES)
def test_its_wrapper_counts_in_files_of_any_name(
    http: HttpFactory, tmp_path: Path, name: str, mode: str
) -> None:
    (tmp_path / name).write_text(TEXT)
    done = run(http, tmp_path, file=name, mode=mode)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{COUNTS[mode]}\n"
    assert (tmp_path / "count.txt").read_text() == done.stdout


@pytest.mark.parametrize(("name", "mode"), [("none.txt", "lines"), (".", "words"), ("a", "pages")])
def test_its_wrapper_fails_the_job_when_it_cannot_count(
    http: HttpFactory, tmp_path: Path, name: str, mode: str
) -> None:
    (tmp_path / "a").write_text("")
    done = run(http, tmp_path, file=name, mode=mode)
    assert done.returncode != 0
    assert done.stderr
    assert (tmp_path / "failed").exists()
    assert not (tmp_path / "count.txt").exists()


def test_its_test_script_passes_on_this_machine(http: HttpFactory, tmp_path: Path) -> None:
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run(
        [shell, "-c", script(http, "test/test.sh")], cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"ok\n")


def job_of(http: HttpFactory, path: str, mode: str) -> dict[str, str]:
    """Run the app on a file and return the job when it is at its end."""
    request = {
        "name": "count words",
        "appId": "wc-1.0",
        "inputs": {"file": f"agave://{STORAGE}/{path}"},
        "parameters": {"mode": mode},
    }
    address = f"/jobs/v2/{result(http('ada').post('/jobs/v2/', json=request), 201)['id']}"
    wait_for(
        lambda: result(http("ada").get(f"{address}/status"))["status"] in {"FINISHED", "FAILED"}
    )
    job: dict[str, str] = result(http("ada").get(address))
    return job


def test_a_job_of_it_counts_in_a_file_with_blanks_in_its_name(http: HttpFactory) -> None:
    name = "my  reads (1).txt"
    media = f"/files/v2/media/system/{STORAGE}/ada"
    result(http("ada").post(media, files={"fileToUpload": (name, TEXT)}), 202)
    listing = f"/files/v2/listings/system/{STORAGE}/ada/{name}"
    wait_for(lambda: http("ada").get(listing).status_code == 200)
    job = job_of(http, f"ada/{name}", "words")
    assert job["status"] == "FINISHED"
    output = f"/jobs/v2/{job['id']}/outputs/media/count.txt"
    assert http("ada").get(output).text == f"{COUNTS['words']}\n"


def test_a_job_of_it_that_cannot_count_does_not_finish_as_if_it_had(http: HttpFactory) -> None:
    assert job_of(http, "ada/data", "lines")["status"] == "FAILED"
