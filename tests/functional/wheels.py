"""Build a wheel and run what was installed from it, with nothing of the checkout around."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("agavepy", "specs", "examples", "setup.cfg", "pyproject.toml", "README.rst", "LICENSE")


def run(*command: str | Path, cwd: Path, home: Path) -> str:
    """Run a command with an empty home and none of our settings; return what it printed."""
    foreign = ("AGAVE", "TAPIS", "_abaco", "PYTHONPATH", "XDG_", "COV_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**environment, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(source: Path, target: Path) -> Path:
    """Build a wheel from a copy of the sources, which holds nothing that was built before."""
    ignore = shutil.ignore_patterns("__pycache__", "*.plan.json", "downstream")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, source / name)
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, ".")
    run(*command, cwd=source, home=target)
    (built,) = target.glob("*.whl")
    return built
