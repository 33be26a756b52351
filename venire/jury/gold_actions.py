"""Adding questions, asking them, and taking them out of use: check, load, decide, save."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from venire.jury import gold, gold_store
from venire.jury.gold import Question, Shelved
from venire.kernel.errors import Conflict, NotFound, Unavailable
from venire.storage.tables.calibration import GoldRow, GoldShelfRow
from venire.storage.world import World

STARTER: Final = Path(__file__).with_name("starter_questions.jsonl")
"""Written for this program: public, so of little use once a site has questions of its own."""
_TRIES = 20


class Origin(NamedTuple):
    """Where questions come from: `file`, `starter` or `case`, and then of which post and author."""

    kind: str
    author_id: int | None = None
    post_id: int | None = None


class Added(NamedTuple):
    """How many questions are new, and how many there were before."""

    added: int
    known: int


async def add(world: World, questions: Sequence[Question], origin: Origin) -> Added:
    """Add questions; one with the same words is there already, and stays as it is.

    Raises Unavailable `gold_shelf_full` when a category has 2,000 that may be asked.
    """
    added = known = 0
    room: dict[tuple[str, str], int] = {}
    for question in questions:
        place = (question.purpose, question.category)
        if place not in room:
            held = await gold_store.shelf(world.storage, *place)
            room[place] = gold_store.SHELF_MOST - len(held)
        if room[place] <= 0:
            raise Unavailable(
                "gold_shelf_full",
                "enough questions of this category wait to be asked",
                category=question.category,
                added=added,
            )
        new = await _add(world, question, origin)
        added, known = added + new, known + (not new)
        room[place] -= new
    return Added(added, known)


async def _add(world: World, question: Question, origin: Origin) -> bool:
    identifier = gold_store.question_id(question.text, question.context)
    if await gold_store.load(world.storage, identifier) is not None:
        return False
    row = GoldRow(
        id=identifier,
        purpose=question.purpose,
        category=question.category,
        violates=question.violates,
        camp=question.camp,
        language=question.lang,
        text=question.text,
        context=msgspec.json.encode(question.context),
        explanation=msgspec.json.encode(question.explanation),
        origin=origin.kind,
        author_id=origin.author_id,
        post_id=origin.post_id,
        state="live",
        doubt="",
        open_case_id=0,
        answers=0,
        against=0,
        made_at_ms=world.now_ms(),
        ended_at_ms=None,
        version=0,
    )
    try:
        await gold_store.save(world.storage, row, expect=0)
    except Conflict:
        return False
    return True


def starter_questions(categories: Collection[str]) -> list[Question]:
    """The questions that come with the program, in both languages."""
    return gold.read_questions(STARTER.read_bytes(), categories)


async def fill(world: World, categories: Collection[str]) -> Added:
    """Put the starter questions in place, once; a drill's jurors are asked no gold."""
    found = starter_questions(categories)
    if world.site.acceptance:
        found = [one for one in found if one.purpose == "training"]
    first = gold_store.question_id(found[-1].text, found[-1].context)
    if await gold_store.load(world.storage, first) is not None:
        return Added(0, len(found))
    return await add(world, found, Origin("starter"))


async def claim(world: World, categories: Sequence[str], case_id: int, turn: int) -> GoldRow | None:
    """Take the next question for a case, of the first category that has one; None without any.

    Told again for the same case, it is the same question: one that was claimed and whose case was
    never made must not stay claimed.
    """
    for category in categories:
        places = await gold_store.shelf(world.storage, "gold", category)
        mine = [one for one in places if one.open_case_id == case_id]
        if mine:
            return await gold_store.load(world.storage, mine[0].question_id)
    for category in categories:
        places = await gold_store.shelf(world.storage, "gold", category)
        row = await _claim_of(world, places, case_id, turn)
        if row is not None:
            return row
    return None


