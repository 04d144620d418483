"""The project in ``examples/downstream`` tests itself with nothing but the built wheel."""

from __future__ import annotations

import shutil
import venv
from pathlib import Path

import pytest

from tests.functional.wheels import ROOT, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Copy the project and install ``agavepy[test]`` for it, and nothing else."""
    folder = tmp_path_factory.mktemp("downstream") / "reads"
    ignore = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(ROOT / "examples" / "downstream", folder, ignore=ignore)
    venv.create(folder / ".venv", with_pip=True)
    pip = (folder / ".venv" / "bin" / "python", "-m", "pip", "install", "--quiet")
    run(*pip, f"{wheel}[test]", cwd=folder, home=Path.home())
    return folder


def test_a_project_tests_itself_with_the_installed_kit(project: Path, tmp_path: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    printed = run(python, "-m", "pytest", "-q", cwd=project, home=tmp_path)
    assert "16 passed" in printed
    assert not list(tmp_path.glob(".agave*"))


def test_its_tests_run_side_by_side_and_in_any_order(project: Path, tmp_path: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    more = ("pytest-xdist", "pytest-randomly")
    run(python, "-m", "pip", "install", "--quiet", *more, cwd=project, home=Path.home())
    printed = run(python, "-m", "pytest", "-q", "-n", "8", cwd=project, home=tmp_path)
    assert "16 passed" in printed
