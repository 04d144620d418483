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
from tests.documents_support import Site
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


@pytest.fixture
def search() -> Iterator[Site]:
    """Run a service that agavepy has never heard of, with its description."""
    document = "openapi: 3.1.0\ninfo: {title: Search, version: '1'}\nservers: [{url: /v1}]\n"
    document += textwrap.dedent(
        """
        components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}
        paths:
          /documents:
            get:
              operationId: find
              summary: Find documents
              parameters:
                - {name: text, in: query, required: true, schema: {type: string}}
                - {name: limit, in: query, schema: {type: integer}}
              responses: {'200': {description: Hits., content: {application/json: {schema: {}}}}}
          /documents/{id}:
            get:
              operationId: get
              security: [{key: []}]
              parameters: [{name: id, in: path, required: true, schema: {type: string}}]
              responses: {'200': {description: It., content: {application/json: {schema: {}}}}}
        """
    )
    with Site() as site:
        site.pages["/openapi.json"] = document
        site.answers["/v1/documents"] = {"hits": [{"title": "The genome"}]}
        site.answers["/v1/documents/1"] = {"title": "The first of all"}
        yield site


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page)], ids=lambda page: page.stem
)
def test_the_python_on_a_page_does_what_the_page_says(
    page: Path,
    tenant: dict[str, Any],
    search: Site,
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
        code = code.replace("https://search.example", search.url)
        code = code.replace('password="…"', 'password="ada"').replace("my-laptop", page.stem)
        exec(compile(code, str(page), "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    if page.stem in ("README", "any_description"):
        assert "The genome" in printed, "the service of the search was not called"
        assert any(line.startswith("find = <Operation search.find(text") for line in printed)
    if page.stem == "any_description":
        assert any("Find documents by their words" in line for line in printed), "not mended"
        assert printed[-1] == "The first of all"
        assert search.requests[-1].headers["X-Key"] == "k-123"
    if page.stem == "README":
        assert "3" in printed, "the job did not count the three lines of the poem"
        assert any(line.startswith("hello.txt ") for line in printed)


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*PAGES, ROOT / "CONTRIBUTING.rst"):
        for target in re.findall(r"`[^`<]+\s<([^>:]+)>`_", page.read_text("utf-8")):
            assert (page.parent / target).is_file(), f"{page.name} links to {target}"
