"""``agavepy demo``: the tutorial that runs itself, from a login to the output of a finished job."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

import agavepy
from agavepy.errors import CredentialsError

EXAMPLES = Path(agavepy.__file__).resolve().parent / "examples"
if not EXAMPLES.is_dir():  # an editable install or a checkout
    EXAMPLES = EXAMPLES.parent.parent / "examples"
TEXT = "reads.txt"
#: Seconds for which a token of the demo's tenant is good, by the tenant's clock.
TOKEN_TTL = 3600


@click.command("demo")
@click.option(
    "--profile",
    metavar="NAME",
    help="Use the cached login of this client (or tenant) in place of a sandbox.",
)
@click.option(
    "--app",
    "app_id",
    default="wc-1.0",
    show_default=True,
    help="Application to run: it counts lines, words or bytes of its input `file`.",
)
def command(profile: str | None, app_id: str) -> int:
    """Run the tutorial: log in, move files, run a job, and check what it answered.

    Every step shows the Python line that does it. The exit code is 0 when all of it was right.
    """
    text = EXAMPLES / TEXT
    if not text.is_file():
        raise click.ClickException(f"the example {text} is not there: reinstall agavepy")
    if profile:
        login = _restore(profile)
        lesson = Lesson(app_id=app_id, text=str(text), profile=profile)
        lesson.step("A login that an earlier session left in the credentials cache.")
        lesson.run("from agavepy import Agave")
        lesson.run(f"ag = {login}")
        return _tour(lesson)
    with _tenant() as (sandbox, folder):
        lesson = Lesson(app_id=app_id, text=str(text), sandbox=sandbox)
        _login(lesson, sandbox, folder)
        return _tour(lesson)


class Lesson:
    """Runs lines of Python in one namespace and shows them: what is read is what is done."""

    def __init__(self, **names: Any) -> None:
        self.names: dict[str, Any] = names
        self.wrong: list[str] = []

    def step(self, text: str) -> None:
        """Print a heading."""
        click.echo()
        click.secho(f"# {text}", bold=True)

    def run(self, line: str, show: bool = True) -> Any:
        """Print a line, do it, and print the value of an expression; return that value."""
        click.echo(f">>> {line}")
        try:
            code = compile(line, "<demo>", "eval")
        except SyntaxError:
            exec(compile(line, "<demo>", "exec"), self.names)  # noqa: S102 - the demo's own lines
            return None
        value = eval(code, self.names)  # noqa: S307 - the demo's own lines
        if show and value is not None:
            click.echo(f"{value}" if isinstance(value, str) else f"{value!r}")
        return value

    def check(self, what: str, right: bool) -> None:
        """Print whether something is as it should be, and remember when it is not."""
        click.secho(f"    {'ok' if right else 'WRONG'}: {what}", fg="green" if right else "red")
        if not right:
            self.wrong.append(what)


@contextmanager
def _tenant() -> Iterator[tuple[Any, Path]]:
    """Run a sandbox, with a credentials directory of its own as the place where logins are kept."""
    from agavepy.sandbox import Sandbox, SandboxError

    before = {name: os.environ.get(name) for name in _FOREIGN}
    with tempfile.TemporaryDirectory(prefix="agavepy-demo-") as folder:
        for name in _FOREIGN:
            os.environ.pop(name, None)
        os.environ["TAPIS_CACHE_DIR"] = folder
        try:
            with Sandbox(token_ttl=TOKEN_TTL) as sandbox:
                yield sandbox, Path(folder)
        except SandboxError as error:
            raise click.ClickException(str(error)) from error
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


#: Variables that would lead the demo to another tenant than its own.
_FOREIGN = (
    "TAPIS_CACHE_DIR", "AGAVE_CACHE_DIR", "TAPIS_BASE_URL", "TAPIS_TOKEN", "TAPIS_REFRESH_TOKEN",
    "TAPIS_USERNAME", "TAPIS_PASSWORD", "TAPIS_API_KEY", "TAPIS_API_SECRET",
)  # fmt: skip


def _restore(profile: str) -> str:
    """Return the expression that restores a cached login by client name, else by tenant."""
    from agavepy import Agave

    try:
        Agave.restore(client_name=profile)
    except CredentialsError as error:
        try:
            Agave.restore(tenant_id=profile)
        except CredentialsError:
            text = f"{error} Nor is there a cached login of a tenant {profile!r}."
            raise click.ClickException(text) from error
        return f"Agave.restore(tenant_id={profile!r})"
    return f"Agave.restore(client_name={profile!r})"


def _login(lesson: Lesson, sandbox: Any, folder: Path) -> None:
    lesson.step(f"A tenant of our own runs at {sandbox.url}; ada is one of its users.")
    lesson.run("from agavepy import Agave")
    lesson.run(f'ag = Agave(api_server="{sandbox.url}", username="ada", password="ada")')
    lesson.step("An OAuth client, once for each program, and with it the first token.")
    lesson.run('ag.clients.create(body={"clientName": "demo", "description": "tutorial"}).name')
    lesson.run("sorted(ag.token.token_info)")
    lesson.step(f"The login is cached in {folder} (usually ~/.agave), so a new session needs none.")
    lesson.run("import os")
    lesson.run('sorted(os.listdir(os.environ["TAPIS_CACHE_DIR"]))')
    lesson.run("ag = Agave.restore()")
    lesson.check(
        "the restored client knows its user", lesson.run("ag.profiles.get().username") == "ada"
    )


def _tour(lesson: Lesson) -> int:
    lesson.run("me = ag.profiles.get().username")
    lesson.step("Systems and files.")
    lesson.run("[system.id for system in ag.systems.list()]")
    lesson.run('storage = ag.systems.list(type="STORAGE", default=True)[0].id')
    lesson.run(
        "[(item.name, item.length) for item in ag.files.list(systemId=storage, filePath=me)]"
    )
    _upload(lesson)
    if lesson.names.get("sandbox") is not None:
        _expire(lesson)
    else:
        lesson.step("A token is refreshed when it expires, or when you say so.")
        lesson.run("old = ag.tokens()['access_token']")
        lesson.run("ag.refresh() != old")
    _job(lesson)
    click.echo()
    if lesson.wrong:
        raise click.ClickException("not as it should be: " + "; ".join(lesson.wrong))
    click.secho("All of it was right.", bold=True)
    return 0


def _upload(lesson: Lesson) -> None:
    lesson.step(f"Upload {TEXT}; the server stages it in its own time, and its history tells.")
    lesson.run("from agavepy.waiters import follow")
    lesson.run(f"file = open({lesson.names['text']!r}, 'rb')")
    lesson.run("upload = ag.files.importData(systemId=storage, filePath=me, fileToUpload=file)")
    lesson.run("file.close()")
    lesson.run("upload.status")
    lesson.run("staging = lambda: ag.files.getHistory(systemId=storage, filePath=upload.path)")
    lesson.run("ends = {'STAGING_COMPLETED', 'STAGING_FAILED'}")
    lesson.run("[event.status for event in follow(staging, ends, timeout_s=120)]")
    size = lesson.run("ag.files.list(systemId=storage, filePath=upload.path)[0].length")
    lesson.check("the server holds every byte", size == Path(lesson.names["text"]).stat().st_size)


def _expire(lesson: Lesson) -> None:
    lesson.step(
        "The token expires (the tenant's clock is moved); the next call refreshes it, unasked."
    )
    before = lesson.names["ag"].tokens()
    lesson.run(f"sandbox.tenant.clock.advance({TOKEN_TTL + 1})")
    lesson.run("ag.systems.list()[0].id")
    after = lesson.names["ag"].tokens()
    changed = before["access_token"] != after["access_token"]
    lesson.check("the call was answered with a new access token", changed)
    lesson.check(
        "the single-use refresh token was replaced too",
        before["refresh_token"] != after["refresh_token"],
    )


def _job(lesson: Lesson) -> None:
    app_id = lesson.names["app_id"]
    lesson.step(f"Run {app_id} on it, follow the states, read the output.")
    lesson.run(f"app = ag.apps.get(appId={app_id!r})", show=False)
    lesson.run("[parameter.id for parameter in app.parameters]")
    lesson.run("inputs = {'file': f'agave://{storage}/{upload.path}'}")
    lesson.run(
        f"request = {{'name': 'count', 'appId': {app_id!r}, "
        "'inputs': inputs, 'parameters': {'mode': 'lines'}, 'archivePath': ''}"
    )
    lesson.run("job = ag.jobs.submit(body=request)")
    lesson.run("events = lambda: ag.jobs.getHistory(jobId=job.id)")
    click.echo(">>> for event in follow(events, {'FINISHED', 'FAILED', 'STOPPED', 'KILLED'}):")
    click.echo("...     print(event.created, event.status)")
    follow, events = lesson.names["follow"], lesson.names["events"]
    status = ""
    for event in follow(events, {"FINISHED", "FAILED", "STOPPED", "KILLED"}):
        status = event.status
        click.echo(f"{event.created} {status}")
    lesson.check("the job finished", status == "FINISHED")
    names = lesson.run("[item.name for item in ag.jobs.listOutputs(jobId=job.id, filePath='')]")
    output = next((name for name in names if name.endswith(".out")), None)
    if output is None:
        lesson.check("the job has an output", False)
        return
    text = lesson.run(f"ag.jobs.downloadOutput(jobId=job.id, filePath={output!r}).text")
    lines = Path(lesson.names["text"]).read_bytes().count(b"\n")
    lesson.check(f"{TEXT} really has {lines} lines", text.split()[:1] == [str(lines)])
