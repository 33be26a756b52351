"""Tables of the jury: who serves, and the pools frozen for the draw."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class JurorRow(msgspec.Struct, frozen=True):
    """A member who consented to serve. Kept apart from the account: service is never public.

    `answers_violating` and `answers_clean` count the ballots that the two rates rest on.
    """

    shard: int
    account_id: int
    state: str
    paid: bool
    bench: bool
    trained: bool
    hold_key: bool
    nonce: bytes
    opt_outs: bytes
    consented_at_ms: int
    hit_rate: float
    false_alarm_rate: float
    answers_violating: int
    answers_clean: int
    version: int


class EpochRow(msgspec.Struct, frozen=True):
    """A frozen pool: its root, its salt, and the operator's chain of seeds.

    `next_seed` is committed in this epoch's entry, before the next pool is known. The pool has an
    epoch for each of its sheets, from `epoch` on: `roots` are theirs, 32 bytes each, and `used` of
    them are taken by draws. Its members' rows lie under `members_of`; -1 until they are written.
    `promised`: the seeds that the commitment before this pool leads to.
    """

    shard: int
    epoch: int
    state: str
    size: int
    root: bytes
    salt: bytes
    seed: bytes
    next_seed: bytes
    nonce_root: bytes
    record_index: int | None
    frozen_at_ms: int
    version: int
    roots: bytes
    used: int
    members_of: int
    promised: int


class PoolMemberRow(msgspec.Struct, frozen=True):
    """Who stands behind one pseudonym of a pool."""

    epoch: int
    pool_index: int
    pseudonym: bytes
    account_id: int


JURORS = Table(
    name="jurors",
    row=JurorRow,
    question="Who serves, and how well?",
    partition=("shard",),
    clustering=("account_id",),
    aggregate="juror:{account_id}",
    subject=("account_id",),
    version="version",
    retention="until the member leaves the jury; never in an account export",
)

EPOCHS = Table(
    name="epochs",
    row=EpochRow,
    question="Which pool is in force, and which were before?",
    partition=("shard",),
    clustering=("epoch",),
    descending=True,
    aggregate="epoch:{epoch}",
    version="version",
    retention="for ever",
)

POOL_MEMBERS = Table(
    name="pool_members",
    row=PoolMemberRow,
    question="Who is in the pool of this epoch?",
    partition=("epoch",),
    clustering=("pool_index",),
    aggregate="epoch:{epoch}",
    subject=("account_id",),
    retention="until no draw of the epoch can be appealed",
)

TABLES = (JURORS, EPOCHS, POOL_MEMBERS)
