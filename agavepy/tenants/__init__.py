"""Which tenants there are, where they are and how they are called (agavepy 0.9 and 1.0)."""

from __future__ import annotations

from typing import Any

from agavepy import config
from agavepy.tenants import tenants
from agavepy.tenants.tenants import tenant_list

__all__ = ["api_server_by_id", "id_by_api_server", "list_tenants", "tenant_list"]


def list_tenants(
    url: str | None = None, verify_ssl: bool | str | None = None
) -> list[dict[str, Any]]:
    """Return the tenants that the tenants service at ``url`` lists, as it describes them.

    Without ``url`` that is the service at TAPIS_TENANTS_URL, or TACC's. Raises HttpError,
    ConnectionFailed, TimedOut or AnswerError.
    """
    found: list[dict[str, Any]] = tenants.get_tenants(url, verify_ssl).get("result", [])
    return found


def api_server_by_id(
    tenant_id: str, url: str | None = None, verify_ssl: bool | str | None = None
) -> str | None:
    """Return the address of a tenant as it is listed, with its slash; None if it is not.

    The case of the ID does not matter. Raises what :func:`list_tenants` does.
    """
    for tenant in list_tenants(url, verify_ssl):
        if str(tenant.get("code", "")).lower() == tenant_id.lower():
            return tenant.get("baseUrl")
    return None


def id_by_api_server(
    api_server: str, url: str | None = None, verify_ssl: bool | str | None = None
) -> str | None:
    """Return the ID of the tenant at an address, with or without its slash; None if none is there.

    Raises what :func:`list_tenants` does.
    """
    for tenant in list_tenants(url, verify_ssl):
        if config.same_server(str(tenant.get("baseUrl", "")), api_server):
            return tenant.get("code")
    return None
