"""Training: questions with their answers explained, before the first seat and when rates are low.

Open, unlike gold: whoever is trained sees at once whether an answer was right, and which rule says
so. Passing marks a juror `trained`, and brings one who was being retrained back. Who does not pass
begins again with other questions, as often as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from venire.jury import gold_store, store
from venire.jury.model import Juror
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from venire.storage.tables.calibration import GoldRow, GoldShelfRow, TrainingRow
from venire.storage.world import World

_TRIES: Final = 10
_SEEN_MOST: Final = 500
_VOTES: Final = frozenset({"violates", "keeps"})


class Marks(Protocol):
    """What passing takes (`policy.toml`, section `calibration`)."""

    @property
    def training_questions(self) -> int:
        """Questions of one attempt."""

    @property
    def training_right(self) -> int:
        """Of these, right answers to pass."""


class Answer(NamedTuple):
    """One answer of an attempt."""

    question_id: int
    right: bool
    violates: bool


class _Sheet(msgspec.Struct, frozen=True):
    """The answers of this attempt, the questions of all, and whether the last one passed."""

    attempt: tuple[Answer, ...] = ()
    seen: tuple[int, ...] = ()
    done: bool = False


class Progress(msgspec.Struct, frozen=True):
    """How far a juror is. `question` is what is asked now, None where nothing is left to pass."""

    state: Literal["needed", "retraining", "trained"]
    answered: int
    right: int
    attempt: int
    question: GoldRow | None


class Marked(msgspec.Struct, frozen=True):
    """An answer, marked: the question with its answer, and whether the training is passed by it.

    `over`: whether the attempt is; one that was not passed begins anew.
    """

    question: GoldRow
    right: bool
    passed: bool
    over: bool


def passes(attempt: Sequence[Answer], marks: Marks) -> bool:
    """Whether an attempt passes: enough is right, and not all of it of one kind.

    Someone who votes `violates` on everything knows half of the answers, and no rule.
    """
    right = [answer for answer in attempt if answer.right]
    kinds = {answer.violates for answer in right}
    asked = {answer.violates for answer in attempt}
    return len(right) >= marks.training_right and kinds == asked


def next_question(
    places: Sequence[GoldShelfRow], sheet: Sequence[Answer], seen: Sequence[int], turn: int
) -> GoldShelfRow | None:
    """The question to ask next: none twice in an attempt, new ones first, both kinds evenly."""
    done = {answer.question_id for answer in sheet}
    left = [one for one in places if one.question_id not in done]
    if not left:
        return None
    counts = {kind: sum(answer.violates is kind for answer in sheet) for kind in (True, False)}
    # By chance until one kind is two ahead: a strict turn would give the answer away.
    rarer = {kind for kind in counts if counts[kind] <= counts[not kind] + 1}
    wanted = [one for one in left if one.violates in rarer] or left
    old = set(seen)
    fresh = [one for one in wanted if one.question_id not in old] or wanted
    ordered = sorted(fresh, key=lambda one: one.question_id)
    return ordered[turn % len(ordered)]


async def _juror(world: World, account_id: int) -> Juror:
    juror = await store.load(world.storage, account_id)
    if juror is None or juror.state == "left":
        raise Forbidden("no_consent", "training begins with consent: opt in first")
    return juror


def _sheet(row: TrainingRow | None) -> _Sheet:
    return _Sheet() if row is None else msgspec.json.decode(row.answers, type=_Sheet)


def _needs(juror: Juror) -> Literal["needed", "retraining", "trained"]:
    if juror.state == "retraining":
        return "retraining"
    return "trained" if juror.trained else "needed"


async def progress(world: World, categories: Sequence[str], account_id: int) -> Progress:
    """How far a juror is with the training, and the question asked now: the same until answered.

    No question where the site has none left: it says so, and the juror comes back later. Raises
    Forbidden `no_consent`.
    """
    juror = await _juror(world, account_id)
    state = _needs(juror)
    for _ in range(_TRIES):
        row = await gold_store.training(world.storage, account_id)
        sheet, attempt = _sheet(row), 1 if row is None else row.attempt
        if sheet.done and state != "trained":
            # Passed, and killed before the juror's row said so.
            await settle(world, account_id, trained=True)
            state = "trained"
        right = sum(answer.right for answer in sheet.attempt)
        if state == "trained":
            return Progress(state, len(sheet.attempt), right, attempt, None)
        asked = None
        if row is not None and row.asked_id:
            asked = await gold_store.load(world.storage, row.asked_id)
        if asked is not None and asked.state == gold_store.ASKABLE:
            return Progress(state, len(sheet.attempt), right, attempt, asked)
        try:
            if not await _ask(
                world, [c for c in categories if c not in juror.opt_outs], row, account_id
            ):
                return Progress(state, len(sheet.attempt), right, attempt, None)
        except Conflict:
            continue
    raise Unavailable("training_busy", "try again in a moment")


async def _ask(
    world: World, categories: Sequence[str], row: TrainingRow | None, account_id: int
) -> bool:
    places = [
        place
        for category in categories
        for place in await gold_store.shelf(world.storage, "training", category)
    ]
    sheet = _sheet(row)
    turn = int.from_bytes(world.chance.token(4), "big")
    place = next_question(places, sheet.attempt, sheet.seen, turn)
    if place is None:
        return False
    before = row or TrainingRow(account_id, msgspec.json.encode(sheet), 1, 0, None, 0)
    await gold_store.save_training(
        world.storage, msgspec.structs.replace(before, asked_id=place.question_id)
    )
    return True


async def answer(
    world: World, marks: Marks, account_id: int, question_id: int, vote: str
) -> Marked:
    """Answer the question that is asked now.

    Raises Invalid `vote_unknown`; Conflict `training_answered` for any other question; Forbidden
    `no_consent`.
    """
    if vote not in _VOTES:
        raise Invalid("vote_unknown", "vote is 'violates' or 'keeps'", vote=str(vote)[:40])
    juror = await _juror(world, account_id)
    for _ in range(_TRIES):
        row = await gold_store.training(world.storage, account_id)
        if row is None or row.asked_id != question_id or _needs(juror) == "trained":
            raise Conflict("training_answered", "this is not the question that is asked now")
        question = await gold_store.load(world.storage, question_id)
        if question is None:
            raise NotFound("question_not_found", "there is no such question")
        given = Answer(question_id, (vote == "violates") is question.violates, question.violates)
        attempt = (*_sheet(row).attempt, given)
        over = len(attempt) >= marks.training_questions
        passed = over and passes(attempt, marks)
        try:
            await gold_store.save_training(
                world.storage, _marked(world, row, attempt, over, passed)
            )
        except Conflict:
            continue
        if passed:
            await settle(world, account_id, trained=True)
        return Marked(question, given.right, passed, over)
    raise Unavailable("training_busy", "try again in a moment")


def _marked(
    world: World, row: TrainingRow, attempt: tuple[Answer, ...], over: bool, passed: bool
) -> TrainingRow:
    sheet = _sheet(row)
    seen = (*sheet.seen, attempt[-1].question_id)[-_SEEN_MOST:]
    after = _Sheet(() if over else attempt, seen, done=passed)
    return msgspec.structs.replace(
        row,
        answers=msgspec.json.encode(after),
        attempt=row.attempt + (over and not passed),
        asked_id=0,
        passed_at_ms=world.now_ms() if passed else row.passed_at_ms,
    )


async def retrain(world: World, account_id: int) -> bool:
    """Send a juror back to training; whether that is new. The next pool is without this juror."""
    for _ in range(_TRIES):
        row = await gold_store.training(world.storage, account_id)
        if row is None or not _sheet(row).done:
            return await settle(world, account_id, trained=False)
        sheet = msgspec.structs.replace(_sheet(row), done=False)
        try:
            await gold_store.save_training(
                world.storage, msgspec.structs.replace(row, answers=msgspec.json.encode(sheet))
            )
        except Conflict:
            continue
    raise Unavailable("training_busy", "try again in a moment")


async def settle(world: World, account_id: int, *, trained: bool) -> bool:
    """Note that a juror passed, or has to be trained again; whether that changed anything.

    Who passed while being retrained is drawn again. The bench is not retrained by this: who
    appointed it answers for it.
    """
    for _ in range(_TRIES):
        row = await store.load_row(world.storage, account_id)
        if row is None or row.state == "left" or (row.bench and not trained):
            return False
        juror = store.juror_of(row)
        changed = msgspec.structs.replace(
            juror, trained=trained or juror.trained, state="active" if trained else "retraining"
        )
        if changed == juror:
            return False
        try:
            await world.storage.commit(
                f"juror:{account_id}",
                [store.put_juror(changed, row.version + 1)],
                expect=row.version,
            )
        except Conflict:
            continue
        return True
    raise Unavailable("juror_busy", "try again in a moment")


async def answered(world: World, account_id: int, question_id: int) -> bool:
    """Whether a juror has answered a training question: only then may its answer be doubted."""
    row = await gold_store.training(world.storage, account_id)
    return row is not None and question_id in _sheet(row).seen


async def seen(world: World, account_id: int) -> tuple[int, ...]:
    """The training questions that a juror has answered, in whichever attempt."""
    row = await gold_store.training(world.storage, account_id)
    return _sheet(row).seen


async def passed_at_ms(world: World, account_id: int) -> int:
    """When a juror last passed; 0 for never."""
    row = await gold_store.training(world.storage, account_id)
    return 0 if row is None else row.passed_at_ms or 0
