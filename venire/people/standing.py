"""How an account stands: points from strikes, suspensions, and posting stopped pending a verdict.

Each mark is its own aggregate with its own key, so that the same measure told twice is one mark,
and one taken back stays taken back.
"""

from __future__ import annotations

import msgspec

from venire.events import StrikeChanged
from venire.kernel.errors import Conflict
from venire.people.model import Standing
from venire.people.rules import Mark, standing_of
from venire.storage.tables.people import STRIKES, StrikeRow
from venire.storage.verbs import Put
from venire.storage.world import World

SUSPEND_AT = 20
POINTS = "points"
PENDING = "pending"
SUSPENDED = "suspended"
TERMINATED = "terminated"
_MOST = 1_000


async def _mark(world: World, row: StrikeRow) -> None:
    try:
        await world.storage.commit(
            f"strike:{row.account_id}:{row.key}",
            [Put(STRIKES, row)],
            [StrikeChanged(row.account_id)],
            expect=0,
        )
    except Conflict:
        # Told again, or taken back before it was told: either way it stands as it is.
        return


async def give_strike(
    world: World,
    account_id: int,
    key: str,
    *,
    points: int,
    expires_at_ms: int | None,
    case_id: int,
    suspend_at: int = SUSPEND_AT,
) -> None:
    """Give points once for each `key`. `suspend_at`: the policy's threshold at this strike."""
    row = _row(world, account_id, POINTS, key, until_ms=expires_at_ms, case_id=case_id)
    await _mark(world, msgspec.structs.replace(row, points=points, suspend_at=suspend_at))


async def take_back_strike(world: World, account_id: int, key: str) -> None:
    """Undo the points of a `key`, whether or not they have been given yet."""
    await _undo(world, account_id, POINTS, key)


async def suspend(
    world: World, account_id: int, key: str, until_ms: int | None, case_id: int
) -> None:
    """Stop an account from writing, once for each `key`, until a moment (None: until undone)."""
    await _mark(world, _row(world, account_id, SUSPENDED, key, until_ms=until_ms, case_id=case_id))


async def unsuspend(world: World, account_id: int, key: str) -> None:
    """Undo the suspension of a `key`."""
    await _undo(world, account_id, SUSPENDED, key)


async def terminate(world: World, account_id: int, key: str, case_id: int) -> None:
    """Stop an account from writing for good, unless an appeal undoes it."""
    await _mark(world, _row(world, account_id, TERMINATED, key, until_ms=None, case_id=case_id))


async def undo_termination(world: World, account_id: int, key: str) -> None:
    """Undo the termination of a `key`."""
    await _undo(world, account_id, TERMINATED, key)


async def stop_posting(
    world: World, account_id: int, key: str, until_ms: int | None, case_id: int
) -> None:
    """Stop new posts of an account until the verdict of a case; hides none of its others."""
    await _mark(world, _row(world, account_id, PENDING, key, until_ms=until_ms, case_id=case_id))


async def resume_posting(world: World, account_id: int, key: str) -> None:
    """End what `stop_posting` did for a `key`."""
    await _undo(world, account_id, PENDING, key)


def _row(
    world: World, account_id: int, kind: str, key: str, *, until_ms: int | None, case_id: int
) -> StrikeRow:
    return StrikeRow(
        account_id=account_id,
        key=f"{kind}:{key}",
        version=1,
        kind=kind,
        points=0,
        suspend_at=0,
        case_id=case_id,
        given_at_ms=world.now_ms(),
        expires_at_ms=until_ms,
        undone=False,
    )


async def _undo(world: World, account_id: int, kind: str, key: str) -> None:
    while True:
        there = await world.storage.get(STRIKES, (account_id, f"{kind}:{key}"))
        if there is not None and there.undone:
            return
        old = there or msgspec.structs.replace(
            _row(world, account_id, kind, key, until_ms=None, case_id=0), version=0
        )
        new = msgspec.structs.replace(old, version=old.version + 1, undone=True)
        try:
            await world.storage.commit(
                f"strike:{account_id}:{kind}:{key}",
                [Put(STRIKES, new)],
                [StrikeChanged(account_id)],
                expect=old.version,
            )
        except Conflict:
            continue
        return


async def standing(world: World, account_id: int) -> Standing:
    """How an account stands now. Read for each write, never cached."""
    rows = await world.storage.range(STRIKES, (account_id,), limit=_MOST)
    if not rows:
        return Standing()
    marks = [
        Mark(
            kind=row.kind,
            points=row.points,
            suspend_at=row.suspend_at,
            given_at_ms=row.given_at_ms,
            expires_at_ms=row.expires_at_ms,
            undone=row.undone,
        )
        for row in rows
    ]
    return standing_of(marks, world.now_ms())
