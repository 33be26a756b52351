"""How many texts went where: counted in rows before they are sent, so in all processes at once.

What is spent stays spent, whether or not the text went out after all: the other way round, whoever
makes sending fail would send for free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from venire.events import TextsAlarmed
from venire.kernel.clock import DAY_MS, HOUR_MS, utc_day
from venire.kernel.errors import Conflict, Throttled, Unavailable
from venire.people import phone_rules as rules
from venire.people.addresses import telling_network
from venire.people.phone_rules import Cap, Counted, Number, Pace, TextPolicy
from venire.storage.tables.phones import (
    TEXT_COUNTS,
    TEXT_DAYS,
    TEXT_PACES,
    TextCountRow,
    TextDayRow,
    TextPaceRow,
)
from venire.storage.verbs import Put
from venire.storage.world import World

DAYS_KEPT_MS: Final = 35 * DAY_MS
ALARMS: Final = (*rules.ALARMS, "prefix_closed", "budget_spent", "day_full")
"""What is told of to those who run the site."""
_TRIES: Final = 24
_MARK_BYTES: Final = 16
_LUCK: Final = 1 << 32
_TIMES = msgspec.json.Decoder(tuple[int, ...])
_DIALS_MOST: Final = 300


def name_of(world: World, kind: str, said: str) -> str:
    """The name under which something is counted: a mark of it that only this site can make."""
    return f"{kind}:{world.vault.mark(f'text {kind}', said.encode())[:_MARK_BYTES].hex()}"


def network_name(world: World, address: str) -> str:
    """The name of the network that a caller comes from: one household counts as one."""
    return name_of(world, "network", telling_network(address) or address)


def hour_name(now_ms: int) -> str:
    """The name of an hour, for its money."""
    return f"hour:{now_ms // HOUR_MS}"


def throttled(wait_ms: int) -> Throttled:
    """One answer for every cap: which one it was would say what somebody else did."""
    return Throttled(
        "texts_throttled",
        "Too many codes were asked for: try again later",
        retry_after_s=max(1, -(-wait_ms // 1_000)),
    )


async def count(
    world: World,
    name: str,
    lasts_ms: int,
    added: Mapping[str, int],
    fits: Callable[[TextCountRow], bool] = lambda _: True,
) -> TextCountRow:
    """Add to a count whose window begins with its first text; refused where it does not fit.

    `fits` looks at the row before anything is added. Throttled `texts_throttled`.
    """
    for _ in range(_TRIES):
        now_ms = world.now_ms()
        row = await world.storage.get(TEXT_COUNTS, (name,))
        old = row or TextCountRow(name, now_ms + lasts_ms, 0, 0, 0, 0, 0)
        if not fits(old):
            raise throttled(old.until_ms - now_ms)
        new = _added(old, added)
        if row is None:
            if (
                await world.storage.put_if_absent(TEXT_COUNTS, new, expires_at_ms=new.until_ms)
                is None
            ):
                return new
        elif await world.storage.compare_and_set(TEXT_COUNTS, row, new):
            return new
    raise Conflict("try_again", "This changed meanwhile: try again")


def _added(row: TextCountRow, added: Mapping[str, int]) -> TextCountRow:
    new = {name: getattr(row, name) + more for name, more in added.items()}
    return msgspec.structs.replace(row, **new)


async def take(world: World, name: str, cap: Cap) -> None:
    """Count one text under a cap. Throttled `texts_throttled`."""
    await count(world, name, cap.lasts_ms, {"sent": 1}, lambda row: row.sent < cap.most)


async def take_prefix(world: World, prefix_name: str) -> None:
    """Count one text to a prefix; none where its codes do not come back. Throttled."""

    def fits(row: TextCountRow) -> bool:
        return rules.converts(Counted(row.sent, row.verified))

    await count(world, prefix_name, rules.PREFIX_MS, {"sent": 1}, fits)


async def take_money(world: World, policy: TextPolicy, texts: int) -> None:
    """Spend what texts cost of the hour's budget. Unavailable `texts_stopped` when it is spent."""
    name, cost = hour_name(world.now_ms()), texts * policy.cost
    try:
        await count(
            world, name, HOUR_MS, {"cost": cost}, lambda row: row.cost + cost <= policy.budget
        )
    except Throttled:
        raise Unavailable(
            "texts_stopped", "No texts are sent from here now: use another way"
        ) from None


