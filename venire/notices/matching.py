"""Whether one text carries another: word for word, cut short, with additions, or misread.

Being alike is not enough. Threats are written to one pattern ("hang the mayor", "hang the judge"),
and a post that differs in one word is another post, by another author, about another person.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Final, Literal

import msgspec
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from venire.kernel.text import known_word, normal_form

SHORT_WORDS: Final = 4
SHORT_LETTERS: Final = 16
"""Below either, a text is too common to be found by anything but itself."""

_ADDITION_WORDS: Final = 5
"""From so many words on, a post may add a little and still carry the text."""
_MOST_ADDED: Final = 3
_BEGINNING_LETTERS: Final = 20
_BEGINNING_SHARE: Final = 0.4
_PART_LETTERS: Final = 40
_PART_WORDS: Final = 7
_EDITED_LETTERS: Final = 40
_LONGEST_MISREADING: Final = 2
_GARBLED_LIKENESS: Final = 0.85
_GARBLED_STRETCH: Final = 3
_SURE_READING: Final = 0.9
_LEAST_PIECE: Final = 8

# Words that turn a text around, or make it someone else's, when they are added to it or left out.
_TURNING_LIST: Final = """
no not never nobody none neither nor without dont doesnt didnt wont cant cannot shouldnt wouldnt
couldnt isnt arent wasnt werent aint stop if unless
tidak tak bukan jangan janganlah belum tanpa gak nggak enggak ga ngga kalau jika seandainya
said says say saying wrote writes quote quoting told tweeted posted claims reportedly allegedly
threatened joke joking jokes kidding satire parody lyrics movie
kata katanya berkata bilang menulis ujar mengutip
"""
_TURNING: Final = frozenset(_TURNING_LIST.split())
_WEIGHTLESS_LIST: Final = """
now really just please pls yes yeah yep amen exactly absolutely everyone everybody folks guys bro
dude smh tbh fr imo honestly literally seriously again ok okay so well hey
share shared this pass it on rt repost retweet spread boost follow copy paste wake up
ayo yuk dong deh nih sih ya yah lah kok gan bang woi woy min sis kak bos tolong mohon
sebarkan sebar share viralkan bagikan up sekarang banget pokoknya setuju betul iya
"""
_WEIGHTLESS: Final = frozenset(_WEIGHTLESS_LIST.split())
_JOINING_LIST: Final = """
the a an and or of to in on at for with is are was were be been that these those then its as by
from but than too also
yang dan atau di ke dari untuk dengan itu ini juga pun saja aja lagi sudah udah akan
"""
_JOINING: Final = frozenset(_JOINING_LIST.split())
_HASHTAG: Final = re.compile(r"#(\w{1,60})")

_SAME_SHAPE: Final = str.maketrans("i1|jq952080", "llllggszobo")
_SAME_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("ii", "u"))
_ELLIPSIS: Final = re.compile(r"\s*(?:\[\s*(?:\.\.\.|…)\s*\]|\(\s*(?:\.\.\.|…)\s*\)|…|\.{3,})\s*")


class Words(msgspec.Struct, frozen=True):
    """A text made ready to compare. `letters` has neither spaces nor signs."""

    normal: str
    words: tuple[str, ...]
    letters: str
    shapes: str
    questions: int
    signs: str
    """Emoji and the like, sorted: with another one a text may say another thing."""
    tags: frozenset[str]
    """Its hashtags' words, folded."""

    @property
    def is_short(self) -> bool:
        """Whether only an exact match can be trusted."""
        return len(self.words) < SHORT_WORDS or len(self.letters) < SHORT_LETTERS


@lru_cache(maxsize=2_048)
def words_of(text: str) -> Words:
    """Fold a text; cached, since each candidate is compared with many items."""
    normal = normal_form(text)
    words = tuple(word for part in normal.split() if (word := "".join(filter(str.isalnum, part))))
    letters = "".join(words)
    shapes = letters.translate(_SAME_SHAPE)
    for pair, single in _SAME_PAIRS:
        shapes = shapes.replace(pair, single)
    signs = "".join(sorted(sign for sign in normal if not (sign.isalnum() or sign in " ?\ufe0f")))
    tags = frozenset(normal_form(tag) for tag in _HASHTAG.findall(text))
    return Words(normal, words, letters, shapes, normal.count("?"), signs, tags)


