"""Find descriptions and give their plans: from a plan file, a cache, or by compiling the document.

A plan file names every file that it was made from with its digest, so that an edited description
is never shadowed by an old plan. Plans are JSON and are never unpickled.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
from pathlib import Path
from typing import Any

from agavepy.plan import PLAN_FORMAT, ServicePlan

SPECS = Path(__file__).resolve().parent / "specs"
if not SPECS.is_dir():  # an editable install or a checkout: specs/ lies beside the package
    SPECS = SPECS.parent.parent / "specs"

_REF_FILE = re.compile(rb"""\$ref['"]?\s*:\s*['"]?([^'"#\s{}]+)#""")
#: What PyYAML stumbles over in values that are none of their type, such as a date of month 99.
_ODD_VALUES = (ValueError, LookupError, AttributeError, TypeError, RecursionError)
#: What opens a level of nesting on the same line. Its C code exhausts the stack of the process if
#: there are too many levels, so documents that might have them are looked through beforehand.
_OPENINGS = (b"[", b"{", b"- ", b"? ", b"-\t", b"?\t")
_MOST_OPENINGS = 5000
#: Levels at which libyaml has begun to give up by itself, or fewer.
_PARSERS_OWN = 500
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


def read_document(path: Path) -> Any:
    """Parse a YAML or JSON document. Raises DescriptionError naming the file, line and fault."""
    import yaml

    from agavepy.errors import DescriptionError

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = path.read_bytes()
        if sum(map(content.count, _OPENINGS)) > _MOST_OPENINGS:
            _refuse_depth(path, yaml.parse(content, Loader=loader))
        return yaml.load(content, Loader=loader)  # noqa: S506 - a safe loader either way
    except OSError as error:
        raise DescriptionError(f"cannot read the description {path}: {error.strerror}") from error
    except DescriptionError:
        raise
    except (yaml.YAMLError, *_ODD_VALUES) as error:
        raise DescriptionError(f"{path}: not YAML or JSON: {error}") from error


def _refuse_depth(path: Path, events: Any) -> None:
    """Raise DescriptionError where the parser's stack would not do; newer ones have a bound."""
    import yaml

    from agavepy.errors import DescriptionError

    depth = 0
    try:
        for event in events:
            kind = type(event).__name__
            depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
            if depth > _MOST_OPENINGS:
                raise DescriptionError(f"{path}: is nested too deeply to be read")
    except yaml.YAMLError as error:
        if depth > _PARSERS_OWN:
            raise DescriptionError(f"{path}: is nested too deeply to be read") from error
        raise


def document(service: str) -> dict[str, Any]:
    """Return the parsed document of a bundled service, freshly read."""
    parsed: dict[str, Any] = read_document(SPECS / f"{service}.yaml")
    return parsed


def spec(service: str, base_url: str = "", **config: Any) -> Any:
    """Return the ``bravado_core.spec.Spec`` of a bundled service, with the address of a tenant.

    ``config`` is bravado-core's; ``base_url`` such as ``https://host/prefix``.
    """
    from agavepy.spec import build_spec

    parsed = document(service)
    if base_url:
        scheme, _, rest = base_url.partition("://")
        host, _, prefix = rest.partition("/")
        parsed.update({"schemes": [scheme], "host": host, "basePath": f"/{prefix}"})
    return build_spec(parsed, SPECS / f"{service}.yaml", **config)


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
    basis = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    if not os.path.isabs(basis):  # noqa: PTH117 - no home directory
        return None
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    return Path(basis, "agavepy", "plans", f"{name}.json")


def _compile_and_cache(path: Path) -> dict[str, Any]:
    import tempfile

    content = plan_json(path)
    target = _cache_file(path)
    if target is not None:
        with contextlib.suppress(OSError):  # a read-only or full disk only costs the next start
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                os.replace(temporary, target)  # noqa: PTH105
            except OSError:
                os.unlink(temporary)  # noqa: PTH108
                raise
    data: dict[str, Any] = json.loads(content)
    return data
