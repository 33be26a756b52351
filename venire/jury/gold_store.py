"""The only opener of the tables of calibration."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import msgspec

from venire.kernel.clock import DAY_MS
from venire.kernel.ids import id_ms
from venire.kernel.text import normal_form
from venire.storage.tables.calibration import (
    GOLD,
    GOLD_ANSWERS,
    GOLD_ASKED,
    GOLD_SHELF,
    NIGHTS,
    REJUDGINGS,
    REVIEWS,
    TRAINING,
    VERDICTS,
    GoldAnswerRow,
    GoldAskedRow,
    GoldRow,
    GoldShelfRow,
    NightRow,
    RejudgingRow,
    ReviewRow,
    TrainingRow,
    VerdictRow,
)
from venire.storage.verbs import Delete, Put, Storage, Write

SHELF_MOST = 2_000
"""Questions of one purpose and category that may be asked at a time."""
VERDICTS_KEPT_MS = 92 * DAY_MS
ANSWERS_KEPT_MS = 365 * DAY_MS
ASKABLE = "live"
_SHARDS = 16
_PAGE = 500
_ASKED_MOST = 10_000
_OPEN = "open"


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a night came to. `h` and `f`: the pool's mean rates, 0 where no ballot was read."""

    chosen: int = 0
    verdicts: int = 0
    ballots: int = 0
    known: int = 0
    jurors: int = 0
    changed: int = 0
    retrained: int = 0
    rounds: int = 0
    h: float = 0.0
    f: float = 0.0


