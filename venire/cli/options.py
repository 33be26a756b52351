"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from venire.kernel.errors import NotFound
from venire.server.settings import Settings, load_settings
from venire.server.wiring import House, open_house

T = TypeVar("T")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

data_option: Decorator = click.option(
    "--data", type=click.Path(file_okay=False), default=None, help="The data folder (./data)."
)
profile_option: Decorator = click.option(
    "--profile", type=click.Choice(["default", "acceptance"]), default=None, help="See docs."
)


def _can_be_written(
    _context: click.Context, _option: click.Parameter, to: str | None
) -> str | None:
    """Refuse a file that cannot be made before the work is done, whose result it would lose."""
    if to is None or to == "-":
        return to
    file = Path(to)
    if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise click.BadParameter(f"{to} cannot be written")
    return to


json_option: Decorator = click.option(
    "--json",
    "json_to",
    default=None,
    metavar="FILE|-",
    callback=_can_be_written,
    help="Write the result as JSON.",
)


def on_house(
    act: Callable[[House], Awaitable[T]],
    *,
    data: str | None,
    profile: str | None = None,
    begin: bool = False,
) -> T:
    """Open a site, do one thing on it, close it. A running server may have it open too.

    With `begin` a new site is made where there is none; else that is NotFound `site_not_there`,
    since a slip in the name of the folder is likelier.
    """
    settings: Settings = load_settings({"data": data, "profile": profile})
    if not begin and not (settings.folder / "venire.db").exists():
        raise NotFound(
            "site_not_there", f"there is no site in {settings.folder}: name its folder with --data"
        )

    async def whole() -> T:
        async with open_house(settings) as house:
            return await act(house)

    return asyncio.run(whole())


def print_result(result: Any, json_to: str | None, readable: str) -> None:
    """Print for a person; with --json write that, and with `-` nothing else."""
    if json_to is None:
        click.echo(readable)
        return
    text = json.dumps(result, ensure_ascii=False)
    if json_to == "-":
        sys.stdout.write(text + "\n")
        return
    Path(json_to).write_text(text + "\n", encoding="utf-8")
    click.echo(readable)
