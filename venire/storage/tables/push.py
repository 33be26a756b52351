"""The table of push subscriptions: where a member's devices are told of notifications."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class PushRow(msgspec.Struct, frozen=True):
    """A subscription, one for each token. `alerts` is JSON: the kinds that are wanted.

    `p256dh` and `auth` are the device's public key and secret (RFC 8291): what is sent can be read
    by the device alone. `standard` false is the draft that older clients speak.
    """

    account_id: int
    token_id: int
    id: int
    endpoint: str
    p256dh: bytes
    auth: bytes
    alerts: bytes
    policy: str
    standard: bool
    locale: str
    created_at_ms: int


PUSH_SUBSCRIPTIONS = Table(
    name="push_subscriptions",
    row=PushRow,
    question="Which devices of this account are told of notifications?",
    partition=("account_id",),
    clustering=("token_id",),
    aggregate="push:{account_id}:{token_id}",
    subject=("account_id",),
    retention="until removed, or its token or its address is gone",
)

TABLES = (PUSH_SUBSCRIPTIONS,)
