"""What a member is told before consenting to serve, and what a seat may hold. One text, versioned.

The version is kept with each consent: who consented can be shown what they had read. A text that
changes its meaning is a new version.
"""

from __future__ import annotations

from typing import Final

from venire.kernel.i18n import translate

VERSION: Final = "2026-11"

WARNINGS: Final = (
    "You may read threats, hatred and abuse. Some of it may be aimed at people like you.",
    (
        "Nothing is shown until you ask for it. You can skip any case without a reason and without"
        " penalty."
    ),
    (
        "You are asked {dose} times a day at most, and after {hard} hard cases in a row there is a"
        " break of {minutes} minutes that nobody can shorten."
    ),
    "You can leave out kinds of cases, pause, or stop, whenever you like.",
    "Sexual abuse of children is never shown to jurors.",
    (
        "If something stays with you, stop, and speak with somebody you trust. Nobody here will ask"
        " why you stopped."
    ),
)
"""The whole warning, in order."""
MAY_HOLD: Final = {
    "incitement": "It may hold threats, or calls for violence.",
    "hate": "It may hold hatred against people for who they are.",
    "harassment": "It may hold insults and abuse of a person.",
    "privacy": "It may hold somebody's private data or intimate pictures.",
    "self_harm": "It may speak of self-harm or suicide.",
}
"""By category: what a juror is told before asking to see a post; others hold nothing in common."""
UNNAMED: Final = "It may hold something unpleasant."


def warning(language: str, *, dose: int, hard: int, minutes: int) -> list[str]:
    """The warning in a language, sentence by sentence."""
    return [translate(language, text, dose=dose, hard=hard, minutes=minutes) for text in WARNINGS]


def may_hold(language: str, category: str) -> str:
    """What a post of a category may hold, in a language."""
    return translate(language, MAY_HOLD.get(category, UNNAMED))
