"""The `venire` command: names, flags and JSON keys are a contract (docs/commands.md).

Errors go to standard error with a code and a hint, exit 1; usage errors exit 2.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from venire import __version__
from venire.cli import accounts, detecting, drilling, noticing, serving, verifying
from venire.kernel.errors import Problem, Unavailable


class _Group(click.Group):
    """Prints a Problem as code and hint instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a Problem, or what the system refuses, ends it with exit 1."""
        try:
            return super().invoke(ctx)
        except Problem as problem:
            _refuse(problem)
        except BrokenPipeError:
            # Whoever read the output has had enough: click ends quietly.
            raise
        except OSError as error:
            place = "" if error.filename is None else f"{error.filename}: "
            _refuse(Unavailable("system_refused", f"{place}{error.strerror or error}"))


def _refuse(problem: Problem) -> NoReturn:
    click.echo(f"error: {problem.code}", err=True)
    if problem.hint:
        click.echo(f"  {problem.hint}", err=True)
    for name, value in problem.data.items():
        click.echo(f"  {name}: {value}", err=True)
    sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="venire")
def main() -> None:
    """A self-hostable social network whose moderation is a jury of its members."""


for command in (
    *serving.COMMANDS,
    *accounts.COMMANDS,
    *noticing.COMMANDS,
    *verifying.COMMANDS,
    *detecting.COMMANDS,
    *drilling.COMMANDS,
):
    main.add_command(command)
