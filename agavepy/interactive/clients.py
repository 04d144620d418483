"""Commands for OAuth clients, which are managed by the user's own name and password."""

from __future__ import annotations

import copy
import secrets
import socket
from typing import TYPE_CHECKING, Any

from agavepy import config, loader
from agavepy.deprecation import deprecated
from agavepy.interactive import prompts, tables
from agavepy.interactive.errors import AgaveClientError, failing_as
from agavepy.interactive.words import FIRST, LAST
from agavepy.operation import Service

if TYPE_CHECKING:
    from agavepy.client import Agave


def clients_create(
    ag: Agave,
    client_name: str | None = None,
    description: str | None = None,
    tenant_url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    verify_ssl: bool | str | None = None,
    quiet: bool = False,
) -> dict[str, str]:
    """Create an OAuth client, go on with it, and return its api_key, api_secret and client_name.

    ``client_name`` is made up of this machine's name and two words if not given. The username and
    password are asked for where neither the call nor the client has them; with ``quiet`` their
    absence is an error. At a ``tenant_url`` other than the client's own, nothing of the client
    changes. Raises AgaveClientError, or AgaveAPICallError when the server refuses.
    """
    name = client_name or random_client_name(words=2, hostname=True)
    elsewhere = tenant_url if not _is_own(ag, tenant_url) else None
    with failing_as(AgaveClientError):
        if not ag.api_server and tenant_url:
            ag.api_server, elsewhere = config.server_url(tenant_url), None
        user, known = username or ag.username, password or ag.password
        if quiet and not (user and known):
            raise AgaveClientError("quiet=True asks nothing: give username= and password=")
        service = _service(
            ag,
            user or prompts.username_of(ag),
            known or prompts.ask_password(),
            elsewhere,
            verify_ssl,
        )
        made = service.create(
            body={
                "clientName": name,
                "description": description or "",
                "tier": "Unlimited",
                "callbackUrl": "",
            }
        )
        key, secret = made.get("consumerKey"), made.get("consumerSecret")
        if not (key and secret):
            raise AgaveClientError(f"the server made the client {name!r}, but tells no key of it")
        if elsewhere is None:
            ag.username = user or ag.username
            ag.client_name = name
            ag.set_client(key, secret)
    return {"api_key": key, "api_secret": secret, "client_name": name}


def clients_delete(ag: Agave, client_name: str | None = None) -> None:
    """Delete an OAuth client, that of ``ag`` if no name is given; the password is asked for.

    Tokens of the client stop working. Raises AgaveClientError, or AgaveAPICallError when the server
    refuses.
    """
    with failing_as(AgaveClientError):
        name = _name(ag, client_name)
        _asking(ag).delete(clientName=name)
    if name == ag.client_name:
        ag.api_key = ag.api_secret = ""
        ag._start_over(ag._pair)


def clients_list(ag: Agave) -> None:
    """Print name and description of the user's OAuth clients; the password is asked for.

    Raises AgaveClientError, or AgaveAPICallError when the server refuses.
    """
    with failing_as(AgaveClientError):
        rows = [(item.name, item.get("description")) for item in _asking(ag).list()]
    tables.show(tables.CLIENTS, ("NAME", "DESCRIPTION"), rows)


def clients_subscribe(
    ag: Agave,
    api_name: str,
    api_version: str,
    api_provider: str,
    client_name: str | None = None,
) -> None:
    """Subscribe an OAuth client, that of ``ag`` if not given, to an API; the password is asked for.

    Raises AgaveClientError, or AgaveAPICallError when the server refuses.
    """
    api = {"apiName": api_name, "apiVersion": api_version, "apiProvider": api_provider}
    with failing_as(AgaveClientError):
        name = _name(ag, client_name)
        _asking(ag).addSubscriptionForClient(clientName=name, body=api)


def clients_subscriptions(ag: Agave, client_name: str | None = None) -> None:
    """Print the APIs that an OAuth client, that of ``ag`` if not given, is subscribed to.

    The password is asked for. Raises AgaveClientError, or AgaveAPICallError when the server
    refuses.
    """
    with failing_as(AgaveClientError):
        name = _name(ag, client_name)
        found = _asking(ag).listSubscriptionsForClient(clientName=name)
    rows = [(api.apiName, api.apiVersion, api.apiProvider) for api in found]
    tables.show(tables.SUBSCRIPTIONS, ("NAME", "VERSION", "PROVIDER"), rows)


@deprecated("Agave.clients_subscriptions", "Agave.clients_subscribtions")
def clients_subscribtions(ag: Agave, client_name: str | None = None) -> None:
    """Do what :func:`clients_subscriptions` does, by the spelling of agavepy 0.9."""
    clients_subscriptions(ag, client_name)


def random_client_name(words: int = 3, letters: int = 6, hostname: bool = False) -> str:
    """Return a name for an OAuth client that a person can read and hardly anybody else has.

    It has so many ``words`` of so many ``letters`` at the most (at least three), joined by hyphens,
    with ``hostname`` after the name of this machine.
    """
    fitting = [[word for word in some if len(word) <= max(letters, 3)] for some in (FIRST, LAST)]
    chosen = [secrets.choice(fitting[0]) for _ in range(words - 1)]
    if words > 0:
        chosen.append(secrets.choice(fitting[1]))
    if hostname:
        chosen.insert(0, socket.gethostname().lower())
    return "-".join(chosen)


def _is_own(ag: Agave, tenant_url: str | None) -> bool:
    return not tenant_url or config.same_server(tenant_url, ag.api_server or "")


def _name(ag: Agave, client_name: str | None) -> str:
    name = ag.client_name if client_name is None else client_name
    if not name:
        raise AgaveClientError("no client_name: give one, or set that of Agave(client_name=…)")
    return name


def _asking(ag: Agave) -> Any:
    return _service(ag, prompts.username_of(ag), prompts.ask_password())


def _service(
    ag: Agave,
    username: str,
    password: str,
    tenant_url: str | None = None,
    verify: bool | str | None = None,
) -> Any:
    """Return the clients service for one visit by name and password, which ``ag`` does not keep."""
    if tenant_url is None:
        _ = ag.transport  # finds the address of a tenant that is known by its ID
    visitor = copy.copy(ag)
    visitor.username, visitor.password = username, password
    if tenant_url is not None:
        visitor.api_server = config.server_url(tenant_url)
    if verify is not None:
        visitor.verify = verify
    visitor._start_over(None)
    return Service(visitor, loader.service_plan("clients"))
