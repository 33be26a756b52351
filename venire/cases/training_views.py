"""What a juror sees of training, and of gold questions once they are retired."""

from __future__ import annotations

from typing import Any

import msgspec

from venire.cases.court import Court
from venire.cases.gold_cases import asked_of
from venire.cases.policy import CategoryPolicy
from venire.cases.views import mask_handles
from venire.jury import gold_store, training
from venire.jury.training import Marked
from venire.kernel.clock import iso_ms
from venire.storage.tables.calibration import GoldRow


def _rule(category: CategoryPolicy, language: str) -> dict[str, Any]:
    return {
        "category": category.name,
        "rule": category.rule,
        "title": category.title.get(language, category.title["en"]),
        "rule_text": category.text.get(language, category.text["en"]),
    }


def _question(court: Court, row: GoldRow, language: str) -> dict[str, Any]:
    above = msgspec.json.decode(row.context, type=list[str])
    return {
        "id": str(row.id),
        **_rule(court.policy.category(row.category), language),
        "text": mask_handles(row.text),
        "context": [mask_handles(one) for one in above],
    }


def _explained(court: Court, row: GoldRow, language: str) -> dict[str, Any]:
    """A question with its answer: only for whoever has answered it."""
    told = msgspec.json.decode(row.explanation, type=dict[str, str])
    return {
        **_question(court, row, language),
        "answer": "violates" if row.violates else "keeps",
        "explanation": told.get(language) or told.get("en") or "",
        "doubt": row.doubt or None,
    }


async def progress(court: Court, account_id: int, language: str) -> dict[str, Any]:
    """How far a juror is, and the question asked now. Raises as `training.progress`."""
    far = await training.progress(court.world, asked_of(court, "panel"), account_id)
    marks = court.policy.calibration
    return {
        "state": far.state,
        "attempt": far.attempt,
        "answered": far.answered,
        "right": far.right,
        "questions": marks.training_questions,
        "to_pass": marks.training_right,
        "question": None if far.question is None else _question(court, far.question, language),
    }


async def answer(
    court: Court, account_id: int, question_id: int, vote: str, language: str
) -> dict[str, Any]:
    """Answer the question asked now; what was right, and why. Raises as `training.answer`."""
    marked: Marked = await training.answer(
        court.world, court.policy.calibration, account_id, question_id, vote
    )
    return {
        "right": marked.right,
        "passed": marked.passed,
        "over": marked.over,
        "question": _explained(court, marked.question, language),
    }


async def past_questions(court: Court, juror_id: int, language: str) -> list[dict[str, Any]]:
    """The gold questions that a juror has answered and that are retired: newest first."""
    answers = await gold_store.answers_of(court.world.storage, juror_id)
    shown = []
    for given in sorted(answers, key=lambda one: -one.at_ms):
        row = await gold_store.load(court.world.storage, given.question_id)
        if row is None or row.ended_at_ms is None:
            # Still asked of others: that there was a question is told to nobody yet.
            continue
        right = (given.vote == "violates") is row.violates
        shown.append(
            {
                **_explained(court, row, language),
                "vote": given.vote,
                "right": right if row.state != "wrong" else None,
                "answered_at": iso_ms(given.at_ms)[:10],
            }
        )
    return shown
