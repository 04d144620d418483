"""What people get who install the package instead of cloning the repository."""

from __future__ import annotations

import venv
import zipfile
from pathlib import Path

import pytest

from agavepy import loader
from agavepy.sandbox.state.actors_images import built_in
from tests.functional.wheels import ROOT, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel with all extras into an empty virtual environment: its bin directory."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    # The user's own home: pip keeps its downloads there, and they are not what is tested.
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", f"{wheel}[all]")
    run(*pip, cwd=folder, home=Path.home())
    return folder / "bin"


def test_the_wheel_holds_descriptions_plans_and_types_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "agavepy/py.typed" in names
    assert "agavepy/specs/_common.yaml" in names
    for service in loader.services():
        assert {f"agavepy/specs/{service}.yaml", f"agavepy/specs/{service}.plan.json"} <= names
    modules = {
        f"agavepy/{path.relative_to(ROOT / 'agavepy').as_posix()}"
        for path in (ROOT / "agavepy").rglob("*.py")
    }
    assert modules <= names
    images = {f"agavepy/sandbox/images/{name}/run" for name in built_in()}
    assert len(images) == 6
    assert images <= names
    metadata = {name for name in names if ".dist-info/" in name}
    assert {name.partition("/")[0] for name in names - metadata} == {"agavepy"}


def test_an_installed_package_compiles_nothing_at_run_time(installed: Path, tmp_path: Path) -> None:
    program = """
import sys
from agavepy import loader
from agavepy.sandbox.state.actors_images import built_in
print(*(service for service in loader.services() if len(loader.service_plan(service))))
assert not {"yaml", "bravado_core"} & set(sys.modules), "a plan was compiled"
"""
    home = tmp_path / "empty home"
    home.mkdir()
    printed = run(installed / "python", "-c", program, cwd=tmp_path, home=home)
    assert tuple(printed.split()) == loader.services()
    assert not list(home.iterdir()), "something was cached in the home of the user"


def test_the_demo_runs_from_an_installed_package_outside_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "empty home"
    work = tmp_path / "elsewhere"
    home.mkdir()
    work.mkdir()
    printed = run(installed / "agavepy", "demo", cwd=work, home=home)
    assert "ag.jobs.submit" in printed
    assert not list(home.glob(".agave*")), "the demo left credentials in the user's home"
    assert not list(work.iterdir())
