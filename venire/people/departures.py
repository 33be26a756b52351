"""Leaving: gone for everyone at once, undone by signing in within a week, then erased.

`leaving` -> `erasing` (nobody can come back; posts and ties go) -> `emptied` (the other rows go,
for all who wait at once) -> `erased`: `cases/erasure.py` does it.
What an account looked like is kept aside until then, since every page obeys the account's own row.
"""

from __future__ import annotations

import msgspec

from venire.events import AccountDeleted, AccountReturned
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict
from venire.kernel.ids import AccountId
from venire.people.model import DELETED, Account
from venire.people.sessions import end_all_sessions
from venire.people.store import account_of, changed_account_writes, load_account, row_of
from venire.people.tokens import revoke_all_tokens
from venire.storage.tables.people import AccountRow
from venire.storage.tables.roll import (
    DEPARTURE_STATES,
    DEPARTURES,
    DepartureRow,
    DepartureStateRow,
)
from venire.storage.timers import timer
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

LEAVING = "leaving"
ERASING = "erasing"
EMPTIED = "emptied"
ERASED = "erased"
RETURNED = "returned"
GRACE_MS = 7 * DAY_MS
"""How long signing in undoes it."""
TIMER = "departure"
_TRIES = 4


async def load_departure(world: World, account_id: int) -> DepartureRow | None:
    """How far a departure has come."""
    return await world.storage.get(DEPARTURES, (account_id,))


async def leave(
    world: World, account_id: int, *, returnable: bool = True, also: tuple[Write, ...] = ()
) -> None:
    """Close an account at once; harmless where it is closed.

    `returnable`: whether its owner may undo it; `also`: rows of the account's commit.
    """
    for _ in range(_TRIES):
        account = await load_account(world, account_id)
        if account is None or account.state == DELETED:
            break
        now_ms = world.now_ms()
        departure = DepartureRow(
            account_id=account_id,
            state=LEAVING,
            asked_at_ms=now_ms,
            due_at_ms=now_ms + (GRACE_MS if returnable else 0),
            returnable=returnable,
            profile=msgspec.json.encode(row_of(account)),
        )
        gone = _blank(account)
        writes: list[Write] = [
            *changed_account_writes(account, gone),
            Put(DEPARTURES, departure),
            Put(DEPARTURE_STATES, DepartureStateRow(LEAVING, account_id)),
            timer(f"account:{account_id}", TIMER, str(account_id), departure.due_at_ms),
            *also,
        ]
        try:
            await world.storage.commit(
                f"account:{account_id}",
                writes,
                [AccountDeleted(account_id)],
                expect=account.version,
            )
        except Conflict:
            continue
        break
    else:
        raise Conflict("try_again", "This changed meanwhile: try again")
    await revoke_all_tokens(world, AccountId(account_id))
    await end_all_sessions(world, AccountId(account_id))


def _blank(account: Account) -> Account:
    """What is left to see of someone who left: a name that nobody else gets."""
    return msgspec.structs.replace(
        account,
        version=account.version + 1,
        state=DELETED,
        display_name="",
        note="",
        fields=(),
        discoverable=False,
        indexable=False,
        hide_collections=True,
        moved_to_id=None,
        moved_to=None,
    )


def may_return(departure: DepartureRow, now_ms: int) -> bool:
    """Whether a departure can still be undone by who left."""
    return departure.state == LEAVING and departure.returnable and now_ms < departure.due_at_ms


async def returnable(world: World, account_id: int) -> bool:
    """Whether somebody who left can still come back."""
    departure = await load_departure(world, account_id)
    return departure is not None and may_return(departure, world.now_ms())


async def come_back(world: World, account_id: int) -> Account | None:
    """Undo a departure within its week; None when it is too late, or was not one's own."""
    departure = await load_departure(world, account_id)
    account = await load_account(world, account_id)
    if departure is None or account is None or account.state != DELETED:
        return None
    if not may_return(departure, world.now_ms()):
        return None
    before = account_of(msgspec.json.decode(departure.profile, type=AccountRow))
    back = msgspec.structs.replace(
        before,
        version=account.version + 1,
        # Whatever a moderator did meanwhile stands.
        **{name: getattr(account, name) for name in ("silenced", "sensitized", "disabled")},
    )
    returned = msgspec.structs.replace(departure, state=RETURNED, profile=b"")
    await world.storage.commit(
        f"account:{account_id}",
        [
            *changed_account_writes(account, back),
            Put(DEPARTURES, returned),
            Delete(DEPARTURE_STATES, DepartureStateRow(LEAVING, account_id)),
        ],
        [AccountReturned(account_id)],
        expect=account.version,
    )
    return back


async def begin_erasing(world: World, account_id: int) -> bool:
    """Close the way back when its week is over; whether there is something to erase now."""
    departure = await load_departure(world, account_id)
    account = await load_account(world, account_id)
    if departure is None or account is None or account.state != DELETED:
        return False
    if departure.state == ERASING:
        return True
    if departure.state != LEAVING or departure.due_at_ms > world.now_ms():
        return False
    new = msgspec.structs.replace(departure, state=ERASING, profile=b"")
    await _move(world, account, departure, new)
    return True


async def note_emptied(world: World, account_id: int) -> None:
    """Note that posts and ties are gone; the rest waits for the pass over all tables."""
    await _step(world, account_id, ERASING, EMPTIED)


async def note_erased(world: World, account_id: int) -> None:
    """Note that nothing is left but the name."""
    await _step(world, account_id, EMPTIED, ERASED)


async def _step(world: World, account_id: int, before: str, after: str) -> None:
    departure = await load_departure(world, account_id)
    account = await load_account(world, account_id)
    if departure is not None and account is not None and departure.state == before:
        new = msgspec.structs.replace(departure, state=after)
        await _move(world, account, departure, new)


async def _move(world: World, account: Account, old: DepartureRow, new: DepartureRow) -> None:
    """From one state to the next, against the account's version: a return cannot slip between."""
    same = msgspec.structs.replace(account, version=account.version + 1)
    writes: list[Write] = [
        *changed_account_writes(account, same),
        Put(DEPARTURES, new),
        Delete(DEPARTURE_STATES, DepartureStateRow(old.state, account.id)),
    ]
    if new.state in {ERASING, EMPTIED}:
        writes.append(Put(DEPARTURE_STATES, DepartureStateRow(new.state, account.id)))
    await world.storage.commit(f"account:{account.id}", writes, expect=account.version)


async def emptied_accounts(world: World, limit: int = 200) -> list[AccountId]:
    """Whose remaining rows are to be taken out, oldest first."""
    rows = await world.storage.range(DEPARTURE_STATES, (EMPTIED,), limit=limit)
    return [AccountId(row.account_id) for row in rows]
