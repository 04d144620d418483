"""Requests of administrators that several tests begin with."""

from __future__ import annotations

import uuid

import requests

from agavepy.sandbox import Sandbox
from tests.conftest import Http
from tests.sandbox.answers import flask_result as result

ACCOUNTS, ROLES = "/admin/v2/service_accounts", "/admin/v2/service_roles"
APIS = "/admin/v2/apis"


def new_name(prefix: str = "svc") -> str:
    """Return a name that no other test uses."""
    return f"{prefix}{uuid.uuid4().hex[:12]}"


def gone(response: requests.Response) -> None:
    """Check that an answer is the empty one of a deletion."""
    assert (response.status_code, response.content) == (204, b""), response.text


def new_account(admin: Http, *roles: str) -> str:
    """Register a service account whose password is its name, and return its name."""
    name = new_name()
    body = {"accountId": name, "password": name, "roles": list(roles)}
    assert result(admin.post(ACCOUNTS, json=body))["id"] == name
    return name


def new_role(admin: Http, prefix: str = "role") -> str:
    """Register a role and return its name."""
    name = new_name(prefix)
    assert result(admin.post(ROLES, json={"roleId": name}))["id"] == name
    return name


def log_in(sandbox: Sandbox, name: str, password: str) -> Http:
    """Return a session of an account that gets its token by a client of its own."""
    with Http(sandbox.url, "") as web:
        made = web.post("/clients/v2/", json={"clientName": "own"}, auth=(name, password))
        assert made.status_code == 201, made.text
        client = made.json()["result"]
        form = {"grant_type": "password", "username": name, "password": password}
        auth = (client["consumerKey"], client["consumerSecret"])
        token = web.post("/token", data=form, auth=auth)
        assert token.status_code == 200, token.text
    return Http(sandbox.url, token.json()["access_token"])
