"""The only opener of the jury's tables."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.jury.model import Juror, Rates, clip
from venire.kernel.ids import id_ms
from venire.storage.tables.jury import (
    EPOCHS,
    JURORS,
    POOL_MEMBERS,
    EpochRow,
    JurorRow,
    PoolMemberRow,
)
from venire.storage.verbs import Put, Storage, Write

_SHARDS = 16
EPOCH_SHARD = 0


def shard_of(account_id: int) -> int:
    """The part of the jurors that an account lies in."""
    # By the moment, not the low bits: those are a sequence that is nearly always 0.
    return id_ms(account_id) % _SHARDS


async def load_row(storage: Storage, account_id: int) -> JurorRow | None:
    """A juror's row."""
    return await storage.get(JURORS, (shard_of(account_id), account_id))


async def load(storage: Storage, account_id: int) -> Juror | None:
    """A juror."""
    row = await load_row(storage, account_id)
    return None if row is None else juror_of(row)


def juror_of(row: JurorRow) -> Juror:
    """The noun of a row."""
    return Juror(
        account_id=row.account_id,
        state=row.state,  # type: ignore[arg-type]  # written from the same literal
        consented_at_ms=row.consented_at_ms,
        nonce=row.nonce,
        trained=row.trained,
        paid=row.paid,
        bench=row.bench,
        hold_key=row.hold_key,
        opt_outs=frozenset(msgspec.json.decode(row.opt_outs, type=list[str])),
        rates=Rates(
            clip(row.hit_rate),
            clip(row.false_alarm_rate),
            row.answers_violating,
            row.answers_clean,
        ),
    )


def put_juror(juror: Juror, version: int) -> Write:
    """The write of a juror at a version."""
    row = JurorRow(
        shard=shard_of(juror.account_id),
        account_id=juror.account_id,
        state=juror.state,
        paid=juror.paid,
        bench=juror.bench,
        trained=juror.trained,
        hold_key=juror.hold_key,
        nonce=juror.nonce,
        opt_outs=msgspec.json.encode(sorted(juror.opt_outs)),
        consented_at_ms=juror.consented_at_ms,
        hit_rate=juror.rates.h,
        false_alarm_rate=juror.rates.f,
        answers_violating=juror.rates.n_violating,
        answers_clean=juror.rates.n_clean,
        version=version,
    )
    return Put(JURORS, row)


async def everyone(storage: Storage) -> list[Juror]:
    """Every juror there is: for freezing a pool, and for the operator's list."""
    return [juror for shard in range(_SHARDS) for juror in await of_shard(storage, shard)]


async def of_shard(storage: Storage, shard: int) -> list[Juror]:
    """One part of the jurors."""
    found: list[Juror] = []
    above: tuple[int] | None = None
    while True:
        rows = await storage.range(JURORS, (shard,), above=above, limit=500)
        found += [juror_of(row) for row in rows]
        if len(rows) < 500:  # noqa: PLR2004 - a short page is the last
            return found
        above = (rows[-1].account_id,)


async def newest_epochs(storage: Storage, limit: int = 2) -> list[EpochRow]:
    """The last epochs, newest first, unfinished ones too."""
    return await storage.range(EPOCHS, (EPOCH_SHARD,), limit=limit)


async def epoch(storage: Storage, number: int) -> EpochRow | None:
    """One epoch."""
    return await storage.get(EPOCHS, (EPOCH_SHARD, number))


async def epoch_with(storage: Storage, number: int) -> EpochRow | None:
    """The pool that an epoch belongs to: the newest one that does not begin after it."""
    rows = await storage.range(EPOCHS, (EPOCH_SHARD,), below=(number + 1,), limit=1)
    return rows[0] if rows else None


def put_epoch(row: EpochRow) -> Write:
    """The write of an epoch."""
    return Put(EPOCHS, row)


def put_members(rows: Sequence[PoolMemberRow]) -> list[Write]:
    """The writes of part of a pool."""
    return [Put(POOL_MEMBERS, row) for row in rows]


async def members(storage: Storage, number: int, size: int) -> list[PoolMemberRow]:
    """Everyone in a pool, in its order."""
    return await storage.range(POOL_MEMBERS, (number,), limit=max(size, 1))
