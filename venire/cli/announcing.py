"""`venire announce`: tell all members something, or take it back."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from venire.cli.options import data_option, json_option, on_house, print_result
from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import Invalid
from venire.posts import announcements
from venire.server.wiring import House


def _moment(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_iso_ms(text)
    except ValueError as error:
        hint = "a moment is written like 2026-11-21T10:00"
        raise Invalid("announcement_invalid", hint) from error


@click.command()
@click.argument("text", required=False)
@click.option("--starts", default=None, help="When what is announced begins (ISO 8601, UTC).")
@click.option("--ends", default=None, help="When it ends; it is not shown after that.")
@click.option("--all-day", is_flag=True, help="Only the days of both matter.")
@click.option("--withdraw", type=int, default=None, help="Take back the announcement of this id.")
@data_option
@json_option
def announce(
    text: str | None,
    starts: str | None,
    ends: str | None,
    withdraw: int | None,
    data: str | None,
    json_to: str | None,
    *,
    all_day: bool,
) -> None:
    """Tell all members TEXT in their apps, or take an announcement back."""
    if (text is None) == (withdraw is None):
        raise click.UsageError("give a text, or --withdraw ID")

    async def act(house: House) -> Any:
        if withdraw is not None:
            await announcements.withdraw(house.world, withdraw)
            return {"id": str(withdraw), "withdrawn": True}
        row = await announcements.announce(
            house.world,
            text or "",
            starts_at_ms=_moment(starts),
            ends_at_ms=_moment(ends),
            all_day=all_day,
        )
        return {**msgspec.structs.asdict(row), "id": str(row.id)}

    made = on_house(act, data=data)
    said = "withdrawn" if withdraw is not None else "announced"
    print_result(made, json_to, f"{said}  {made['id']}")


COMMANDS = (announce,)
