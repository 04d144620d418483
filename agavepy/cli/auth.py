"""``agavepy auth``: log in and out; see, pick and use the logins in the credentials directory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import click

from agavepy import config, timing
from agavepy.auth import logins
from agavepy.auth.cache import Cache
from agavepy.auth.logins import SavedLogin
from agavepy.cli import tables
from agavepy.cli.auth_login import login
from agavepy.errors import AgaveError, CredentialsError
from agavepy.shapes import one_line

#: What only ``--secrets`` shows, as it is called in a record.
_SECRETS = ("api_secret", "token", "refresh_token")
_COLUMNS = ("CLIENT", "USER", "TENANT", "SERVER", "TOKEN")


@click.group("auth", no_args_is_help=True)
@click.option(
    "--flavour",
    type=click.Choice(config.FLAVOURS),
    default=config.FLAVOURS[0],
    help="Of which kind the tenants are: tapis3 are those of Tapis v3.",
)
@click.pass_context
def command(context: click.Context, flavour: str) -> None:
    """Log in and out; list, switch and show cached logins.

    Logins are kept in TAPIS_CACHE_DIR, else AGAVE_CACHE_DIR, else ~/.agave, for every program of
    yours that uses agavepy or the command lines of Agave and Tapis; those of --flavour tapis3 in a
    directory within it, for agavepy alone.
    """
    context.obj = flavour


command.add_command(login)


def _flavour() -> str:
    return str(click.get_current_context().obj)


def _cache() -> Cache:
    return Cache.of(os.environ, _flavour())


def _hint() -> str:
    """Say how to log in at a tenant of the kind that is asked about."""
    option = "" if _flavour() == config.FLAVOURS[0] else f"--flavour {_flavour()} "
    return f"try: agavepy auth {option}login"


def _which(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument and options that pick a login."""
    for decorate in (
        click.option("--username", metavar="NAME", help="Of this user."),
        click.option("--tenant", "tenant_id", metavar="CODE", help="Of the tenant with this code."),
        click.argument("name", metavar="[CLIENT]", required=False),
    ):
        function = decorate(function)
    return function


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object for each login.")
def list_(as_json: bool) -> None:
    """List the cached logins, the current one with a star, and no secrets."""
    cache = _cache()
    found = logins.all_of(cache)
    if as_json:
        click.echo(json.dumps([_told(item) for item in found], indent=2))
        return
    if not found:
        raise CredentialsError(f"there is no login in {cache.directory}; {_hint()}")
    rows = [_COLUMNS, *(_row(item) for item in found)]
    marks = [" ", *("*" if item.is_current else " " for item in found)]
    for mark, line in zip(marks, tables.lines(rows), strict=True):
        click.echo(f"{mark} {line}")
    _tell_of_variables()


@command.command("show")
@_which
@click.option("--secrets", is_flag=True, help="Show the client's secret and the tokens too.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(
    name: str | None, username: str | None, tenant_id: str | None, secrets: bool, as_json: bool
) -> None:
    """Show the current login, or that of one CLIENT (a name or a key)."""
    cache = _cache()
    found = _chosen(cache, name, username, tenant_id)
    told = _told(found, secrets)
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    told["expires_at"] = _life(found)
    told["files"] = ", ".join(told["files"])
    width = max(map(len, told))
    for key, value in told.items():
        shown = {True: "yes", False: "no", None: "(unknown)"}.get(value, value)
        click.echo(f"{key:<{width}}  {one_line(str(shown))}")
    if not secrets:
        click.echo("Secrets are not shown; --secrets shows them.", err=True)


@command.command("switch")
@_which
def switch(name: str | None, username: str | None, tenant_id: str | None) -> None:
    """Make the login of CLIENT (a name or a key) the current one.

    Without a CLIENT it is the only other one, or the only one of --username and --tenant.
    """
    cache = _cache()
    others = [item for item in logins.all_of(cache) if not item.is_current]
    if name is None and username is None and tenant_id is None and len(others) == 1:
        found = others[0]
    elif name is None and username is None and tenant_id is None:
        raise click.UsageError(
            "say which: agavepy auth switch CLIENT; `agavepy auth list` lists them"
        )
    else:
        found = _chosen(cache, name, username, tenant_id)
    changed = logins.switch(cache, found)
    click.echo(f"{'Current now' if changed else 'Current already'}: {found}")
    _tell_of_variables()


