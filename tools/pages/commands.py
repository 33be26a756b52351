"""The `venire` command as click knows it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from tools.pages.markdown import code, table
from venire.cli.main import main

_HEAD = """\
# Commands

Names, flags and JSON keys are a contract. Results go to standard output; errors go to standard
error with a code and a hint, exit 1 (2 for usage). `--json -` prints the result as JSON and nothing
else. `make` alone prints the targets that wrap these. A command that opens a site takes
`--data DIR`, the data folder (`./data` if not given); a running server may have it open too.
"""


def commands_of(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group, those that are loaded when asked for too, by name."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in sorted(found.items()) if command is not None}


def leaves(group: click.Group, prefix: str = "venire") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name, in order."""
    for name, command in commands_of(group).items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def commands_page() -> str:
    """docs/commands.md."""
    return _HEAD + "".join(_one(name, command) for name, command in leaves(main))


def _one(name: str, command: click.Command) -> str:
    # click keeps the help option it made first: one made here without `-h` would stay for good.
    context = click.Context(command, info_name=name, **main.context_settings)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    says = " ".join((command.help or "").split())
    options = [each for each in command.params if isinstance(each, click.Option)]
    rows = [
        (code(", ".join(each.opts)), each.metavar or _type(each), _says(each)) for each in options
    ]
    listed = "\n" + table(("Option", "Value", "What it is"), rows) if rows else ""
    return f"\n## {name}\n\n    {usage}\n\n{says}\n{listed}"


def _says(option: click.Option) -> str:
    default = f"Default: {option.default}." if option.show_default else ""
    return " ".join(part for part in (option.help, default) if part)


def _type(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " or ".join(code(str(choice)) for choice in option.type.choices)
    return option.type.name
