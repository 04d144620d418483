"""The example programs do what they say, run as their readers run them, with a cached login."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agavepy.sandbox import Sandbox
from tests.terminal import Terminal

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
#: Programs that ask at a terminal, which a test of their own does.
ASKING = {"first_login.py"}
PROGRAMS = sorted({path.name for path in EXAMPLES.glob("*.py")} - {"__init__.py"} - ASKING)
#: A line of what a program prints, of which the reader can tell that it worked.
PRINTED = {
    "list_files.py": "hello.txt",
    "register_app.py": "gc-content-1.0 is registered",
    "run_job.py": "FINISHED",
    "share_a_file.py": "grace: read",
}


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a demo tenant; yield a directory with the cached login of ada."""
    folder = tmp_path_factory.mktemp("login")
    with Sandbox(check_answers=True) as sandbox:
        sandbox.client("ada").save_configs(folder)
        yield folder


def run(program: Path, login: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
        env={**os.environ, "TAPIS_CACHE_DIR": str(login), "PYTHONPATH": str(EXAMPLES.parent)},
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_works_as_it_stands(name: str, login: Path) -> None:
    done = run(EXAMPLES / name, login)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()
    assert PRINTED.get(name, "") in done.stdout
    assert done.stderr == ""


def test_a_first_login_at_a_terminal_goes_from_the_table_of_tenants_to_a_restored_session(
    tmp_path: Path,
) -> None:
    with Sandbox(check_answers=True) as sandbox:
        login = {"TAPIS_CACHE_DIR": str(tmp_path), "TAPIS_TENANTS_URL": f"{sandbox.url}/tenants"}
        program = (sys.executable, "-W", "error", str(EXAMPLES / "first_login.py"))
        with Terminal(*program, **login, PYTHONPATH=str(EXAMPLES.parent)) as terminal:
            terminal.expect(f"{'ID':<20} {'NAME':<40} URL")
            terminal.expect(f"{'sandbox':<20} ")
            terminal.answer("Please specify the ID for the tenant", "sandbox")
            terminal.expect(f"sandbox is at {sandbox.url}")
            terminal.answer("API username: ", "ada")
            terminal.answer("API password: ", "ada")
            terminal.expect("OAuth client ")
            terminal.answer("API password: ", "ada")
            terminal.expect("a bearer token, good for 14400 s")
            terminal.expect("the profile of ada")
            terminal.expect("ada goes on with another token")
            terminal.expect("data/")
            assert terminal.end() == 0, terminal.shown
    record = json.loads((tmp_path / "current").read_text())
    assert record["username"] == "ada"
    typed = terminal.shown.count("API password: ")
    assert typed == 2, "refreshing needs no password"
    for secret in (record["access_token"], record["refresh_token"], record["apisecret"]):
        assert secret not in terminal.shown


def test_a_program_takes_what_its_usage_says(login: Path, tmp_path: Path) -> None:
    text = tmp_path / "my words.txt"
    text.write_text("one two\nthree\n")
    done = run(EXAMPLES / "run_job.py", login, str(text), "words")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].split()[0] == "3"
    listed = run(EXAMPLES / "list_files.py", login, "ada")
    assert listed.returncode == 0, listed.stderr
    assert "counts/" in listed.stdout
    refused = run(EXAMPLES / "list_files.py", login, "ada/nowhere")
    assert refused.returncode != 0
    assert "ada/nowhere" in refused.stderr
