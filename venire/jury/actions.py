"""Consent, appointment, and the freezing of pools: check, load, decide, save, announce."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Protocol

import msgspec

from venire.events import EpochFrozen
from venire.jury import pool, rules, store
from venire.jury.draw import order, seed_commitment, weaker_randomness
from venire.jury.model import Juror
from venire.kernel.errors import Conflict, NotFound, Unavailable
from venire.people import store as people
from venire.people.standing import standing as member_standing
from venire.record.actions import Sequencer
from venire.record.entry import commit_all, encode_entry
from venire.record.headers import hour_of
from venire.storage.tables.jury import EpochRow, PoolMemberRow
from venire.storage.world import World

_SEED_BYTES = 32
_NONCE_BYTES = 32
_PART = 80
_TRIES = 10
_freezing = asyncio.Lock()


class Conditions(Protocol):
    """What the policy asks of a juror (`policy.toml`, section `jury`)."""

    @property
    def minimum_age(self) -> int:
        """Years."""

    @property
    def minimum_account_days(self) -> int:
        """Days."""


class Standing(msgspec.Struct, frozen=True):
    """How a member stands with the jury; told to nobody else."""

    state: str
    bench: bool = False
    paid: bool = False
    opt_outs: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    served_today: int = 0


class Pool(msgspec.Struct, frozen=True):
    """A pool in force, as the draw uses it: by index, ascending pseudonyms and who they are."""

    epoch: int
    root: bytes
    randomness: bytes
    pseudonyms: tuple[bytes, ...]
    accounts: tuple[int, ...]

    def drawn(self, case: str, batch: int = 0) -> list[int]:
        """Every index in the order of this case's draw (`draw.order`)."""
        return order(self.pseudonyms, self.randomness, case, self.root, batch)


def waivers_of(world: World) -> rules.Waivers:
    """What the profile sets aside."""
    return rules.ACCEPTANCE if world.site.acceptance else rules.NO_WAIVERS


async def _standing_of(world: World, account_id: int) -> rules.Standing | None:
    account = await people.load_account(world, account_id)
    login = await people.load_login(world, account_id)
    if account is None or login is None or account.state != "active":
        return None
    marks = await member_standing(world, account_id)
    if marks.suspended or marks.terminated:
        # A seat that its holder may not take would only make everyone else wait.
        return None
    # Only the year is kept: counted from its last day, nobody sits a day too young.
    born = None if login.birth_year is None else dt.date(login.birth_year, 12, 31)
    contact = login.confirmed_at_ms is not None
    return rules.Standing(account.created_at_ms, contact, born, account.minor)


async def unfit_for(world: World, conditions: Conditions, juror: Juror) -> tuple[str, ...]:
    """Why a juror may not enter the next pool; empty when nothing stands against it."""
    known = await _standing_of(world, juror.account_id)
    if known is None:
        return ("not_active",)
    return rules.unfit_for(
        juror,
        known,
        now_ms=world.now_ms(),
        waivers=waivers_of(world),
        minimum_age=conditions.minimum_age,
        minimum_account_days=conditions.minimum_account_days,
    )


async def standing(world: World, conditions: Conditions, account_id: int) -> Standing:
    """How an account stands with the jury."""
    juror = await store.load(world.storage, account_id)
    if juror is None:
        return Standing("none")
    missing = await unfit_for(world, conditions, juror)
    return Standing(juror.state, juror.bench, juror.paid, juror.opt_outs, missing)


async def _change(world: World, account_id: int, change: dict[str, object]) -> None:
    for _ in range(_TRIES):
        row = await store.load_row(world.storage, account_id)
        if row is None:
            juror = Juror(
                account_id=account_id,
                state="active",
                consented_at_ms=world.now_ms(),
                nonce=world.chance.token(_NONCE_BYTES),
            )
        else:
            juror = store.juror_of(row)
        version = 0 if row is None else row.version
        changed = msgspec.structs.replace(juror, **change)
        try:
            await world.storage.commit(
                f"juror:{account_id}", [store.put_juror(changed, version + 1)], expect=version
            )
        except Conflict:
            continue
        return
    raise Unavailable("juror_busy", "try again in a moment")


async def opt_in(world: World, account_id: int, *, opt_outs: frozenset[str]) -> None:
    """Consent to serve. Whatever is still missing for a seat is said by `standing`."""
    if await people.load_account(world, account_id) is None:
        raise NotFound("record_not_found", "Record not found")
    juror = await store.load(world.storage, account_id)
    retraining = juror is not None and juror.state == "retraining"
    await _change(
        world,
        account_id,
        {
            # Consent alone does not end a retraining.
            "state": "retraining" if retraining else "active",
            "opt_outs": opt_outs,
            "consented_at_ms": world.now_ms(),
        },
    )


async def opt_out(world: World, account_id: int) -> None:
    """Leave: no new draw reaches this member, from the next pool on."""
    if await store.load(world.storage, account_id) is not None:
        await _change(world, account_id, {"state": "left"})


async def appoint(world: World, account_id: int, *, bench: bool, paid: bool) -> None:
    """Make an account a trained juror, by an operator; on the bench if so asked."""
    if await people.load_account(world, account_id) is None:
        raise NotFound("record_not_found", "there is no such account")
    await _change(world, account_id, {"bench": bench, "paid": paid, "trained": True})


async def bench(world: World) -> list[Juror]:
    """The jurors of last resort who serve now."""
    found = await store.everyone(world.storage)
    return [juror for juror in found if juror.bench and juror.state == "active"]


# pools


class Settings(Protocol):
    """The parts of the policy that a freeze needs."""

    @property
    def version(self) -> str:
        """The policy's version, for the entry's header."""

    @property
    def jury(self) -> Conditions:
        """Who may serve."""


