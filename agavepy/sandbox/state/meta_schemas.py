"""JSON schemas for metadata: kept, and held against values.

jsonschema is imported with the first schema: a tenant's start has no use for it.
"""

from __future__ import annotations

import re
from typing import Any

from agavepy.sandbox import patterns
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import meta_access
from agavepy.sandbox.state.meta_access import SCHEMA, Document
from agavepy.sandbox.tenant import Tenant


def add(tenant: Tenant, user: str, schema: Any, internal: str = "") -> Document:
    """Keep a schema and return its document; ApiError 400 for what is no JSON schema."""
    _check(schema)
    return meta_access.new(tenant, user, SCHEMA, {"schema": schema}, internal)


def update(tenant: Tenant, user: str, uuid: str, schema: Any) -> Document:
    """Replace a schema; raises as ``reach`` does for WRITE, and as :func:`add`."""
    with tenant.store.transaction():
        document = meta_access.reach(tenant, user, SCHEMA, uuid, "WRITE")
        _check(schema)
        return meta_access.save(tenant, SCHEMA, {**document, "schema": schema})


def validate(tenant: Tenant, user: str, uuid: Any, value: Any) -> None:
    """Hold a value against the schema of that uuid.

    Raises ApiError 400 when there is no such schema or the value does not conform, 403 when
    ``user`` may not read the schema.
    """
    if not isinstance(uuid, str) or tenant.store.get(SCHEMA.documents, uuid) is None:
        raise ApiError(400, f"Specified schema does not exist: {uuid}")
    conform(meta_access.reach(tenant, user, SCHEMA, uuid)["schema"], value)


def conform(schema: Document, value: Any) -> None:
    """Raise ApiError 400, with the place and the reason, unless a value conforms to a schema."""
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # A registry that fetches nothing: a schema is no way to make the tenant call addresses.
    validator = _dialect(schema)(schema, registry=Registry())
    try:
        error = best_match(validator.iter_errors(value))
    except Unresolvable as unknown:
        raise ApiError(400, f"The schema refers to what it does not hold: {unknown}") from unknown
    except re.error as broken:
        raise ApiError(400, f"The schema has a broken pattern: {broken}") from broken
    except RecursionError as endless:
        raise ApiError(400, "The schema refers to itself without an end") from endless
    if error is not None:
        where = ".".join(str(step) for step in error.absolute_path) or "the value"
        raise ApiError(
            400, f"Metadata value does not conform to schema. {where}: {error.message:.300}"
        )


def _check(schema: Any) -> None:
    from jsonschema.exceptions import SchemaError

    if not isinstance(schema, dict) or not isinstance(schema.get("$schema", ""), str):
        raise ApiError(400, "The body must be a JSON schema: an object, its $schema a text")
    try:
        _dialect(schema).check_schema(schema)
    except SchemaError as error:
        where = ".".join(str(step) for step in error.absolute_path) or "the schema"
        raise ApiError(400, f"Invalid JSON schema. {where}: {error.message:.300}") from error
    try:
        _check_patterns(schema)
    except patterns.Endless as error:
        raise ApiError(400, f"Invalid JSON schema. A pattern: {error}") from error


def _check_patterns(node: Any) -> None:
    """Raise Endless for a pattern that could take for ever, wherever in a schema it may be."""
    for member in node.values() if isinstance(node, dict) else node:
        if isinstance(member, dict | list):
            _check_patterns(member)
    if isinstance(node, dict):
        named = node.get("patternProperties")
        for pattern in (node.get("pattern"), *(named if isinstance(named, dict) else ())):
            if isinstance(pattern, str):
                try:
                    patterns.check(pattern)
                except patterns.Endless:
                    raise
                except re.error:
                    continue  # told when a value is held against it


def _dialect(schema: Document) -> Any:
    """Return the validator of the draft that a schema names, else of draft 4, as the servers'."""
    from jsonschema import Draft4Validator
    from jsonschema.validators import validator_for

    return validator_for(schema, default=Draft4Validator)
