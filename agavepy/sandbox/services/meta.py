"""Metadata items on the wire (agave-metadata MetadataCollection and MetadataResource)."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services import meta_views as views
from agavepy.sandbox.state import meta, meta_access, meta_query
from agavepy.sandbox.state.meta_access import ITEM, Document, Kind


def listed(call: Call, kind: Kind) -> list[Document]:
    """Return the documents that the caller may read and that match ``q``, in the order asked for.

    Raises ApiError 400 for a query that is none, and for an unknown ``orderBy``.
    """
    found = meta_access.listing(
        call.tenant, call.user, kind, privileged=call.args.get("privileged", True)
    )
    found = views.ordered(call, kind, found)
    if not call.args.get("q"):
        return found
    matches = meta_query.compiled(call.args["q"])
    here = {"tenantId": call.tenant.tenant_id}
    return [item for item in found if matches({**views.told(kind, item), **here})]


@handler("meta", "listMetadata")
def list_metadata(call: Call) -> Reply:
    """List or search metadata items."""
    found = call.page(listed(call, ITEM))
    names = str(call.args.get("filter") or "*").strip()
    if names == "*":
        return Reply([views.whole(call, ITEM, item) for item in found])
    # The database cuts the items down, more deeply than the filter of other services does.
    del call.args["filter"]
    return Reply(meta_query.projected((views.told(ITEM, item) for item in found), names))


@handler("meta", "addMetadata")
def add_metadata(call: Call) -> Reply:
    """Add a metadata item."""
    internal = call.internal_user
    given = views.body(call)
    views.check_associations(call, given)
    item = meta.create(call.tenant, call.user, given, internal)
    return Reply(views.whole(call, ITEM, item), 201)


@handler("meta", "getMetadata")
def get_metadata(call: Call) -> Reply:
    """Answer one metadata item."""
    item = meta_access.reach(call.tenant, call.user, ITEM, call.args["uuid"])
    return Reply(views.whole(call, ITEM, item))


@handler("meta", "updateMetadata")
def update_metadata(call: Call) -> Reply:
    """Replace name and value of a metadata item."""
    given = views.body(call)
    views.check_associations(call, given, call.args["uuid"])
    item = meta.update(call.tenant, call.user, call.args["uuid"], given)
    return Reply(views.whole(call, ITEM, item))


@handler("meta", "deleteMetadata")
def delete_metadata(call: Call) -> Reply:
    """Delete a metadata item."""
    meta.delete(call.tenant, call.user, call.args["uuid"])
    return Reply.empty()
