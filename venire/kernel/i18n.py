"""Words for people, in their language. English is the text in the code; others are `.po` files.

Adding a language is one line here and one file in `venire/locales/`.
"""

from __future__ import annotations

import functools
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "id": "Bahasa Indonesia"}
_FOLDER = Path(__file__).parent.parent / "locales"


@functools.cache
def _catalogue(language: str) -> dict[str, str]:
    path = _FOLDER / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        entries = read_po(file, locale=language)
    return {
        entry.id: entry.string
        for entry in entries
        if isinstance(entry.id, str) and isinstance(entry.string, str) and entry.id
    }


def supported(language: str | None) -> str:
    """The nearest language there is: `id-ID` and `in` are Indonesian, unknown ones English."""
    short = (language or "en").replace("_", "-").split("-")[0].lower()
    short = "id" if short == "in" else short
    return short if short in LANGUAGES else "en"


def negotiate(accept_language: str, fallback: str = "en") -> str:
    """Choose from an Accept-Language header (RFC 9110 section 12.5.4), by its order of weights."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:20]:
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((float(weight) if weight else 1.0, name))
        except ValueError:
            continue
    for _, name in sorted(wanted, key=lambda pair: -pair[0]):
        short = name.split("-")[0].lower()
        if short in LANGUAGES or short == "in":
            return supported(short)
    return supported(fallback)


def translate(language: str, text: str, **data: object) -> str:
    """`text` in a language, with its `{placeholders}` filled; English where it is missing."""
    template = _catalogue(supported(language)).get(text) or text
    return template.format(**data) if data else template


def catalogue_keys(language: str) -> frozenset[str]:
    """The texts that a language has: for the test that says what is missing."""
    return frozenset(key for key, value in _catalogue(language).items() if value)
