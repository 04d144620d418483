"""Imports point down only, and a call loads no more than it needs."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "agavepy"

PAGE = (ROOT / "docs" / "architecture.rst").read_text("utf-8")


def layers() -> Iterator[set[str]]:
    """Yield the rooms (modules, packages) of each row of the page's table, from the ground up."""
    _, table, _ = re.split(r"(?m)^=+  =+\n", PAGE)
    cells = re.sub(r"(?m)  .*$", "", table)  # the first column; a row goes on after a comma
    for row in cells.replace(",\n", ", ").split("\n"):
        if rooms := set(re.findall(r"``(\w+)/?``", row)):
            yield rooms


LAYERS = tuple(layers())
#: Doors open into any room but the sandbox: the package itself, the modules of old releases, and
#: the build step, which runs before there is a package.
DOORS = {
    "",
    "actors",
    "agave",
    "aloe",
    "async",
    "build",
    "clients",
    "configgen",
    "constants",
    "files",
    "interactive",
    "processor",
    "sessions",
    "settings",
    "swaggerpy",
    "tenants",
    "token",
    "tokens",
    "util",
    "utils",
}
SANDBOX_MAY_IMPORT = {"curl", "loader", "plan", "sandbox", "spec"}
SANDBOX_OPENS_FOR = {"sandbox", "testing"}
CLI_VERBS_WITH_SANDBOX = {"agavepy.cli.sandbox", "agavepy.cli.demo"}
#: The one way up: a sandbox hands out logged-in clients to those who ask for one.
TYPES_ONLY = "TYPE_CHECKING"
SANDBOX_CLIENT_SCOPES = {"Sandbox.client", TYPES_ONLY}
DESCRIPTION_READERS = {"bravado", "bravado_core", "jsonschema", "swagger_spec_validator", "yaml"}
MAY_LOAD_READERS_AT_IMPORT = {"spec", "auth.bravado", "sandbox"}


@dataclass(frozen=True)
class Import:
    """One imported module, where from, and the function that does it.

    The scope of an import for type checkers is ``TYPES_ONLY``, of one at import time nothing.
    """

    importer: str
    imported: str
    scope: str
    line: int

    @property
    def room(self) -> str:
        return room(self.imported)

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def room(module: str) -> str:
    return module.removeprefix("agavepy").removeprefix(".").partition(".")[0]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {module_name(path): path for path in PACKAGE.rglob("*.py")}


