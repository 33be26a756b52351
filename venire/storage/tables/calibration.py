"""Tables of calibration: gold questions, who was asked which, a day's verdicts, nights, reviews."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class GoldRow(msgspec.Struct, frozen=True):
    """A question whose answer is known. `context` and `explanation` are JSON.

    `purpose`: `gold` is asked in secret, `training` openly. `open_case_id` is the case that asks it
    now, 0 for none. `doubt`: whether its answer is wrong: empty, `open`, `upheld` or `rejected`.
    `author_id` and `post_id` where it was taken from a post.
    """

    id: int
    purpose: str
    category: str
    violates: bool
    camp: str
    language: str
    text: str
    context: bytes
    explanation: bytes
    origin: str
    author_id: int | None
    post_id: int | None
    state: str
    doubt: str
    open_case_id: int
    answers: int
    against: int
    made_at_ms: int
    ended_at_ms: int | None
    version: int


class GoldShelfRow(msgspec.Struct, frozen=True):
    """A question that may be asked, with what choosing needs. `answers` as in `GoldRow`."""

    purpose: str
    category: str
    question_id: int
    violates: bool
    camp: str
    language: str
    origin: str
    answers: int
    open_case_id: int


class GoldAskedRow(msgspec.Struct, frozen=True):
    """Who has been asked a question, or may have seen it: never again."""

    question_id: int
    juror_id: int
    case_id: int


class GoldAnswerRow(msgspec.Struct, frozen=True):
    """A juror's answer to a gold question, shown to that juror once the question is retired."""

    juror_id: int
    question_id: int
    case_id: int
    vote: str
    at_ms: int


class VerdictRow(msgspec.Struct, frozen=True):
    """A round that decided, with its ballots as JSON: (juror, 1 for violates).

    `question_id` is 0 unless the case asked a gold question. Whose ballots they are is declared
    where they were cast (`seats`); this copy lapses with the window.
    """

    day: str
    shard: int
    case_id: int
    round: int
    kind: str
    category: str
    verdict: str
    question_id: int
    record_index: int
    ballots: bytes
    at_ms: int


class NightRow(msgspec.Struct, frozen=True):
    """What a night's work came to. `epoch` is whose seed chose, -1 until it is known."""

    year: int
    day: str
    state: str
    epoch: int
    begun_at_ms: int
    done_at_ms: int | None
    figures: bytes
    version: int


class RejudgingRow(msgspec.Struct, frozen=True):
    """A verdict chosen to be judged again, and what the bench said, not knowing the first one."""

    day: str
    record_index: int
    case_id: int
    round: int
    category: str
    verdict: str
    state: str
    again_case_id: int
    bench_verdict: str | None
    entry_index: int | None
    at_ms: int


class ReviewRow(msgspec.Struct, frozen=True):
    """Something that a moderator should look at; `shelf` is `open`, or the month of its end."""

    shelf: str
    id: int
    kind: str
    case_id: int
    question_id: int
    note: str
    made_at_ms: int
    closed_by: int | None
    closed_at_ms: int | None
    remark: str


class PolicyRow(msgspec.Struct, frozen=True):
    """A policy that came into force, the newest last; `record_index` None while it is noted."""

    site: int
    number: int
    digest: str
    record_index: int | None


class TrainingRow(msgspec.Struct, frozen=True):
    """How far a juror is with the training; `answers` is JSON: (question, whether it was right)."""

    juror_id: int
    answers: bytes
    attempt: int
    asked_id: int
    passed_at_ms: int | None
    version: int


GOLD = Table(
    name="gold_questions",
    row=GoldRow,
    question="What is asked, and what is the right answer?",
    partition=("id",),
    aggregate="gold:{id}",
    subject=("author_id",),
    version="version",
    retention="until its author leaves, or the operator removes it",
    wide=True,
)

GOLD_SHELF = Table(
    name="gold_shelf",
    row=GoldShelfRow,
    question="Which questions of a category may be asked?",
    partition=("purpose", "category"),
    clustering=("question_id",),
    aggregate="gold:{question_id}",
    retention="until the question is retired",
)

GOLD_ASKED = Table(
    name="gold_asked",
    row=GoldAskedRow,
    question="Who has seen this question?",
    partition=("question_id",),
    clustering=("juror_id",),
    aggregate="gold_case:{case_id}",
    subject=("juror_id",),
    retention="as the question, which is retired after so many answers",
)

GOLD_ANSWERS = Table(
    name="gold_answers",
    row=GoldAnswerRow,
    question="What did this juror answer to which questions?",
    partition=("juror_id",),
    clustering=("question_id",),
    aggregate="gold_case:{case_id}",
    subject=("juror_id",),
    expires=True,
    retention="one year",
)

VERDICTS = Table(
    name="verdict_ballots",
    row=VerdictRow,
    question="How did the rounds that decided on this day vote?",
    partition=("day", "shard"),
    clustering=("case_id", "round"),
    aggregate="case:{case_id}",
    expires=True,
    retention="92 days: a window of calibration and its margin",
    wide=True,
)

NIGHTS = Table(
    name="nights",
    row=NightRow,
    question="Which nights' work is done, and what came of it?",
    partition=("year",),
    clustering=("day",),
    descending=True,
    aggregate="night:{day}",
    version="version",
    retention="for ever",
)

REJUDGINGS = Table(
    name="rejudgings",
    row=RejudgingRow,
    question="Which verdicts of this day are judged again, and with what result?",
    partition=("day",),
    clustering=("record_index",),
    aggregate="rejudging:{record_index}",
    retention="for ever: published figures rest on it",
)

REVIEWS = Table(
    name="reviews",
    row=ReviewRow,
    question="What should a moderator look at?",
    partition=("shelf",),
    clustering=("id",),
    aggregate="review:{id}",
    subject=("closed_by",),
    retention="for ever",
)

TRAINING = Table(
    name="jury_training",
    row=TrainingRow,
    question="How far is this juror with the training?",
    partition=("juror_id",),
    aggregate="training:{juror_id}",
    subject=("juror_id",),
    version="version",
    retention="until the member leaves",
)

POLICIES = Table(
    name="policies",
    row=PolicyRow,
    question="Which policy is in force, and which were before?",
    partition=("site",),
    clustering=("number",),
    descending=True,
    aggregate="policy:{site}",
    retention="for ever",
)

TABLES = (
    POLICIES,
    GOLD,
    GOLD_SHELF,
    GOLD_ASKED,
    GOLD_ANSWERS,
    VERDICTS,
    NIGHTS,
    REJUDGINGS,
    REVIEWS,
    TRAINING,
)
