"""Freezing pools, and the frozen ones in use: who is in, on which sheets, by which seeds."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import Literal

import msgspec

from venire.events import EpochFrozen
from venire.jury import pool, sheets, store
from venire.jury.actions import Conditions, Settings, unfit_for
from venire.jury.draw import order, weaker_randomness
from venire.kernel.errors import Conflict, NotFound, Unavailable
from venire.record.actions import Sequencer
from venire.record.entry import commit_all, encode_entry
from venire.record.headers import hour_of
from venire.storage.tables.jury import EpochRow, PoolMemberRow
from venire.storage.world import World

FrozenBy = Literal["clock", "admin", "draw"]
_SEED_BYTES = 32
_PART = 80
_TRIES = 10
_POOLS_KEPT = 4
_SHEETS_KEPT = 16
_OFF_THE_LOOP = 2_000
"""Members from which on a sheet is written in another thread: it takes milliseconds."""
_OTHERS_S = 1.0
_freezing = asyncio.Lock()


async def freeze(
    world: World,
    sequencer: Sequencer,
    policy: Settings,
    *,
    frozen_by: FrozenBy,
) -> EpochRow:
    """Freeze the next pool: seal it, put its roots into the record, bring it into force.

    A freeze that died on its way is finished first, with the seed and salt it began with. The
    bench is not in the pool: who decides what a panel could not was on no panel. By `draw`, when a
    pool's sheets are used up, the same members are written on new ones.
    """
    async with _freezing:
        for _ in range(_TRIES):
            try:
                return await _next(world, sequencer, policy, frozen_by)
            except Conflict as conflict:
                if conflict.code != "version_moved":
                    raise
            await _let_others(world)
    raise Unavailable("pool_busy", "try again in a moment")


async def _let_others(world: World) -> None:
    """Another process freezes too: as long as it comes on, it is waited for."""
    seen: EpochRow | None = None
    while True:
        (newest,) = await store.newest_epochs(world.storage, 1)
        if newest.state == "frozen" or newest == seen:
            return
        seen = newest
        await asyncio.sleep(_OTHERS_S)


async def _next(
    world: World, sequencer: Sequencer, policy: Settings, frozen_by: FrozenBy
) -> EpochRow:
    newest = await store.newest_epochs(world.storage, 1)
    if newest and newest[0].state != "frozen":
        return await _finish(world, sequencer, policy, newest[0], frozen_by)
    if frozen_by == "draw" and newest and newest[0].used < _sheets_of(newest[0]):
        return newest[0]
    begun = await _begin(world, newest[0] if newest else None, again=frozen_by == "draw")
    return await _finish(world, sequencer, policy, begun, frozen_by)


def _sheets_of(row: EpochRow) -> int:
    return len(sheets.split(row.roots))


def _promised(before: EpochRow | None) -> int:
    """How many seeds the commitment before a pool leads to; one where there was no chain yet."""
    return sheets.SHEETS if before is not None and before.roots else 1


async def _begin(world: World, before: EpochRow | None, *, again: bool) -> EpochRow:
    row = EpochRow(
        shard=store.EPOCH_SHARD,
        epoch=0 if before is None else before.epoch + max(1, _sheets_of(before)),
        state="freezing",
        size=0,
        root=b"",
        salt=world.chance.token(pool.SALT_BYTES),
        seed=world.chance.token(_SEED_BYTES) if before is None else before.next_seed,
        next_seed=world.chance.token(_SEED_BYTES),
        nonce_root=b"",
        record_index=None,
        frozen_at_ms=world.now_ms(),
        version=1,
        roots=b"",
        used=0,
        members_of=before.members_of if again and before is not None else -1,
        promised=_promised(before),
    )
    await world.storage.commit(f"epoch:{row.epoch}", [store.put_epoch(row)], expect=0)
    return row


async def _finish(
    world: World, sequencer: Sequencer, policy: Settings, row: EpochRow, frozen_by: FrozenBy
) -> EpochRow:
    if row.state == "freezing":
        row = await _seal(world, policy.jury, row)
    written = sheets.split(row.roots)
    header = {
        "type": "epoch",
        "hour": hour_of(row.frozen_at_ms),
        "rules": policy.version,
        "epoch": row.epoch,
        "root": row.root.hex(),
        "size": row.size,
        "frozen_by": frozen_by,
        "nonces_root": row.nonce_root.hex(),
        "sheets": len(written),
        "sheets_root": sheets.root_of_sheets(written).hex(),
        "seed_commitment": sheets.commitment(row.next_seed).hex(),
    }
    ended = await store.epoch_with(world.storage, row.epoch - 1) if row.epoch else None
    if ended is not None:
        header["seed"] = ended.seed.hex()
    index = await sequencer.append(
        f"epoch:{row.epoch}", encode_entry(header, commit_all({}, row.salt))
    )
    frozen = msgspec.structs.replace(
        row, state="frozen", record_index=index, version=row.version + 1
    )
    await world.storage.commit(
        f"epoch:{row.epoch}",
        [store.put_epoch(frozen)],
        [EpochFrozen(row.epoch)],
        expect=row.version,
    )
    return frozen


async def _seal(world: World, conditions: Conditions, row: EpochRow) -> EpochRow:
    """Write down who is in, then the roots over them: from here on the pool cannot change."""
    if row.members_of >= 0:
        earlier = await store.epoch(world.storage, row.members_of)
        if earlier is None:
            raise NotFound("epoch_not_found", "no pool was frozen for this epoch")
        members = await store.members(world.storage, earlier.epoch, earlier.size)
        root, nonce_root, members_of = earlier.root, earlier.nonce_root, earlier.epoch
    else:
        frozen = pool.freeze(row.epoch, row.salt, await _fit(world, conditions, row.epoch))
        members = [
            PoolMemberRow(row.epoch, entry.index, bytes.fromhex(entry.pseudonym), account_id)
            for entry, account_id in zip(frozen.entries, frozen.accounts, strict=True)
        ]
        for start in range(0, len(members), _PART):
            # Each part moves the version: of two processes that write members, one finds out.
            part = store.put_members(members[start : start + _PART])
            version, row = row.version, msgspec.structs.replace(row, version=row.version + 1)
            writes = [store.put_epoch(row), *part]
            await world.storage.commit(f"epoch:{row.epoch}", writes, expect=version)
        root, nonce_root, members_of = frozen.root, frozen.nonce_root, row.epoch
    count = sheets.sheets_for(len(members), row.promised)
    names = [member.pseudonym for member in members]
    sealed = msgspec.structs.replace(
        row,
        state="sealed",
        size=len(members),
        root=root,
        nonce_root=nonce_root,
        version=row.version + 1,
        members_of=members_of,
        roots=await asyncio.to_thread(sheets.roots, row.salt, names, count),
    )
    await world.storage.commit(f"epoch:{row.epoch}", [store.put_epoch(sealed)], expect=row.version)
    return sealed


async def _fit(world: World, conditions: Conditions, epoch: int) -> dict[int, bytes]:
    """Who may enter, each with the nonce they gave. The first pool has nobody in it.

    Its seed was committed to by nobody before.
    """
    nonces: dict[int, bytes] = {}
    for juror in await store.everyone(world.storage) if epoch else []:
        if not juror.bench and not await unfit_for(world, conditions, juror):
            nonces[juror.account_id] = juror.nonce
    return nonces


class Frozen(msgspec.Struct, frozen=True, dict=True):
    """The members of a pool, as long as they are the same ones: who they are, in its order."""

    epoch: int
    names: tuple[bytes, ...]
    accounts: tuple[int, ...]

    @cached_property
    def places(self) -> dict[int, int]:
        """From an account to its place among the members."""
        return {account: place for place, account in enumerate(self.accounts)}

    @cached_property
    def shards(self) -> dict[int, frozenset[int]]:
        """The members by the part of the jurors in which they lie."""
        parts: dict[int, set[int]] = {}
        for account in self.accounts:
            parts.setdefault(store.shard_of(account), set()).add(account)
        return {shard: frozenset(accounts) for shard, accounts in parts.items()}


class Pool(msgspec.Struct, frozen=True, dict=True):
    """A sheet, as one draw uses it: by index, ascending pseudonyms and who they are."""

    epoch: int
    root: bytes
    seed: bytes
    randomness: bytes
    pseudonyms: tuple[bytes, ...]
    accounts: tuple[int, ...]
    secret: bytes
    """Fixed with the pool: what the decoys of a draw follow from."""

    @cached_property
    def places(self) -> dict[int, int]:
        """From an account to its index."""
        return {account: index for index, account in enumerate(self.accounts)}

    @cached_property
    def orders(self) -> dict[tuple[bytes, str, int], list[int]]:
        """What `drawn` has worked out."""
        return {}

    async def drawn(self, case: str, batch: int = 0, randomness: bytes = b"") -> list[int]:
        """Every index in the order of this case's draw (`draw.order`).

        Without `randomness` by the weaker one, as draws were before they said which.
        """
        key = (randomness or self.randomness, case, batch)
        there = self.orders.get(key)
        if there is None:
            there = await _apart(
                len(self.accounts), order, self.pseudonyms, key[0], case, self.root, batch
            )
            self.orders[key] = there
        return there


async def _apart(size: int, work: Callable[..., list[int]], *given: object) -> list[int]:
    """Work on so many members: in a thread of its own where that would make others wait."""
    if size < _OFF_THE_LOOP:
        return work(*given)
    return await asyncio.to_thread(work, *given)


class Pools:
    """The frozen pools that draws are using, kept in memory: they never change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._frozen: OrderedDict[int, Frozen] = OrderedDict()
        self._kept: OrderedDict[int, Pool] = OrderedDict()

    async def current(self) -> Frozen | None:
        """The pool in force, None before the first one that has anyone in it."""
        for row in await store.newest_epochs(self._world.storage, 3):
            if row.state == "frozen":
                return await self._members(row) if row.size else None
        return None

    async def take(self) -> Pool | None:
        """Use up the next sheet of the pool in force; None when there is none left of it.

        It is gone whatever becomes of the draw: no two draws may share one.
        """
        for _ in range(_TRIES):
            newest = await store.newest_epochs(self._world.storage, 3)
            row = next((row for row in newest if row.state == "frozen"), None)
            if row is None or row.used >= _sheets_of(row):
                return None
            claimed = msgspec.structs.replace(row, used=row.used + 1, version=row.version + 1)
            try:
                await self._world.storage.commit(
                    f"epoch:{row.epoch}", [store.put_epoch(claimed)], expect=row.version
                )
            except Conflict:
                continue
            return await self.of(row.epoch + row.used)
        raise Unavailable("pool_busy", "try again in a moment")

    async def of(self, epoch: int) -> Pool:
        """The sheet of an epoch. Raises NotFound `epoch_not_found`."""
        kept = self._kept.get(epoch)
        if kept is not None:
            self._kept.move_to_end(epoch)
            return kept
        row = await _row_of(self._world, epoch)
        members = await self._members(row)
        if row.roots:
            place = epoch - row.epoch
            written = await _written(row, members, place)
            seed = sheets.seed_of(row.seed, place, row.promised)
            root = sheets.split(row.roots)[place]
        else:
            # From before there were sheets: a round of that time is still being judged.
            written = sheets.Sheet(members.names, tuple(range(row.size)))
            seed, root = row.seed, row.root
        loaded = Pool(
            epoch=epoch,
            root=root,
            seed=seed,
            randomness=weaker_randomness(seed, row.nonce_root),
            pseudonyms=written.pseudonyms,
            accounts=tuple(members.accounts[member] for member in written.members),
            secret=row.salt,
        )
        self._kept[epoch] = loaded
        while len(self._kept) > _SHEETS_KEPT:
            self._kept.popitem(last=False)
        return loaded

    async def is_in_force(self, epoch: int) -> bool:
        """Whether an epoch's members are those of the newest pool, or of the one before it.

        A draw may reach the record just after a freeze; no pool of days ago may.
        """
        storage = self._world.storage
        row = await _row_of(self._world, epoch)
        newest = await store.newest_epochs(storage, 3)
        frozen = next((one for one in newest if one.state == "frozen"), None)
        if frozen is None or not row.roots:
            return frozen is not None
        before = await store.epoch_with(storage, frozen.members_of - 1)
        return row.members_of in {frozen.members_of, before.members_of if before else None}

    async def _members(self, row: EpochRow) -> Frozen:
        epoch = row.members_of if row.roots else row.epoch
        kept = self._frozen.get(epoch)
        if kept is None:
            there = await store.members(self._world.storage, epoch, row.size)
            kept = Frozen(
                epoch,
                tuple(member.pseudonym for member in there),
                tuple(member.account_id for member in there),
            )
            self._frozen[epoch] = kept
            while len(self._frozen) > _POOLS_KEPT:
                self._frozen.popitem(last=False)
        return kept

    async def document(self, epoch: int) -> bytes:
        """`/record/pool/EPOCH`: a sheet as published. Raises NotFound `epoch_not_found`."""
        row = await _row_of(self._world, epoch)
        sheet = await self.of(epoch)
        roots = sheets.split(row.roots) or [row.root]
        return msgspec.json.encode(
            pool.PoolDocument(
                epoch=epoch,
                pool=row.epoch,
                frozen_at_ms=row.frozen_at_ms,
                root=sheet.root.hex(),
                size=row.size,
                nonces_root=row.nonce_root.hex(),
                roots=tuple(root.hex() for root in roots),
                pseudonyms=tuple(name.hex() for name in sheet.pseudonyms),
            )
        )


async def _written(row: EpochRow, members: Frozen, place: int) -> sheets.Sheet:
    if row.size < _OFF_THE_LOOP:
        return sheets.sheet(row.salt, place, members.names)
    return await asyncio.to_thread(sheets.sheet, row.salt, place, members.names)


async def _row_of(world: World, epoch: int) -> EpochRow:
    """The pool that has an epoch among its sheets. Raises NotFound `epoch_not_found`."""
    row = await store.epoch_with(world.storage, epoch)
    there = row is not None and row.state == "frozen"
    if row is None or not there or epoch - row.epoch >= max(1, _sheets_of(row)):
        raise NotFound("epoch_not_found", "no pool was frozen for this epoch")
    return row
