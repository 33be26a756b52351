"""How people post a removed text again: as it was, or changed a little to slip past."""

from __future__ import annotations

from venire.cli.demo_corpus import Language
from venire.cli.demo_corpus.composer import Dice

WAYS = ("case", "extra word", "hashtag", "letters", "punctuation", "spaces")
_EXTRA_WORDS: dict[Language, tuple[str, ...]] = {
    "en": ("people,", "really,", "again:", "listen,", "this.", "yes,"),
    "id": ("serius,", "ayo,", "sekali lagi:", "dengar,", "betul,", "woi,"),
}
_HASHTAGS: dict[Language, tuple[str, ...]] = {
    "en": ("#now", "#share", "#enough", "#wakeup", "#tonight"),
    "id": ("#sebarkan", "#sekarang", "#cukup", "#bangkit", "#viralkan"),
}
_LOOKALIKES = dict(zip("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ", strict=True))
"""Latin letters and the Cyrillic ones that look like them."""


def repost(dice: Dice, text: str, lang: Language) -> str:
    """The text posted again: unchanged in one of five cases, else changed in one or two ways."""
    ways = dice.shuffled(WAYS)[: dice.pick((0, 1, 1, 1, 2))]
    for way in WAYS:
        if way in ways:
            text = changed(dice, way, text, lang)
    return text


def changed(dice: Dice, way: str, text: str, lang: Language) -> str:
    """The text changed in one of the WAYS."""
    match way:
        case "case":
            return dice.pick((text.upper(), text.lower(), text.swapcase()))
        case "extra word":
            return f"{dice.pick(_EXTRA_WORDS[lang])} {text}"
        case "hashtag":
            return f"{text} {dice.pick(_HASHTAGS[lang])}"
        case "letters":
            # A share of the letters only: a text without one Latin letter would look like Russian.
            return "".join(
                _LOOKALIKES.get(letter, letter) if dice.happens(25) else letter for letter in text
            )
        case "punctuation":
            return dice.pick((text.rstrip(".!?"), f"{text.rstrip('.!?')}!!!", f"{text}..."))
        case _:
            return text.replace(" ", "  ")
