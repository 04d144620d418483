"""The tenants service: which tenants there are, where they are, and what a tenant's code is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from agavepy import config, loader, request
from agavepy.errors import AgaveError, AnswerError, CredentialsError, from_response, nearest
from agavepy.plan import Plan
from agavepy.transport import Transport

#: Seconds to connect and to wait for the answer: a label is not worth more.
TIMEOUT_S = (5.0, 10.0)


def default_url(environ: Mapping[str, str]) -> str:
    """Return the address of the list of tenants: TAPIS_TENANTS_URL, else the central one."""
    return environ.get(config.TENANTS_VARIABLE) or _url_at(config.CENTRAL_SERVER)


def envelope(
    url: str = "", *, verify: bool | str | None = None, proxies: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what the tenants service at ``url`` (the default one if empty) answers, as a whole.

    No credential is sent. ``verify`` is as clients have it. Raises HttpError, ConnectionFailed,
    TimedOut, AnswerError for an answer that is no list of tenants, and UsageError for what is no
    web address.
    """
    url = config.server_url(url or default_url(os.environ))
    parts = urlsplit(url)
    checked = config.default_verify(os.environ) if verify is None else verify
    way = Transport(f"{parts.scheme}://{parts.netloc}", verify=checked, proxies=proxies)
    try:
        return _asked(way, url)
    finally:
        way.close()


def find(
    code: str, *, verify: bool | str | None = None, proxies: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Return a tenant's code as it is listed, and its address; the case of ``code`` is free.

    Raises CredentialsError when there is no such tenant, and what :func:`envelope` does.
    """
    there = {
        str(tenant.get("code", "")): str(tenant.get("baseUrl", ""))
        for tenant in envelope(verify=verify, proxies=proxies)["result"]
    }
    for name, server in there.items():
        if name.lower() == code.lower() and server:
            return name, server
    raise CredentialsError(
        f"{default_url(os.environ)} lists no tenant {code!r}{nearest(code, there)}; it lists: "
        f"{', '.join(there) or 'none'}. Or give the address of the tenant in place of its code"
    )


def code_of(transport: Transport) -> str | None:
    """Return the code under which the tenants service of the server lists it, None if it does not.

    No credential is sent, and no error is raised: not every tenant has the service.
    """
    once = Transport(
        transport.base_url, verify=transport.verify, proxies=transport.proxies, retries=0
    )
    try:
        tenants = _asked(once, _url_at(once.base_url), timeout=TIMEOUT_S)["result"]
    except AgaveError:
        return None
    finally:
        once.close()
    for tenant in tenants:
        if config.same_server(str(tenant.get("baseUrl", "")), once.base_url):
            return str(tenant.get("code") or "") or None
    return None


def _plan() -> Plan:
    return loader.service_plan("tenants")["list"]


def _url_at(server: str) -> str:
    return server + _plan().path


def _asked(transport: Transport, url: str, **how: Any) -> dict[str, Any]:
    plan = _plan()
    prepared = request.build(plan, {}, transport.base_url)
    prepared.url = url
    response = transport.send(prepared, operation=plan.id, **how)
    if not response.ok:
        raise from_response(response, plan.id)
    try:
        answer: Any = response.json()
    except ValueError:
        answer = None
    tenants = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(tenants, list) or not all(isinstance(item, dict) for item in tenants):
        raise AnswerError(f"{url} answers, but with no list of tenants: is it a tenants service?")
    assert isinstance(answer, dict)
    return answer
