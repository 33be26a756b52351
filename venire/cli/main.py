"""The `venire` command: names, flags and JSON keys are a contract (docs/commands.md).

Errors go to standard error with a code and a hint, exit 1; usage errors exit 2.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from venire import __version__
from venire.cli.loading import loading
from venire.kernel.errors import Problem, Unavailable

_COMMANDS = {
    "account": "accounts",
    "announce": "announcing",
    "beacon": "beaconing",
    "benchmark": "benchmarking",
    "certificate": "naming",
    "demo": "drilling",
    "detect": "detecting",
    "drill": "drilling",
    "export": "moving",
    "fsck": "serving",
    "import": "moving",
    "gold": "calibrating",
    "init": "initialising",
    "juror": "accounts",
    "mirror": "mirroring",
    "mail": "mailing",
    "names": "naming",
    "notice": "noticing",
    "relocate": "relocating",
    "restore": "restoring",
    "run": "serving",
    "simulate": "drilling",
    "snapshot": "upgrading",
    "train-detector": "detecting",
    "upgrade": "upgrading",
    "verify": "verifying",
}
"""Command -> module in `venire.cli`. Loaded when asked for: a server has no use for drills."""


class _Group(click.Group):
    """Loads commands when they are used; prints a Problem as code and hint, not as a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*_COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by name."""
        if cmd_name in _COMMANDS:
            with loading():
                module = importlib.import_module(f"venire.cli.{_COMMANDS[cmd_name]}")
            for command in module.COMMANDS:
                self.add_command(command)
        return super().get_command(ctx, cmd_name)

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
    click.echo(problem.told, err=True, nl=False)
    sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="venire")
def main() -> None:
    """A self-hostable social network whose moderation is a jury of its members."""
