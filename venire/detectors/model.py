"""Nouns of this room."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from venire.detectors.bank import TextBank
    from venire.detectors.batching import Bench
    from venire.detectors.linear_model import Linear

Category = Literal[
    "incitement",
    "hate",
    "harassment",
    "privacy",
    "self_harm",
    "child_safety",
    "spam",
    "scam",
    "impersonation",
    "copyright",
    "other",
]
Language = Literal["en", "id"]
LANGUAGES: tuple[Language, ...] = ("en", "id")


class Evidence(msgspec.Struct, frozen=True):
    """What a detector is given: one public or unlisted post, as it was written.

    `lang` is what the author's client declared, or None; it decides only where the text is silent.
    """

    post_id: int
    text: str
    lang: str | None = None


class Span(msgspec.Struct, frozen=True):
    """Letters of the original text, `text[start:end]`, and a key that says why they count."""

    start: int
    end: int
    reason: str


class Signal(msgspec.Struct, frozen=True):
    """What one detector said of one post. `score` is 0..1; a `withdrawn` reason lowers it."""

    detector: str
    category: Category
    score: float
    spans: tuple[Span, ...]


class Judgement(msgspec.Struct, frozen=True):
    """All detectors together on one post.

    `score` is the calibrated probability of incitement; `category` is null below `case_at`.
    `hold` and `case` say which thresholds of its language it reached.
    """

    post_id: int
    score: float
    category: Category | None
    lang: Language
    hold: bool
    case: bool
    signals: tuple[Signal, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Models:
    """What detection needs besides the text: weights with their calibration and thresholds."""

    linear: Linear


@dataclasses.dataclass(frozen=True, slots=True)
class Detectors:
    """What the rooms above are given: models, the bank of texts already judged, the bench."""

    models: Models
    bank: TextBank
    bench: Bench
