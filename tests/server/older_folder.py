"""A data folder as an earlier version of the schema had it, with one member."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import apsw

from venire.people import actions as people
from venire.server.settings import Settings
from venire.server.wiring import open_house


def made_older(folder: Path, version: int, statements: Iterable[str]) -> Settings:
    """Make a site, take out of its database what came later, and call it of that version."""
    folder.mkdir()
    (folder / "acceptance-profile").write_text("made by a test\n")
    made = Settings(data=str(folder), profile="acceptance", backups_kept=3)
    asyncio.run(_sign_up(made))
    connection = apsw.Connection(str(folder / "venire.db"))
    for statement in statements:
        connection.execute(statement)
    connection.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", (version,))
    connection.close()
    return made


async def _sign_up(settings: Settings) -> None:
    async with open_house(settings) as house:
        await people.create_account(house.world, "ayu", "ayu@mail.test", "correct horse", "member")


async def sign_in(settings: Settings) -> str:
    """The member signs in; their name."""
    async with open_house(settings) as house:
        return (await people.sign_in(house.world, "ayu@mail.test", "correct horse")).username
