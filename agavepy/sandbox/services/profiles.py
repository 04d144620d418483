"""The profiles service (pyprofiles-api ``views.py``): the people of the tenant."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import users

#: What administrators set; bodies may spell it in camel case too, as the hosted service does.
_SETTABLE = ("email", "first_name", "last_name", "phone", "mobile_phone", "status")
_SEARCHED = ("name", "email", "first_name", "last_name", "full_name", "username", "status")
_DENIED = "Access denied."
_NOT_FOUND = "Error retrieving user details."

Users = list[dict[str, Any]]


@handler("profiles", "list")
def list_profiles(call: Call) -> Reply:
    """Answer the people, or those that the first search parameter given finds."""
    found: Users = users.everybody(call.tenant)
    for word in _SEARCHED:
        if word in call.args:
            wanted = str(call.args[word]).lower()
            found = [user for user in found if _matches(user, word, wanted)]
            break
    text = "User details retrieved successfully."
    return Reply([_profile(call, user) for user in call.page(found)], message=text)


@handler("profiles", "search")
def search(call: Call) -> Reply:
    """Answer the people whose name, e-mail address or user name holds the value."""
    fields: dict[str, Callable[[dict[str, Any]], str]] = {
        "name": _full_name,
        "email": lambda user: str(user["email"]),
        "username": lambda user: str(user["username"]),
    }
    term = call.args["term"].lower()
    if term not in fields:
        raise ApiError(400, f"Invalid search term {term!r}: choose one of {', '.join(fields)}")
    value = call.args["value"].lower()
    everybody = users.everybody(call.tenant)
    found = [user for user in everybody if value in fields[term](user).lower()]
    return Reply([_profile(call, user) for user in call.page(found)])


@handler("profiles", "get")
def get_own(call: Call) -> Reply:
    """Answer the caller's profile."""
    return _one(call, _user(call, call.user))


@handler("profiles", "listByUsername")
def get_profile(call: Call) -> Reply:
    """Answer one profile."""
    return _one(call, _user(call, call.args["username"]))


@handler("profiles", "create")
def create(call: Call) -> Reply:
    """Create a user; for administrators."""
    _administrators_only(call)
    body, errors = _checked(call.body, ("username", "password", "email"))
    username = body.get("username", "")
    problem = users.username_error(call.tenant, username) if "username" not in errors else ""
    if problem:
        errors["username"] = [problem]
    if errors:
        raise ApiError(400, "Error creating user.", errors)
    fields = {"last_name": "", **{name: body[name] for name in _SETTABLE if name in body}}
    user = users.add(call.tenant, username, body["password"], profile=fields)
    return Reply(_profile(call, user), 201, "User created successfully.")


@handler("profiles", "update")
def update(call: Call) -> Reply:
    """Change a user; for administrators."""
    _administrators_only(call)
    user = _user(call, call.args["username"])
    body, errors = _checked(call.body)
    if body.get("username", user["username"]) != user["username"]:
        errors["username"] = ["The username cannot be changed."]
    if errors:
        raise ApiError(400, "Error updating user.", errors)
    fields = {name: body[name] for name in _SETTABLE if name in body}
    changed = users.update(call.tenant, user["username"], body.get("password", ""), fields)
    return Reply(_profile(call, changed), 201, "User updated successfully.")


@handler("profiles", "delete")
def delete(call: Call) -> Reply:
    """Remove a user with their clients; for administrators."""
    _administrators_only(call)
    users.delete(call.tenant, _user(call, call.args["username"])["username"])
    # {} and not null, as every empty result of the Django services (agave-pycommon).
    return Reply.empty(message="User deleted successfully.")


def _administrators_only(call: Call) -> None:
    if not call.is_admin:
        raise ApiError(401, _DENIED)


def _user(call: Call, username: str) -> dict[str, Any]:
    user = users.get(call.tenant, call.user if username == "me" else username)
    if user is None:
        raise ApiError(404, _NOT_FOUND)
    return user


def _checked(body: Any, required: tuple[str, ...] = ()) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the fields of a body in snake case, and the errors of each in the service's words."""
    if not isinstance(body, dict):
        return {}, {"non_field_errors": ["The body is not a JSON object."]}
    fields = {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower(): body[name] for name in body}
    errors: dict[str, Any] = {
        name: ["This field is required."] for name in required if fields.get(name) in (None, "")
    }
    for name in (*_SETTABLE, "username", "password"):
        if name in fields and not isinstance(fields[name], str) and name not in errors:
            errors[name] = ["Not a valid string."]
    email = fields.get("email")
    if isinstance(email, str) and "email" not in errors and "@" not in email:
        errors["email"] = ["Enter a valid email address."]
    return fields, errors


def _matches(user: dict[str, Any], word: str, wanted: str) -> bool:
    if word == "name":
        return wanted in _full_name(user).lower() or wanted in user["username"].lower()
    value = _full_name(user) if word == "full_name" else user[word]
    return str(value).lower() == wanted


def _full_name(user: dict[str, Any]) -> str:
    return f"{user['first_name']} {user['last_name']}".strip()


def _one(call: Call, user: dict[str, Any]) -> Reply:
    return Reply(_profile(call, user), message="User details retrieved successfully.")


def _profile(call: Call, user: dict[str, Any]) -> dict[str, Any]:
    created = datetime.fromtimestamp(user["create_time"], timezone.utc)
    profile = {
        "first_name": user["first_name"],
        "last_name": user["last_name"],
        "full_name": _full_name(user),
        "email": user["email"],
        "phone": user["phone"],
        "mobile_phone": user["mobile_phone"],
        "status": user["status"],
        "create_time": f"{created:%Y%m%d%H%M%SZ}",
        "uid": user["uid"],
        "username": user["username"],
    }
    if user["username"] != call.user and not call.is_admin:
        del profile["email"], profile["status"]
    return profile
