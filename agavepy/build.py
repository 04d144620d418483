"""Build step: compile each description into the plan file that ships beside it.

setuptools loads ``BuildWithPlans`` as its ``build_py`` command (see setup.cfg). A wheel gets the
plan files next to the descriptions; an editable install gets them in the checkout's ``specs/``.
``python -m agavepy.build SPECS TARGET`` does the same to any directories.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setuptools.command.build_py import build_py

_ROOT = Path(__file__).resolve().parent.parent


class BuildWithPlans(build_py):
    """``build_py`` that also writes ``<service>.plan.json`` for each ``specs/<service>.yaml``."""

    def run(self) -> None:
        """Build as usual, then compile; a description that does not compile stops the build."""
        super().run()
        specs = _ROOT / "specs"
        target = specs if self.editable_mode else Path(self.build_lib, "agavepy", "specs")
        # A process of its own: the build backend runs without the checkout on its import path.
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        subprocess.run(  # noqa: S603 - this interpreter, on our own module
            [sys.executable, "-m", "agavepy.build", str(specs), str(target.resolve())],
            check=True,
            env={**os.environ, "PYTHONPATH": path},
        )


def write_plans(specs: Path, target: Path) -> list[Path]:
    """Compile every description in ``specs`` into ``target`` and return the files written.

    A document without paths is only there to be referred to. What is made up for in the documents
    of others is a fault in ours. Raises DescriptionError naming the document and its fault.
    """
    from agavepy.compiler import examine
    from agavepy.errors import DescriptionError
    from agavepy.loader import plan_json
    from agavepy.reading import read_document

    written = []
    for document in sorted(specs.glob("*.yaml")):
        content = read_document(document)
        if not content["paths"]:
            continue
        data, notes = examine(content, document)
        for where, why in [*notes, *data["skipped"]]:
            raise DescriptionError(f"{document}: {where}: {why}")
        plan = target / f"{document.stem}.plan.json"
        plan.write_bytes(plan_json(document))
        written.append(plan)
    return written


if __name__ == "__main__":
    write_plans(*map(Path, sys.argv[1:3]))
