"""``agavepy specs``: the catalogue of services and operations, and the lint of descriptions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agavepy import config, loader
from agavepy.errors import DescriptionError, UnknownName, nearest
from agavepy.plan import Plan, ServicePlan

if TYPE_CHECKING:
    from agavepy.catalogue import Catalogue

#: What ``list`` notes beside an operation that not everybody can call everywhere.
_MARKS = {
    "admin": "administrators only",
    "aloe": "Aloe tenants only",
    "classic": "classic tenants only",
}


@click.group("specs", no_args_is_help=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Look operations up, or check a description of your own."""
    context.obj = _found()


@command.command("list")
@click.argument("service", required=False)
def list_(service: str | None) -> None:
    """List the services, or the operations of one SERVICE."""
    if service is None:
        rows = [(name, _row_of(name)) for name in _names()]
    else:
        plans = _service(service)
        rows = [(f"{service}.{name}", _operation_row(plans[name])) for name in sorted(plans)]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:<{width}}  {text}")


@command.command("show")
@click.argument("name", metavar="SERVICE[.OPERATION]")
def show(name: str) -> None:
    """Explain a service, or an operation with arguments and result."""
    from agavepy import describe
    from agavepy.request import Builder

    service, dot, operation = name.partition(".")
    plans = _service(service)
    if not dot:
        click.echo(describe.service_help(plans))
        return
    if operation not in plans:
        raise UnknownName(
            f"the service {service} has no operation {operation!r}{nearest(operation, plans)}; "
            f"`agavepy specs list {service}` lists those it has"
        )
    plan = plans[operation]
    click.echo(f"{plan.id}: {describe.operation_help(plan, Builder(plan).extras)}")


@command.command("lint")
@click.argument(
    "files",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def lint(files: tuple[Path, ...]) -> int:
    """Check descriptions; exits with 1 if anything is to mend."""
    from agavepy.lint import check

    findings = [finding for file in files for finding in check(file)]
    for finding in findings:
        click.echo(str(finding))
    checked = f"{len(files)} file{'s' if len(files) > 1 else ''} checked"
    if findings:
        click.echo(f"{checked}: {len(findings)} to mend", err=True)
        return 1
    click.echo(f"{checked}: nothing to mend")
    return 0


def _found() -> Catalogue | None:
    """Return the documents of the user that are found without being given, if there may be any."""
    if not config.may_have_specs(os.environ):
        return None
    from agavepy.catalogue import Catalogue

    return Catalogue(None, None, None)


def _names() -> list[str]:
    found: Catalogue | None = click.get_current_context().obj
    return sorted({*loader.services(), *(found.names() if found is not None else ())})


def _plans(name: str) -> ServicePlan:
    found: Catalogue | None = click.get_current_context().obj
    own = found.plan(name) if found is not None else None
    return own if own is not None else loader.service_plan(name)


def _row_of(name: str) -> str:
    try:
        return _services_row(_plans(name))
    except DescriptionError as error:
        return f"  -  cannot be used: {' '.join(str(error).split())}"


def _service(name: str) -> ServicePlan:
    """Return the plans of a service. Raises UnknownName, which tells where an operation is."""
    known = _names()
    if name in known:
        return _plans(name)
    homes = [f"{s}.{name}" for s in loader.services() if name in loader.service_plan(s)]
    if homes:
        raise UnknownName(f"{name} is no service but an operation: {' or '.join(homes)}")
    raise UnknownName(
        f"there is no service {name!r}{nearest(name, known)}; there are: {', '.join(known)}"
    )


def _services_row(plans: ServicePlan) -> str:
    sentence = " ".join(plans.description.split()).partition(". ")[0].rstrip(".")
    return f"{len(plans):>3}  {sentence or plans.title}"


def _operation_row(plan: Plan) -> str:
    marks = ["deprecated"] if plan.deprecated else []
    marks += [_MARKS.get(item, item) for item in plan.requires if item not in plan.summary.lower()]
    return f"{plan.summary} ({', '.join(marks)})" if marks else plan.summary