class _Finder(ast.NodeVisitor):
    def __init__(self, name: str, is_package: bool) -> None:
        self.name = name
        self.package = name if is_package else name.rpartition(".")[0]
        self.scope: list[str] = []
        self.deferred = 0
        self.found: list[Import] = []

    def note(self, imported: str, node: ast.stmt) -> None:
        scope = ".".join(self.scope) if self.deferred else ""
        self.found.append(Import(self.name, imported, scope, node.lineno))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.note(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            up = self.package.split(".")[: len(self.package.split(".")) - node.level + 1]
            base = ".".join([*up, *filter(None, [base])])
        for alias in node.names:
            deep = f"{base}.{alias.name}"
            self.note(deep if deep in modules() else base, node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == TYPES_ONLY:
            self.enter(TYPES_ONLY, node)
        else:
            self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scope.append(node.name)
        self.generic_visit(node)
        self.scope.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.enter(node.name, node)

    def enter(self, name: str, node: ast.AST) -> None:
        """Visit what does not run when the module is imported."""
        self.scope.append(name)
        self.deferred += 1
        self.generic_visit(node)
        self.deferred -= 1
        self.scope.pop()

    visit_AsyncFunctionDef = visit_FunctionDef


@cache
def imports() -> tuple[Import, ...]:
    found: list[Import] = []
    for name, path in modules().items():
        finder = _Finder(name, path.name == "__init__.py")
        finder.visit(ast.parse(path.read_text("utf-8"), str(path)))
        found += finder.found
    return tuple(found)


def internal() -> Iterator[Import]:
    return (item for item in imports() if item.imported.partition(".")[0] == "agavepy")


def layer(name: str) -> int:
    return next((height for height, rooms in enumerate(LAYERS) if name in rooms), len(LAYERS))


def test_every_module_has_a_place_in_the_order() -> None:
    rooms = {room(name) for name in modules()} - {"__main__"}
    assert set().union(*LAYERS) | DOORS | {"sandbox"} == rooms


def test_the_architecture_page_names_every_module() -> None:
    rooms = {room(name) for name in modules()} - {"", "__main__"}
    assert not {name for name in rooms if f"``{name}``" not in PAGE and f"``{name}/``" not in PAGE}


def test_no_module_imports_one_above_it() -> None:
    upward = [
        str(item)
        for item in internal()
        if room(item.importer) not in DOORS | {"sandbox"}
        and item.room != "sandbox"
        and item.imported != "agavepy"
        and layer(item.room) not in range(layer(room(item.importer)) + 1)
    ]
    assert not upward


def test_the_sandbox_never_leans_on_the_client_that_it_is_there_to_test() -> None:
    leaning = [
        str(item)
        for item in internal()
        if room(item.importer) == "sandbox"
        and item.imported != "agavepy"
        and item.room not in SANDBOX_MAY_IMPORT
        and not _is_sandbox_client(item)
    ]
    assert not leaning


def _is_sandbox_client(item: Import) -> bool:
    return item.room == "client" and item.scope in SANDBOX_CLIENT_SCOPES


def test_only_the_sandbox_verbs_and_the_test_kit_reach_into_the_sandbox() -> None:
    reaching = [
        str(item)
        for item in internal()
        if item.room == "sandbox"
        and room(item.importer) not in SANDBOX_OPENS_FOR
        and item.importer not in CLI_VERBS_WITH_SANDBOX
    ]
    assert not reaching


def test_modules_do_not_import_each_other_in_circles() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for item in internal():
        if not item.scope and item.imported in graph and item.imported != item.importer:
            graph[item.importer].add(item.imported)
    open_: list[str] = []
    done: set[str] = set()

    def walk(name: str) -> None:
        assert name not in open_, " -> ".join([*open_[open_.index(name) :], name])
        if name in done:
            return
        open_.append(name)
        for other in sorted(graph[name]):
            walk(other)
        done.add(open_.pop())

    for name in sorted(graph):
        walk(name)


def test_readers_of_descriptions_are_imported_only_by_those_who_read_one() -> None:
    eager = [
        str(item)
        for item in imports()
        if item.imported.partition(".")[0] in DESCRIPTION_READERS
        and not item.scope
        and item.importer.removeprefix("agavepy.") not in MAY_LOAD_READERS_AT_IMPORT
        and room(item.importer) not in MAY_LOAD_READERS_AT_IMPORT
    ]
    assert not eager


def test_every_package_that_is_imported_is_declared() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    declared = "\n".join(
        [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    )
    names = {_plain(name) for name in re.findall(r"(?m)^[\w.-]+", declared)}
    homes = packages_distributions()
    undeclared = [
        str(item)
        for item in imports()
        if (package := item.imported.partition(".")[0]) not in {*sys.stdlib_module_names, "agavepy"}
        and TYPES_ONLY not in item.scope
        and not names & set(map(_plain, homes[package]))
    ]
    assert not undeclared


def _plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def loaded_after(program: str) -> set[str]:
    """Run a program in a fresh interpreter and return the top-level modules that it loaded."""
    report = f"{program}\nimport sys; print('LOADED', *sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    names = done.stdout.rpartition("LOADED ")[2].split()
    return {name.partition(".")[0] for name in names} | set(names)


def test_importing_the_package_does_not_load_an_http_library() -> None:
    loaded = loaded_after("import agavepy; agavepy.__version__")
    assert not loaded & (DESCRIPTION_READERS | {"requests", "urllib3", "agavepy.client"})


def test_a_client_loads_nothing_of_earlier_releases_that_it_does_not_use() -> None:
    program = "from agavepy import Agave; Agave(api_server='https://h', token='t').files"
    loaded = loaded_after(program)
    assert "agavepy.client" in loaded
    assert not {room(name) for name in loaded if name.startswith("agavepy.")} & (DOORS - {""})
    assert not loaded & {"getpass", "agavepy.curl", "agavepy.deprecation"}


@pytest.mark.usefixtures("compiled_plans")
def test_a_call_of_a_bundled_service_loads_no_description_reader() -> None:
    program = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Tenant(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"status": "success", "message": null, "version": "1", "result": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Tenant)
threading.Thread(target=server.serve_forever, daemon=True).start()
from agavepy import Agave
ag = Agave(api_server=f"http://127.0.0.1:{server.server_port}", token="t")
assert ag.files.list(systemId="s", filePath="/") == []
"""
    loaded = loaded_after(program)
    assert "agavepy.operation" in loaded
    assert not loaded & (DESCRIPTION_READERS | {"dateutil", "werkzeug", "click", "rich"})
    assert not {name for name in loaded if name.startswith("agavepy.sandbox")}


@pytest.fixture
def compiled_plans() -> None:
    """Leave a plan of the description in the cache of a checkout that has not been built."""
    from agavepy import loader

    loader.load(loader.SPECS / "files.yaml")
