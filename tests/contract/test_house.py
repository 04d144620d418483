"""What a reader of the sources may take for granted."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from agavepy import loader

ROOT = Path(__file__).resolve().parents[2]
CODE = ("agavepy", "specs", "tests", "benchmarks", "examples")
LONGEST_MODULE = 400  # lines
NOT_OURS = {".git", ".venv", "build", "dist", "__pycache__", "node_modules"}


@cache
def files() -> tuple[Path, ...]:
    """Return the files of the project: what git tracks or would, else what lies here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.decode().rstrip("\0").split("\0")
        return tuple(path for path in map(ROOT.joinpath, names) if path.is_file())
    return tuple(
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not NOT_OURS & set(path.relative_to(ROOT).parts)
        and not any(part.startswith(".") for part in path.relative_to(ROOT).parts[:-1])
        and not path.name.endswith(".plan.json")
    )


def texts() -> list[tuple[str, str]]:
    found = []
    for path in files():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text("utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def python() -> list[Path]:
    return [
        path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in CODE
    ]


def lines(pattern: str) -> list[str]:
    """Return ``file:line: match`` for everything in the project that matches ``pattern``."""
    wanted = re.compile(pattern)
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        for match in wanted.finditer(line)
    ]


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python()
        if path.read_bytes().strip() and not ast.get_docstring(ast.parse(path.read_bytes()))
    ]
    assert not silent


def test_no_module_is_too_long_to_be_read_at_once() -> None:
    giants = {
        str(path.relative_to(ROOT)): count
        for path in python()
        if (count := len(path.read_text("utf-8").splitlines())) > LONGEST_MODULE
    }
    assert not giants


def test_nothing_holds_a_path_of_the_machine_it_was_written_on() -> None:
    assert not lines(re.escape(str(ROOT)) + r"\b|/root/[\w.]|/Users/\w|[A-Z]:\\Users")


def test_pages_that_are_referred_to_are_part_of_the_project() -> None:
    """A reader can open whatever a comment or a page points at; RFCs alone are cited by section."""
    pages = {path.name for path in files() if path.suffix in {".md", ".rst"}}
    unknown = [
        hit
        for hit in lines(r"(?<![\w/{}*-])[\w-]+[.](?:md|rst)\b")
        if hit.rpartition(" ")[2] not in pages
    ]
    assert not unknown
    assert not lines(r"(?<!RFC \d{4} )\u00a7")


def test_paths_of_services_are_written_in_their_descriptions_only() -> None:
    roots = set()
    for service in loader.services():
        for plan in loader.service_plan(service).values():
            first = [piece for piece in plan.path.split("/") if piece][:2]
            if len(first) == 2 and "{" not in "".join(first):
                roots.add("/" + "/".join(first))
    assert {"/files/v2", "/jobs/v2"} <= roots
    repeated = []
    for path in python():
        if path.relative_to(ROOT).parts[0] != "agavepy":
            continue
        tree = ast.parse(path.read_bytes())
        prose = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        repeated += [
            f"{path.relative_to(ROOT)}:{node.lineno}: {node.value!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and id(node) not in prose
            and isinstance(node.value, str)
            and any(root in node.value for root in roots)
        ]
    assert not repeated


@pytest.mark.parametrize("service", loader.services())
def test_each_description_is_named_after_its_service(service: str) -> None:
    assert loader.document(service)["x-agavepy-service"] == service
    assert loader.service_plan(service).service == service
