"""Tables of backups: what each restore drill showed, and when each offline key was last proven."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class RestoreDrillRow(msgspec.Struct, frozen=True):
    """One restore from one store into a folder that was thrown away.

    `code` is empty where it passed. `through`: the place in the journal that it was to come to,
    `reached` the one that it came to. `record_size` entries had the right root. `differing`: JSON
    list of the tables whose rows were not as many as on the site.
    """

    store: str
    at_ms: int
    passed: bool
    code: str
    through: int
    reached: int
    record_size: int
    rows: int
    size: int
    took_ms: int
    differing: bytes


class KeyProofRow(msgspec.Struct, frozen=True):
    """The last time that somebody opened a backup with the other half of an age public key."""

    recipient: str
    at_ms: int


RESTORE_DRILLS = Table(
    name="restore_drills",
    row=RestoreDrillRow,
    question="Could the site be restored from this store, and when?",
    partition=("store",),
    clustering=("at_ms",),
    descending=True,
    aggregate="restore_drill:{store}",
    retention="two years",
    expires=True,
)
KEY_PROOFS = Table(
    name="key_proofs",
    row=KeyProofRow,
    question="When was this backup key last proven to be there?",
    partition=("recipient",),
    aggregate="key_proof:{recipient}",
    retention="as long as the site",
)

TABLES = (RESTORE_DRILLS, KEY_PROOFS)
