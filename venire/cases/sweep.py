"""What was removed is remembered, and its copies are looked for: those there, and those to come."""

from __future__ import annotations

from typing import cast

from venire.cases import intake
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
    """Put a removed post's text into the bank, durably first."""
    post = await posts.load(court.world, case.subject_id)
    if post is None:
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


async def sweep(court: Court, case: Case) -> None:
    """Look for copies of a removed post among those already there.

    A copy that inherited its verdict is not swept for again: its origin was.
    """
    if case.inherits:
        return
    origin = await posts.load(court.world, case.subject_id)
    if origin is None:
        return
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
