"""An office that pays jurors out: a site, payers in memory, a clock that a test drives."""

from __future__ import annotations

from tests.treasury.vendors import SARI, money_with
from venire.events import PayoutMoved
from venire.storage.timers import Timers
from venire.storage.verbs import Envelope
from venire.treasury import actions, destinations, paying, payouts, store

JUROR = 7


class Office:
    """A site with payers, whose clock and events a test drives."""

    def __init__(self, site, payers, *, bank=True):
        self.site = site
        self.world = site.world
        self.payers = payers
        self.money = money_with(site.world, payers=payers, bank=bank)
        self.timers = Timers(site.storage, site.clock, paying.timers(site.world, self.money))

    async def ask(self, amount=1_000, to=SARI, juror=JUROR):
        """Somebody earned something and asks for it."""
        key = f"ballot:{self.world.ids.next()}:1:{juror}"
        await actions.earn(self.world, "EUR", juror, amount, key=key)
        await actions.fund(self.world, "EUR", amount, key=str(self.world.ids.next()))
        await self.site.settle()
        if to is not None:
            await destinations.choose(self.world, self.money, juror, to)
        made = await payouts.ask(self.world, "EUR", juror)
        await self.hear(made)
        return made

    async def hear(self, made):
        """The event of the payout; told again it must do nothing more."""
        event = PayoutMoved("EUR", made.juror_id, made.id, "asked")
        envelope = Envelope(1, 1, self.site.clock.now_ms(), "payouts:", event)
        await paying.on_payout_moved(self.world, self.money, envelope)

    async def later(self, ms=3 * 86_400_000):
        """Time goes by, and what is due is looked at."""
        self.site.clock.advance(ms)
        await self.timers.fire_due()

    async def state(self, made):
        row = await store.payout(self.site.storage, "EUR", made.juror_id, made.id)
        return row.state

    async def books(self):
        """What is owed, in transit, left in the fund: exact, and every entry sound."""
        await self.site.settle()
        found = await actions.audit(self.world)
        assert found.faults == []
        names = (f"payable:{JUROR}", "transit", "fund", "fees")
        return tuple(found.balances.get(("EUR", name), 0) for name in names)


def asked(office):
    """How many payouts each payer has made."""
    return [len(payer.paid) for payer in office.payers.values()]