async def spent_this_hour(world: World) -> int:
    """What texts have cost in this hour, in minor units."""
    row = await world.storage.get(TEXT_COUNTS, (hour_name(world.now_ms()),))
    return 0 if row is None else row.cost


async def pace_of(world: World, name: str) -> Pace:
    """How often a number was written to."""
    row = await world.storage.get(TEXT_PACES, (name,))
    return Pace() if row is None else _pace(row)


def _pace(row: TextPaceRow) -> Pace:
    return Pace(_TIMES.decode(row.times), row.waits, row.next_at_ms)


async def take_pace(world: World, name: str) -> int:
    """Count one text to a number; when it may be written to again. Throttled `texts_throttled`."""
    luck = int.from_bytes(world.chance.token(4), "big") / _LUCK
    for _ in range(_TRIES):
        now_ms = world.now_ms()
        row = await world.storage.get(TEXT_PACES, (name,))
        pace = Pace() if row is None else _pace(row)
        wait_ms = rules.wait_ms(pace, now_ms)
        if wait_ms:
            raise throttled(wait_ms)
        after = rules.paced(pace, now_ms, luck)
        again_ms = now_ms + rules.wait_ms(after, now_ms)
        new = TextPaceRow(name, msgspec.json.encode(after.times), after.waits, after.next_at_ms)
        if row is not None:
            # Its end moves with every text, and a row that is compared keeps the end it had.
            if await world.storage.compare_and_set(TEXT_PACES, row, new):
                return again_ms
        elif (
            await world.storage.put_if_absent(
                TEXT_PACES, new, expires_at_ms=now_ms + 2 * rules.PACE_KEPT_MS
            )
            is None
        ):
            return again_ms
    raise Conflict("try_again", "This changed meanwhile: try again")


async def count_day(
    world: World,
    dial: int,
    added: Mapping[str, int],
    *,
    day: str = "",
    fits: Callable[[TextDayRow], bool] = lambda _: True,
) -> TextDayRow:
    """Add to what went to a dial code on a day (today). Throttled where it does not fit."""
    day = day or utc_day(world.now_ms())
    for _ in range(_TRIES):
        now_ms = world.now_ms()
        row = await world.storage.get(TEXT_DAYS, (day, dial))
        old = row or TextDayRow(day, dial, 0, 0, 0, 0, 0, 0, 0)
        if not fits(old):
            raise throttled(DAY_MS - now_ms % DAY_MS)
        new = {name: getattr(old, name) + more for name, more in added.items()}
        after = msgspec.structs.replace(old, **new)
        if row is None:
            ends_ms = now_ms + DAYS_KEPT_MS
            if await world.storage.put_if_absent(TEXT_DAYS, after, expires_at_ms=ends_ms) is None:
                return after
        elif await world.storage.compare_and_set(TEXT_DAYS, row, after):
            return after
    raise Conflict("try_again", "This changed meanwhile: try again")


async def take_day(world: World, policy: TextPolicy, number: Number, *, code: bool) -> None:
    """Count one text to a dial code, of so many a day. Throttled `texts_throttled`."""
    added = {"sent" if code else "alerts": 1}

    def fits(row: TextDayRow) -> bool:
        return row.sent + row.alerts < policy.per_day

    await count_day(world, number.dial, added, fits=fits)


async def raise_alarm(world: World, alarm: str, dial: int) -> None:
    """Tell those who run the site of something, once a day. `alarm`: one of `ALARMS`."""
    name = f"alarm:{alarm}:{dial}"
    if await world.storage.get(TEXT_COUNTS, (name,)) is not None:
        return
    until_ms = world.now_ms() + DAY_MS
    row = TextCountRow(name, until_ms, 0, 0, 0, 0, 0)
    told = TextsAlarmed(dial, alarm)
    await world.storage.commit(f"text_count:{name}", [Put(TEXT_COUNTS, row, until_ms)], [told])


async def day_rows(world: World, day: str) -> list[TextDayRow]:
    """What went where on a day (`YYYY-MM-DD`)."""
    return await world.storage.range(TEXT_DAYS, (day,), limit=_DIALS_MOST)
