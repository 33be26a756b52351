"""The statement of reasons (DSA Art. 17) of a hold, a measure or a hold's end. Pure.

It says who or what found the post only by kind: never who reported, never who judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from venire.cases import appeals
from venire.cases.entries import source_of
from venire.cases.model import Case, Source, Statement
from venire.cases.policy import Policy
from venire.kernel.clock import DAY_MS
from venire.people.model import Standing

Kind = Literal["hold", "measure", "lift", "overturned", "upheld"]
_AS_IT_SAYS = {"hold": "hold", "lift": "none", "overturned": "none"}
_WORDS_AT_MOST = 10


def kind_of(kind: str, key: str) -> str:
    """The kind of statement for what a step does outside: an appeal that won says so."""
    return "overturned" if kind == "lift" and key.endswith(":appeal_end") else kind


def build(
    case: Case,
    policy: Policy,
    *,
    kind: str,
    identifier: int,
    text: str,
    sources: Sequence[Source],
    record_index: int,
    at_ms: int,
    limited: bool = False,
    decision: str = "",
    stands: Standing | None = None,
) -> Statement:
    """The statement for one step of a case. `limited`: the step put a limit on the account.

    `decision` is the step's key; `stands` is how the account stands once it has taken effect.
    """
    category = policy.category(case.category)
    measured = kind == "measure"
    points = 0 if stands is None else stands.points
    decided_by = "" if kind == "hold" else case.judged_by
    return Statement(
        id=identifier,
        kind=cast("Kind", kind),
        case=case.public_id,
        post_id=case.subject_id if case.subject_kind == "post" else None,
        category=category.name,
        rule=category.rule,
        rule_title=category.title,
        rule_text=category.text,
        measure=_AS_IT_SAYS.get(kind) or case.measure or "none",
        decided_by=decided_by,
        automated=decided_by == "bank" or (kind == "hold" and source_of(case) == "detector"),
        sources=tuple(sorted({source_of(case)})),
        words=words_of(sources, text),
        text=text,
        at_ms=at_ms,
        points=category.points if measured and not limited else 0,
        points_expire_ms=(
            at_ms + policy.points.expire_days * DAY_MS if measured and not limited else None
        ),
        appeal_until_ms=appeals.until_ms(policy, at_ms) if measured else None,
        record_index=record_index if record_index >= 0 else None,
        decision=decision,
        standing_points=points if measured else 0,
        suspend_at=policy.points.suspend_at if measured and points else 0,
        suspended_until_ms=stands.until_ms if measured and stands and stands.suspended else None,
    )


def words_of(sources: Sequence[Source], text: str) -> tuple[str, ...]:
    """The words of the post that a detector pointed at, as the author wrote them."""
    found: dict[str, None] = {}
    for source in sources:
        spans = source.body.get("spans")
        for span in spans if isinstance(spans, list) else []:
            start, end = span.get("start"), span.get("end")
            if isinstance(start, int) and isinstance(end, int) and text[start:end].strip():
                found[text[start:end].strip()] = None
    return tuple(found)[:_WORDS_AT_MOST]


def account_warning(statement: Statement, text: str, limit: str = "") -> dict[str, object]:
    """Mastodon's AccountWarning, as far as it can say this; the rest is in the message.

    `limit`: what was put on the account, in Mastodon's words.
    """
    post = statement.post_id is not None and statement.kind != "hold"
    if post and statement.measure == "label":
        limit = limit or "mark_statuses_as_sensitive"
    return {
        "id": str(statement.id),
        "action": limit or ("delete_statuses" if post else "none"),
        "text": text,
        "status_ids": None if statement.post_id is None else [str(statement.post_id)],
        "appeal": None,
        "created_at_ms": statement.at_ms,
    }
