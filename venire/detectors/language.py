"""English or Indonesian, from the small words that every sentence has.

Thresholds differ by language, so a wrong declaration must not choose the laxer one: the text
decides, and what the author's client declared only breaks a tie.
"""

from __future__ import annotations

import re

from venire.detectors.model import Language

_ENGLISH_WORDS = """
the and is are was were be been to of in that it he she they you we him her them his their your my
this these those with for on at from by not have has had do does did will would should can could
must what who when where why how all if or but so just about there then than i me us our im its dont
no yes get go kill hang shoot die dead need needs let people like out up off down
"""
_INDONESIAN_WORDS = """
yang dan di ke dari ini itu dengan untuk pada tidak ada adalah juga akan bisa sudah saya aku kamu
kami kita mereka dia nya gue gua gw lo lu loe kau kalian anda orang sama atau karena jadi jangan
bukan kalau kalo aja saja lagi mau harus udah belum lebih banyak semua apa siapa kapan mana gimana
kok sih dong deh nih tuh gak ga nggak enggak tak banget sangat sekali buat oleh dalam seperti para
bunuh mati bakar tembak gantung habisi bantai penggal serang wajib ayo woi rumah makan tempat enak
masih cuma hanya terus tapi tetapi namun maka agar supaya sebagai telah pun bang pak bu mas mbak
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_INDONESIAN = frozenset(_INDONESIAN_WORDS.split())
_WORD = re.compile(r"[a-z]+")
_AFFIX = re.compile(r"(?:meng|mem|men|ber|ter|per|peng|pem|pen)[a-z]{4,}|[a-z]{3,}(?:nya|kan|lah)")


def language_of(folded: str, declared: str | None) -> Language:
    """The language whose small words the text has more of; English when nothing tells."""
    words = _WORD.findall(folded)
    english = sum(word in _ENGLISH for word in words)
    indonesian = sum(word in _INDONESIAN for word in words)
    if english == indonesian:
        if declared is not None and declared[:2].lower() in {"id", "in", "ms"}:
            return "id"
        if declared is None and any(_AFFIX.fullmatch(word) for word in words):
            return "id"
        return "en"
    return "id" if indonesian > english else "en"
