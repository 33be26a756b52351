"""Posts that a member has put out of their own sight."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class HiddenPostRow(msgspec.Struct, frozen=True):
    """A post that one member does not want to see again."""

    account_id: int
    post_id: int
    at_ms: int


HIDDEN_POSTS = Table(
    name="hidden_posts",
    row=HiddenPostRow,
    question="Which posts does this member not want to see?",
    partition=("account_id",),
    clustering=("post_id",),
    aggregate="hidden:{account_id}:{post_id}",
    subject=("account_id",),
    retention="until the member takes it back",
)

TABLES = (HIDDEN_POSTS,)
