"""Questions put before real panels: planned after a draw, opened at some later minute, collected.

A question reaches its jurors as a case like any other: drawn in public, with a public id, seats,
deadlines and pay. It takes its shape (how it was found, whether it is contested, whether it is
held) from a case that was drawn, so that none of these tells it apart.
"""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple

from venire.cases import reviews, store
from venire.cases.court import Court
from venire.cases.model import Case, SourceKind
from venire.events import CaseChanged, CaseStepped
from venire.jury import gold, gold_actions, gold_store, training
from venire.jury import store as jury_store
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, utc_day
from venire.kernel.errors import Conflict, NotFound
from venire.posts import actions as posts
from venire.posts.model import DELETED
from venire.storage.tables.calibration import GoldAnswerRow, GoldAskedRow, GoldRow
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Envelope
from venire.storage.world import World

TIMER: Final = "gold"
HEARS: Final = (CaseStepped,)
_LATER_MS: Final = HOUR_MS
_COVERS: Final = 20
_COVER_DAYS: Final = 4
_DOUBTS_MOST: Final = 3
"""Of the questions that a juror has been trained with: doubted ones are asked of nobody."""


class _Lots(NamedTuple):
    """The chance of one plan: whether at all, how much later, which question, whose cover."""

    whether: int
    later: int
    turn: int
    cover: int


async def _lots(world: World, case: Case) -> _Lots:
    """Four numbers of 32 bits, secret, and the same at every retelling of the same draw."""
    (epoch,) = await jury_store.newest_epochs(world.storage, 1) or (None,)
    salt = b"" if epoch is None else epoch.salt
    number = 0 if case.round is None else case.round.number
    drawn = hmac.digest(salt, f"venire-gold/1:{case.public_id}:{number}".encode(), "sha256")
    return _Lots(*(int.from_bytes(drawn[at : at + 4], "big") for at in range(0, 16, 4)))


def asked_of(court: Court, judges: str) -> list[str]:
    """The categories that a panel, or the bench, judges: the only ones with questions."""
    return [one.name for one in court.policy.categories if one.judges == judges]


def askable(court: Court) -> frozenset[str]:
    """Every category of which there may be questions."""
    return frozenset((*asked_of(court, "panel"), *asked_of(court, "bench")))


async def fill(court: Court) -> None:
    """Put the questions that come with the program in their place."""
    await gold_actions.fill(court.world, askable(court))


def timers(court: Court) -> dict[str, TimerHandler]:
    """What each kind of timer of this part does."""

    async def due(key: str) -> None:
        await on_due(court, key)

    return {TIMER: due}


async def on_case_stepped(court: Court, envelope: Envelope) -> None:
    """After some draws, plan a question; after its answer, collect it."""
    event = envelope.event
    if not isinstance(event, CaseStepped) or event.step not in {"draw", "answer"}:
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None:
        return
    if event.step == "draw" and not case.asks:
        await _plan(court, case, envelope)
    elif event.step == "answer" and case.asks == "gold":
        await collect(court, case)
    elif event.step == "answer" and case.asks == "doubted":
        await _settle_doubt(court, case)


async def _plan(court: Court, case: Case, envelope: Envelope) -> None:
    lots = await _lots(court.world, case)
    if not gold.is_asked(lots.whether, court.policy.calibration.gold_share):
        return
    # At once it would be the case that is always drawn right after another one.
    due_ms = envelope.at_ms + MINUTE_MS + lots.later % _LATER_MS
    planned = timer(f"gold_plan:{envelope.id}", TIMER, f"{envelope.id}:{case.id}", due_ms)
    await court.world.storage.put(planned.table, planned.row)


async def on_due(court: Court, key: str) -> None:
    """Open the case of a question (timer `gold`, key `its id:the case whose shape it takes`)."""
    case_id, like_id = (int(part) for part in key.split(":"))
    storage = court.world.storage
    like = await store.load(storage, like_id)
    if like is None or await store.load(storage, case_id) is not None:
        return
    lots = await _lots(court.world, like)
    judges = "bench" if like.round is not None and like.round.kind == "bench" else "panel"
    names = asked_of(court, judges)
    wanted = sorted(names, key=lambda name: (name != like.category, name))
    question = await _claim(court, wanted, case_id, lots.turn)
    if question is not None:
        cover_id = await _cover(court, lots.cover)
        await _open(court, case_id, question, like, cover_id)


async def _claim(court: Court, names: list[str], case_id: int, turn: int) -> GoldRow | None:
    """A question whose post, if it was one, has not been deleted since by its author."""
    while True:
        question = await gold_actions.claim(court.world, names, case_id, turn)
        if question is None or question.post_id is None:
            return question
        post = await posts.load(court.world, question.post_id)
        if post is not None and post.state != DELETED:
            return question
        gone = {"state": "retired", "open_case_id": 0, "ended_at_ms": court.world.now_ms()}
        await gold_actions.change(court.world, question.id, gone)


async def _cover(court: Court, lot: int) -> int:
    """An author of the last days, by chance: whose ties exclude members as an author's would."""
    now_ms = court.world.now_ms()
    for back in range(_COVER_DAYS):
        day = utc_day(now_ms - back * DAY_MS)
        for part in range(16):
            rows = await gold_store.some_verdicts(
                court.world.storage, day, lot + part, limit=_COVERS
            )
            real = [row for row in rows if not row.question_id]
            if real:
                case = await store.load(court.world.storage, real[lot % len(real)].case_id)
                return 0 if case is None else case.author_id
    return 0


