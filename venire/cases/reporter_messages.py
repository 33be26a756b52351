"""What is written to a reporter whose reports are too often unfounded, and the statement of it."""

from __future__ import annotations

from typing import Literal

from venire.cases.model import Statement
from venire.kernel.clock import iso_ms
from venire.kernel.i18n import LANGUAGES, translate

Kind = Literal["reporting_warned", "reporting_suspended"]
_TITLES = {
    "reporting_warned": "Reports that were unfounded",
    "reporting_suspended": "Your reports are not taken for a time",
}
_TEXTS = {
    "reporting_warned": (
        "{count} of your reports were manifestly unfounded: not one juror saw a broken rule. If"
        " this goes on, your reports are not taken for a time. What is aimed at you can always be"
        " reported."
    ),
    "reporting_suspended": (
        "After a warning, {count} more of your reports were manifestly unfounded: not one juror"
        " saw a broken rule. Until {day} your reports are not taken. What is aimed at you can"
        " still be reported, and you can appeal."
    ),
}


def statement(
    identifier: int,
    *,
    kind: Kind,
    unfounded: int,
    at_ms: int,
    until_ms: int | None,
) -> Statement:
    """The statement of reasons of a warning or a suspension: of no case and no post."""
    day = "" if until_ms is None else iso_ms(until_ms)[:10]
    return Statement(
        id=identifier,
        kind=kind,
        case="",
        post_id=None,
        category="other",
        rule=0,
        rule_title={one: translate(one, _TITLES[kind]) for one in LANGUAGES},
        rule_text={
            one: translate(one, _TEXTS[kind], count=unfounded, day=day) for one in LANGUAGES
        },
        measure="none" if until_ms is None else "suspend",
        decided_by="",
        automated=True,
        sources=(),
        words=(),
        text="",
        at_ms=at_ms,
        appeal_until_ms=until_ms,
    )


def message(language: str, turn: str, until_ms: int | None, url: str) -> str:
    """To the reporter. `turn`: warn, suspend or clear."""
    if turn == "warn":
        return translate(
            language,
            "Several of your reports were manifestly unfounded. This is a warning, without any"
            " consequence for now. Details: {url}",
            url=url,
        )
    if turn == "suspend":
        return translate(
            language,
            "Your reports are not taken until {day}, because too many were manifestly unfounded."
            " What is aimed at you can still be reported, and you can appeal: {url}",
            day="" if until_ms is None else iso_ms(until_ms)[:10],
            url=url,
        )
    return translate(language, "Your reports are taken again without any reservation.")


def answer_message(language: str, *, won: bool, until_ms: int | None) -> str:
    """The answer to an appeal against a suspension."""
    if won:
        return translate(
            language, "Your appeal was heard, and you were right: your reports are taken again."
        )
    return translate(
        language,
        "Your appeal was heard, and the decision stands: your reports are not taken until {day}.",
        day="" if until_ms is None else iso_ms(until_ms)[:10],
    )
