"""The entry point: finds a command by its name and imports only that one."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING

from agavepy import __version__
from agavepy.errors import AgaveError

if TYPE_CHECKING:
    import click

#: The module of each command, whose ``command`` it is, and its line in ``agavepy --help``.
COMMANDS = {
    "auth": ("agavepy.cli.auth", "Log in and out; list, switch and show cached logins."),
    "demo": ("agavepy.cli.demo", "Run the tutorial: from a login to a finished job."),
    "sandbox": ("agavepy.cli.sandbox", "Run a local tenant until it is interrupted."),
    "specs": ("agavepy.cli.specs", "Look operations up, or check a description of your own."),
}


def main(arguments: list[str] | None = None) -> int:  # noqa: PLR0911 - one per exit code
    """Run the command line; return its exit code: 0 done, 1 failed, 2 wrongly called."""
    try:
        import click
    except ImportError:
        print("The command line needs more packages: pip install 'agavepy[all]'", file=sys.stderr)
        return 2
    # A user wants to read the warning, not the line that gave it.
    told, warnings.showwarning = warnings.showwarning, _show_warning
    try:
        code = _group().main(args=arguments, prog_name="agavepy", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.ctx.get_help() if error.ctx else error.format_message())
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
        return 130
    except AgaveError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `agavepy … | head`
        sys.stderr.close()
        return 141
    except OSError as error:  # such as the disk full to which all is written
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        if error.name and error.name.startswith("agavepy"):
            raise
        print(f"Error: {error}. Try: pip install 'agavepy[all]'", file=sys.stderr)
        return 2
    finally:
        warnings.showwarning = told
    return code if isinstance(code, int) else 0


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"Warning: {message}", file=sys.stderr)


def _group() -> click.Group:
    import click

    class Lazy(click.Group):
        def list_commands(self, ctx: click.Context) -> list[str]:
            return sorted(COMMANDS)

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            if cmd_name not in COMMANDS:
                return None
            command = import_module(COMMANDS[cmd_name][0]).command
            assert isinstance(command, click.Command)
            return command

        def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
            with formatter.section("Commands"):
                formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    group = Lazy(
        name="agavepy",
        help="Agave (Tapis v2) and Abaco from the command line.",
        no_args_is_help=True,
    )
    return click.version_option(__version__, prog_name="agavepy")(group)
