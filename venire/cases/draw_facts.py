"""What stands between a case and those who might judge it: the facts that exclude from a draw.

Read from the author's side and from what changed since the pool was frozen. Nothing here asks
every member of a pool, but where an author has more followers than the pool has members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from venire.cases import questions, store
from venire.cases.court import Court
from venire.cases.model import Case, Step
from venire.cases.ties import ties_of
from venire.jury.freezing import Frozen
from venire.jury.presence import absent
from venire.jury.rules import CaseFacts
from venire.kernel.clock import DAY_MS, utc_day
from venire.posts import actions as posts
from venire.storage.tables.draws import BUSY_JURORS, BusyJurorRow
from venire.storage.verbs import Put, Storage, Write

_SHARDS: Final = 16
_PAGE: Final = 1_000
_NEAR: Final = 3
"""Seats below the dose from which on a juror is noted: two panels may ask at the same moment."""


async def facts_of(court: Court, case: Case, members: Frozen) -> CaseFacts:
    """Who of these members stands how to a case; of others only what comes along."""
    storage, now_ms = court.world.storage, court.world.now_ms()
    about = await questions.about(storage, case)
    said = await store.sources(storage, about.id)
    ties = await ties_of(court.world, about.author_id, members.accounts)
    targets = (
        await posts.aimed_at(court.world, about.subject_id) if about.subject_kind == "post" else ()
    )
    earlier = {seat.juror_id for seat in await store.seats(storage, case.id)}
    earlier |= await questions.asked_before(storage, case)
    return CaseFacts(
        author_id=about.author_id,
        reporters=frozenset(s.account_id for s in said if s.account_id is not None),
        targets=frozenset(targets),
        followers=ties.followers,
        followed=ties.followed,
        blocks=ties.blocks,
        mutes=ties.mutes,
        addresses=ties.addresses,
        earlier_panels=frozenset(earlier),
        opted_out=frozenset(await absent(storage, members, case.category, now_ms)),
        seats_today=await _seats_today(storage, utc_day(now_ms)),
    )


async def _seats_today(storage: Storage, day: str) -> dict[int, int]:
    """The seats of the day of everyone who is near the dose."""
    near: set[int] = set()
    for shard in range(_SHARDS):
        after: tuple[int, int, int] | None = None
        while True:
            rows = await storage.range(BUSY_JURORS, (day, shard), above=after, limit=_PAGE)
            near.update(row.juror_id for row in rows)
            if len(rows) < _PAGE:
                break
            after = (rows[-1].juror_id, rows[-1].case_id, rows[-1].round)
    return {juror: len(await store.service_on(storage, juror, day)) for juror in near}


async def note_busy(court: Court, case: Case, step: Step) -> list[Write]:
    """The writes that note whom a seating brings near the dose of the day."""
    day, dose = utc_day(step.at_ms), court.policy.panel.dose
    until_ms = step.at_ms + 2 * DAY_MS
    writes: list[Write] = []
    for juror_id in _asked(step):
        taken = len(await store.service_on(court.world.storage, juror_id, day))
        if taken + 1 >= dose - _NEAR:
            row = BusyJurorRow(day, juror_id % _SHARDS, juror_id, case.id, step.round)
            writes.append(Put(BUSY_JURORS, row, until_ms))
    return writes


def _asked(step: Step) -> Sequence[int]:
    """Whom a seating asks from the pool: the dose does not bind the bench."""
    return [juror[0] for juror in step.jurors if juror[1] is not None]
