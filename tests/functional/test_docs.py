"""What the pages show works: their Python runs against a sandbox started as the README says."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agavepy import Agave
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.rst", *sorted((ROOT / "docs").glob("*.rst")))
_BLOCK = re.compile(r"^\.\. code-block:: python\n\n((?:(?: +.*)?\n)+)", re.MULTILINE)


def blocks(page: Path) -> list[str]:
    return [textwrap.dedent(block) for block in _BLOCK.findall(page.read_text("utf-8") + "\n")]


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run ``agavepy sandbox``; yield its ready file and where it wrote credentials."""
    folder = tmp_path_factory.mktemp("tenant")
    ready = folder / "ready.json"
    options = ("--port", "0", "--ready-file", ready, "--write-credentials", folder / "login")
    command = (sys.executable, "-c", "from agavepy.cli.main import main; raise SystemExit(main())")
    with subprocess.Popen([*command, "sandbox", *options], stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: ready.exists() or process.poll() is not None, timeout_s=60)
        assert process.poll() is None, "the sandbox ended"
        yield {**json.loads(ready.read_text()), "login": folder / "login"}
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page)], ids=lambda page: page.stem
)
def test_the_python_on_a_page_does_what_the_page_says(
    page: Path,
    tenant: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path))
    for file in tenant["login"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": page.stem, "ag": Agave.restore()}
    for block in blocks(page):
        code = block.replace("https://api.tenant.example", tenant["url"])
        code = code.replace('password="…"', 'password="ada"').replace("my-laptop", page.stem)
        exec(compile(code, str(page), "exec"), names)
    if page.stem == "README":
        printed = capsys.readouterr().out.splitlines()
        assert "3" in printed, "the job did not count the three lines of the poem"
        assert any(line.startswith("hello.txt ") for line in printed)


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*PAGES, ROOT / "CONTRIBUTING.rst"):
        for target in re.findall(r"`[^`<]+\s<([^>:]+)>`_", page.read_text("utf-8")):
            assert (page.parent / target).is_file(), f"{page.name} links to {target}"
