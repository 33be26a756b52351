"""What was removed is remembered, and its copies are looked for: those there, and those to come."""

from __future__ import annotations

import asyncio
from typing import cast

from venire.cases import intake, store
from venire.cases.court import Court
from venire.cases.detection import bank_source, text_of
from venire.cases.model import Case, Subject
from venire.detectors import store as bank_store
from venire.detectors.bank import entry_of
from venire.detectors.model import Category
from venire.kernel.text import normal_form
from venire.notices.locating import search_terms
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED, REMOVED
from venire.storage.tables.detectors import BankRow

_CANDIDATES = 200
_TERMS = 12
_PAUSE_S = 0.02
_LOOKS = 50


async def fill_bank(court: Court) -> int:
    """Load the bank into memory at start; return how many entries it has."""
    count = 0
    async for row in bank_store.entries(court.world.storage):
        court.detectors.bank.add(
            entry_of(row.post_id, row.normal_form, cast("Category", row.category))
        )
        count += 1
    return count


async def remember(court: Court, case: Case) -> None:
    """Put a removed post's text into the bank, durably first.

    Not what was said in private: the bank reads, and shows what it knows by, public posts only.
    """
    post = await posts.load(court.world, case.subject_id)
    if post is None or case.private or post.visibility not in LISTED:
        return
    normal = normal_form(text_of(post))
    if not normal:
        return
    origin = case.inherits or case.public_id
    row = BankRow(
        shard=bank_store.shard_of(post.id),
        post_id=post.id,
        origin=origin,
        category=case.category,
        normal_form=normal,
        active=True,
        added_at_ms=court.world.now_ms(),
    )
    await bank_store.add(court.world.storage, row)
    court.detectors.bank.add(entry_of(post.id, normal, cast("Category", case.category)))


async def forget(court: Court, case: Case) -> None:
    """Take a text out of the bank whose verdict was undone, and the copies that stand on it.

    Copies removed before stay so until they are looked at: each has its own statement and appeal.
    """
    await forget_post(court, case.subject_id)
    above: int | None = None
    while page := await store.copies_page(court.world.storage, case.public_id, above):
        for copy in page:
            if copy.inherits == case.public_id:
                await forget_post(court, copy.subject_id)
        above = page[-1].id


async def forget_post(court: Court, post_id: int) -> None:
    """Take one post's text out of the bank; harmless where it is not there."""
    await bank_store.deactivate(court.world.storage, post_id)
    court.detectors.bank.remove(post_id)


async def _until_indexed(court: Court, fence: int) -> None:
    """Wait for the search index: a copy posted just before the bank knew its text is only there."""
    for _ in range(_LOOKS):
        if await court.search.indexed_through() >= fence:
            return
        await asyncio.sleep(_PAUSE_S)


async def sweep(court: Court, case: Case, fence: int) -> None:
    """Look for copies of a removed post among those already there, indexed as far as `fence`.

    A copy that inherited its verdict is not swept for again: its origin was.
    """
    if case.inherits or case.private:
        return
    origin = await posts.load(court.world, case.subject_id)
    if origin is None:
        return
    await _until_indexed(court, fence)
    _, terms = search_terms(text_of(origin), _TERMS)
    found = await court.search.candidates(terms, "any", _CANDIDATES)
    for post in await posts.load_many(court.world, found):
        if post.id == origin.id or post.visibility not in LISTED:
            continue
        if post.state in {DELETED, REMOVED}:
            continue
        source = await bank_source(court, post)
        if source is not None:
            subject = Subject("post", post.id, post.author_id)
            await intake.note_source(court.world, court.policy, subject, source)
