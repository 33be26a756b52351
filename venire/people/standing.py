"""How an account stands: points from strikes, suspensions, and posting stopped pending a verdict.

Each mark is its own aggregate with its own key, so that the same measure told twice is one mark,
and one taken back stays taken back.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from venire.events import StrikeChanged
from venire.kernel.errors import Conflict
from venire.kernel.ids import AccountId
from venire.people.model import Standing
from venire.people.rules import Mark, standing_of
from venire.people.store import changed_account_events, changed_account_writes, load_account
from venire.storage.memory import Memory
from venire.storage.tables.people import STRIKES, StrikeRow
from venire.storage.tables.roll import LIMITED, LimitedRow
from venire.storage.verbs import Delete, Envelope, Put
from venire.storage.world import World

SUSPEND_AT = 20
POINTS = "points"
PENDING = "pending"
SUSPENDED = "suspended"
TERMINATED = "terminated"
SILENCED = "silenced"
SENSITIZED = "sensitized"
DISABLED = "disabled"
LIMITS = (SILENCED, SENSITIZED, DISABLED, SUSPENDED)
"""What a moderator may put on an account; each stands until it is taken back."""
_MOST = 1_000
_TRIES = 8


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


async def settle_limits(
    world: World, account_id: int, case_id: int, wanted: Mapping[str, str]
) -> None:
    """Make the limits of a case on an account what they should be now.

    `wanted`: key -> kind. Told from the present state of the case, so it may be told in any order.
    """
    rows = await world.storage.range(STRIKES, (account_id,), limit=_MOST)
    for row in rows:
        kind, _, key = row.key.partition(":")
        if row.case_id == case_id and kind in LIMITS and not row.undone and key not in wanted:
            await _undo(world, account_id, kind, key)
    for key, kind in wanted.items():
        await _mark(world, _row(world, account_id, kind, key, until_ms=None, case_id=case_id))
    await note_limits(world, account_id)


async def lift_limits(world: World, account_id: int, kind: str, before_ms: int) -> None:
    """Undo every limit of a kind that was given up to a moment, whoever gave it."""
    for row in await world.storage.range(STRIKES, (account_id,), limit=_MOST):
        marked, _, key = row.key.partition(":")
        if marked == kind and not row.undone and row.given_at_ms <= before_ms:
            await _undo(world, account_id, kind, key)
    await note_limits(world, account_id)


async def on_strike_changed(world: World, envelope: Envelope) -> None:
    """Keep an account's own row in step with its standing: that is what every reader obeys."""
    if isinstance(envelope.event, StrikeChanged):
        await note_limits(world, envelope.event.account_id)


async def note_limits(world: World, account_id: int) -> None:
    """Write onto the account which limits it is under; harmless where they stand there."""
    for _ in range(_TRIES):
        account = await load_account(world, account_id)
        if account is None:
            return
        stands = await standing(world, account_id)
        new = msgspec.structs.replace(
            account,
            version=account.version + 1,
            silenced=stands.silenced,
            sensitized=stands.sensitized,
            disabled=stands.disabled,
        )
        row = LimitedRow(SUSPENDED, AccountId(account_id))
        listed = await world.storage.get(LIMITED, (SUSPENDED, account_id)) is not None
        suspended = stands.suspended or stands.terminated
        if msgspec.structs.replace(new, version=account.version) == account and (
            listed == suspended
        ):
            return
        writes = changed_account_writes(account, new)
        if listed != suspended:
            writes.append(Put(LIMITED, row) if suspended else Delete(LIMITED, row))
        try:
            await world.storage.commit(
                f"account:{account_id}",
                writes,
                changed_account_events(account, new),
                expect=account.version,
            )
        except Conflict:
            continue
        return
    raise Conflict("try_again", "This changed meanwhile: try again")


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


_MARKS: Memory[list[StrikeRow]] = Memory()


async def _marks(world: World, account_id: int) -> list[StrikeRow]:
    return await _MARKS.recall(
        world.storage,
        account_id,
        ((STRIKES, (account_id,)),),
        lambda: world.storage.range(STRIKES, (account_id,), limit=_MOST),
    )


async def standing(world: World, account_id: int, *, without_case: int | None = None) -> Standing:
    """How an account stands now. Its marks are kept until one is written; the clock is asked anew.

    `without_case`: the case whose limits are left aside.
    """
    rows = await _marks(world, account_id)
    if without_case is not None:
        rows = [row for row in rows if row.kind not in LIMITS or row.case_id != without_case]
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
