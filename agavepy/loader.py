"""Find descriptions and give their plans: from a plan file, a cache, or by compiling the document.

A plan file names every file that it was made from with its digest, so that an edited description
is never shadowed by an old plan. Plans are JSON and are never unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from agavepy.plan import PLAN_FORMAT, ServicePlan
from agavepy.reading import read_document

SPECS = Path(__file__).resolve().parent / "specs"
if not SPECS.is_dir():  # an editable install or a checkout: specs/ lies beside the package
    SPECS = SPECS.parent.parent / "specs"

_REF_FILE = re.compile(rb"""\$ref['"]?\s*:\s*['"]?([^'"#\s{}]+)#""")
_plans: dict[str, ServicePlan] = {}
_lock = threading.RLock()


@cache
def services() -> tuple[str, ...]:
    """Return the names of the bundled services, in alphabetical order."""
    names = (entry.name for entry in os.scandir(SPECS))
    return tuple(sorted(n[:-5] for n in names if n.endswith(".yaml") and not n.startswith("_")))


def service_plan(service: str) -> ServicePlan:
    """Return the plans of a bundled service; one object for the whole process.

    Raises KeyError when there is no such service, DescriptionError when its document is broken.
    """
    plan = _plans.get(service)
    if plan is None:
        if service not in services():
            raise KeyError(service)
        with _lock:
            plan = _plans.get(service)
            if plan is None:
                plan = _plans[service] = load(SPECS / f"{service}.yaml")
    return plan


def load(path: Path, service: str = "") -> ServicePlan:
    """Return the plans of the document at ``path``, compiled only if no plan of it is known."""
    data = (
        _kept(path.with_suffix(".plan.json"), path)
        or _kept(_cache_file(path), path)
        or _compile_and_cache(path)
    )
    return ServicePlan.from_json(data, service)


def fresh(content: bytes, read: Callable[[str], bytes]) -> dict[str, Any] | None:
    """Return the data in a plan file, if it was made from the documents as they are now.

    ``read`` returns a document by its name there; it may raise OSError or ValueError.
    """
    try:
        data: dict[str, Any] = json.loads(content)
        if data["format"] != PLAN_FORMAT:
            return None
        for name, old in data["sources"].items():
            if digest(read(name)) != old:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # torn, foreign, or a document is gone: the documents themselves are the truth
    return data


def plan_json(path: Path) -> bytes:
    """Compile the document at ``path`` and return the content of its plan file."""
    from agavepy.compiler import compile_document

    data = compile_document(read_document(path), path)
    operations = data["operations"].items()
    data["operations"] = {name: dump(operation) for name, operation in operations}
    data["format"] = PLAN_FORMAT
    data["sources"] = _digests(path)
    return dump(data).encode()


def dump(data: Any) -> str:
    """Return data as JSON without blanks, as plan files hold it."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def document(service: str) -> dict[str, Any]:
    """Return the parsed document of a bundled service, freshly read."""
    parsed: dict[str, Any] = read_document(SPECS / f"{service}.yaml")
    return parsed


def spec(service: str, base_url: str = "", **config: Any) -> Any:
    """Return the ``bravado_core.spec.Spec`` of a bundled service, with the address of a tenant.

    ``config`` is bravado-core's; ``base_url`` such as ``https://host/prefix``.
    """
    return spec_of(document(service), str(SPECS / f"{service}.yaml"), base_url, **config)


def spec_of(parsed: dict[str, Any], origin: str, base_url: str = "", **config: Any) -> Any:
    """Return the same of a document that has been read; ``origin`` is where it came from."""
    from agavepy.spec import build_spec

    if base_url:
        scheme, _, rest = base_url.partition("://")
        host, _, prefix = rest.partition("/")
        parsed.update({"schemes": [scheme], "host": host, "basePath": f"/{prefix}"})
    return build_spec(parsed, Path(origin), **config)


def _digests(path: Path) -> dict[str, str]:
    """Return the digests of a document and of the files beside it that it refers to."""
    found: dict[str, str] = {}
    waiting = [path.name]
    while waiting:
        name = waiting.pop()
        if name in found or "://" in name:
            continue
        content = (path.parent / name).read_bytes()
        found[name] = digest(content)
        waiting += [match.decode() for match in _REF_FILE.findall(content)]
    return found


def digest(content: bytes) -> str:
    """Return what tells versions of a document apart."""
    return hashlib.sha256(content).hexdigest()


def _kept(plan_file: Path | None, path: Path) -> dict[str, Any] | None:
    try:
        content = plan_file.read_bytes() if plan_file is not None else b""
    except OSError:
        return None
    return fresh(content, lambda name: (path.parent / name).read_bytes())


def _cache_file(path: Path) -> Path | None:
    from agavepy import diskcache  # only where a plan file does not fit

    return diskcache.place("plans", os.fsencode(path))


def _compile_and_cache(path: Path) -> dict[str, Any]:
    from agavepy import diskcache

    content = plan_json(path)
    diskcache.write(_cache_file(path), content)
    data: dict[str, Any] = json.loads(content)
    return data
