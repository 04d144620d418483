"""``agavepy sandbox``: a local tenant in the foreground."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

import click

from agavepy.sandbox import DEFAULT_USERS, Sandbox, SandboxError
from agavepy.shapes import one_line


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory in which everything is kept; without it the tenant is temporary.",
)
@click.option("--tls", is_flag=True, help="Serve https, with a certificate of the sandbox's own.")
@click.option("--tenant", default="sandbox", show_default=True, help="Code of the tenant.")
@click.option(
    "--user",
    "users",
    multiple=True,
    metavar="NAME[:PASSWORD]",
    help="A user in place of ada and grace; the password is the name unless given.",
)
@click.option(
    "--admin", "admins", multiple=True, metavar="NAME", help="A tenant administrator besides admin."
)
@click.option(
    "--seed",
    type=click.Choice(["demo", "empty"]),
    default="demo",
    show_default=True,
    help="What a new tenant holds.",
)
@click.option(
    "--token-ttl",
    default=14400,
    show_default=True,
    type=click.IntRange(1),
    help="Seconds for which an access token is good.",
)
@click.option(
    "--faults",
    type=click.Choice(["json", "xml"]),
    default="json",
    show_default=True,
    help="Form in which the gateway refuses tokens: xml is that of old gateways.",
)
@click.option("--aloe", is_flag=True, help="Run the jobs service Aloe in place of the classic one.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write address and users to, as JSON, when requests are answered.",
)
@click.option(
    "--write-credentials",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory to write a login of the first user to, for Agave.restore().",
)
@click.option("--log", is_flag=True, help="Print a line for each request.")
def command(
    host: str,
    port: int,
    state: Path | None,
    tls: bool,
    tenant: str,
    users: tuple[str, ...],
    admins: tuple[str, ...],
    seed: str,
    token_ttl: int,
    faults: str,
    aloe: bool,
    ready_file: Path | None,
    write_credentials: Path | None,
    log: bool,
) -> None:
    """Run a local tenant until it is interrupted (Ctrl-C, SIGTERM or the end of its terminal)."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # unless nohup wants it to go on
        signal.signal(signal.SIGHUP, lambda *_: stop.set())
    try:
        with Sandbox(
            users=_users(users),
            admins=("admin", *(name for name in admins if name != "admin")),
            seed=seed,
            state=state,
            tls=tls,
            port=port,
            host=host,
            tenant=tenant,
            token_ttl=token_ttl,
            faults=faults,
            jobs="aloe" if aloe else "classic",
            log=_Log() if log else None,
        ) as sandbox:
            names = dict.fromkeys((*sandbox.users, *sandbox.admins))  # --admin may name a --user
            logins = [sandbox.credentials(name) for name in names]
            if write_credentials is not None:
                sandbox.client(logins[0]["username"]).save_configs(write_credentials)
            if ready_file is not None:
                _write_ready(ready_file, sandbox, logins)
            _greet(sandbox, logins)
            stop.wait()
    except SandboxError as error:
        raise click.ClickException(str(error)) from error


class _Log:
    """Prints a line for each request, for as long as somebody takes them."""

    def __init__(self) -> None:
        self._taken = True

    def __call__(self, line: str) -> None:
        """Print a line: what strangers ask for cannot command the terminal."""
        if not self._taken:
            return
        try:
            click.echo(one_line(line))
        except OSError:  # the reader is gone, or the disk is full; the request is answered
            self._taken = False


def _users(given: tuple[str, ...]) -> dict[str, str]:
    users: dict[str, str] = {}
    for item in given:
        name, _, password = item.partition(":")
        if not name or "/" in name or "@" in name:
            raise click.BadParameter(f"{item!r} has no usable user name", param_hint="--user")
        users[name] = password or name
    return users or dict(DEFAULT_USERS)


def _write_ready(path: Path, sandbox: Sandbox, logins: list[dict[str, Any]]) -> None:
    keys = ("username", "password", "client_name", "api_key", "api_secret")
    content = {
        "url": sandbox.url,
        "tenant_id": sandbox.tenant_id,
        "jobs": sandbox.settings.jobs,
        "pid": os.getpid(),
        "ca_bundle": sandbox.ca_bundle,
        "secret": sandbox.control.secret,
        "users": [{key: login[key] for key in keys} for login in logins],
    }
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent)
        with os.fdopen(handle, "w") as file:
            json.dump(content, file)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error


def _greet(sandbox: Sandbox, logins: list[dict[str, Any]]) -> None:
    click.echo(f"Tenant {sandbox.tenant_id} answers at {sandbox.url} (Ctrl-C stops it)")
    click.echo(f"Its jobs service is {sandbox.tenant.jobs.title}")
    for login in logins:
        note = " (tenant administrator)" if login["username"] in sandbox.admins else ""
        click.echo(f"  user {login['username']}, password {login['password']}{note}")
    click.echo(f"In a browser: {sandbox.url}/?secret={sandbox.control.secret}")
    first = logins[0]
    values = {
        "TAPIS_BASE_URL": sandbox.url,
        "TAPIS_TOKEN": first["token"],
        "TAPIS_REFRESH_TOKEN": first["refresh_token"],
        "TAPIS_API_KEY": first["api_key"],
        "TAPIS_API_SECRET": first["api_secret"],
    }
    if sandbox.ca_bundle:
        values["REQUESTS_CA_BUNDLE"] = sandbox.ca_bundle
    click.echo("In another shell, before Agave.restore():")
    click.echo("export " + " ".join(f"{name}={value}" for name, value in values.items()))
