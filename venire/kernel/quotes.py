"""Whether words are spoken or only reported: inside a quotation, or in news of what another said.

Marks alone prove nothing (a threat can be put in quotation marks), so something of the writer's
own must stand outside them, and it must not agree.
"""

from __future__ import annotations

import re

_PAIRS = re.compile(
    r"[“„‟«〝][^”“»〞]{1,2000}[”“»〞]|\"[^\"]{1,2000}\"|‘[^’]{1,2000}’(?!\w)"
    r"|(?<!\w)'(?=\S)[^\n]{1,600}?(?<=\S)'(?!\w)"
)
_LINE = re.compile(r"^[ \t]*(?:>|&gt;)[^\n]*", re.MULTILINE)
_ADDRESS = re.compile(r"(?:@|https?://|www\.)\S+|#\w+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_OWN_WORDS = 3


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE)


_AGREES = _any_of(
    r"i (?:fully |totally )?agree|agreed|exactly|amen|well said|so true|couldn'?t agree more",
    r"(?:he|she|they)(?:'s| is| are|'re) (?:so )?right|let'?s do it|who'?s with me|do it",
    r"setuju|sepakat|(?:betul|benar|bener) (?:sekali|banget)|ayo kita",
)
_REPORTS = _any_of(
    r"(?:he|she|they|who|man|woman|suspect|police|mayor|senator|president|people|some(?:one|body))"
    r"\s+(?:\w+\s+){0,3}?(?:said|says|told|wrote|writes|posted|posts|tweeted|texted|yelled|shouted"
    r"|screamed|chanted|threatened|vowed|called for|claims?|claimed|warned|urged)",
    r"according to|(?:accused|convicted) of|charged with|pleaded guilty|reportedly|allegedly",
    r"(?:was|were|been|is|are|got)\s+(?:\w+\s+)?(?:arrested|charged|convicted|sentenced|jailed"
    r"|accused|indicted|banned|suspended|reported)",
    r"police (?:say|said|report)|court (?:heard|documents)|prosecutors",
    r"(?:threats?|messages?|comments?|posts?|tweet|text|note|letter|sign|video|quote) (?:that )?"
    r"(?:saying|reading|says|said|reads|read|like|such as|threatening)",
    r"(?:received|got|sent me|getting) (?:a |an |these |several |death )*(?:threats?|messages?)",
    r"mengancam|diancam|ancaman|berkata|katanya|kata (?:dia|pelaku|polisi|saksi)|ujar(?:nya)?",
    r"menurut|polisi (?:menangkap|mengatakan|menyebut)|dilaporkan|diduga|tersangka|terdakwa",
    r"divonis|didakwa|ditangkap|pelaku|menulis|dikabarkan|mengaku|teriak(?:an)?|berteriak|dituduh",
)
_CONDEMNS = _any_of(
    r"disgusting|unacceptable|vile|horrible|awful|appalling|despicable|hateful|sickening|is wrong",
    r"(?:not|never) (?:ok|okay|acceptable|right)|shame|condemn\w*|hate speech|reported",
    r"report(?:ed|ing)? (?:this|it|him|her|them)|keji|biadab|jahat|memalukan|laporkan|ngeri",
    r"tidak (?:boleh|pantas|benar|bisa diterima)|kecam|mengecam|dikecam",
)


def quotations(text: str) -> list[tuple[int, int]]:
    """Ranges in quotation marks, and lines that begin with ">"."""
    found = [match.span() for match in _PAIRS.finditer(text)]
    found += [match.span() for match in _LINE.finditer(text)]
    return found


def own_words(text: str) -> str:
    """What stands outside quotation marks and quoted lines, without handles and addresses."""
    kept = list(text)
    for start, end in quotations(text):
        kept[start:end] = " " * (end - start)
    return _ADDRESS.sub(" ", "".join(kept))


def is_quoted(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` (offsets of the original) is quoted or reported, not said.

    True inside quotation marks or a "> " line when at least three words of the writer's own stand
    outside and do not agree; and in a sentence that attributes it (English or Indonesian).
    """
    own = own_words(text)
    if _AGREES.search(own):
        return False
    if any(left <= start and end <= right for left, right in quotations(text)):
        return len(_WORD.findall(own)) >= _OWN_WORDS
    return is_reported(text, start, end)


def is_reported(text: str, start: int, end: int) -> bool:
    """Whether the sentence around the span attributes it to someone else, without quotation marks.

    The attribution may follow ("..., police said"), but never comes from the span itself.
    """
    left = max(text.rfind(mark, 0, start) for mark in ".!?\n") + 1
    right = min((at for mark in ".!?\n" if (at := text.find(mark, end)) >= 0), default=len(text))
    around = f"{text[left:start]} | {text[end:right]}"
    return _REPORTS.search(around) is not None


def is_condemned(text: str) -> bool:
    """Whether the writer's own words reject what is quoted."""
    return _CONDEMNS.search(own_words(text)) is not None
