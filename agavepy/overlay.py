"""Overlays: partial documents that are merged over a description, to mend or complete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(document: Any, overlay: Any) -> Any:
    """Return ``document`` with ``overlay`` merged over it; neither is changed.

    This is a JSON Merge Patch (RFC 7396): what is a mapping on both sides is merged key by key,
    ``null`` takes a key away, and all else replaces what was there. One thing is added to it: in a
    list of ``parameters`` each is merged over the one of the same ``name`` and ``in``, or appended.
    """
    if not isinstance(overlay, dict):
        return overlay
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in overlay.items():
        if value is None:
            merged.pop(key, None)
        elif key == "parameters" and isinstance(value, list):
            merged[key] = _merge_parameters(merged.get(key), value)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def _merge_parameters(old: Any, new: list[Any]) -> list[Any]:
    merged = list(old) if isinstance(old, list) else []
    places = {_identity(parameter): index for index, parameter in enumerate(merged)}
    for parameter in new:
        place = places.get(_identity(parameter))
        if place is None or _identity(parameter) == (None, None):
            merged.append(parameter)
        else:
            merged[place] = merge(merged[place], parameter)
    return merged


def _identity(parameter: Any) -> tuple[Any, Any]:
    if not isinstance(parameter, Mapping):
        return None, None
    return parameter.get("name"), parameter.get("in")