async def freeze(
    world: World,
    sequencer: Sequencer,
    policy: Settings,
    *,
    frozen_by: str,
) -> EpochRow:
    """Freeze the next pool: seal it, put its root into the record, bring it into force.

    A freeze that died on its way is finished first, with the seed and salt it began with. The
    bench is not in the pool: who decides what a panel could not was on no panel.
    """
    async with _freezing:
        newest = await store.newest_epochs(world.storage, 1)
        if newest and newest[0].state != "frozen":
            return await _finish(world, sequencer, policy, newest[0], frozen_by)
        begun = await _begin(world, newest[0] if newest else None)
        return await _finish(world, sequencer, policy, begun, frozen_by)


async def _begin(world: World, before: EpochRow | None) -> EpochRow:
    row = EpochRow(
        shard=store.EPOCH_SHARD,
        epoch=0 if before is None else before.epoch + 1,
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
    )
    await world.storage.commit(f"epoch:{row.epoch}", [store.put_epoch(row)], expect=0)
    return row


async def _finish(
    world: World, sequencer: Sequencer, policy: Settings, row: EpochRow, frozen_by: str
) -> EpochRow:
    if row.state == "freezing":
        row = await _seal(world, policy.jury, row)
    header = {
        "type": "epoch",
        "hour": hour_of(row.frozen_at_ms),
        "rules": policy.version,
        "epoch": row.epoch,
        "root": row.root.hex(),
        "size": row.size,
        "frozen_by": frozen_by,
        "nonces_root": row.nonce_root.hex(),
        "seed_commitment": seed_commitment(row.next_seed).hex(),
        "strength": "weaker",
    }
    ended = await store.epoch(world.storage, row.epoch - 1) if row.epoch else None
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
    """Write down who is in, then the root over them: from here on the pool cannot change."""
    nonces: dict[int, bytes] = {}
    if row.epoch:
        for juror in await store.everyone(world.storage):
            if not juror.bench and not await unfit_for(world, conditions, juror):
                nonces[juror.account_id] = juror.nonce
    frozen = pool.freeze(row.epoch, row.salt, nonces)
    members = [
        PoolMemberRow(row.epoch, entry.index, bytes.fromhex(entry.pseudonym), account_id)
        for entry, account_id in zip(frozen.entries, frozen.accounts, strict=True)
    ]
    for start in range(0, len(members), _PART):
        await world.storage.commit(
            f"epoch:{row.epoch}", store.put_members(members[start : start + _PART])
        )
    sealed = msgspec.structs.replace(
        row,
        state="sealed",
        size=len(members),
        root=frozen.root,
        nonce_root=frozen.nonce_root,
        version=row.version + 1,
    )
    await world.storage.commit(f"epoch:{row.epoch}", [store.put_epoch(sealed)], expect=row.version)
    return sealed


class Pools:
    """The frozen pools that draws are using, kept in memory: they never change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[int, Pool] = {}

    async def current(self) -> Pool | None:
        """The pool in force, None before the first one that has anyone in it."""
        for row in await store.newest_epochs(self._world.storage, 3):
            if row.state == "frozen":
                return await self.of(row.epoch) if row.size else None
        return None

    async def of(self, epoch: int) -> Pool:
        """The pool of an epoch. Raises NotFound `epoch_not_found`."""
        kept = self._kept.get(epoch)
        if kept is not None:
            return kept
        row = await store.epoch(self._world.storage, epoch)
        if row is None or row.state != "frozen":
            raise NotFound("epoch_not_found", "no pool was frozen for this epoch")
        members = await store.members(self._world.storage, epoch, row.size)
        loaded = Pool(
            epoch=epoch,
            root=row.root,
            randomness=weaker_randomness(row.seed, row.nonce_root),
            pseudonyms=tuple(member.pseudonym for member in members),
            accounts=tuple(member.account_id for member in members),
        )
        while len(self._kept) > 3:  # noqa: PLR2004 - the rounds still open rarely span more
            self._kept.pop(min(self._kept))
        self._kept[epoch] = loaded
        return loaded


async def pool_document(world: World, epoch: int) -> bytes:
    """`/record/pool/EPOCH`: the pool as published; its seed once the next epoch has begun."""
    row = await store.epoch(world.storage, epoch)
    if row is None or row.state != "frozen":
        raise NotFound("epoch_not_found", "no pool was frozen for this epoch")
    members = await store.members(world.storage, epoch, row.size)
    following = await store.epoch(world.storage, epoch + 1)
    ended = following is not None and following.state == "frozen"
    document = pool.PoolDocument(
        epoch=epoch,
        frozen_at_ms=row.frozen_at_ms,
        root=row.root.hex(),
        size=row.size,
        nonce_root=row.nonce_root.hex(),
        seed_commitment=seed_commitment(row.seed).hex(),
        next_seed_commitment=seed_commitment(row.next_seed).hex(),
        pseudonyms=tuple(member.pseudonym.hex() for member in members),
        seed=row.seed.hex() if ended else None,
    )
    return msgspec.json.encode(document)


async def keep_epochs(
    world: World, sequencer: Sequencer, policy: Settings, epoch_minutes: int
) -> None:
    """Freeze pools by the clock, for ever: the leader's task."""
    while True:
        newest = await store.newest_epochs(world.storage, 1)
        due_ms = newest[0].frozen_at_ms + epoch_minutes * 60_000 if newest else 0
        if not newest or newest[0].state != "frozen" or world.now_ms() >= due_ms:
            await freeze(world, sequencer, policy, frozen_by="clock")
        await asyncio.sleep(5)
