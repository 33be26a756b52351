"""`venire account clear-factors`: for an admin who lost everything, by whoever runs the machine."""

from __future__ import annotations

import asyncio

from tests.cli.calling import call, told
from venire.people import factor_rows, factors
from venire.people.store import find_by_handle
from venire.server.settings import load_settings
from venire.server.wiring import open_house


def test_the_factors_of_somebody_who_lost_them_are_cleared_with_a_reason(tmp_path):
    folder = tmp_path / "data"
    clear = ("account", "clear-factors", "alice", "--data", folder, "--reason")
    create = ("account", "create", "alice", "--email", "a@mail.test", "--data", folder)
    assert call(*create).exit_code == 0
    told(call("account", "clear-factors", "nobody", *clear[3:], "x"), "account_not_found")

    async def with_factor():
        async with open_house(load_settings({"data": str(folder)}, {})) as house:
            alice = await find_by_handle(house.world, "alice")
            object.__setattr__(house.world.site, "letters", True)
            await factors.choose_mail(house.world, alice.id, wanted=True)
            return alice.id

    async def needed(account_id):
        async with open_house(load_settings({"data": str(folder)}, {})) as house:
            return (await factor_rows.load(house.world, account_id)).needed

    account_id = asyncio.run(with_factor())
    assert call(*clear[:-1]).exit_code == 2, "not without a reason"
    assert asyncio.run(needed(account_id))
    done = call(*clear, "lost her phone")
    assert done.exit_code == 0, done.stderr
    assert not asyncio.run(needed(account_id))
