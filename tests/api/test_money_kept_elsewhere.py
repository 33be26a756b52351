"""A processor is told that we have its word once that lies outside of this host."""

from __future__ import annotations

import pytest

from tests.kit.tills import open_tills
from venire.kernel.errors import Unavailable
from venire.treasury import actions

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]


class Offsite:
    """Stores that fail until told otherwise."""

    fails = True

    async def shipped(self, _sequence, *, strict):
        if self.fails and strict:
            raise Unavailable("not_kept_elsewhere")


async def test_while_every_store_fails_a_webhook_is_to_come_again_and_is_posted_once(house, bob):
    async with open_tills(house) as tills:
        made = await bob.post(
            "/api/v1/memberships/checkout",
            json={"currency": "IDR", "amount": 5_000_000, "period": "month"},
        )
        event = tills.at("cards-a").pay(int(made.json()["payment_id"]))
        offsite = house.world.storage.offsite = Offsite()

        for _ in range(2):
            refused = await tills.deliver("cards-a", event)
            assert refused.status_code == 503
            assert refused.json()["code"] == "not_kept_elsewhere"
        offsite.fails = False
        assert (await tills.deliver("cards-a", event)).status_code == 200

        await house.settle()
        found = await actions.audit(house.world)
        assert found.faults == []
        assert sum(found.balances.values()) == 0
        assert found.balances["IDR", "clearing:cards-a"] == 5_000_000