def carries(post: Words, quote: Words) -> bool:
    """Whether a post is the quoted text plus up to three words of no weight before or behind it.

    Of no weight are hashtags, calls to pass it on and interjections. Anything else may be how
    another text goes on, or makes it another one: "... said the judge", "the prime minister".
    """
    extra = len(post.words) - len(quote.words)
    if not 0 < extra <= _MOST_ADDED or len(quote.words) < _ADDITION_WORDS:
        return False
    if post.questions != quote.questions or post.signs != quote.signs:
        return False
    for start in range(extra + 1):
        end = start + len(quote.words)
        if post.words[start:end] == quote.words:
            added = {*post.words[:start], *post.words[end:]}
            return added <= _WEIGHTLESS | post.tags and not added & _TURNING
    return False


def same_text(one: Words, other: Words) -> bool:
    """Whether two posts are copies: the same normal form, or one carries the other."""
    if one.normal == other.normal:
        return bool(one.normal)
    return carries(one, other) or carries(other, one)


def is_beginning(post: Words, quote: Words) -> bool:
    """Whether a quote, perhaps cut within a word, is how a post begins."""
    return not quote.is_short and post.letters.startswith(quote.letters)


def begins_enough(post: Words, quote: Words) -> bool:
    """Whether a beginning is long in itself, or so much of the post, that it can only be meant."""
    if len(quote.letters) >= _PART_LETTERS and len(quote.words) >= _PART_WORDS:
        return True
    share = len(quote.letters) / max(1, len(post.letters))
    return len(quote.letters) >= _BEGINNING_LETTERS and share >= _BEGINNING_SHARE


def is_part(post: Words, quote: Words) -> bool:
    """Whether a long quote stands word for word in a post that doesn't turn it around."""
    if len(quote.letters) < _PART_LETTERS or len(quote.words) < _PART_WORDS:
        return False
    before, found, after = f" {' '.join(post.words)} ".partition(f" {' '.join(quote.words)} ")
    return bool(found) and not _TURNING & {*before.split(), *after.split()}


def signs_within(quote: Words, post: Words) -> bool:
    """Whether a post has every emoji of a quote."""
    return all(quote.signs.count(sign) <= post.signs.count(sign) for sign in set(quote.signs))


class Pieces(msgspec.Struct, frozen=True):
    """A quotation with gaps: "first … last".

    `open_start` and `open_end`: it says itself that the post begins before it or goes on after it.
    """

    parts: tuple[Words, ...]
    open_start: bool
    open_end: bool


def pieces_of(text: str) -> Pieces | None:
    """A quotation's pieces; None when it has no gaps, or a piece too short to tell anything."""
    parts = [words_of(piece) for piece in _ELLIPSIS.split(text.strip())]
    inner = [part for part in parts if part.letters]
    if len(inner) < 2 or any(len(part.letters) < _LEAST_PIECE for part in inner):  # noqa: PLR2004
        return None
    return Pieces(tuple(inner), not parts[0].letters, not parts[-1].letters)


def has_pieces(post: Words, pieces: Pieces) -> bool:
    """Whether the pieces stand in a post in order, the outer ones at its ends, and are enough."""
    place = 0
    for part in pieces.parts:
        found = post.letters.find(part.letters, place)
        if found < 0:
            return False
        place = found + len(part.letters)
    starts = pieces.open_start or post.letters.startswith(pieces.parts[0].letters)
    ends = pieces.open_end or post.letters.endswith(pieces.parts[-1].letters)
    total = sum(len(part.letters) for part in pieces.parts)
    enough = total >= max(_BEGINNING_LETTERS, _BEGINNING_SHARE * len(post.letters))
    return starts and ends and enough


