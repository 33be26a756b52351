"""Finds what a text points at: links, mentions, hashtags. Pure.

Source: docs.joinmastodon.org/user/posting. A link needs its scheme, as in Mastodon, so that
"file.py" stays a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

LINK_LENGTH = 2_048
"""A longer address stays plain text and counts in full."""
TAG_LENGTH = 100
TAGS_MOST = 100

_LINK = re.compile(
    r"(?<![\w@/])https?://(?:[\w-]+\.)+\w[\w-]*(?::\d{1,5})?(?:[/?#][^\s<>\"]*)?",
    re.IGNORECASE,
)
_MENTION = re.compile(
    r"(?<![\w=/@])@([A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)(?:@((?:[\w-]+\.)*[\w-]*\w))?"
)
_TAG_START = re.compile(r"(?<![\w&/=)])[#＃](?=\w)")
_TAG_JOINS = "_·・\u200c\u200d"
_CLOSING = {")": "(", "]": "[", "}": "{"}
_TRAILING = ".,:;!?'*~_…"


class Entity(NamedTuple):
    """A part of a text that means something.

    `value` is the address, the username, or the tag as written; `domain` only follows a username.
    """

    kind: Literal["link", "mention", "tag"]
    start: int
    end: int
    value: str
    domain: str | None = None


def find_entities(text: str) -> list[Entity]:
    """Everything a text points at, in order, without overlaps: a link swallows what is in it."""
    found = _links(text)
    found += _outside(_mentions(text), found)
    found += _outside(_tags(text), found)
    return sorted(found, key=lambda entity: entity.start)


def _outside(entities: Sequence[Entity], taken: Sequence[Entity]) -> list[Entity]:
    return [
        entity
        for entity in entities
        if not any(other.start < entity.end and entity.start < other.end for other in taken)
    ]


def _links(text: str) -> list[Entity]:
    found = []
    for match in _LINK.finditer(text):
        address = _trimmed(match.group())
        if len(address) <= LINK_LENGTH:
            found.append(Entity("link", match.start(), match.start() + len(address), address))
    return found


def _trimmed(address: str) -> str:
    """Without what belongs to the sentence: a full stop, a bracket that was opened before it."""
    end = len(address)
    opened = {sign: address.count(sign) for sign in "()[]{}"}
    while end:
        last = address[end - 1]
        if last in _CLOSING and opened[last] > opened[_CLOSING[last]]:
            opened[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return address[:end]


def _mentions(text: str) -> list[Entity]:
    return [
        Entity("mention", match.start(), match.end(), match[1], match[2])
        for match in _MENTION.finditer(text)
    ]


def _tags(text: str) -> list[Entity]:
    found: list[Entity] = []
    for match in _TAG_START.finditer(text):
        end = match.end()
        while end < len(text) and end - match.end() < TAG_LENGTH and _joins_tag(text[end]):
            end += 1
        name = text[match.end() : end]
        # All digits is an ordinal ("#1"), not a tag.
        if any(character.isalpha() for character in name) and len(found) < TAGS_MOST:
            found.append(Entity("tag", match.start(), end, name))
    return found


def _joins_tag(character: str) -> bool:
    return (
        character.isalnum()
        or character in _TAG_JOINS
        # Vowel signs of Indic and other scripts are marks, not letters.
        or unicodedata.category(character)[0] == "M"
    )


def tag_key(name: str) -> str:
    """The form in which a hashtag is the same tag: compatibility forms and case taken off."""
    return unicodedata.normalize("NFKC", name).lower()


def tag_keys(entities: Sequence[Entity]) -> tuple[str, ...]:
    """The tags among entities, each once, in order."""
    return tuple(dict.fromkeys(tag_key(e.value) for e in entities if e.kind == "tag"))
