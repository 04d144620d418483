"""Apps to test with: definitions of unique names whose files are the demo app's."""

from __future__ import annotations

import secrets
from typing import Any

import requests

from tests.conftest import Http
from tests.sandbox.answers import result

APPS = "/apps/v2/"
STORAGE = "sandbox.storage"


def definition(**changes: Any) -> dict[str, Any]:
    """Return a definition that can be registered, with fields changed; None leaves one out."""
    fields = {
        "name": f"app{secrets.token_hex(4)}",
        "version": "1.0",
        "executionSystem": "sandbox.exec",
        "executionType": "CLI",
        "deploymentSystem": STORAGE,
        "deploymentPath": "/apps/wc-1.0",
        "templatePath": "wrapper.sh",
        "testPath": "test/test.sh",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def register(http: Http, **changes: Any) -> dict[str, Any]:
    """Register an app and return it."""
    app: dict[str, Any] = result(http.post(APPS, json=definition(**changes)))
    return app


def manage(http: Http, app_id: str, action: str, **more: str) -> requests.Response:
    """Ask for an action on an app."""
    return http.put(APPS + app_id, json={"action": action, **more})


def ids(http: Http, path: str = "", **query: Any) -> list[str]:
    """Return the ids in a listing of apps, all of its pages."""
    found: list[str] = []
    while True:
        page = result(http.get(APPS + path, params={"limit": 250, "offset": len(found), **query}))
        found += [app["id"] for app in page]
        if len(page) < 250:
            return found


def events(http: Http, app_id: str) -> list[str]:
    """Return the words of an app's history."""
    return [event["status"] for event in result(http.get(f"{APPS}{app_id}/history"))]
