"""How long a post is: Mastodon's count. Pure.

Source: docs.joinmastodon.org/user/posting and app/validators/status_length_validator: grapheme
clusters (Unicode UAX #29) of content warning and text; an address counts 23, a mention of an
account elsewhere only its user part.
"""

from __future__ import annotations

import unicodedata

from venire.posts.scan import find_entities

CHARACTERS_MOST = 1_000
LINK_COUNTS = 23

_ZWJ = "\u200d"
_MODIFIERS = range(0x1F3FB, 0x1F400)
_TAG_LETTERS = range(0xE0020, 0xE0080)
_REGIONAL = range(0x1F1E6, 0x1F200)
_HANGUL_L = (range(0x1100, 0x1160), range(0xA960, 0xA97D))
_HANGUL_V = (range(0x1160, 0x11A8), range(0xD7B0, 0xD7C7))
_HANGUL_T = (range(0x11A8, 0x1200), range(0xD7CB, 0xD7FC))
_HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)
_HANGUL_TRAILS = 28


def countable_length(text: str, spoiler: str = "") -> int:
    """The length of a post as its author is told."""
    pieces: list[str] = [spoiler]
    links = 0
    done = 0
    for entity in find_entities(text):
        if entity.kind == "link":
            pieces.append(text[done : entity.start])
            links += 1
        elif entity.kind == "mention" and entity.domain is not None:
            pieces.append(text[done : entity.start] + "@" + entity.value)
        else:
            continue
        done = entity.end
    pieces.append(text[done:])
    return links * LINK_COUNTS + sum(clusters(piece) for piece in pieces)


def clusters(text: str) -> int:
    """Extended grapheme clusters of a text (UAX #29, without its rules for prepended marks)."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    count = 0
    before = ""
    flags = 0
    for character in text:
        flags = flags + 1 if ord(character) in _REGIONAL else 0
        if not (before and _continues(before, character, flags)):
            count += 1
        before = character
    return count


def _continues(before: str, character: str, flags: int) -> bool:
    """Whether no boundary lies between two characters; `flags` ended with this one in a row."""
    if before == "\r" and character == "\n":
        return True
    if unicodedata.category(before) in {"Cc", "Zl", "Zp"}:
        return False
    if _extends(character):
        return True
    if before == _ZWJ and unicodedata.category(character) == "So":
        return True
    if flags:
        return flags % 2 == 0
    return _hangul_joins(before, character)


def _extends(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character)[0] == "M"
        or character in {_ZWJ, "\u200c", "\uff9e", "\uff9f"}
        or code in _MODIFIERS
        or code in _TAG_LETTERS
    )


def _hangul(character: str) -> str:
    code = ord(character)
    if code in _HANGUL_SYLLABLES:
        return "LV" if (code - _HANGUL_SYLLABLES.start) % _HANGUL_TRAILS == 0 else "LVT"
    for kind, ranges in (("L", _HANGUL_L), ("V", _HANGUL_V), ("T", _HANGUL_T)):
        if any(code in part for part in ranges):
            return kind
    return ""


_HANGUL_JOINS = {
    "L": {"L", "V", "LV", "LVT"},
    "V": {"V", "T"},
    "LV": {"V", "T"},
    "T": {"T"},
    "LVT": {"T"},
}


def _hangul_joins(before: str, character: str) -> bool:
    return _hangul(character) in _HANGUL_JOINS.get(_hangul(before), ())
