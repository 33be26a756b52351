"""The table of posts that are to be published later."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class ScheduledRow(msgspec.Struct, frozen=True):
    """A planned post: `draft` is JSON. `state` is waiting, publishing, refused or gone.

    `post_id` is the id under which it is being published, `refusal` the code and the sentence of
    why it was not.
    """

    account_id: int
    id: int
    version: int
    state: str
    at_ms: int
    draft: bytes
    post_id: int | None
    refusal: str | None


SCHEDULED = Table(
    name="scheduled_posts",
    row=ScheduledRow,
    question="Which posts has this account planned?",
    partition=("account_id",),
    clustering=("id",),
    descending=True,
    aggregate="scheduled:{account_id}:{id}",
    subject=("account_id",),
    version="version",
    retention="until published, taken back, or the account is erased",
    wide=True,
)

TABLES = (SCHEDULED,)
