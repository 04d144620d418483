"""The admin service (admin-apis ``services/accounts``): service accounts, roles and clients."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import Handler, handler
from agavepy.sandbox.state import accounts, clients, signing, tokens, users

#: The servers' own spelling first, then those of the documents of earlier releases.
_ACCOUNT = ("accountId", "account_id", "id")
_ROLE = ("roleId", "role_id", "id")


def for_admins(operation: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as what answers an operation, to administrators only.

    Everybody else is refused with 400, as agaveflask answers missing permissions.
    """

    def register(function: Handler) -> Handler:
        @handler("admin", operation)
        @wraps(function)
        def guarded(call: Call) -> Reply:
            if not call.is_admin:
                text = f"Not authorized -- {call.user} does not have the role {users.ADMIN}."
                raise ApiError(400, text)
            return function(call)

        return guarded

    return register


@for_admins("listAccounts")
def list_accounts(call: Call) -> Reply:
    """Answer the service accounts."""
    found = call.page(accounts.listing(call.tenant))
    text = "Service accounts retrieved successfully."
    return Reply([{"id": account["username"]} for account in found], message=text)


@for_admins("addAccount")
def add_account(call: Call) -> Reply:
    """Register a service account."""
    body = fields(call)
    account_id, password = needed(body, *_ACCOUNT), needed(body, "password")
    account = accounts.add(call.tenant, account_id, password, words(body, "roles"))
    return Reply(_account(account), message="Service account created successfully.")


@for_admins("getAccount")
def get_account(call: Call) -> Reply:
    """Answer an account."""
    account = accounts.find(call.tenant, call.args["accountId"])
    return Reply(_account(account), message="Service account retrieved successfully.")


@for_admins("updateAccount")
def update_account(call: Call) -> Reply:
    """Refuse: the documents promised this, and the servers route no PUT to an account."""
    text = (
        f"The method PUT is not allowed for the account {call.args['accountId']}: "
        "delete it and add it again, or change its roles"
    )
    raise ApiError(405, text, headers={"Allow": "GET, DELETE"})


@for_admins("deleteAccount")
def delete_account(call: Call) -> Reply:
    """Remove a service account."""
    accounts.delete(call.tenant, call.args["accountId"])
    return Reply.empty(204)


@for_admins("listAccountRoles")
def list_account_roles(call: Call) -> Reply:
    """Answer an account for its roles."""
    account = accounts.find(call.tenant, call.args["accountId"])
    return Reply(_account(account), message="Roles retrieved successfully.")


@for_admins("addRoleToAccount")
def add_role_to_account(call: Call) -> Reply:
    """Give an account a role, and answer the account."""
    role_id = needed(fields(call), *_ROLE)
    account = accounts.grant(call.tenant, call.args["accountId"], role_id)
    return Reply(_account(account), message="Role added successfully.")


@for_admins("getAccountRole")
def get_account_role(call: Call) -> Reply:
    """Answer a role that an account has."""
    accounts.holder(call.tenant, call.args["accountId"], call.args["roleId"])
    return _role(call, call.args["roleId"], "Role retrieved successfully.")


@for_admins("listRoles")
def list_roles(call: Call) -> Reply:
    """Answer the roles."""
    found = call.page(accounts.roles(call.tenant))
    return Reply([{"id": role_id} for role_id in found], message="Roles retrieved successfully.")


@for_admins("addRole")
def add_role(call: Call) -> Reply:
    """Register a role."""
    role_id = accounts.add_role(call.tenant, needed(fields(call), *_ROLE))
    return _role(call, role_id, "Role created successfully.")


@for_admins("getRole")
def get_role(call: Call) -> Reply:
    """Answer a role."""
    return _role(call, call.args["roleId"], "Role retrieved successfully.")


@for_admins("deleteRole")
def delete_role(call: Call) -> Reply:
    """Remove a role, from those who have it too."""
    accounts.delete_role(call.tenant, call.args["roleId"])
    return Reply.empty(204)