async def _open(court: Court, case_id: int, question: GoldRow, like: Case, cover_id: int) -> None:
    sources: tuple[SourceKind, ...] = tuple(
        one for one in like.sources if one in {"report", "detector", "bank"}
    )
    await open_case(
        court,
        Case(
            id=case_id,
            public_id=court.world.chance.token(16).hex(),
            subject_kind="post",
            subject_id=case_id,
            author_id=0,
            opened_at_ms=court.world.now_ms(),
            due_at_ms=court.world.now_ms()
            + court.policy.category(question.category).clock_hours * HOUR_MS,
            policy_version=court.policy.version,
            categories=(question.category,),
            sources=sources or ("report",),
            report_count=like.report_count,
            contested=like.contested,
            hold="held" if like.hold == "held" else "none",
            asks="gold",
            asks_ref=question.id,
            cover_id=cover_id,
        ),
    )


async def open_case(court: Court, case: Case) -> None:
    """Open a case that judges no post; one with its id that is there stays as it is.

    It claims no subject: whatever is said of a post must never join it.
    """
    identity = [write for write in store.put_identity(case) if "public_id" in write.table.key]
    due = timer(store.aggregate(case.id), "case", str(case.id), case.due_at_ms)
    writes = [*store.put_case(case), *identity, due]
    try:
        await court.world.storage.commit(
            store.aggregate(case.id), writes, [CaseChanged(case.id)], expect=0
        )
    except Conflict:
        return


async def collect(court: Court, case: Case) -> None:
    """Note who was asked and what they said, then free the question: once, however often told."""
    storage, now_ms = court.world.storage, court.world.now_ms()
    seats = await store.seats(storage, case.id)
    asked = [GoldAskedRow(case.asks_ref, seat.juror_id, case.id) for seat in seats]
    answers = [
        GoldAnswerRow(seat.juror_id, case.asks_ref, case.id, seat.vote, seat.voted_at_ms or now_ms)
        for seat in seats
        if seat.vote is not None
    ]
    await gold_store.note_asked(storage, case.id, asked, answers, now_ms)
    votes = [one.vote == "violates" for one in answers]
    most = court.policy.calibration.gold_answers
    row = await gold_actions.release(court.world, case.asks_ref, case.id, votes, most)
    row = row or await gold_store.load(storage, case.asks_ref)
    if row is not None and row.doubt == "open":
        await ask_bench(court, row)


# doubts


async def doubt(court: Court, juror_id: int, question_id: int) -> None:
    """A juror says that an answer is wrong: the bench decides, without being told which it was.

    Of gold only once it is retired: before, nobody is told that there was a question. Raises
    NotFound `question_not_found`, Conflict `question_doubted`, `doubts_enough`.
    """
    row = await gold_store.load(court.world.storage, question_id)
    if row is None or not await _may_doubt(court.world, juror_id, row):
        raise NotFound("question_not_found", "there is no such question that you have answered")
    if not row.doubt:
        if row.purpose == "training" and await _waiting(court.world, juror_id) >= _DOUBTS_MOST:
            raise Conflict("doubts_enough", "the bench decides on other answers first")
        row = await gold_actions.begin_doubt(court.world, question_id, court.world.ids.next())
    elif row.doubt != "open" or await store.load(court.world.storage, row.open_case_id):
        raise Conflict("question_doubted", "the bench decides, or has decided, on this answer")
    await ask_bench(court, row)


async def _waiting(world: World, juror_id: int) -> int:
    """How many of the training questions that a juror knows are doubted now, by whomever."""
    known = await training.seen(world, juror_id)
    return sum(row.doubt == "open" for row in await gold_store.load_many(world.storage, known))


async def _may_doubt(world: World, juror_id: int, row: GoldRow) -> bool:
    if row.purpose == "training":
        return await training.answered(world, juror_id, row.id)
    revealed = row.ended_at_ms is not None
    return revealed and await gold_store.answer_of(world.storage, juror_id, row.id) is not None


async def ask_bench(court: Court, row: GoldRow) -> None:
    """Put a doubted answer before the bench, once, as a case like any other of theirs."""
    case_id = row.open_case_id
    now_ms = court.world.now_ms()
    await open_case(
        court,
        Case(
            id=case_id,
            public_id=court.world.chance.token(16).hex(),
            subject_kind="post",
            subject_id=case_id,
            author_id=0,
            opened_at_ms=now_ms,
            due_at_ms=now_ms + court.policy.calibration.again_hours * HOUR_MS,
            policy_version=court.policy.version,
            categories=(row.category,),
            sources=("report",),
            report_count=1,
            contested=True,
            asks="doubted",
            asks_ref=row.id,
        ),
    )


async def _settle_doubt(court: Court, case: Case) -> None:
    """What the bench said of an answer. Without an answer of the bench, it stands."""
    row = await gold_store.load(court.world.storage, case.asks_ref)
    if row is None:
        return
    wrong = case.verdict is not None and (case.verdict == "violates") is not row.violates
    settled = await gold_actions.settle_doubt(court.world, row.id, wrong=wrong)
    if settled is not None and wrong:
        await reviews.open_review(
            court, kind="question_wrong", case_id=case.id, question_id=row.id, key=f"q{row.id}"
        )
