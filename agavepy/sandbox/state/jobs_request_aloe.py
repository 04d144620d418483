"""The form of Aloe's job requests, which are exact where the classic service guesses.

JSON of the described types; no other names, no older spellings (agave-docs aloe-job-changes). The
rest is checked as the classic service does it, in ``jobs_request``.
"""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError

Request = dict[str, Any]

#: What a value must be, and how to say so.
_TYPES: dict[str, tuple[type, str]] = {
    "text": (str, "text"),
    "count": (int, "a whole number"),
    "flag": (bool, "true or false"),
    "object": (dict, "an object"),
    "list": (list, "an array of objects"),
}
_FIELDS = {
    "appId": "text",
    "name": "text",
    "archive": "flag",
    "archiveOnAppError": "flag",
    "archivePath": "text",
    "archiveSystem": "text",
    "batchQueue": "text",
    "inputs": "object",
    "maxRunTime": "text",
    "memoryPerNode": "text",
    "nodeCount": "count",
    "notifications": "list",
    "parameters": "object",
    "processorsOnEachNode": "count",
    "processorsPerNode": "count",
}
_NOTIFICATION = {"event": "text", "url": "text", "persistent": "flag"}


def read(body: Any) -> Request:
    """Return a request without what is null.

    Raises ApiError 400 for a field that Aloe does not have or that is of another type, and for an
    archive without a path.
    """
    request = _checked(body, _FIELDS, "job request")
    for number, item in enumerate(request.get("notifications", ())):
        _checked(item, _NOTIFICATION, f"notification {number}", required=("event", "url"))
    if request.get("archive", True) and "archivePath" not in request:
        raise ApiError(
            400,
            "No archivePath given, which an archived job needs: give one, or an empty text for the "
            "usual one, or archive as false",
        )
    return request


def _checked(
    given: Any, fields: dict[str, str], what: str, required: tuple[str, ...] = ()
) -> Request:
    if not isinstance(given, dict):
        raise ApiError(400, f"Invalid {what} {given!r}: it must be a JSON object")
    found = {str(name): value for name, value in given.items() if value is not None}
    for name, value in found.items():
        if name not in fields:
            raise ApiError(
                400, f"Invalid {what}: Aloe has no field {name}; it takes {', '.join(fields)}"
            )
        kind, wanted = _TYPES[fields[name]]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ApiError(400, f"Invalid {what}: {name} must be {wanted}, not {value!r}")
    for name in required:
        if name not in found:
            raise ApiError(400, f"Invalid {what}: no {name} given, which is required")
    return found
