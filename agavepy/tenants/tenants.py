"""The list of tenants as agavepy 0.9 gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agavepy.auth import tenants


def get_tenants(
    url: str | None = None,
    verify_ssl: bool | str | None = None,
    proxies: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the whole answer of the tenants service at ``url``.

    Without it that is the service at TAPIS_TENANTS_URL, or TACC's. ``verify_ssl`` and ``proxies``
    are as a client has them. Raises HttpError, ConnectionFailed, TimedOut or AnswerError.
    """
    return tenants.envelope(url or "", verify=verify_ssl, proxies=proxies)


def tenant_list(tenantsurl: str | None = None, **settings: Any) -> dict[str, dict[str, str]]:
    """Return the ``id``, ``name`` and ``url`` of each tenant, by its ID.

    The arguments and the errors are those of :func:`get_tenants`.
    """
    found = (
        {
            "id": str(tenant.get("code") or ""),
            "name": str(tenant.get("name") or ""),
            "url": str(tenant.get("baseUrl") or ""),
        }
        for tenant in get_tenants(tenantsurl, **settings).get("result", [])
    )
    return {tenant["id"]: tenant for tenant in found}
