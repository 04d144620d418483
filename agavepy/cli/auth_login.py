"""``agavepy auth login``: a tenant, a user, an OAuth client, and from then on no more questions."""

from __future__ import annotations

import getpass
import os
import platform
import re
import sys
from typing import Any

import click

from agavepy import config
from agavepy.auth import files, logins, tenants
from agavepy.auth.account import Account
from agavepy.auth.cache import Cache
from agavepy.cli import tables
from agavepy.client import Agave
from agavepy.errors import BadRequest, CredentialsError, HttpError, NotAuthenticated, TokenError


@click.command("login")
@click.option(
    "--server",
    metavar="URL",
    help="Address of the tenant, such as https://api.tacc.utexas.edu.",
)
@click.option("--tenant", metavar="CODE", help="Code of the tenant, in place of its address.")
@click.option("--username", metavar="NAME", envvar="TAPIS_USERNAME", help="Your name there.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--client-name",
    metavar="NAME",
    help="Name of the OAuth client to use or make; if not given, one of this machine's name.",
)
@click.option(
    "--api-key",
    metavar="KEY",
    help="Use the client with this key; its secret is TAPIS_API_SECRET, or asked for.",
)
@click.option(
    "--replace-client",
    is_flag=True,
    help="Make the client anew if there is one of that name; what uses it must log in again.",
)
@click.pass_obj
def login(
    flavour: str,
    server: str | None,
    tenant: str | None,
    username: str | None,
    password_stdin: bool,
    client_name: str | None,
    api_key: str | None,
    replace_client: bool,
) -> None:
    """Log in to a tenant; the login is cached and becomes the current one.

    Asks for what is not given. An OAuth client of an earlier login on this machine is used again,
    else one is made; at tenants of Tapis v3 none is needed, and used only if it is given, by
    --api-key: without one the login ends with its token. The password is sent to the tenant and
    kept nowhere.

    The options' variables are TAPIS_BASE_URL, TAPIS_USERNAME, TAPIS_API_KEY and TAPIS_API_SECRET;
    TAPIS_PASSWORD holds the password, if it must.
    """
    if server and tenant:
        raise click.UsageError("--server and --tenant are two ways to say the same")
    if client_name and api_key:
        raise click.UsageError("--client-name and --api-key are two ways to say the same")
    at_v3 = flavour == config.TAPIS3
    if at_v3 and (tenant or client_name or replace_client):
        raise click.UsageError("a tenant of v3 is told by --server, an OAuth client by --api-key")
    variables = config.from_environment(os.environ)
    if at_v3 and not (server or "api_server" in variables):
        raise click.UsageError("say which tenant: --server URL")
    tenant, server = _where(server, tenant, variables.get("api_server"))
    api_key = api_key or (None if client_name else variables.get("api_key"))
    username = username or _asked("Username", default=getpass.getuser())
    password = _password(password_stdin, username, server)
    cache = Cache.of(os.environ, flavour)
    try:
        files.check_writable(cache.directory)
    except OSError as error:
        raise CredentialsError(
            f"the login could not be kept, {cache.directory} cannot be written: {error.strerror}. "
            "TAPIS_CACHE_DIR may name another directory"
        ) from error
    who = {"api_server": server, "tenant_id": tenant, "username": username, "password": password}
    ag = None
    client = {}
    if api_key:
        secret = variables.get("api_secret") or _asked("Secret of the client", hidden=True)
        client = {"api_key": api_key, "api_secret": secret}
    if at_v3:
        ag = _with_client({**who, "flavour": flavour}, client)
    elif client:
        ag = _with_client(who, client)
        ag.client_name = _name_of(ag, client["api_key"])
    elif not replace_client:
        ag = _with_known_client(cache, who, client_name)
    if ag is None:
        ag = _with_new_client(who, client_name, replace_client)
    Account.save_configs(ag)  # not that of earlier releases, which keeps clients with a name only
    name = ag.client_name or ag.api_key
    through = f" through {name}" if name else ""
    refreshed = " and refreshed from then on" if ag.refresh_token else ""
    click.echo(
        f"Logged in: {username} at {ag.api_server}{through}. The token is good until "
        f"{ag.expires_at}{refreshed}; the login is kept in {cache.directory}."
    )


