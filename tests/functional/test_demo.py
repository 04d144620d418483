"""The main job: from nothing to a finished job in one command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.processes import command, sandbox_process


def test_the_demo_ends_with_a_finished_job_and_leaves_the_home_alone(tmp_path: Path) -> None:
    done = command("demo", HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        ">>> ag = Agave.restore()",
        "RUNNING",
        "FINISHED",
        "All of it was right.",
    ):
        assert line in done.stdout
    assert "WRONG" not in done.stdout
    assert not (tmp_path / ".agave").exists()


@pytest.mark.parametrize("options", [(), ("--aloe",)], ids=["classic", "aloe"])
def test_the_demo_runs_with_a_cached_login_of_another_tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    folder = tmp_path / "login"
    with sandbox_process(tmp_path, "--write-credentials", str(folder), *options) as (_, ready):
        monkeypatch.setenv("TAPIS_CACHE_DIR", str(folder))
        name = ready["users"][0]["client_name"]
        done = command("demo", "--profile", name)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "All of it was right." in done.stdout
        missing = command("demo", "--profile", name, "--app", "none-1.0")
        assert missing.returncode == 1
        assert "none-1.0" in missing.stderr
        assert "Traceback" not in missing.stderr


def test_a_profile_that_is_not_cached_is_an_error_that_names_it(tmp_path: Path) -> None:
    done = command("demo", "--profile", "nobody", TAPIS_CACHE_DIR=os.fspath(tmp_path))
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert "Traceback" not in done.stderr
