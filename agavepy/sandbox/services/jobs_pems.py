"""Permissions on jobs (agave-jobs JobPermissionsResource)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.links import hrefs
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import jobs, jobs_pems, permissions


def _item(call: Call, job: jobs.Job, username: str, word: str) -> dict[str, Any]:
    links = {
        "self": call.link("jobs", "listPermissionsForUser", jobId=job["id"], username=username),
        "parent": call.link("jobs", "get", jobId=job["id"]),
        "profile": call.link("profiles", "listByUsername", username=username),
    }
    return {
        "username": username,
        "internalUsername": None,
        "permission": permissions.flags(word),
        "_links": hrefs(links),
    }


@handler("jobs", "listPermissions")
def list_permissions(call: Call) -> Reply:
    """List everybody's permissions, the owner's first."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"])
    return Reply([_item(call, job, *pair) for pair in call.page(jobs_pems.listing(job))])


@handler("jobs", "listPermissionsForUser")
def list_permissions_for_user(call: Call) -> Reply:
    """Show one user's permission: an object, not an array."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"])
    username = call.args["username"]
    return Reply(_item(call, job, username, jobs_pems.get(call.tenant, job, username)))


@handler("jobs", "updatePermissions")
@handler("jobs", "updatePermissionsForUser")
def update_permissions(call: Call) -> Reply:
    """Give or take a permission; 201 either way."""
    body = call.body
    if not isinstance(body, dict):
        raise ApiError(400, "The permission must be a JSON object")
    named = call.args.get("username")
    username = body.get("username") or named
    if named is not None and username != named:
        raise ApiError(
            400, f"The body names the user {username} and the path {named}: name the same, or one"
        )
    job = jobs.reach(call.tenant, call.user, call.args["jobId"], "WRITE")
    word = jobs_pems.grant(call.tenant, job, call.user, username, body.get("permission"))
    return Reply(_item(call, job, str(username), word), 201)


@handler("jobs", "deletePermissions")
def delete_permissions(call: Call) -> Reply:
    """Take everybody's permission, but for the owner's."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"], "WRITE")
    jobs_pems.clear(call.tenant, job, call.user)
    return Reply.empty()


@handler("jobs", "deletePermissionsForUser")
def delete_permissions_for_user(call: Call) -> Reply:
    """Take one user's permission."""
    job_id = call.args["jobId"]
    old = call.args.get("uniqueName", job_id)
    if old != job_id:
        raise ApiError(400, f"uniqueName is an old name of jobId: {old} is not {job_id}")
    job = jobs.reach(call.tenant, call.user, job_id, "WRITE")
    jobs_pems.grant(call.tenant, job, call.user, call.args["username"], "NONE")
    return Reply.empty()
