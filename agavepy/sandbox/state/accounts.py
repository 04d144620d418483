"""Service accounts and roles (admin-apis ``services/accounts``).

An account is a user: it logs in, owns clients and has roles. A service account is one with no
person behind it; people's accounts can have roles as well. A role is a document ``{id}``, and each
user keeps the names of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import users
from agavepy.sandbox.tenant import Tenant

#: The roles that every tenant has.
FIXED = (users.EVERYBODY, users.ADMIN)
#: A name, after the domain of WSO2's user store if it is not the primary one.
_ROLE_NAME = re.compile(r"(\w[\w-]*/)?\w[\w.-]*")

Account = dict[str, Any]


def listing(tenant: Tenant) -> list[Account]:
    """Return the service accounts, oldest first."""
    return tenant.store.all("user", service=True)


def find(tenant: Tenant, account_id: str) -> Account:
    """Return an account, a person's too; ApiError 400, as ADM has it, for an unknown one."""
    account = users.get(tenant, account_id)
    if account is None:
        raise ApiError(400, f"No account found with id: {account_id}.")
    return account


def add(tenant: Tenant, account_id: str, password: str, role_ids: Sequence[str]) -> Account:
    """Register a service account with these roles and return it.

    Raises ApiError 400 for a name that no new account can have, 404 for an unknown role.
    """
    problem = users.username_error(tenant, account_id)
    if problem:
        raise ApiError(400, f"Invalid accountId {account_id!r}: {problem}")
    with tenant.store.transaction():
        account = users.add(tenant, account_id, password)
        account["service"] = True
        tenant.store.put("user", account_id, account)
        for role_id in dict.fromkeys(role_ids):
            role(tenant, role_id)
            if role_id != users.EVERYBODY:
                users.set_role(tenant, account, role_id, True)
    return account


def delete(tenant: Tenant, account_id: str) -> None:
    """Remove a service account with its clients and tokens.

    Raises ApiError 400 for an unknown account, a person's, and the last administrator's.
    """
    with tenant.store.transaction():
        account = find(tenant, account_id)
        if not account.get("service"):
            text = f"{account_id} is a person's account: delete it with the profiles service"
            raise ApiError(400, text)
        _keep_an_administrator(tenant, account)
        users.delete(tenant, account_id)


def roles(tenant: Tenant) -> list[str]:
    """Return the names of all roles: the fixed ones, then the oldest first."""
    return [*FIXED, *(item["id"] for item in tenant.store.all("role"))]


def role(tenant: Tenant, role_id: str) -> str:
    """Return the name of a role; ApiError 404 for an unknown one."""
    if role_id not in FIXED and tenant.store.get("role", role_id) is None:
        raise ApiError(404, f"No role found with id: {role_id}.")
    return role_id


def add_role(tenant: Tenant, role_id: str) -> str:
    """Register a role; ApiError 400 for a name that is taken or that no role can have."""
    if not _ROLE_NAME.fullmatch(role_id):
        text = "use letters, digits and _ . - after a domain and a slash if need be"
        raise ApiError(400, f"Invalid roleId {role_id!r}: {text}")
    with tenant.store.transaction():
        # The names of a user store differ by more than case.
        if role_id.lower() in {name.lower() for name in roles(tenant)}:
            raise ApiError(400, f"A role with the id {role_id} already exists.")
        tenant.store.put("role", role_id, {"id": role_id})
    return role_id


def delete_role(tenant: Tenant, role_id: str) -> None:
    """Remove a role, from those who have it too; ApiError 404, and 400 for a fixed one."""
    with tenant.store.transaction():
        if role(tenant, role_id) in FIXED:
            raise ApiError(400, f"The role {role_id} is one that every tenant has: it stays")
        for account in _holders(tenant, role_id):
            users.set_role(tenant, account, role_id, False)
        tenant.store.delete("role", role_id)


def members(tenant: Tenant, role_id: str) -> list[str]:
    """Return the names of the accounts that have a role; ApiError 404 for an unknown one."""
    return [str(account["username"]) for account in _holders(tenant, role(tenant, role_id))]


def holder(tenant: Tenant, account_id: str, role_id: str) -> Account:
    """Return an account that has a role.

    Raises ApiError 400 for an unknown account, 404 when it has not the role or there is none.
    """
    account = find(tenant, account_id)
    if role(tenant, role_id) not in users.roles(account):
        raise ApiError(404, f"The account {account_id} does not have the role {role_id}.")
    return account


def grant(tenant: Tenant, account_id: str, role_id: str) -> Account:
    """Give an account a role and return it; ApiError 400 also when it has the role already."""
    with tenant.store.transaction():
        account = find(tenant, account_id)
        if role(tenant, role_id) in users.roles(account):
            raise ApiError(400, f"The account {account_id} has the role {role_id} already.")
        users.set_role(tenant, account, role_id, True)
    return account


def withdraw(tenant: Tenant, account_id: str, role_id: str) -> None:
    """Take a role from an account; raises as :func:`holder` does.

    ApiError 400 also for the role that everybody has, and for the last administrator's.
    """
    with tenant.store.transaction():
        account = holder(tenant, account_id, role_id)
        if role_id == users.EVERYBODY:
            raise ApiError(400, f"Everybody has the role {role_id}: it cannot be taken away")
        if role_id == users.ADMIN:
            _keep_an_administrator(tenant, account)
        users.set_role(tenant, account, role_id, False)


def _holders(tenant: Tenant, role_id: str) -> list[Account]:
    return [item for item in tenant.store.all("user") if role_id in users.roles(item)]


def _keep_an_administrator(tenant: Tenant, account: Account) -> None:
    name = account["username"]
    if [item["username"] for item in _holders(tenant, users.ADMIN)] == [name]:
        raise ApiError(400, f"{name} is the last administrator: make another one first")
