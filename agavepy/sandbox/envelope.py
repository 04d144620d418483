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
    kept: dict[str, Any] = {}
    for steps in wanted:
        first = steps[0]
        if first not in item or len(steps) > 2:
            continue
        if len(steps) == 1:
            kept[first] = item[first]
        elif isinstance(item[first], list):
            kept[first] = [
                {steps[1]: member.get(steps[1])}
                for member in item[first]
                if isinstance(member, dict)
            ]
        elif isinstance(item[first], dict):
            kept.setdefault(first, {})[steps[1]] = item[first].get(steps[1])
        else:
            kept[first] = {steps[1]: None}
    return kept