def _where(server: str | None, code: str | None, usual: str | None) -> tuple[str | None, str]:
    """Return the tenant that is meant: its code, None if it is not known, and its address."""
    if server or (usual and not code):
        return None, config.server_url(server or usual or "")
    if code:
        code, found = tenants.find(code)
        return code, config.server_url(found)
    if not sys.stdin.isatty():
        raise click.UsageError("say which tenant: --server URL or --tenant CODE")
    there = {str(item.get("code")): item for item in tenants.envelope()["result"]}
    rows = [(code, item.get("name"), item.get("baseUrl")) for code, item in there.items()]
    for line in tables.lines([("CODE", "NAME", "URL"), *rows]):
        click.echo(line, err=True)
    code = click.prompt(
        "Code of the tenant", type=click.Choice(list(there)), show_choices=False, err=True
    )
    return code, config.server_url(str(there[code]["baseUrl"]))


def _asked(question: str, default: str | None = None, hidden: bool = False) -> str:
    if not sys.stdin.isatty():
        option = {"Username": "--username NAME", "Password": "--password-stdin"}
        how = option.get(question.partition(" ")[0], "TAPIS_API_SECRET")
        raise click.UsageError(f"there is no terminal to ask at ({question}): give {how}")
    answer: str = click.prompt(question, default=default, hide_input=hidden, err=True)
    return answer


def _password(from_stdin: bool, username: str, server: str) -> str:
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            raise click.UsageError("--password-stdin was given, but no password on standard input")
        return given
    return os.environ.get("TAPIS_PASSWORD") or _asked(
        f"Password of {username} at {server}", hidden=True
    )


def _with_client(who: dict[str, Any], client: dict[str, Any]) -> Agave:
    """Return a client that has logged in by the password.

    Raises CredentialsError for a wrong password, _UnknownClient for a wrong key or secret.
    """
    ag = Agave(**{**who, **client}, cache_client=False)
    assert ag.token is not None
    try:
        ag.token.create()
    except TokenError as error:
        if error.status == 401 and not ag.speaks_v3:  # which says the same of a wrong password
            raise _UnknownClient(
                f"{who['api_server']} does not know this client: {error.message}"
            ) from error
        raise _not_let_in(who, error) from error
    return ag


class _UnknownClient(CredentialsError):
    """The tenant has no OAuth client of that key and secret."""


def _not_let_in(who: dict[str, Any], error: HttpError) -> CredentialsError:
    why = error.message
    return CredentialsError(f"{who['api_server']} does not let {who['username']} in: {why}")


def _name_of(ag: Agave, api_key: str) -> str | None:
    """Return the name of the user's own client with a key, None of another's."""
    names = (c.get("name") for c in ag.clients.list() if c.get("consumerKey") == api_key)
    return next(names, None)


def _with_known_client(cache: Cache, who: dict[str, Any], name: str | None) -> Agave | None:
    """Log in through an OAuth client that the cache has of this user, None if there is none."""
    for found in logins.all_of(cache):
        have = found.keywords
        if (
            config.same_server(have["api_server"], who["api_server"])
            and have.get("username") == who["username"]
            and not have.get("token_username")
            and have.get("api_key")
            and name in (None, have.get("client_name"))
        ):
            keys = ("tenant_id", "client_name", "api_key", "api_secret")
            client = {key: have[key] for key in keys if key in have}
            try:
                return _with_client(who, client)
            except _UnknownClient:
                click.echo(f"The tenant does not know the client {found.name} any more.", err=True)
    return None


def _with_new_client(who: dict[str, Any], name: str | None, replace: bool) -> Agave:
    ag = Agave(**who, cache_client=False)
    try:
        taken = {client.get("name") for client in ag.clients.list()}
    except (BadRequest, NotAuthenticated) as error:
        raise _not_let_in(who, error) from error
    machine = re.sub(r"[^\w-]", "-", platform.node().partition(".")[0], flags=re.ASCII)
    wanted = name or f"agavepy-{machine or 'login'}"
    if wanted in taken and replace:
        ag.clients.delete(clientName=wanted)
    elif wanted in taken and name:
        raise CredentialsError(
            f"there is a client {name!r} already, and no secret of it here: give another "
            "--client-name, its --api-key, or --replace-client to make it anew"
        )
    elif wanted in taken:
        wanted = next(
            free for number in range(2, 10_000) if (free := f"{wanted}-{number}") not in taken
        )
    ag.clients.create(body={"clientName": wanted, "description": "Made by agavepy auth login"})
    return ag
