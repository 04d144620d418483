"""Choosing a tenant: the list of those there are, and the question which it shall be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from agavepy import config
from agavepy.auth.account import NO_TENANT
from agavepy.errors import (
    AnswerError,
    ConnectionFailed,
    CredentialsError,
    HttpError,
    TimedOut,
    UsageError,
    nearest,
)
from agavepy.interactive import prompts, tables
from agavepy.interactive.errors import NoSuchChoice
from agavepy.tenants import tenants as service

if TYPE_CHECKING:
    from agavepy.client import Agave

QUESTION = "\nPlease specify the ID for the tenant you wish to interact with: "


def list_tenants(ag: Agave, tenantsurl: str | None = None) -> dict[str, dict[str, str]]:
    """Print the tenants that a tenants service lists, and return them.

    ``tenantsurl`` is its address, that of TAPIS_TENANTS_URL or of TACC if not given. The keys are
    the tenants' IDs, the values dicts of ``id``, ``name`` and ``url``. Raises HttpError,
    ConnectionFailed, TimedOut or AnswerError.
    """
    found = _tenants(ag, tenantsurl)
    rows = [(tenant["id"], tenant["name"], tenant["url"]) for tenant in found.values()]
    tables.show(tables.TENANTS, ("ID", "NAME", "URL"), rows)
    return found


def init(ag: Agave, tenantsurl: str | None = None) -> None:
    """Choose the tenant of the client, or find the address to its ID or the ID to its address.

    When it has neither, the tenants are printed and the ID is asked for. Raises NoSuchChoice (a
    KeyError) for an ID that is not listed, and what :func:`list_tenants` does.
    """
    if ag.api_server and ag.tenant_id:
        return
    if ag.api_server:
        for tenant in _tenants(ag, tenantsurl).values():
            if config.same_server(ag.api_server, tenant["url"]):
                ag.tenant_id = tenant["id"]
        return
    if ag.tenant_id:
        found, chosen = _tenants(ag, tenantsurl), ag.tenant_id
    else:
        found = list_tenants(ag, tenantsurl)
        chosen = prompts.ask(QUESTION)
    if chosen not in found:
        there = ", ".join(found) or "none"
        raise NoSuchChoice(f"no tenant has the ID {chosen!r}{nearest(chosen, found)}; IDs: {there}")
    ag.tenant_id = found[chosen]["id"]
    ag.api_server = config.server_url(found[chosen]["url"])


def _choose_tenant(ag: Agave) -> None:
    """Ask for the tenant of a client that was made without any argument.

    Raises UsageError saying what to pass when there is nobody to ask, CredentialsError when the
    tenants cannot be listed, NoSuchChoice for an answer that is none of them.
    """
    if not prompts.can_ask():
        raise UsageError(f"{NO_TENANT}. On a terminal the tenant would be asked for")
    try:
        init(ag)
    except (HttpError, ConnectionFailed, TimedOut, AnswerError) as error:
        raise CredentialsError(
            f"{NO_TENANT}; or name another list of tenants in {config.TENANTS_VARIABLE}: {error}"
        ) from error


def _tenants(ag: Agave, url: str | None) -> dict[str, dict[str, str]]:
    # Settings that are as usual are not passed on: programs put functions of one argument in place
    # of `get_tenants`.
    settings: dict[str, Any] = {}
    if ag.verify != config.default_verify(os.environ):
        settings["verify_ssl"] = ag.verify
    if ag.proxies:
        settings["proxies"] = ag.proxies
    return service.tenant_list(url, **settings)