def question_id(text: str, context: Sequence[str] = ()) -> int:
    """A question's id follows from its words, so that importing it twice is importing it once."""
    words = "\x00".join(normal_form(one) for one in (text, *context))
    digest = hashlib.sha256(b"venire-question/1" + words.encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def shard_of(case_id: int) -> int:
    """Which part of a day a case's verdict lies in."""
    return id_ms(case_id) % _SHARDS


# questions


async def load(storage: Storage, identifier: int) -> GoldRow | None:
    """A question."""
    return await storage.get(GOLD, (identifier,))


async def load_many(storage: Storage, identifiers: Sequence[int]) -> list[GoldRow]:
    """Questions; those that do not exist are left out."""
    rows = await storage.get_many(GOLD, [(one,) for one in identifiers])
    return [row for row in rows if row is not None]


async def shelf(storage: Storage, purpose: str, category: str) -> list[GoldShelfRow]:
    """The questions of a category that may be asked, or are being asked."""
    return await storage.range(GOLD_SHELF, (purpose, category), limit=SHELF_MOST)


async def counted(storage: Storage, categories: Collection[str]) -> list[dict[str, Any]]:
    """How many questions may be asked, by purpose, category, camp, answer and origin; no text."""
    found: Counter[tuple[str, str, str, bool, str]] = Counter()
    for purpose in ("gold", "training"):
        for category in sorted(categories):
            for row in await shelf(storage, purpose, category):
                found[purpose, category, row.camp, row.violates, row.origin] += 1
    names = ("purpose", "category", "camp", "violates", "origin")
    return [{**dict(zip(names, key, strict=True)), "live": n} for key, n in sorted(found.items())]


async def save(storage: Storage, row: GoldRow, *, expect: int) -> GoldRow:
    """Save a question as the next version, on the shelf or off it. Raises Conflict."""
    saved = msgspec.structs.replace(row, version=expect + 1)
    place = GoldShelfRow(
        purpose=row.purpose,
        category=row.category,
        question_id=row.id,
        violates=row.violates,
        camp=row.camp,
        language=row.language,
        origin=row.origin,
        answers=row.answers,
        open_case_id=row.open_case_id,
    )
    shelved: Write = Put(GOLD_SHELF, place) if row.state == ASKABLE else Delete(GOLD_SHELF, place)
    await storage.commit(f"gold:{row.id}", [Put(GOLD, saved), shelved], expect=expect)
    return saved


async def clear_shelf(storage: Storage, row: GoldShelfRow) -> None:
    """Take a place off the shelf whose question is gone: its author has left."""
    await storage.delete(GOLD_SHELF, row)


async def asked(storage: Storage, identifier: int) -> frozenset[int]:
    """Who has been asked a question."""
    rows = await storage.range(GOLD_ASKED, (identifier,), limit=_ASKED_MOST)
    return frozenset(row.juror_id for row in rows)


async def note_asked(
    storage: Storage,
    case_id: int,
    asked_rows: Sequence[GoldAskedRow],
    answers: Sequence[GoldAnswerRow],
    now_ms: int,
) -> None:
    """Write down who was asked in a case, and what they answered."""
    writes: list[Write] = [Put(GOLD_ASKED, row) for row in asked_rows]
    until_ms = now_ms + ANSWERS_KEPT_MS
    writes += [Put(GOLD_ANSWERS, row, until_ms) for row in answers]
    for start in range(0, len(writes), 80):
        await storage.commit(f"gold_case:{case_id}", writes[start : start + 80])


async def answers_of(storage: Storage, juror_id: int, limit: int = 200) -> list[GoldAnswerRow]:
    """What a juror has answered to gold questions."""
    return await storage.range(GOLD_ANSWERS, (juror_id,), limit=limit)


async def answer_of(storage: Storage, juror_id: int, identifier: int) -> GoldAnswerRow | None:
    """What a juror has answered to one gold question."""
    return await storage.get(GOLD_ANSWERS, (juror_id, identifier))


# verdicts of a day


def put_verdict(row: VerdictRow) -> Write:
    """The write that keeps a round's ballots for the nights to come."""
    return Put(VERDICTS, row, row.at_ms + VERDICTS_KEPT_MS)


async def verdicts_on(storage: Storage, day: str) -> AsyncIterator[VerdictRow]:
    """The rounds that decided on a day."""
    for shard in range(_SHARDS):
        above: tuple[int, int] | None = None
        while True:
            rows = await storage.range(VERDICTS, (day, shard), above=above, limit=_PAGE)
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                break
            above = (rows[-1].case_id, rows[-1].round)


async def some_verdicts(storage: Storage, day: str, shard: int, limit: int) -> list[VerdictRow]:
    """A few of a day's rounds, from one part of it."""
    return await storage.range(VERDICTS, (day, shard % _SHARDS), limit=limit)


# nights


async def night(storage: Storage, day: str) -> NightRow | None:
    """The night after a day."""
    return await storage.get(NIGHTS, (int(day[:4]), day))


async def newest_nights(storage: Storage, day: str, limit: int = 8) -> list[NightRow]:
    """The last nights up to a day, newest first."""
    year = int(day[:4])
    found = await storage.range(NIGHTS, (year,), limit=limit)
    if len(found) < limit:
        found += await storage.range(NIGHTS, (year - 1,), limit=limit - len(found))
    return found


async def pool_mean(storage: Storage, day: str) -> tuple[float, float] | None:
    """The mean of all jurors' rates after the last night that is done; None before the first."""
    for row in await newest_nights(storage, day, limit=4):
        figures = msgspec.json.decode(row.figures, type=Figures)
        if row.state == "done" and figures.h:
            return figures.h, figures.f
    return None


async def save_night(storage: Storage, row: NightRow) -> NightRow:
    """Save a night as its next version. Raises Conflict."""
    saved = msgspec.structs.replace(row, version=row.version + 1)
    await storage.commit(f"night:{row.day}", [Put(NIGHTS, saved)], expect=row.version)
    return saved


# judged again


async def rejudging(storage: Storage, day: str, record_index: int) -> RejudgingRow | None:
    """One verdict that is judged again."""
    return await storage.get(REJUDGINGS, (day, record_index))


async def save_rejudging(storage: Storage, row: RejudgingRow) -> None:
    """Save how a verdict stands that is judged again."""
    await storage.put(REJUDGINGS, row)


async def rejudgings_on(storage: Storage, day: str) -> AsyncIterator[RejudgingRow]:
    """The verdicts of a day that are judged again."""
    above: tuple[int] | None = None
    while True:
        rows = await storage.range(REJUDGINGS, (day,), above=above, limit=_PAGE)
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        above = (rows[-1].record_index,)


# reviews


async def open_reviews(storage: Storage, limit: int = 100) -> list[ReviewRow]:
    """What waits for a moderator's look, oldest first."""
    return await storage.range(REVIEWS, (_OPEN,), limit=limit)


async def open_review(storage: Storage, row: ReviewRow) -> None:
    """Put something before the moderators; again with the same id is once."""
    await storage.put(REVIEWS, msgspec.structs.replace(row, shelf=_OPEN))


async def review(storage: Storage, identifier: int) -> ReviewRow | None:
    """An open review."""
    return await storage.get(REVIEWS, (_OPEN, identifier))


async def close_review(storage: Storage, row: ReviewRow, month: str) -> None:
    """Take a review off the open ones, and keep it under its month."""
    closed = msgspec.structs.replace(row, shelf=month)
    opened = msgspec.structs.replace(row, shelf=_OPEN)
    await storage.commit(f"review:{row.id}", [Delete(REVIEWS, opened), Put(REVIEWS, closed)])


# training


async def training(storage: Storage, juror_id: int) -> TrainingRow | None:
    """How far a juror is."""
    return await storage.get(TRAINING, (juror_id,))


async def save_training(storage: Storage, row: TrainingRow) -> TrainingRow:
    """Save it as the next version. Raises Conflict."""
    saved = msgspec.structs.replace(row, version=row.version + 1)
    await storage.commit(f"training:{row.juror_id}", [Put(TRAINING, saved)], expect=row.version)
    return saved
