"""All detectors on a post, or on a batch: signals, one calibrated score, and what it reaches.

`detect_jsonl` is the same for lines of JSON, for the command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from venire.detectors import linear
from venire.detectors.linear_model import shipped
from venire.detectors.look import Look
from venire.detectors.model import Evidence, Judgement, Models, Signal
from venire.detectors.reading import read
from venire.detectors.registry import DETECTORS
from venire.detectors.vetoes import is_violent
from venire.kernel.text import is_quoted

BATCH = 256
MAX_CHARACTERS = 20_000
"""Longer texts are not posts; what they would cost is not bounded by the posts' limit."""
_JUST_BELOW = 0.999
_QUOTED_SHARE = 0.5


def load_models() -> Models:
    """The models shipped with this version."""
    return Models(shipped())


def judge_all(evidence: Sequence[Evidence], models: Models) -> list[Judgement]:
    """Judge posts, in order. Fastest at some hundreds at a time."""
    judgements: list[Judgement] = []
    for start in range(0, len(evidence), BATCH):
        readings = [read(one) for one in evidence[start : start + BATCH]]
        focuses = models.linear.focus_all(readings)
        judgements += [
            _judged(Look(reading, focus, models.linear))
            for reading, focus in zip(readings, focuses, strict=True)
        ]
    return judgements


def judge(evidence: Evidence, models: Models) -> Judgement:
    """Judge one post."""
    return judge_all([evidence], models)[0]


def detect(evidence: Evidence, models: Models) -> list[Signal]:
    """What each detector says of one post; nothing for most."""
    return list(judge(evidence, models).signals)


def _judged(given: Look) -> Judgement:
    reading = given.reading
    scale = given.model.scales[reading.lang]
    score = scale.probability(given.focus.logit)
    if score >= scale.hold_at and not may_hold(given):
        score = scale.hold_at * _JUST_BELOW
    signals = (look(given) for _, look in DETECTORS)
    case = score >= scale.case_at
    return Judgement(
        post_id=reading.evidence.post_id,
        score=round(score, 6),
        category="incitement" if case else None,
        lang=reading.lang,
        hold=score >= scale.hold_at,
        case=case,
        signals=tuple(signal for signal in signals if signal is not None),
    )


def may_hold(given: Look) -> bool:
    """Whether a score that reaches `hold_at` may hide the post before anyone has looked.

    Not when every cue is negated or quoted, when most of what speaks against the post stands in a
    quotation, or when it asks for the law and names no violence. Such a post still gets a jury.
    """
    reading = given.reading
    if reading.meant:
        return True
    if reading.hits or not is_violent(reading.plain):
        return False
    return not _mostly_quoted(given)


def _mostly_quoted(given: Look) -> bool:
    reading = given.reading
    explanation = linear.explain(given.model, reading, given.focus)
    ranges = linear.weighty_ranges(reading, explanation)
    spans = [reading.folded.span(*each) for each in ranges]
    quoted = sum(is_quoted(reading.evidence.text, *span) for span in spans)
    return bool(spans) and quoted >= _QUOTED_SHARE * len(spans)


class _Line(msgspec.Struct):
    """One line of input. `id` is given back as it came."""

    id: str | int
    text: str
    lang: str | None = None


_read_line = msgspec.json.Decoder(_Line).decode


def detect_jsonl(lines: Iterable[str | bytes], models: Models) -> Iterator[dict[str, Any]]:
    """`{id,text,lang?}` lines in, `{id,score,category,signals}` out, in order.

    A line that cannot be used comes out as `{"line","code","hint"}` in its place, counted from 1:
    `not_json`, `bad_row` (a field is missing or of the wrong kind), `text_too_long`. Blank lines
    are passed over.
    """
    waiting: list[tuple[_Line | None, dict[str, Any]]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        waiting.append(_taken(number, line))
        if len(waiting) == BATCH:
            yield from _answers(waiting, models)
            waiting = []
    yield from _answers(waiting, models)


def _taken(number: int, line: str | bytes) -> tuple[_Line | None, dict[str, Any]]:
    try:
        row = _read_line(line)
    except msgspec.ValidationError as problem:
        return None, {"line": number, "code": "bad_row", "hint": str(problem)}
    except (msgspec.DecodeError, UnicodeError) as problem:
        return None, {"line": number, "code": "not_json", "hint": str(problem)}
    if len(row.text) > MAX_CHARACTERS:
        hint = f"more than {MAX_CHARACTERS} characters"
        return None, {"line": number, "code": "text_too_long", "hint": hint}
    return row, {}


def _answers(
    waiting: list[tuple[_Line | None, dict[str, Any]]], models: Models
) -> Iterator[dict[str, Any]]:
    rows = [row for row, _ in waiting if row is not None]
    judged = iter(judge_all([Evidence(0, row.text, row.lang) for row in rows], models))
    for row, fault in waiting:
        yield fault if row is None else _answer(row, next(judged))


def _answer(row: _Line, judgement: Judgement) -> dict[str, Any]:
    return {
        "id": row.id,
        "score": judgement.score,
        "category": judgement.category,
        "signals": [
            {
                "detector": signal.detector,
                "category": signal.category,
                "score": signal.score,
                "spans": [msgspec.structs.asdict(span) for span in signal.spans],
            }
            for signal in judgement.signals
        ],
    }