async def _claim_of(
    world: World, places: Sequence[GoldShelfRow], case_id: int, turn: int
) -> GoldRow | None:
    free = {one.question_id: one for one in places if not one.open_case_id}
    while free:
        chosen = gold.choose(
            [
                Shelved(one.question_id, one.violates, one.camp, one.origin, one.answers)
                for one in free.values()
            ],
            turn,
        )
        if chosen is None:
            return None
        place = free.pop(chosen.id)
        row = await gold_store.load(world.storage, chosen.id)
        if row is None:
            await gold_store.clear_shelf(world.storage, place)
            continue
        if row.state != gold_store.ASKABLE or row.open_case_id:
            continue
        claimed = msgspec.structs.replace(row, open_case_id=case_id)
        try:
            return await gold_store.save(world.storage, claimed, expect=row.version)
        except Conflict:
            continue
    return None


async def change(world: World, identifier: int, changes: dict[str, object]) -> GoldRow:
    """Change a question, whatever else changes it meanwhile. Raises NotFound, Unavailable."""
    for _ in range(_TRIES):
        row = await gold_store.load(world.storage, identifier)
        if row is None:
            raise NotFound("question_not_found", "there is no such question")
        try:
            changed = msgspec.structs.replace(row, **changes)
            return await gold_store.save(world.storage, changed, expect=row.version)
        except Conflict:
            continue
    raise Unavailable("question_busy", "try again in a moment")


async def begin_doubt(world: World, identifier: int, case_id: int) -> GoldRow:
    """Have an answer doubted under this case, unless it was already: then as it stands."""
    for _ in range(_TRIES):
        row = await gold_store.load(world.storage, identifier)
        if row is None:
            raise NotFound("question_not_found", "there is no such question")
        if row.doubt:
            return row
        try:
            changed = msgspec.structs.replace(
                row, state="doubted", doubt="open", open_case_id=case_id
            )
            return await gold_store.save(world.storage, changed, expect=row.version)
        except Conflict:
            continue
    raise Unavailable("question_busy", "try again in a moment")


async def release(
    world: World, identifier: int, case_id: int, votes: Sequence[bool], most: int
) -> GoldRow | None:
    """Count a case's votes (True: violates) and free its question, once; None when it was done.

    Retires a question that has been answered often enough, and doubts one that most jurors
    answer otherwise.
    """
    for _ in range(_TRIES):
        row = await gold_store.load(world.storage, identifier)
        if row is None or row.open_case_id != case_id:
            return None
        answers = row.answers + len(votes)
        against = row.against + sum(vote != row.violates for vote in votes)
        changes: dict[str, object] = {"open_case_id": 0, "answers": answers, "against": against}
        if row.state == "live" and gold.is_over(answers, most):
            changes |= {"state": "retired", "ended_at_ms": world.now_ms()}
        if not row.doubt and gold.is_doubtful(answers, against):
            # Under this id the bench is asked, once, however often this is told.
            changes |= {"state": "doubted", "doubt": "open", "open_case_id": world.ids.next()}
        try:
            changed = msgspec.structs.replace(row, **changes)
            return await gold_store.save(world.storage, changed, expect=row.version)
        except Conflict:
            continue
    raise Unavailable("question_busy", "try again in a moment")


async def settle_doubt(world: World, identifier: int, *, wrong: bool) -> GoldRow | None:
    """What the bench says of a doubted answer: it never counted, or it stands as before."""
    row = await gold_store.load(world.storage, identifier)
    if row is None or row.doubt != "open":
        return None
    if wrong:
        changes: dict[str, object] = {
            "state": "wrong",
            "doubt": "upheld",
            "open_case_id": 0,
            "ended_at_ms": row.ended_at_ms or world.now_ms(),
        }
    else:
        state = "live" if row.ended_at_ms is None else "retired"
        changes = {"state": state, "doubt": "rejected", "open_case_id": 0}
    return await change(world, identifier, changes)
