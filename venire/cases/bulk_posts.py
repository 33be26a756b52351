"""What a bulk act does to one post, by its case; and how that is taken back. Both may be retold."""

from __future__ import annotations

from venire.cases import intake, moderators, putting_back, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Case, Source, Subject
from venire.kernel.errors import Conflict, Forbidden, NotFound
from venire.people.model import ADMIN, MEMBER
from venire.people.store import load_account
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED, Post
from venire.storage.tables.bulk import BulkRow

_COPIES = 1_000
_JURIES = frozenset({"panel", "bench", "appeal"})


async def remove(court: Court, row: BulkRow, post_id: int) -> str:
    """Remove a post by its case; empty when done, else why it is left alone."""
    actor_id = row.confirmed_by or row.actor_id
    post = await posts.load(court.world, post_id)
    if post is None or post.state == DELETED or post.visibility not in LISTED:
        return "gone"
    if post.author_id == actor_id:
        return "own"
    if await _outranks(court, actor_id, post):
        return "staff"
    source = _source(row)
    case = await store.case_of_subject(court.world.storage, "post", post.id)
    if case is not None:
        why = await _why_not(court, row, case, source)
        if why:
            return why
    subject = Subject("post", post.id, post.author_id)
    case = await intake.note_source(court.world, court.policy, subject, source)
    try:
        await moderators.act(
            court,
            case.public_id,
            actor_id=actor_id,
            action="remove",
            reason=row.reason,
            category=row.category,
            how=moderators.How(untold=row.untold),
        )
    except (Conflict, Forbidden, NotFound) as refused:
        # Done by an earlier try, or as a copy of one that was; else why it is left, so that one
        # post that nobody may touch does not stop those after it.
        return "" if refused.code == "nothing_to_change" else refused.code
    return ""


def _source(row: BulkRow) -> Source:
    """The word of a bulk act on a case: the same however often it is tried."""
    return Source(
        kind="moderator",
        ref=f"bulk:{row.id}",
        category=row.category,
        at_ms=row.at_ms,
        body={"reason": row.reason},
    )


async def _outranks(court: Court, actor_id: int, post: Post) -> bool:
    author = await load_account(court.world, post.author_id)
    if author is None or author.role == MEMBER:
        return False
    actor = await load_account(court.world, actor_id)
    return actor is None or actor.role != ADMIN


async def _why_not(court: Court, row: BulkRow, case: Case, source: Source) -> str:
    if await store.has_source(court.world.storage, case.id, source):
        return ""
    if SEALED in case.categories:
        return "sealed"
    if case.appeal is not None:
        return "appealed"
    if case.state == "decided" and case.verdict == "keeps" and case.judged_by in _JURIES:
        # What jurors have kept is not swept away with a hundred others: it is looked at by itself.
        return "kept_by_jury"
    copied = case.judged_by == "bank" and (case.measured_at_ms or 0) >= row.at_ms
    return "removed_before" if case.measure == "remove" and not copied else ""


async def put_back(court: Court, row: BulkRow, post_id: int) -> str:
    """Bring a post back in place, with its points, and the copies that went with it.

    Empty when it is back, else why it is not.
    """
    case = await store.case_of_subject(court.world.storage, "post", post_id)
    if case is None or not await store.has_source(court.world.storage, case.id, _source(row)):
        return ""
    reason = f"What was removed with the bulk act {row.id} is put back."
    undo = putting_back.Undo(row.actor_id, row.category, reason)
    why = await putting_back.put_back(court, case.id, undo)
    if why not in {"", putting_back.JUDGED}:
        return why
    for copy in await store.copies_of(court.world.storage, case.public_id, _COPIES):
        if copy.judged_by == "bank" and (copy.measured_at_ms or 0) >= row.at_ms:
            # Each by itself: why one stays removed does not hold up the others.
            await putting_back.put_back(court, copy.id, undo)
    return why
