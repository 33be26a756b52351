"""What only sounds like a threat: figures of speech, negations, calls for the law to act.

A figure of speech is blanked before anything is scored, so "kill time" is not read as a killing. A
negation or a report withdraws the cue it stands before, and is shown to jurors as such.
"""

from __future__ import annotations

import re

from venire.detectors.cues import FIGURATIVE, read_list
from venire.kernel.lexicon import VIOLENT

_VETOES = {name: "|".join(lines) for name, lines in read_list("vetoes").items()}
_NEGATION = re.compile(rf"(?<!\w)(?:{_VETOES['negation']}) (?:\w+ ){{0,4}}$")
_STILL_MEANT = re.compile(rf"(?<!\w)(?:{_VETOES['still_meant']}) (?:\w+ ){{0,3}}$")
_MEANT_BEFORE = re.compile(rf"(?<!\w)(?:{_VETOES['meant_before']}) (?:all |both |just |be )?$")
_AMBIGUOUS = re.compile(
    r"h[au]ng(?:s|ing)? (?:with|around|on|at|out|up|over|by|from|back)(?: .*)?|shots? .*|shot"
)
LAWFUL = re.compile(rf"(?<!\w)(?:{_VETOES['lawful']})(?!\w)")

_SENTENCE_END = re.compile(r"[.!?;\n]")
_REACH = 60
"""How many letters before a cue are searched for what turns it around."""

_NO_VIOLENCE_WORDS = """
traitor traitors punish suicide fuck fucks fucked fucking fucker shit bitch bastard cunt whore
nigger nigga faggot bangsat anjing babi kontol memek jancok goblok tolol kafir cina mati dead
death war arm armed skin curb stone army storm hunt
"""
_VIOLENCE = VIOLENT.difference(_NO_VIOLENCE_WORDS.split())
_WORDS = re.compile(r"[a-z]+")


def blanked(folded: str) -> str:
    """The text with its figures of speech blanked out, letter for letter.

    "Should hang with the rest" keeps its verb: what is owed to someone is no figure of speech.
    """
    return FIGURATIVE.sub(_blank, folded)


def _blank(match: re.Match[str]) -> str:
    phrase = match.group()
    before = match.string[max(0, match.start() - _REACH) : match.start()]
    if _AMBIGUOUS.fullmatch(phrase) is not None and _MEANT_BEFORE.search(before) is not None:
        return phrase
    return " " * len(phrase)


def is_violent(plain: str) -> bool:
    """Whether a word of bodily violence stands in the text, figures of speech left out."""
    return not _VIOLENCE.isdisjoint(_WORDS.findall(plain))


def is_negated(plain: str, start: int) -> bool:
    """Whether the words before `start`, in the same sentence, turn the cue around."""
    before = _SENTENCE_END.split(plain[max(0, start - _REACH) : start])[-1]
    return _NEGATION.search(before) is not None and _STILL_MEANT.search(before) is None
