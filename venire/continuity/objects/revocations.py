"""What mirrors of public media may not show: followed from events, signed while it is up to date.

A mirror goes by this list alone, so it is not signed while something that happened a minute ago is
not in it: then mirrors stop by themselves within the hour.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from venire.continuity.objects import revocation_lists as lists
from venire.continuity.objects.revocation_lists import Entry, RevocationList
from venire.events import (
    AccountDeleted,
    AccountReturned,
    PostCreated,
    PostDeleted,
    PostEdited,
    PostShown,
    PostWithheld,
    StrikeChanged,
)
from venire.kernel.clock import MINUTE_MS, SECOND_MS
from venire.kernel.errors import Conflict, NotFound, Problem
from venire.kernel.told_once import ToldOnce
from venire.posts import store as posts
from venire.posts.media import showing
from venire.posts.media import store as media
from venire.posts.model import PUBLIC
from venire.record import tree
from venire.record.model import HASH_BYTES, Frontier
from venire.record.note import Signer
from venire.storage.tables.outbox import PARKED
from venire.storage.tables.revocations import (
    REVOCATION_HEADS,
    REVOCATIONS,
    REVOKED_SUBJECTS,
    RevocationHeadRow,
    RevocationRow,
    RevokedSubjectRow,
)
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World

_log = logging.getLogger(__name__)
CURSOR: Final = "revocations"
HEARS: Final = (
    PostCreated,
    PostDeleted,
    PostEdited,
    PostShown,
    PostWithheld,
    AccountDeleted,
    AccountReturned,
    StrikeChanged,
)
EVERY_MS: Final = 20 * SECOND_MS
"""How often a list is signed at least; a mirror asks each minute."""
_LOOK_S: Final = 1.0
_BEHIND_MS: Final = MINUTE_MS
_AGGREGATE: Final = "revocations"
_TRIES: Final = 8
_EVENTS: Final = 1_024
_PAGES: Final = 64
"""So far ahead of the cursor it is looked; who is further behind than that is behind."""
_ENTRIES_AT_ONCE: Final = 40


async def hear(world: World, envelope: Envelope) -> None:
    """Look at what an event is about, as it is now: told twice or late, the outcome is the same."""
    event = envelope.event
    if isinstance(event, AccountDeleted | AccountReturned | StrikeChanged):
        subject = lists.account_subject(event.account_id)
        await _say(world, {subject: not await showing.account_there(world, event.account_id)})
    elif isinstance(event, PostCreated | PostDeleted | PostEdited | PostShown | PostWithheld):
        await _post(world, event.post_id)


async def _post(world: World, post_id: int) -> None:
    post = await posts.load(world, post_id)
    if post is None or post.visibility != PUBLIC:
        # Mirrors find what they show in the public timeline, and nothing else.
        return
    carried = {one.id for one in post.attachments} | set(await media.media_of(world, post_id))
    if carried:
        await _say(
            world,
            {
                lists.medium_subject(one): not await showing.open_to_all(world, one, post_id)
                for one in sorted(carried)
            },
        )


async def _say(world: World, wanted: dict[str, bool]) -> None:
    """Write down what is otherwise than the log says; what it never named is open."""
    for _ in range(_TRIES):
        head = await _head(world)
        entries: list[Entry] = []
        for subject, revoked in wanted.items():
            row = await world.storage.get(REVOKED_SUBJECTS, (subject,))
            if revoked != (row is not None and row.revoked) and len(entries) < _ENTRIES_AT_ONCE:
                entries.append(Entry(head.size + len(entries) + 1, subject, revoked))
        if not entries:
            return
        frontier = lists.extended(_frontier(head), entries)
        writes: list[Write] = []
        for one in entries:
            page = (one.sequence - 1) // lists.PAGE
            writes += [
                Put(REVOCATIONS, RevocationRow(page, one.sequence, one.subject, one.revoked)),
                Put(REVOKED_SUBJECTS, RevokedSubjectRow(one.subject, one.revoked, one.sequence)),
            ]
        changed = RevocationHeadRow(
            id=0,
            version=head.version + 1,
            size=frontier.size,
            peaks=b"".join(frontier.peaks),
            note=head.note,
            issued_at_ms=head.issued_at_ms,
        )
        try:
            await world.storage.commit(
                _AGGREGATE, [Put(REVOCATION_HEADS, changed), *writes], expect=head.version
            )
        except Conflict:
            continue
        if len(entries) < _ENTRIES_AT_ONCE:
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _head(world: World) -> RevocationHeadRow:
    row = await world.storage.get(REVOCATION_HEADS, (0,))
    return RevocationHeadRow(0, 0, 0, b"", b"", 0) if row is None else row


def _frontier(head: RevocationHeadRow) -> Frontier:
    peaks = [head.peaks[at : at + HASH_BYTES] for at in range(0, len(head.peaks), HASH_BYTES)]
    return Frontier(head.size, tuple(peaks))


async def is_up_to_date(world: World) -> bool:
    """Whether everything that happened up to a minute ago is in the log."""
    if await world.storage.range(PARKED, (CURSOR,), limit=1):
        return False
    position = await world.storage.position(CURSOR)
    for _ in range(_PAGES):
        # A cursor is not written down for each event that is nothing to us: many may lie between.
        page = await world.storage.tail(position, _EVENTS)
        if not page:
            return True
        for envelope in page:
            if isinstance(envelope.event, HEARS):
                return world.now_ms() - envelope.at_ms < _BEHIND_MS
        position = page[-1].sequence
    return False


async def issue(world: World, signer: Signer, origin: str, epoch: int) -> bool:
    """Sign the log as it is now. False, and nothing is signed, where it is not up to date."""
    if not await is_up_to_date(world):
        return False
    for _ in range(_TRIES):
        head, now_ms = await _head(world), world.now_ms()
        root = tree.root(_frontier(head))
        made = RevocationList(origin, epoch, head.size, root, now_ms, now_ms + lists.LASTS_MS)
        row = RevocationHeadRow(
            id=0,
            version=head.version + 1,
            size=head.size,
            peaks=head.peaks,
            note=lists.signed(made, signer),
            issued_at_ms=now_ms,
        )
        try:
            await world.storage.commit(
                _AGGREGATE, [Put(REVOCATION_HEADS, row)], expect=head.version
            )
        except Conflict:
            continue
        return True
    return False


async def keep_issued(world: World, signer: Signer, origin: str, epoch: int) -> None:
    """Sign lists until cancelled: each one as soon as it says more. In the leader alone."""
    signed_at_ms, signed_size = -EVERY_MS, -1
    # A host whose site has moved can sign nothing more, and looks each second all the same.
    unsigned = ToldOnce(_log, "revocations_not_signed")
    while True:
        try:
            size, now_ms = (await _head(world)).size, world.now_ms()
            # A clock that was ahead is set right: what it signed is of no use to anybody.
            if size != signed_size or abs(now_ms - signed_at_ms) >= EVERY_MS:
                if await issue(world, signer, origin, epoch):
                    unsigned.is_over()
                else:
                    unsigned.is_so("behind")
                signed_at_ms, signed_size = now_ms, size
        except Problem as problem:
            unsigned.is_so(error=problem)
        await asyncio.sleep(_LOOK_S)


async def newest(world: World) -> bytes:
    """The newest signed list. NotFound `revocations_not_signed`, before the first one."""
    head = await _head(world)
    if not head.note:
        raise NotFound("revocations_not_signed", "the site has just been started: try again")
    return head.note


async def page(world: World, number: int) -> tuple[bytes, bool]:
    """A page of entries, and whether it is full. NotFound `page_not_found`."""
    rows = await world.storage.range(REVOCATIONS, (number,), limit=lists.PAGE)
    if not rows:
        raise NotFound("page_not_found", "there is no such page yet")
    lines = [lists.line(Entry(row.sequence, row.subject, row.revoked)) for row in rows]
    return b"".join(lines), len(rows) == lists.PAGE
