"""What `venire juror list` says of money: a payout made by hand needs its number."""

from __future__ import annotations

import pytest

from tests.cases.test_pay import judged, paid_house
from venire.cli.accounts import juror_row
from venire.jury import store as jurors

pytestmark = pytest.mark.anyio


async def test_a_payout_that_was_asked_for_is_listed_until_it_ends(tmp_path):
    async with paid_house(tmp_path) as house:
        await judged(house)
        rows = [await juror_row(house, one) for one in await jurors.everyone(house.site.storage)]
        owed = next(row for row in rows if row["owed"])
        assert owed["payouts"] == []
        member = next(one for one in house.jurors if one.username == owed["name"])
        asked = (await member.post("/api/v1/jury/payouts")).json()
        juror = await jurors.load(house.site.storage, int(owed["id"]))
        (listed,) = (await juror_row(house, juror))["payouts"]
        assert (listed["id"], listed["state"], listed["amount"]) == (
            asked["id"],
            "asked",
            owed["owed"],
        )
        chief = await house.site.member("chief", "admin")
        paid = {"account_id": owed["id"], "id": listed["id"], "state": "paid"}
        (await chief.post("/api/v1/admin/payouts", json=paid)).raise_for_status()
        assert (await juror_row(house, juror))["payouts"] == []
