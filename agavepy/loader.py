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


def services() -> tuple[str, ...]:
    """Return the names of the bundled services, in alphabetical order."""
    global _services  # noqa: PLW0603 - a constant that costs a directory listing
    if _services is None:
        names = (entry.name for entry in os.scandir(SPECS))
        _services = tuple(
            sorted(n[:-5] for n in names if n.endswith(".yaml") and not n.startswith("_"))
        )
    return _services


_services: tuple[str, ...] | None = None


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
        _fresh(path.with_suffix(".plan.json"), path)
        or _fresh(_cache_file(path), path)
        or _compile_and_cache(path)
    )
    return ServicePlan.from_json(data, service)


def plan_json(path: Path) -> bytes:
    """Compile the document at ``path`` and return the content of its plan file."""
    from agavepy.compiler import compile_document

    data = compile_document(read_document(path), path)
    operations = data["operations"].items()
    data["operations"] = {name: _dump(operation) for name, operation in operations}
    data["format"] = PLAN_FORMAT
    data["sources"] = _digests(path)
    return _dump(data).encode()


def _dump(data: Any) -> str:
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
    """Return the digest of a document and of the files beside it that it refers to."""
    found: dict[str, str] = {}
    waiting = [path.name]
    while waiting:
        name = waiting.pop()
        if name in found or "://" in name:
            continue
        content = (path.parent / name).read_bytes()
        found[name] = hashlib.sha256(content).hexdigest()
        waiting += [match.decode() for match in _REF_FILE.findall(content)]
    return found


def _fresh(plan_file: Path | None, path: Path) -> dict[str, Any] | None:
    """Return the data of a plan file if it was made from the documents as they are now."""
    if plan_file is None:
        return None
    try:
        data = json.loads(plan_file.read_bytes())
        if data["format"] != PLAN_FORMAT:
            return None
        for name, digest in data["sources"].items():
            if hashlib.sha256((path.parent / name).read_bytes()).hexdigest() != digest:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # absent, torn or foreign: the document itself is the truth
    return data if isinstance(data, dict) else None


def _cache_file(path: Path) -> Path | None:
    from agavepy import diskcache  # only where a plan file does not fit

    return diskcache.place("plans", os.fsencode(path))


def _compile_and_cache(path: Path) -> dict[str, Any]:
    from agavepy import diskcache

    content = plan_json(path)
    diskcache.write(_cache_file(path), content)
    data: dict[str, Any] = json.loads(content)
    return data
