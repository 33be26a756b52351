"""Questions whose answer is known: what one may be, and which is asked next. Pure.

Gold is asked in secret and measures; training is asked openly and teaches.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from venire.kernel.errors import Invalid, TooLarge
from venire.kernel.states import State, StateMachine

Purpose = Literal["gold", "training"]

NEVER: Final = "child_safety"
"""No question, secret or not, shows anybody what may harm a child."""
FILE_BYTES: Final = 16 << 20
QUESTIONS_MOST: Final = 5_000
TEXT_MOST: Final = 5_000
CONTEXT_MOST: Final = 3
CAMP_MOST: Final = 40
AGAINST_LEAST: Final = 12
"""Answers before a question can be doubted because most jurors say otherwise."""
AGAINST_SHARE: Final = 0.6
_LANGUAGE: Final = re.compile(r"(?:[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)?", re.ASCII)
_AGAIN: Final = b"venire-again/1"
_LATE: Final = {"starter": 1}
"""The questions that come with the program are public: they are asked when there are no others."""

QUESTION: Final = StateMachine(
    name="question",
    start="live",
    states=(
        State("live", ("doubted", "retired"), "gold_answers", "so many answers, or a doubt"),
        State("doubted", ("live", "retired", "wrong"), "again_hours", "what the bench says"),
        State("retired", ("doubted",), "a year", "the year, or a juror's doubt"),
        State("wrong", (), None, "nothing: no answer to it counts any more"),
    ),
)


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question as an operator's file has it, one JSON object a line.

    `camp`: whose violation it is, in the operator's own words; violations of every camp are asked
    alike. `context`: what it answers, oldest first. `explanation`: by language, for training.
    """

    text: str
    category: str
    violates: bool
    camp: str = ""
    lang: str = ""
    context: tuple[str, ...] = ()
    explanation: dict[str, str] = {}
    purpose: Purpose = "gold"


class Shelved(NamedTuple):
    """What choosing needs to know of a question."""

    id: int
    violates: bool
    camp: str
    origin: str
    answers: int


def read_questions(raw: bytes, categories: Collection[str]) -> list[Question]:
    """The questions of a file. `categories`: those that a panel or the bench judges.

    Raises TooLarge `gold_file_too_large`, Invalid `gold_file_invalid` with the line at fault.
    """
    if len(raw) > FILE_BYTES:
        raise TooLarge("gold_file_too_large", "16 MiB at most", limit=FILE_BYTES)
    found: list[Question] = []
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        if len(found) == QUESTIONS_MOST:
            raise TooLarge("gold_file_too_large", "5,000 questions at most", limit=QUESTIONS_MOST)
        try:
            question = msgspec.json.decode(line, type=Question)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid("gold_file_invalid", f"line {number}: {error}", line=number) from error
        for fault in faults(question, categories):
            raise Invalid("gold_file_invalid", f"line {number}: {fault}", line=number)
        found.append(question)
    return found


def faults(question: Question, categories: Collection[str]) -> Iterator[str]:
    """Why a question cannot be asked; nothing when it can."""
    if question.category == NEVER:
        yield "what may harm a child is shown to no juror"
    elif question.category not in categories:
        yield "category: one that a panel or the bench judges"
    texts = (question.text, *question.context)
    if not all(one.strip() and len(one) <= TEXT_MOST for one in texts):
        yield "text and context: 1 to 5,000 characters each"
    if len(question.context) > CONTEXT_MOST:
        yield "context: 3 posts at most"
    if len(question.camp) > CAMP_MOST:
        yield "camp: 40 characters at most"
    if not _LANGUAGE.fullmatch(question.lang):
        yield "lang: a language tag, as `id` or `en`"
    told = question.explanation
    if len(told) > 8 or any(len(one) > TEXT_MOST for one in told.values()):  # noqa: PLR2004
        yield "explanation: up to 8 languages, 5,000 characters each"
    if question.purpose == "training" and not told.get("en", "").strip():
        yield "explanation: training explains each answer, in `en` at least"


def choose(shelf: Sequence[Shelved], turn: int) -> Shelved | None:
    """The question to ask next; `turn` is the chance in it.

    First what is not public, then one that violates or one that does not, evenly; of these the
    camp that has been asked least, and of that the question that has.
    """
    if not shelf:
        return None
    best = min(_LATE.get(one.origin, 0) for one in shelf)
    left = [one for one in shelf if _LATE.get(one.origin, 0) == best]
    kinds = sorted({one.violates for one in left})
    wanted = kinds[turn % len(kinds)]
    left = [one for one in left if one.violates is wanted]
    camps: Counter[str] = Counter()
    for one in left:
        camps[one.camp] += one.answers
    least = min(camps[one.camp] for one in left)
    left = [one for one in left if camps[one.camp] == least]
    fewest = min(one.answers for one in left)
    left = sorted(one for one in left if one.answers == fewest)
    return left[(turn >> 8) % len(left)]


def is_over(answers: int, most: int) -> bool:
    """Whether a question has been answered often enough: what many know is no secret."""
    return answers >= most


def is_doubtful(answers: int, against: int) -> bool:
    """Whether so many jurors say otherwise that the bench should look at the answer itself."""
    return answers >= AGAINST_LEAST and against >= AGAINST_SHARE * answers


def is_chosen(seed: bytes, record_index: int, share: float) -> bool:
    """Whether the verdict at a place in the record is judged again.

    By HMAC-SHA256(seed, "venire-again/1" || place as 8 bytes, big-endian): its first 8 bytes below
    share * 2**64. The seed is of the first pool frozen after the verdict's day. It was committed to
    an epoch before and is revealed an epoch later, so that anyone can tell which had to be.
    """
    lot = hmac.digest(seed, _AGAIN + record_index.to_bytes(8, "big"), "sha256")
    return int.from_bytes(lot[:8], "big") < share * (1 << 64)


def is_asked(lot: int, share: float) -> bool:
    """Whether a panel just drawn is followed by a question, so that `share` of panels are such.

    `lot`: 32 bits of chance.
    """
    return 0 <= lot < share / (1 - share) * (1 << 32)
