"""The code of a tenant, asked of the tenant itself: a label of cached logins."""

from __future__ import annotations

from agavepy import config, loader, request
from agavepy.errors import AgaveError
from agavepy.transport import Transport

#: Seconds to connect and to wait for the answer: a label is not worth more.
TIMEOUT_S = (5.0, 10.0)


def code_of(transport: Transport) -> str | None:
    """Return the code under which the tenants service lists the server, None if it does not.

    No credential is sent, and no error is raised: not every tenant has the service.
    """
    plan = loader.service_plan("tenants")["list"]
    once = Transport(
        transport.base_url, verify=transport.verify, proxies=transport.proxies, retries=0
    )
    try:
        prepared = request.build(plan, {}, once.base_url)
        response = once.send(prepared, timeout=TIMEOUT_S, operation=plan.id)
        tenants = response.json()["result"] if response.ok else []
    except (AgaveError, ValueError, KeyError, TypeError):
        return None
    finally:
        once.close()
    for tenant in tenants if isinstance(tenants, list) else ():
        if isinstance(tenant, dict) and config.same_server(
            str(tenant.get("baseUrl", "")), once.base_url
        ):
            return str(tenant.get("code") or "") or None
    return None
