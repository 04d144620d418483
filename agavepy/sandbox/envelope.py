"""The four families of envelope, and what ``filter`` keeps of a result."""

from __future__ import annotations

from typing import Any

#: One release of each family, as its servers gave it.
VERSIONS = {
    "java": "2.2.22-r7deb380",
    "php": "2.2.22-r7deb380",
    "django": "2.0.0-SNAPSHOT-rc3fad",
    "flask": "1.9.1",
}
#: Services whose servers gave the release of another family than that of their envelope.
RELEASES = {"postits": VERSIONS["django"]}
#: What a success carries in place of a result that it has not; None: no key at all.
_EMPTY: dict[str, Any] = {"java": None, "php": "", "django": {}, "flask": None}


def success(
    family: str, message: str | None, result: Any, has_result: bool, version: str = ""
) -> dict[str, Any]:
    """Return the body of a success, its keys in the order of the family.

    ``version`` is that of a service which is not of its family's release.
    """
    version = version or VERSIONS[family]
    if family == "java":
        body: dict[str, Any] = {"status": "success", "message": message, "version": version}
        if has_result:
            body["result"] = result
        return body
    result = result if has_result else _EMPTY[family]
    message = message or ""
    if family == "flask":
        return {"message": message, "result": result, "status": "success", "version": version}
    return {"status": "success", "message": message, "result": result, "version": version}


def failure(family: str, message: str, result: Any = None, version: str = "") -> dict[str, Any]:
    """Return the body of an error, its keys in the order of the family; as :func:`success`."""
    version = version or VERSIONS[family]
    if family == "php":
        return {"status": "error", "message": message, "result": "", "version": version}
    if family == "django":
        return {"status": "error", "message": message, "version": version, "result": result}
    if family == "flask":
        return {"message": message, "result": None, "status": "error", "version": version}
    return {"status": "error", "message": message, "version": version}


def keep(result: Any, names: str) -> Any:
    """Return what a ``filter`` keeps of a result, or of each item of a list.

    One or two levels (``id``, ``storage.host``); a deeper name is dropped, a missing second level
    is null, and list items of which nothing is left go (agave-common JsonPropertyFilter).
    """
    if names.strip() == "*":
        return result
    wanted = [name.strip().split(".") for name in names.split(",") if name.strip()]
    if isinstance(result, list):
        kept = [_keep(item, wanted) for item in result]
        return [item for item in kept if item != {}]
    return _keep(result, wanted)


def _keep(item: Any, wanted: list[list[str]]) -> Any:
    if not isinstance(item, dict):
        return item
    parts: dict[str, list[str]] = {}
    for first, *second in wanted:
        if first in item and len(second) < 2:
            parts.setdefault(first, []).append("".join(second))
    # The whole of a field, which has no second level, includes its parts.
    return {
        name: item[name] if "" in inner else _inner(item[name], inner)
        for name, inner in parts.items()
    }


def _inner(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [
            {name: member.get(name) for name in names}
            for member in value
            if isinstance(member, dict)
        ]
    return {name: value.get(name) if isinstance(value, dict) else None for name in names}