@for_admins("listAccountsInRole")
def list_accounts_in_role(call: Call) -> Reply:
    """Answer a role for the accounts that have it."""
    return _role(call, call.args["roleId"], "Accounts retrieved successfully.")


@for_admins("addAccountToRole")
def add_account_to_role(call: Call) -> Reply:
    """Give an account a role, and answer the role."""
    role_id = accounts.role(call.tenant, call.args["roleId"])
    accounts.grant(call.tenant, needed(fields(call), *_ACCOUNT), role_id)
    return _role(call, role_id, "Account added successfully.")


@for_admins("getAccountInRole")
def get_account_in_role(call: Call) -> Reply:
    """Answer an account that has a role."""
    account = accounts.holder(call.tenant, call.args["accountId"], call.args["roleId"])
    return Reply(_account(account), message="Service account retrieved successfully.")


@for_admins("deleteRoleFromAccount")
@for_admins("deleteAccountFromRole")
def withdraw(call: Call) -> Reply:
    """Take a role from an account."""
    accounts.withdraw(call.tenant, call.args["accountId"], call.args["roleId"])
    return Reply.empty(204)


@for_admins("listClients")
def list_clients(call: Call) -> Reply:
    """Answer everybody's clients."""
    found = [
        {"id": item["consumerKey"], "clientName": item["name"], "owner": item["owner"]}
        for item in call.page(clients.everybodys(call.tenant))
    ]
    return Reply(found, message="Clients retrieved successfully.")


@for_admins("getJwt")
def get_jwt(call: Call) -> Reply:
    """Answer what the gateway tells the services behind it of the caller, signed."""
    authorization = call.headers.get("Authorization")
    if not authorization:  # the caller has shown what the gateway tells of them
        given = call.headers[signing.header_name(call.tenant)]
        return Reply(given, message="JWT retrieved successfully.")
    access_token = authorization.partition(" ")[2].strip()
    token = tokens.lookup(call.tenant, access_token)
    # Its owner may be somebody else than the user.
    client = clients.by_key(call.tenant, token["client_key"]) if token else None
    if client is None:
        raise ApiError(400, f"The client {call.client_name} was deleted meanwhile.")
    text = signing.assertion(call.tenant, call.user, call.roles, client)
    return Reply(text, message="JWT retrieved successfully.")


def fields(call: Call) -> dict[str, Any]:
    """Return the fields of the body; ApiError 400 when it is no object."""
    if not isinstance(call.body, dict):
        raise ApiError(400, "The body is not a JSON object.")
    return call.body


def needed(body: dict[str, Any], *names: str) -> str:
    """Return the text of the first field of these names; ApiError 400 for none or another type."""
    name = next((name for name in names if body.get(name) not in (None, "")), "")
    if not name:
        raise ApiError(400, f"{names[0]} is required.")
    return _text(name, body[name])


def words(body: dict[str, Any], name: str) -> list[str]:
    """Return a field that is a list of texts, in forms one text with commas; empty when absent."""
    value = body.get(name)
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    if value is None:
        return []
    if not isinstance(value, list):
        raise ApiError(400, f"{name} is not a list of texts: {value!r}")
    return [_text(name, word) for word in value]


def _text(name: str, value: Any) -> str:
    """Return a text of which UTF-8 has every character: JSON can hold half of one."""
    if not isinstance(value, str) or any("\ud800" <= mark <= "\udfff" for mark in value):
        raise ApiError(400, f"{name} is not text: {value!r}")
    return value


def _account(account: dict[str, Any]) -> dict[str, Any]:
    return {"id": account["username"], "roles": sorted(users.roles(account))}


def _role(call: Call, role_id: str, message: str) -> Reply:
    members = accounts.members(call.tenant, role_id)
    return Reply({"id": role_id, "accounts": members}, message=message)
