"""Webhooks: the raw bytes and what they post, in one commit; each event once, in any order.

Who sent it is known before anything is read (`PaymentService.read_webhook`). A fact about a charge
that nobody has told us of yet waits under the charge's name; what says nothing about money is kept
and answered all the same, so that the processor stops repeating it.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from venire.events import PaymentMoved
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import TooLarge
from venire.kernel.money import Fact, Notice
from venire.storage.tables.payments import (
    PAYMENT_REFERENCES,
    WAITING_FACTS,
    WEBHOOKS,
    WaitingFactRow,
    WebhookRow,
)
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World
from venire.treasury import payments
from venire.treasury.income import Payment, plain

_log = logging.getLogger(__name__)
Said = Literal["posted", "known", "differs", "waiting", "nothing"]
HEARS: Final = (PaymentMoved,)
BODY_BYTES: Final = 128 * 1024
KEPT_MS: Final = 120 * DAY_MS
_PACKED_BYTES: Final = 40 * 1024
_WAITING_MOST: Final = 200
_FACT: Final = msgspec.json.Decoder(Fact)


async def receive(world: World, vendor: str, notice: Notice, raw: bytes) -> Said:
    """Take in a webhook whose sender is known; durable when this returns, and once for its id.

    Raises TooLarge `body_too_large`.
    """
    if await world.storage.get(WEBHOOKS, (vendor, notice.id)) is not None:
        return "known"
    packed = zlib.compress(raw, 6)
    if len(packed) > _PACKED_BYTES:
        raise TooLarge("body_too_large", "a webhook is smaller than this", limit=_PACKED_BYTES)
    come = _Come(world, vendor, notice, packed)
    if not notice.facts:
        await come.keep("nothing")
        return "nothing"
    said: Said = "known"
    for place, fact in enumerate(notice.facts):
        # The raw event goes with its last fact: killed before, it comes again and all is repeated.
        last = place == len(notice.facts) - 1
        one = await _take(come, fact, last=last)
        said = one if one != "known" else said
    return said


class _Come:
    """A webhook on its way in."""

    def __init__(self, world: World, vendor: str, notice: Notice, packed: bytes) -> None:
        self.world = world
        self.vendor = vendor
        self.notice = notice
        self.packed = packed

    def row(self, outcome: Said, ledger: str, key: str, payment: Payment | None = None) -> Write:
        """The write that keeps it."""
        now_ms = self.world.now_ms()
        row = WebhookRow(
            vendor=self.vendor,
            event_id=self.notice.id,
            kind=self.notice.kind,
            outcome=outcome,
            ledger=ledger,
            key=key,
            payment_id=None if payment is None else payment.id,
            account_id=None if payment is None else payment.account_id,
            came_at_ms=now_ms,
            body=self.packed,
        )
        return Put(WEBHOOKS, row, now_ms + KEPT_MS)

    async def keep(self, outcome: Said, more: Sequence[Write] = (), ledger: str = "XXX") -> None:
        """Keep it with nothing posted. `XXX` is ISO 4217 for no currency."""
        key = self.key
        await self.world.storage.commit(
            payments.aggregate(ledger, key),
            [self.row(outcome, ledger, key), *more],
            durable="remote",
        )

    @property
    def key(self) -> str:
        """Of what is no entry's."""
        return f"webhook:{self.vendor}:{plain(self.notice.id)}"


async def _take(come: _Come, fact: Fact, *, last: bool) -> Said:
    world, vendor = come.world, come.vendor
    payment = await payments.payment_of(world, vendor, fact)
    if payment is None and not fact.of:
        if last:
            await come.keep("nothing")
        return "nothing"
    if payment is None:
        row = WaitingFactRow(
            vendor=vendor,
            about=fact.of,
            kind=fact.kind,
            reference=fact.reference,
            ledger="XXX",
            key=come.key,
            body=msgspec.json.encode(fact),
        )
        waits = Put(WAITING_FACTS, row, world.now_ms() + KEPT_MS)
        if last:
            await come.keep("waiting", [waits])
        else:
            await world.storage.commit(payments.aggregate("XXX", come.key), [waits])
        # The charge may have come between the look and the write.
        if await world.storage.get(PAYMENT_REFERENCES, (vendor, fact.of)) is not None:
            await post_waiting(world, vendor, fact.of)
        return "waiting"
    also = None
    if last:
        found = payment

        def also(ledger: str, key: str) -> Sequence[Write]:
            return [come.row("posted", ledger, key, found)]

    said = await payments.post_fact(world, payment, vendor, fact, also)
    if said == "differs":
        _log.error("webhook_differs", extra={"vendor": vendor, "payment": payment.id})
    return said


async def post_waiting(world: World, vendor: str, name: str) -> None:
    """Post what was told of a charge before the charge itself."""
    rows = await world.storage.range(WAITING_FACTS, (vendor, name), limit=_WAITING_MOST)
    for row in rows:
        fact = _FACT.decode(row.body)
        payment = await payments.payment_of(world, vendor, fact)
        if payment is not None:
            await payments.post_fact(world, payment, vendor, fact)
            await world.storage.delete(WAITING_FACTS, row)


async def on_payment_moved(world: World, envelope: Envelope) -> None:
    """Once a charge is known, keep its payment for good, and post what waited for it."""
    event = envelope.event
    if not isinstance(event, PaymentMoved):
        return
    for known in await payments.facts(world, event.payment_id):
        if known.kind == "paid":
            await payments.keep(world, event.payment_id)
            for name in payments.names_of(known):
                await post_waiting(world, known.vendor, name)


def raw_of(row: WebhookRow) -> bytes:
    """A webhook as it came."""
    return zlib.decompress(row.body)
