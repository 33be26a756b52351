"""One character at a time: what it is read as once its disguise is taken off.

Hand-made from the shapes of the letters, one ascii letter per look-alike, so that two words of one
foreign script are not merged. The idea of a skeleton is Unicode TR39's; the table is ours.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_PAIRS = (
    # Cyrillic
    "аa вb еe ёe кk мm нh оo рp сc тt уy хx іi їi јj ѕs ԁd ԛq ԝw һh ӏl ґr ҝk ҡk ӊh үy"
    " ѵv ѡw ғf ҽe ҫc қk ңh ҳx әe өo ұy"
    # Greek
    " αa βb γy εe ηn ιi κk νv οo ρp τt υu χx ωw ϲc ϳj ϻm"
    # Latin letters that have no decomposition
    " ıi łl øo đd ħh ŧt ƀb ɓb ƈc ɖd ɗd ƒf ɠg ɡg ɢg ɣy ɦh ɨi ɩi ɪi ƙk ʟl ɫl ɬl ɭl ɯm ɰm ɱm ɲn ɳn"
    " ƞn ɴn ɵo ƥp ɋq ʠq ɾr ɽr ʀr ʂs ƭt ʈt ƫt ʉu ʊu ʋv ʌv ʍw ʏy ƴy ƶz ȥz ʐz ʑz ɐa ɑa ɒa ɔc ɕc ɘe əe"
    " ɛe ɜe ʙb ʜh ᴀa ᴄc ᴅd ᴇe ᴊj ᴋk ᴍm ᴏo ᴘp ᴛt ᴜu ᴠv ᴡw ᴢz ꜰf ꜱs ꞯq ǀl ǃ! ⱥa ɇe ꝑp ꞓc"
    # Armenian, Cherokee, Lisu
    " օo սu հh ոn ցg զq քp ꭺa ᏼb ꮯc ꭰd ꭼe ꮐg ꮋh ꭵi ꭻj ꮶk ꮮl ꮇm ꮲp ꮢr ꮪs ꭲt ꮩv ꮃw ꭹy ꮓz"
    " ꓮa ꓐb ꓚc ꓓd ꓰe ꓝf ꓖg ꓧh ꓲi ꓙj ꓗk ꓡl ꓟm ꓠn ꓳo ꓑp ꓣr ꓢs ꓔt ꓴu ꓦv ꓪw ꓫx ꓬy ꓜz"
    # Punctuation
    " “\" ”\" „\" ‟\" «\" »\" 〝\" 〞\" ‘' ’' ‚' ‛' ‹' ›' ′' ʹ' ʼ' ʻ' `' ´' ‐- ‑- ‒- –- —- ―- −-"
    " ⁃- ‧. ·. ∙. •* ∗* ⁎* ⋆* ٭* ⁄/ ∕/ ∣| ¡! ¿? ∂d ∑e √v"
)
_TABLE: dict[str, str] = {}
for _pair in _PAIRS.split(" "):
    if len(_pair) == 2:  # noqa: PLR2004 - a look-alike and what it is read as
        _TABLE[_pair[0]] = _pair[1]

_WORDS = {
    "🔫": "gun",
    "🔪": "knife",
    "🗡": "knife",
    "⚔": "sword",
    "🤺": "sword",
    "💣": "bomb",
    "🧨": "dynamite",
    "🪓": "axe",
    "🏹": "arrow",
    "🪢": "rope",
    "🩸": "blood",
    "⚰": "coffin",
    "🪦": "grave",
}
# Padded, so that a weapon between two words does not become part of either.
_TABLE |= {emoji: f" {word} " for emoji, word in _WORDS.items()}

BLACK_FLAG = "\U0001f3f4"
TAG_LETTERS = {chr(0xE0000 + ord(letter)): letter for letter in "abcdefghijklmnopqrstuvwxyz"}
"""Behind a black flag they spell a country (Scotland is `gbsct`); elsewhere they are invisible."""
REGIONAL = {chr(0x1F1E6 + index): chr(97 + index) for index in range(26)}
"""In pairs they are a flag; alone, a boxed letter."""

# Marks put on Latin letters. Vowel signs of Indic, Arabic or Hebrew script are letters: they stay,
# or different words would become one.
_MARKS = ((0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
_INVISIBLE = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x180B, 0x180F), (0x115F, 0x1160))
_INVISIBLE_ALONE = frozenset("\u3164\uffa0\u034f\u2065\u2800\ufffc")
_SQUARED = ((0x1F150, 0x1F169), (0x1F170, 0x1F189))
_CYRILLIC = ((0x0400, 0x052F),)
_TABLE |= dict.fromkeys("\t\r\x0b\x0c\x85", " ") | dict.fromkeys("\n\u2028\u2029", "\n")


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _is_invisible(char: str) -> bool:
    code = ord(char)
    return (
        unicodedata.category(char) in {"Cc", "Cf", "Cs"}
        or char in _INVISIBLE_ALONE
        or _within(code, _INVISIBLE)
        or _within(code, _MARKS)
    )


def _decomposed(char: str) -> str:
    parts = unicodedata.normalize("NFKD", char.lower())
    bare = "".join(part for part in parts if not _within(ord(part), _MARKS))
    return unicodedata.normalize("NFC", bare)


def _step(char: str) -> str:
    """One round of folding of one character."""
    code = ord(char)
    if char in _TABLE:
        return _TABLE[char]
    if _within(code, _SQUARED):
        return chr(97 + (code - _SQUARED[0][0]) % 32)
    if _is_invisible(char):
        return ""
    if _within(code, _CYRILLIC):
        return _TABLE.get(char.lower(), char.lower())
    return _decomposed(char)  # also lowers ascii


@lru_cache(maxsize=65_536)
def read_as(char: str) -> str:
    """What one character is read as: "" when invisible, a padded word for a weapon emoji.

    Every character of the answer is read as itself, so that folding twice changes nothing.
    """
    result = _step(char)
    for _ in range(6):
        again = "".join(_step(part) for part in result)
        if again == result:
            break
        result = again
    return result
