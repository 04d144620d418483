"""Schemas for metadata on the wire (agave-metadata MetadataSchemaCollection)."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services import meta_views as views
from agavepy.sandbox.services.meta import listed
from agavepy.sandbox.state import meta_access, meta_schemas
from agavepy.sandbox.state.meta_access import SCHEMA


@handler("meta", "searchSchema")
def search_schema(call: Call) -> Reply:
    """List or search schemas."""
    found = call.page(listed(call, SCHEMA))
    return Reply([views.whole(call, SCHEMA, item) for item in found])


@handler("meta", "addSchema")
def add_schema(call: Call) -> Reply:
    """Add a schema: the body itself."""
    internal = call.internal_user
    schema = meta_schemas.add(call.tenant, call.user, views.body(call), internal)
    return Reply(views.whole(call, SCHEMA, schema), 201)


@handler("meta", "getSchema")
def get_schema(call: Call) -> Reply:
    """Answer one schema."""
    schema = meta_access.reach(call.tenant, call.user, SCHEMA, call.args["uuid"])
    return Reply(views.whole(call, SCHEMA, schema))


@handler("meta", "updateSchema")
def update_schema(call: Call) -> Reply:
    """Replace a schema."""
    schema = meta_schemas.update(call.tenant, call.user, call.args["uuid"], views.body(call))
    return Reply(views.whole(call, SCHEMA, schema))


@handler("meta", "deleteSchema")
def delete_schema(call: Call) -> Reply:
    """Delete a schema."""
    meta_access.delete(call.tenant, call.user, SCHEMA, call.args["uuid"])
    return Reply.empty()
