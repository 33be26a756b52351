"""Every night the books are held against each processor's own list of what happened.

What it lists and we never heard of is a lost webhook: it is posted, as the webhook would have been.
What it says otherwise, or does not know of, is a difference that a person has to look at; nothing
is changed for that. Yesterday is compared, and what was missed before it, from a list that goes
back a day further.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import msgspec

from venire.events import BooksDiffer
from venire.kernel.clock import DAY_MS, HOUR_MS, parse_iso_ms, utc_day
from venire.kernel.money import Fact, PayoutSeen
from venire.kernel.ports import PaymentService, PayoutService
from venire.kernel.vendors import VendorFault, VendorUnavailable
from venire.storage.tables.payments import RECONCILIATIONS, ReconciliationRow
from venire.storage.verbs import Put
from venire.storage.world import World
from venire.treasury import paying, payments
from venire.treasury.desk import Money
from venire.treasury.income import PRESUPPOSES

Seen = tuple[int, PayoutSeen]
_log = logging.getLogger(__name__)
PAYER: Final = "payer:"
"""Begins the name of a payer in the rows: a processor may have the same name."""
PAGES_MOST: Final = 1_000
DAY_MOST: Final = 200_000
_DIFFERENCES_MOST: Final = 100
_LOOK_S: Final = 600.0
_MISSED_MS: Final = 92 * DAY_MS
"""So far back goes a comparison after nights without one."""
_SETTLES_MS: Final = 2 * HOUR_MS
"""So long after midnight a processor's list of yesterday is complete."""


async def keep(world: World, money: Money) -> None:
    """Compare each night, until cancelled; a processor that does not answer is asked again."""
    while True:
        try:
            await compare_due(world, money)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a worker outlives its work
            _log.exception("reconciliation_failed")
        await asyncio.sleep(_LOOK_S)


async def compare_due(world: World, money: Money) -> list[ReconciliationRow]:
    """Compare yesterday with each processor that it was not compared with yet."""
    yesterday = utc_day(world.now_ms() - DAY_MS - _SETTLES_MS)
    ways = [(name, compare) for name in money.payments.services]
    ways += [(f"{PAYER}{name}", compare_payouts) for name in money.payouts.services]
    made = []
    for vendor, way in ways:
        if await world.storage.get(RECONCILIATIONS, (vendor, yesterday)) is not None:
            continue
        try:
            made.append(await way(world, money, vendor, yesterday))
        except VendorFault as fault:
            _log.warning("reconciliation_waits", extra={"vendor": vendor, "said": fault.said})
    return made


async def compare(world: World, money: Money, vendor: str, day: str) -> ReconciliationRow:
    """Hold a day of the books against a processor's list. Raises the faults of vendors."""
    service = money.payments.services[vendor]
    run = _Run(world, vendor)
    days = await _days(world, vendor, day)
    begins_ms = _day_ms(days[0])
    cursor = ""
    for _ in range(PAGES_MOST):
        at = cursor

        async def page(one: PaymentService, at: str = at) -> tuple[list[Fact], str]:
            facts, following = await one.since(begins_ms - DAY_MS, at)
            return list(facts), following

        facts, following = await money.payments.call_one(vendor, page)
        for fact in facts:
            await run.take(fact)
        if not following:
            break
        if following == cursor:
            raise VendorUnavailable("list_stands_still")
        cursor = following
    else:
        raise VendorUnavailable("list_without_end")
    for one in days:
        for row in await payments.of_day(world, vendor, one, DAY_MOST):
            if row.kind in service.lists and (row.kind, row.reference) not in run.listed:
                run.differ(f"not listed: {row.kind} {row.reference}")
    return await _note(world, vendor, day, run)


async def _days(world: World, vendor: str, day: str) -> list[str]:
    """A day, after those before it that no comparison has reached.

    A site that was down for weeks is told of their webhooks by nobody any more.
    """
    before = [row.day for row in await recent(world, vendor) if row.day < day]
    first_ms = max(_day_ms(max(before)) + DAY_MS if before else 0, _day_ms(day) - _MISSED_MS)
    first_ms = first_ms if before else _day_ms(day)
    return [utc_day(at_ms) for at_ms in range(first_ms, _day_ms(day) + 1, DAY_MS)]


class _Run:
    """One comparison on its way."""

    def __init__(self, world: World, vendor: str) -> None:
        self.world = world
        self.vendor = vendor
        self.listed: set[tuple[str, str]] = set()
        self.found = 0
        self.differences: list[str] = []

    def differ(self, text: str) -> None:
        """Note a difference, as long as that still helps anybody."""
        if len(self.differences) < _DIFFERENCES_MOST:
            self.differences.append(text[:200])

    async def take(self, fact: Fact) -> None:
        """Post what a processor lists, unless it is known."""
        self.listed.add((fact.kind, fact.reference))
        before = PRESUPPOSES.get(fact.kind)
        if before is not None:
            self.listed.add((before, fact.reference))
        payment = await payments.payment_of(self.world, self.vendor, fact)
        if payment is None:
            # A fee alone is no second difference of the charge it belongs to.
            if fact.kind != "fee":
                self.differ(f"not ours: {fact.kind} {fact.reference}")
            return
        said = await payments.post_fact(self.world, payment, self.vendor, fact)
        if said == "differs":
            self.differ(f"another amount: {fact.kind} {fact.reference}")
        if said == "posted" and fact.kind != "fee":
            self.found += 1


async def compare_payouts(world: World, money: Money, vendor: str, day: str) -> ReconciliationRow:
    """The same with what a payer lists: a webhook that was lost is taken in. `vendor`: `payer:`."""
    name = vendor.removeprefix(PAYER)
    run = _Run(world, vendor)
    from_ms = _day_ms((await _days(world, vendor, day))[0]) - DAY_MS
    cursor = ""
    for _ in range(PAGES_MOST):
        at = cursor

        async def page(one: PayoutService, at: str = at) -> tuple[list[Seen], str]:
            seen, following = await one.since(from_ms, at)
            return list(seen), following

        listed, following = await money.payouts.call_one(name, page)
        for payout_id, seen in listed:
            run.listed.add(("payout", str(payout_id)))
            said = await paying.told(world, money, name, payout_id, seen)
            if said == "differs":
                run.differ(f"otherwise: payout {payout_id} {seen.state}")
            run.found += said == "posted"
        if not following:
            return await _note(world, vendor, day, run)
        if following == cursor:
            raise VendorUnavailable("list_stands_still")
        cursor = following
    raise VendorUnavailable("list_without_end")


async def _note(world: World, vendor: str, day: str, run: _Run) -> ReconciliationRow:
    row = ReconciliationRow(
        vendor=vendor,
        day=day,
        at_ms=world.now_ms(),
        listed=len(run.listed),
        found=run.found,
        differences=msgspec.json.encode(run.differences),
        said="differs" if run.differences else "agrees",
    )
    told = [BooksDiffer(vendor, day)] if run.differences else []
    await world.storage.commit(f"reconciliation:{vendor}", [Put(RECONCILIATIONS, row)], told)
    return row


async def recent(world: World, vendor: str, limit: int = 14) -> list[ReconciliationRow]:
    """The last comparisons with a processor, newest first."""
    return await world.storage.range(RECONCILIATIONS, (vendor,), limit=limit)


def _day_ms(day: str) -> int:
    return parse_iso_ms(f"{day}T00:00:00Z")
