"""The demo's own texts (CC0-1.0), read from the files beside this one. See README.md."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

FOLDER = Path(__file__).parent
Language = Literal["en", "id"]
LANGUAGES: tuple[Language, ...] = ("en", "id")
ANY_TOPIC = "*"
_HANDLE = re.compile(r"(?<!\w)@([a-z0-9_]+)")
_Row = TypeVar("_Row")


class WrittenPost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A post written by hand; `violates` is the truth that simulated jurors are given."""

    id: str
    text: str
    lang: Language
    violates: bool
    kind: Literal["violating", "hard_benign", "benign"]
    topic: str


class Phrase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of a post: `[a|b]` is one of several wordings, `{name}` a word of that list."""

    lang: Language
    topic: str
    part: Literal["opener", "sentence", "closer", "reply", "emoji", "tag"]
    text: str


class WordList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words that may stand for `{name}` in one language."""

    lang: Language
    name: str
    values: tuple[str, ...]


@lru_cache(maxsize=1)
def written_posts() -> tuple[WrittenPost, ...]:
    """Every hand-written post, in the order of the files."""
    kinds = ("violating", "hard_benign", "benign")
    names = [f"{kind}_{lang}" for kind in kinds for lang in LANGUAGES]
    return tuple(row for name in names for row in _rows(name, WrittenPost))


@lru_cache(maxsize=1)
def mentioned_handles() -> dict[str, Language]:
    """Everybody whom a hand-written post names with an @, and the language it does it in."""
    return {name: post.lang for post in written_posts() for name in _HANDLE.findall(post.text)}


@lru_cache(maxsize=1)
def phrases() -> tuple[Phrase, ...]:
    """Every piece that benign posts are composed of."""
    return _rows("phrases", Phrase)


@lru_cache(maxsize=1)
def word_lists() -> dict[tuple[Language, str], tuple[str, ...]]:
    """(language, name) to words; `given` and `tail` make handles."""
    return {(row.lang, row.name): row.values for row in _rows("lists", WordList)}


def _rows(name: str, shape: type[_Row]) -> tuple[_Row, ...]:
    lines = (FOLDER / f"{name}.jsonl").read_bytes().splitlines()
    return tuple(msgspec.json.decode(line, type=shape) for line in lines)