@command.command("token")
@_which
@click.option("--refresh", is_flag=True, help="Get a new one, however fresh the old one is.")
def token(name: str | None, username: str | None, tenant_id: str | None, refresh: bool) -> None:
    """Print an access token that is good now, for scripts.

    For instance: curl -H "Authorization: Bearer $(agavepy auth token)" …

    Without a CLIENT it is what Agave.restore() finds, variables included. An expired token is
    refreshed, and the new pair kept.
    """
    from agavepy.client import Agave

    if name or username or tenant_id:
        ag = Agave(**_chosen(_cache(), name, username, tenant_id).keywords, flavour=_flavour())
    else:
        ag = Agave.restore(flavour=_flavour())
    if refresh and not ag.can_refresh:
        raise CredentialsError("this login cannot be refreshed: it is a token and no more")
    text = ag.refresh() if refresh else ag.tokens()["access_token"]
    pair = ag._pair
    if pair is not None and pair.expired(timing.now()):
        raise CredentialsError(f"the token has expired and cannot be refreshed; {_hint()}")
    click.echo(text)


@command.command("logout")
@_which
@click.option("--all", "every", is_flag=True, help="Log out of all that are cached.")
def logout(name: str | None, username: str | None, tenant_id: str | None, every: bool) -> int:
    """Remove the current login, or that of CLIENT, and revoke its tokens.

    The OAuth client stays at the tenant, and a next login makes another:
    ag.clients.delete(clientName=…) removes one. Exits with 1 when a token could not be revoked.
    """
    cache = _cache()
    if every and (name or username or tenant_id):
        raise click.UsageError("--all is for all logins: name none")
    gone = logins.all_of(cache) if every else [_chosen(cache, name, username, tenant_id)]
    if not gone:
        click.echo(f"There is no login in {cache.directory}.")
    done = [_log_out(cache, item) for item in gone]
    left = logins.all_of(cache)
    if left and not left[0].is_current:
        click.echo("No login is current now: agavepy auth switch CLIENT makes one so.")
    elif left:
        click.echo(f"Current: {left[0]}")
    return 0 if all(done) else 1


def _log_out(cache: Cache, found: SavedLogin) -> bool:
    """Forget a login and revoke its tokens; tell what happened, and return whether all did."""
    pair = logins.forget(cache, found)
    click.echo(f"Logged out: {found}")
    have = found.keywords
    if pair is None or not pair.access:
        return True
    if _flavour() == config.TAPIS3:
        click.echo(f"Its token is not revoked: {_life(found)}.", err=True)
        return True
    if not have.get("api_key"):
        return True
    from agavepy.auth.oauth import Grants
    from agavepy.client import Agave

    ag = Agave(**have, cache_client=False)
    try:
        Grants(ag.transport, have["api_key"], have["api_secret"]).revoke(pair.access)
    except AgaveError as error:
        click.echo(f"Warning: its token, {_life(found)}, could not be revoked: {error}", err=True)
        return False
    return True


def _chosen(
    cache: Cache, name: str | None, username: str | None, tenant_id: str | None
) -> SavedLogin:
    return logins.choose(cache, name, username=username, tenant_id=tenant_id)


def _row(found: SavedLogin) -> tuple[str, ...]:
    have = found.keywords
    user = str(have.get("token_username") or have.get("username") or "-")
    tenant = str(have.get("tenant_id") or "-")
    return found.name, user, tenant, have["api_server"], _life(found)


def _told(found: SavedLogin, secrets: bool = False) -> dict[str, Any]:
    """Return what is shown of a login; ``expires_at`` in epoch seconds."""
    pair = found.pair
    names = ("client_name", "username", "token_username", "tenant_id", "api_server", "api_key")
    told = {key: found.keywords.get(key) for key in names if key in found.keywords}
    told["current"] = found.is_current
    told["refreshable"] = bool(pair and pair.refresh and found.keywords.get("api_key"))
    told["expires_at"] = pair.expires_at if pair else None
    told["files"] = [str(path) for path in found.paths]
    if secrets:
        told.update({key: found.keywords.get(key) for key in _SECRETS})
    return told


def _life(found: SavedLogin) -> str:
    """Return how long the token is good, in words."""
    pair = found.pair
    if pair is None:
        return "none: needs the password"
    if pair.expires_at is None:
        return "of unknown age"
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(pair.expires_at))
    if not pair.expired(timing.now()):
        return f"good until {when}"
    return "expired, refreshed when used" if pair.refresh else f"expired at {when}"


def _tell_of_variables() -> None:
    """Say so where the environment beats the current login."""
    if {"api_server", "token"} <= config.from_environment(os.environ).keys():
        click.echo(
            "TAPIS_BASE_URL and TAPIS_TOKEN are set: Agave.restore() takes those first.", err=True
        )
