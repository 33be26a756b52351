"""Tables of objects in several stores: what each one has, what is still to be done there."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class StoredObjectRow(msgspec.Struct, frozen=True):
    """An object, and which of the stores outside have it (`stores`: their names, with commas).

    `kind`: evidence or media. `slot`: the first two digits of the key, as a number. `state`:
    coming (announced), kept, missing (nobody has it) or gone (to be removed everywhere; `stores`
    are those that may still have it). `sealed_key` and `sealed_size` are of what leaves the host,
    empty and 0 until it was sealed. `due_at_ms`: its place in the queue, None where nothing is to
    be done.
    """

    kind: str
    slot: int
    key: str
    version: int
    state: str
    size: int
    sealed_key: str
    sealed_size: int
    stores: str
    changed_at_ms: int
    due_at_ms: int | None
    tries: int


class ObjectDueRow(msgspec.Struct, frozen=True):
    """An object with something to be done in a store, spread over lanes by its key."""

    lane: int
    due_at_ms: int
    kind: str
    key: str


class ObjectManifestRow(msgspec.Struct, frozen=True):
    """What there was on a day: `root` is the Merkle root (RFC 6962) over all objects in order.

    The list itself is DATA/manifests/KIND.txt, until the next one. `stores` is JSON: a
    `continuity.object_manifests.StoreReport` by the store's name.
    """

    kind: str
    at_ms: int
    objects: int
    size: int
    root: bytes
    stores: bytes


STORED_OBJECTS = Table(
    name="stored_objects",
    row=StoredObjectRow,
    question="Which stores have this object?",
    partition=("kind", "slot"),
    clustering=("key",),
    aggregate="stored:{kind}:{key}",
    version="version",
    retention="as the object; 90 days after it is gone everywhere",
)
OBJECTS_DUE = Table(
    name="objects_due",
    row=ObjectDueRow,
    question="Which objects are to be copied or removed next?",
    partition=("lane",),
    clustering=("due_at_ms", "kind", "key"),
    aggregate="stored:{kind}:{key}",
    retention="until every store has done it",
)
OBJECT_MANIFESTS = Table(
    name="object_manifests",
    row=ObjectManifestRow,
    question="What did the stores have when they were last compared?",
    partition=("kind",),
    clustering=("at_ms",),
    descending=True,
    aggregate="manifest:{kind}",
    retention="400 days",
    expires=True,
)

TABLES = (STORED_OBJECTS, OBJECTS_DUE, OBJECT_MANIFESTS)
