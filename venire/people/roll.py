"""Accounts as operators list them: newest first, by month, by what they wait for, by limit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from venire.kernel.clock import DAY_MS, utc_day
from venire.kernel.ids import AccountId, id_at, id_ms
from venire.people.addresses import accounts_from
from venire.people.model import ACTIVE, DELETED, MEMBER, Account
from venire.people.store import (
    WAITS,
    account_of,
    find_by_email,
    load_accounts,
    roll_writes,
    staff,
    waiting_accounts,
)
from venire.storage.tables.people import ACCOUNTS
from venire.storage.tables.roll import LIMITED, ROLL, RollRow
from venire.storage.world import World

LIMITED_STATES = {
    "silenced": "silenced",
    "sensitized": "sensitized",
    "disabled": "disabled",
    "suspended": "suspended",
}
READ_MOST = 2_000
"""Of one request: what is sought by a part of a name may be far back; the next page goes on."""
_PAGE = 200
_MONTHS_MOST = 240
_FILLED = RollRow("filled", 0)
"""Says that accounts from before there was a roll stand in it."""


class Wanted(msgspec.Struct, frozen=True):
    """Which accounts are asked for. `status` as Mastodon names it; empty texts ask for nothing."""

    status: str = ""
    username: str = ""
    display_name: str = ""
    email: str = ""
    ip: str = ""
    staff: bool = False
    roles: frozenset[str] = frozenset()


class Span(msgspec.Struct, frozen=True):
    """Which part of the list: ids, exclusive; `rising` reads upwards from `above`."""

    limit: int
    above: int | None = None
    below: int | None = None
    rising: bool = False

    def holds(self, account_id: int) -> bool:
        """Whether an id lies within."""
        return (self.above is None or account_id > self.above) and (
            self.below is None or account_id < self.below
        )


class Listed(msgspec.Struct, frozen=True):
    """A page, newest first; the ids between which was read; whether there may be more."""

    accounts: Sequence[Account]
    newest: int | None
    oldest: int | None
    more: bool


async def page(world: World, wanted: Wanted, span: Span) -> Listed:
    """A page of the accounts that are asked for."""
    found: list[Account] = []
    read: list[int] = []
    more = False
    async for ids in _sources(world, wanted, span):
        accounts = await load_accounts(world, ids)
        for account_id in ids:
            if len(found) == span.limit or len(read) >= READ_MOST:
                more = True
                break
            read.append(account_id)
            account = accounts.get(account_id)
            if account is not None and _is_wanted(account, wanted):
                found.append(account)
        if more:
            break
    if span.rising:
        found.reverse()
    return Listed(found, max(read, default=None), min(read, default=None), more)


def _is_wanted(account: Account, wanted: Wanted) -> bool:
    if wanted.status == "active":
        fits = account.state == ACTIVE and not account.disabled
    elif wanted.status in WAITS:
        fits = account.state == wanted.status
    elif wanted.status in LIMITED_STATES and wanted.status != "suspended":
        fits = bool(getattr(account, wanted.status)) and account.state != DELETED
    else:
        fits = account.state != DELETED
    name, shown = wanted.username.lower(), wanted.display_name.casefold()
    return (
        fits
        and (not name or name in account.username.lower())
        and (not shown or shown in account.display_name.casefold())
        and (not wanted.staff or account.role != MEMBER)
        and (not wanted.roles or account.role in wanted.roles)
    )


async def _sources(world: World, wanted: Wanted, span: Span) -> AsyncIterator[list[AccountId]]:
    """Where to look: the shortest list that holds all who are asked for."""
    few: list[AccountId] | None = None
    if wanted.email:
        account = await find_by_email(world, wanted.email)
        few = [] if account is None else [account.id]
    elif wanted.ip:
        few = await accounts_from(world, wanted.ip, most=READ_MOST)
    elif wanted.staff or wanted.roles - {MEMBER} == wanted.roles != frozenset():
        few = [AccountId(row.account_id) for row in await staff(world)]
    if few is not None:
        yield sorted((one for one in few if span.holds(one)), reverse=not span.rising)
        return
    if wanted.status in WAITS:
        async for ids in _waiting(world, wanted.status, span):
            yield ids
    elif wanted.status in LIMITED_STATES:
        async for ids in _limited(world, LIMITED_STATES[wanted.status], span):
            yield ids
    else:
        async for ids in _roll(world, span):
            yield ids


async def _waiting(world: World, state: str, span: Span) -> AsyncIterator[list[AccountId]]:
    below = span.below
    while True:
        ids = await waiting_accounts(world, state, below=below, limit=_PAGE)
        yield [one for one in ids if span.holds(one)]
        if len(ids) < _PAGE:
            return
        below = ids[-1]


async def _limited(world: World, kind: str, span: Span) -> AsyncIterator[list[AccountId]]:
    above, below = span.above, span.below
    while True:
        rows = await world.storage.range(
            LIMITED,
            (kind,),
            above=None if above is None else (above,),
            below=None if below is None else (below,),
            limit=_PAGE,
            reverse=span.rising,
        )
        yield [AccountId(row.account_id) for row in rows]
        if len(rows) < _PAGE:
            return
        above, below = _beyond(rows[-1].account_id, above, below, rising=span.rising)


async def _roll(world: World, span: Span) -> AsyncIterator[list[AccountId]]:
    newest = world.now_ms() if span.below is None else min(world.now_ms(), id_ms(span.below))
    oldest = 0 if span.above is None else id_ms(span.above)
    months = _months(newest, oldest)
    for month in reversed(months) if span.rising else months:
        above, below = span.above, span.below
        while True:
            rows = await world.storage.range(
                ROLL,
                (month,),
                above=None if above is None else (above,),
                below=None if below is None else (below,),
                limit=_PAGE,
                reverse=span.rising,
            )
            if rows:
                yield [AccountId(row.account_id) for row in rows]
            if len(rows) < _PAGE:
                break
            above, below = _beyond(rows[-1].account_id, above, below, rising=span.rising)


def _beyond(
    last: int, above: int | None, below: int | None, *, rising: bool
) -> tuple[int | None, int | None]:
    return (last, below) if rising else (above, last)


def _months(newest_ms: int, oldest_ms: int) -> list[str]:
    """Months (`YYYY-MM`) from the newest back to the oldest, 20 years at most."""
    found: list[str] = []
    at_ms = newest_ms
    while len(found) < _MONTHS_MOST:
        day = utc_day(max(0, at_ms))
        found.append(day[:7])
        if at_ms <= 0 or day[:7] <= utc_day(oldest_ms)[:7]:
            break
        at_ms -= int(day[8:]) * DAY_MS
    return found


async def count_new(world: World, since_ms: int, until_ms: int, most: int = 10_000) -> list[int]:
    """The moments at which accounts were made, newest first, up to `most`."""
    span = Span(_PAGE, above=id_at(since_ms) - 1, below=id_at(until_ms))
    found: list[int] = []
    async for ids in _roll(world, span):
        found += [id_ms(one) for one in ids]
        if len(found) >= most:
            break
    return found[:most]


async def fill(world: World) -> None:
    """Put accounts from before there was a roll into it, once."""
    if await world.storage.get(ROLL, (_FILLED.month, _FILLED.account_id)) is not None:
        return
    cursor: bytes | None = None
    while True:
        rows, cursor = await world.storage.scan(ACCOUNTS, cursor)
        for row in rows:
            await world.storage.commit(f"account:{row.id}", roll_writes(account_of(row)))
        if cursor is None:
            break
    await world.storage.put(ROLL, _FILLED)
