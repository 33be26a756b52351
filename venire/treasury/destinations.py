"""Where a juror wants to be paid: chosen by them, kept encrypted, shown by its last characters."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from venire.kernel.errors import Invalid
from venire.kernel.money import Destination
from venire.kernel.ports import BankFile, PayoutService
from venire.storage.tables.paying_out import PAYOUT_DESTINATIONS, PayoutDestinationRow
from venire.storage.world import World
from venire.treasury import sealing
from venire.treasury.desk import Money

_LENGTHS: Final = {"name": 70, "iban": 34, "account": 50, "bic": 11, "channel": 40, "country": 2}
_CODE: Final = re.compile(r"[A-Za-z0-9_]*", re.ASCII)
_SHOWN: Final = 4
_LEFT_OUT: Final = 4


def checked(to: Destination) -> Destination:
    """A destination that somebody could be paid at. Invalid `destination_invalid`."""
    held = msgspec.structs.asdict(to)
    tidy = {
        field: " ".join(held[field].split())
        if field == "name"
        else held[field].replace(" ", "").replace("-", "")
        for field in _LENGTHS
    }
    for field, most in _LENGTHS.items():
        coded = field == "name" or _CODE.fullmatch(tidy[field])
        if len(tidy[field]) > most or not coded or not tidy[field].isprintable():
            raise Invalid("destination_invalid", "This is no account that can be paid", field=field)
    for field in ("iban", "bic", "country"):
        tidy[field] = tidy[field].upper()
    made = Destination(way=to.way, **tidy)
    if not made.iban and not made.account:
        raise Invalid("destination_invalid", "This is no account that can be paid", field="account")
    if made.way == "bank" and not made.name:
        raise Invalid("destination_invalid", "Whose account is it?", field="name")
    return made


async def choose(world: World, money: Money, juror_id: int, to: Destination) -> None:
    """Keep where a juror wants to be paid. Invalid `destination_invalid`, `destination_unserved`.

    One that no way of this site's can pay is refused now, not on the day of the payout.
    """
    made = checked(to)
    ways: list[PayoutService | BankFile] = list(money.payouts.services.values())
    if money.bank is not None:
        ways.append(money.bank)
    if not any(way.serves(made, currency) for way in ways for currency in money.currencies):
        raise Invalid("destination_unserved", "This site has no way to pay there")
    number = made.iban or made.account
    row = PayoutDestinationRow(
        juror_id=juror_id,
        way=made.way,
        sealed=sealing.seal(world, made, juror_id),
        shown=number[-_SHOWN:] if len(number) > _SHOWN + _LEFT_OUT else "",
        changed_at_ms=world.now_ms(),
    )
    await world.storage.put(PAYOUT_DESTINATIONS, row)


async def shown(world: World, juror_id: int) -> PayoutDestinationRow | None:
    """What a juror has chosen, as they are shown it; None where nothing is chosen."""
    return await world.storage.get(PAYOUT_DESTINATIONS, (juror_id,))


async def load(world: World, juror_id: int) -> Destination | None:
    """Where a juror wants to be paid."""
    row = await shown(world, juror_id)
    return None if row is None else sealing.unseal(world, row.sealed, juror_id)


async def forget(world: World, juror_id: int) -> None:
    """Take back where to be paid; what is owed stays owed."""
    row = await shown(world, juror_id)
    if row is not None:
        await world.storage.delete(PAYOUT_DESTINATIONS, row)