def misread_cost(post: Words, quote: Words, *, confidence: float, beginning: bool) -> int | None:
    """How many letters were misread, if what was read from a picture can be this text at all.

    Look-alikes (l and I, rn and m) are free. The budget is 3 % of the letters when the engine was
    sure of itself and grows to 8 % as it was less. None: not this text.

    Args:
        post: the text as it is.
        quote: what was read.
        confidence: of the engine, 0..1.
        beginning: compare with the beginning of the post only.

    """
    target = post.shapes
    if beginning:
        if len(quote.shapes) < _BEGINNING_LETTERS or len(target) <= len(quote.shapes):
            return None
        target = target[: len(quote.shapes)]
    share = 0.03 + 0.05 * min(1.0, max(0.0, (0.95 - confidence) / 0.35))
    budget = math.floor(share * len(target)) + (len(target) >= SHORT_LETTERS)
    if abs(len(target) - len(quote.shapes)) > budget:
        return None
    cost = Levenshtein.distance(quote.shapes, target, score_cutoff=budget)
    if cost > budget:
        return None
    if _longest_change(quote, target) > _LONGEST_MISREADING or _replaces_a_word(quote, post):
        return None
    return cost


def may_be_misread(post: Words, quote: Words, confidence: float) -> bool:
    """Whether a badly read picture may show this text after all, for a person to look at.

    When the engine was sure of itself, a longer stretch that differs is another word, not noise.
    """
    likeness = fuzz.ratio(post.shapes, quote.shapes) / 100
    if likeness < _GARBLED_LIKENESS:
        return False
    return confidence < _SURE_READING or _longest_change(quote, post.shapes) <= _GARBLED_STRETCH


def _longest_change(quote: Words, shapes: str) -> int:
    steps = Levenshtein.opcodes(quote.shapes, shapes)
    return max(
        (
            max(step.src_end - step.src_start, step.dest_end - step.dest_start)
            for step in steps
            if step.tag != "equal"
        ),
        default=0,
    )


def _replaces_a_word(quote: Words, post: Words) -> bool:
    """Whether some short word was read as quite another: "him" for "her".

    Compared word by word only where both have the same words in the same places; run-together
    words are left to the count of letters.
    """
    if len(quote.words) != len(post.words):
        return False
    return any(
        # Of one or two letters every slip looks like another word, unless it is none.
        _other_word(left, right) and (len(left) > 2 or known_word(left))  # noqa: PLR2004
        for left, right in zip(quote.words, post.words, strict=True)
        if left != right
    )


def _other_word(left: str, right: str) -> bool:
    """Whether two words are different words, not one word and a slip of it."""
    one, two = words_of(left).shapes, words_of(right).shapes
    distance = Levenshtein.distance(one, two)
    return distance > _LONGEST_MISREADING or distance * 2 >= max(len(one), len(two), 1)


def edits(post: Words, quote: Words) -> Literal["no", "perhaps", "sure"]:
    """Whether two long texts are one text but for slips and a word or two.

    Slips are letters within a word. Words left out or added are at most two; when they have a
    weight of their own it is for a person to say ("minister", "prime minister"), and when they
    turn the meaning, or a word stands in place of another, it is another text.
    """
    if min(len(post.letters), len(quote.letters)) < _EDITED_LETTERS:
        return "no"
    if post.questions != quote.questions or post.signs != quote.signs:
        return "no"
    changed, moved = 0, set[str]()
    for step in Levenshtein.opcodes(quote.words, post.words):
        left = quote.words[step.src_start : step.src_end]
        right = post.words[step.dest_start : step.dest_end]
        if step.tag == "replace" and "".join(left) != "".join(right):
            if any(_other_word(one, two) for one, two in zip(left, right, strict=True)):
                return "no"
        elif step.tag in ("insert", "delete"):
            moved |= {*left, *right}
        changed += (len(left) or len(right)) if step.tag != "equal" else 0
    if moved & _TURNING or changed > max(2, 0.1 * len(post.words)):
        return "no"
    return "sure" if moved <= _WEIGHTLESS | _JOINING | post.tags | quote.tags else "perhaps"
