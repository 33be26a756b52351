"""What an app writes around a post, in English and Indonesian: buttons, counters, dates, hints.

Matching is by whole lines: a body that says "home" or "like" among other words is never touched.
A screenshot's text is a stranger's, so lines are judged word by word, or by patterns that cannot
run away on a long row of dots.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from rapidfuzz.distance import Hamming

Certainty = Literal["no", "perhaps", "sure"]

_COUNTED_LIST: Final = """
reply replies repost reposts reposted repeat repeats vote votes upvote upvotes downvotes echo echoes
like likes liked favorite favorites favourite favourites boost boosts quote quotes retweet retweets
comment comments share shares view views bookmark bookmarks reaction reactions impressions saves
reads star stars follower followers following
balasan membalas posting postingan ulang suka menyukai disukai bagikan dibagikan kutipan komentar
tayangan dilihat kali markah favorit penanda suara kiriman diulang pengikut mengikuti simpanan
"""
_APP_LIST: Final = """
post posts thread threads toot tweet status home search explore notifications notification messages
message profile settings follow following followed unfollow back edit edited pinned menu more
discover feed live news close done cancel share open get app install sign log in up parler mastodon
twitter x subscribe translate original public verified new see show all
kiriman utas beranda cari jelajah jelajahi notifikasi pemberitahuan pesan profil pengaturan ikuti
mengikuti diikuti kembali ubah diedit disunting disematkan lainnya linimasa tutup selesai batal
bagikan buka aplikasi pasang masuk daftar langganan terjemahkan publik lihat baru semua
"""
_ACTION_LIST: Final = """
reply repost like share boost favorite favourite bookmark quote comment echo upvote downvote vote
retweet send save report copy link view views home search explore notifications messages profile
balas suka bagikan sukai kutip komentar komentari simpan laporkan kirim markah posting ulang kiriman
favorit beranda cari jelajahi notifikasi pesan profil lihat tayangan menu post add new
"""
_PHONE_LIST: Final = """
lte lte+ 5g 4g 3g 2g h+ wifi wi-fi volte vo no sim t-mobile mobile at&t att verizon vodafone sprint
telkomsel indosat ooredoo xl axis smartfren tri im3 carrier o2 ee kb/s mb/s am pm il ll al
"""
_COUNTED: Final = frozenset(_COUNTED_LIST.split())
_APP: Final = frozenset(_APP_LIST.split())
_ACTIONS: Final = frozenset(_ACTION_LIST.split())
_PHONE: Final = frozenset(_PHONE_LIST.split())

_LONGEST_LINE: Final = 120
"""Longer than anything an app writes on one line of its own."""
_LONGEST_APP_BAR: Final = 4
_SURE_ACTIONS: Final = 3
_SURE_BARE_COUNTERS: Final = 3
_MISREAD_LENGTH: Final = 5

_AMOUNT: Final = re.compile(r"\d{1,9}(?:[.,]\d{1,3}){0,3}(?:k|m|b|rb|ribu|jt|juta)?\+?")
_GLUED: Final = re.compile(r"([0-9oOlISsZz|.,]{1,8}(?:k|m|rb|jt)?)([a-z]{4,})")
_LOOSE: Final = re.compile(r"[0-9oOlISsZz|.,]{1,8}(?:k|m|rb|jt)?")
"""Digits as engines misread them; they count as such only before a word that is counted."""
_SUFFIX: Final = frozenset({"k", "m", "b", "rb", "ribu", "jt", "juta"})
_SIGNS: Final = "·•∙|,.:;*-–—()[]{}<>~^=+°'\"“”‘’&@©®#♡♥❤☆★⟲↻⇄\ufe0f"
_BETWEEN: Final = re.compile(r"[^a-z0-9]+")
_LETTER_THEN_DIGIT: Final = re.compile(r"(?<=[A-Za-z]{3})(?=\d)")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_CLOCK_WORD: Final = re.compile(r"\d{1,2}[:.]\d{2}(?:[ap]m)?|\d{1,3}%")

_MONTH: Final = (
    r"(?:jan(?:uar[yi])?|feb(?:ruar[yi])?|mar(?:ch|et)?|apr(?:il)?|ma[yi]|jun[ei]?|jul[yi]?"
    r"|aug(?:ust)?|agu(?:stus)?|agt|sep(?:t(?:ember)?)?|oct(?:ober)?|okt(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?|des(?:ember)?)"
)
_YEAR: Final = r"(?:19|20)\d\d"
_DATE: Final = rf"(?:\d{{1,2}}{_MONTH}(?:{_YEAR})?|{_MONTH}\d{{1,2}}(?:{_YEAR})?|\d{{6,8}})"
_CLOCK: Final = r"\d{3,6}(?:am|pm|wib|wita|wit|utc|gmt)?"
_SOURCE: Final = (
    r"(?:parler|twitter|mastodon|venire|tusky|ivory|toot|web|app|for|untuk|via|dari|from|iphone"
    r"|ipad|ios|android|edited|diedit|disunting|public|publik|at|pukul|jam"
    r"|\d{1,7}(?:k|m|rb|jt)?(?:views?|tayangan|x?dilihat))"
)
# Over letters and digits alone: engines drop, add and misplace what stands between them.
_MOMENT: Final = re.compile(
    rf"(?:(?P<clock>{_CLOCK})(?:at|pukul|jam)?(?P<date>{_DATE})?"
    rf"|(?P<date2>{_DATE})(?:at|pukul|jam)?(?P<clock2>{_CLOCK})?)(?P<source>(?:{_SOURCE}){{0,6}})"
    r"(?P<rest>[a-z]{0,16})"
)
_HAS_CLOCK: Final = re.compile(r"(?<!\d)\d{1,2}[:.]\d\d(?!\d)")
_HAS_DATE: Final = re.compile(
    rf"{_MONTH}|(?<!\d)\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}|{_YEAR}-\d\d-\d\d", re.IGNORECASE
)
_HAS_YEAR: Final = re.compile(_YEAR)
_REPLY_HINT: Final = re.compile(
    r"\W{0,6}(?:(?:replying to|in reply to|replied to|membalas|dalam balasan kepada|balasan untuk)"
    r"\W{0,3}@.{0,80}|(?:post|write|add|tweet|type) (?:your |a |an )?(?:reply|comment)\W{0,6}"
    r"|(?:tulis|kirim|ketik|posting|tambahkan) (?:balasan|komentar)(?: anda| kamu)?\W{0,6}"
    r"|reply to\W?@\w{1,40}\W{0,6}|balas ke\W?@\w{1,40}\W{0,6}|most relevant(?: replies)?\W{0,6}"
    r"|paling relevan\W{0,6}"
    r"|(?:view|show|lihat) (?:all )?\d* ?(?:replies|comments|balasan|komentar)\W{0,6}"
    r"|\S{1,30}(?: \S{1,20})? (?:reposted|boosted|echoed|retweeted|memposting ulang)\W{0,6}"
    r"|(?:show thread|tampilkan utas|translate (?:post|tweet)"
    r"|terjemahkan (?:kiriman|postingan))\W{0,6})",
    re.IGNORECASE,
)
_MORE: Final = (
    r"(?:show more|read more|see more|view more|lihat selengkapnya|baca selengkapnya|selengkapnya"
    r"|tampilkan lebih banyak|lihat lainnya)"
)
_CONTINUATION: Final = re.compile(
    rf"(?:^\W{{0,4}}|(?:…|\.\.\.?)\s?){_MORE}\W{{0,4}}$|(?:…|\.\.\.)\s?more\W{{0,4}}$",
    re.IGNORECASE,
)


def _words(text: str) -> list[str]:
    """A line's words without the signs around them; empty for a line that is too long."""
    if len(text) > _LONGEST_LINE:
        return []
    bare = (word.strip(_SIGNS).casefold() for word in text.split())
    return [word for word in bare if word]


def is_counters(text: str) -> Certainty:
    """Whether a line is nothing but counts: "4 replies 78 reposts", or icons' numbers alone.

    A number or two without a word may be the end of a body.
    """
    words = _words(_LETTER_THEN_DIGIT.sub(" ", text))
    if not words:
        return "no"
    # An icon between two counts is read as a lone letter.
    between = [word for word in words if len(word) > 1 or word.isdigit() or word in _SUFFIX]
    if _counts_with_words(words) or _counts_with_words(between):
        return "sure"
    amounts = sum(_AMOUNT.fullmatch(word) is not None for word in words)
    # What is left of an icon is a letter or two.
    if any(_AMOUNT.fullmatch(word) is None and len(word) > 2 for word in words):  # noqa: PLR2004
        return "no"
    if amounts >= _SURE_BARE_COUNTERS:
        return "sure"
    return "perhaps" if amounts == len(words) else "no"


def _counts_with_words(words: list[str]) -> bool:
    """Whether words go: an amount, what is counted, an amount, what is counted..."""
    seen, expects = 0, "amount"
    for place, word in enumerate(words):
        glued = _GLUED.fullmatch(word)
        if glued is not None and _is_counted(glued[2]):
            seen, expects = seen + 1, "any"
        elif expects != "amount" and _is_counted(word):
            seen, expects = seen + (expects == "noun"), "any"
        elif expects == "noun" and word in _SUFFIX:
            continue
        elif expects != "noun" and _is_amount(word, words[place + 1 : place + 2]):
            expects = "noun"
        else:
            return False
    return seen > 0 and expects == "any"


def _is_counted(word: str) -> bool:
    """Whether a word names what is counted, with one letter misread in a longer one."""
    if word in _COUNTED:
        return True
    return len(word) >= _MISREAD_LENGTH and any(
        len(word) == len(known) and Hamming.distance(word, known, score_cutoff=1) <= 1
        for known in _COUNTED
    )


def _is_amount(word: str, following: list[str]) -> bool:
    if _AMOUNT.fullmatch(word):
        return True
    return bool(following) and following[0] in _COUNTED and _LOOSE.fullmatch(word) is not None


def is_moment(text: str) -> Certainty:
    """Whether a line is nothing but a time of writing, perhaps with the app's name and views.

    A date without a year, or a clock alone, may be the end of a body: "be there on / Jan 6".
    """
    if len(text) > _LONGEST_LINE:
        return "no"
    found = _MOMENT.fullmatch(_BETWEEN.sub("", text.casefold()))
    has_clock, has_date = _HAS_CLOCK.search(text), _HAS_DATE.search(text)
    if found is None or not (has_clock or has_date):
        return "no"
    if found["rest"]:
        # "Web" read as "Wet".
        whole = has_clock and has_date and _HAS_YEAR.search(text)
        if whole and len(found["rest"]) < _MISREAD_LENGTH:
            return "sure"
        return "perhaps" if has_clock and has_date else "no"
    told = (has_clock, has_date, has_date and _HAS_YEAR.search(text), found["source"])
    return "sure" if sum(bool(part) for part in told) > 1 else "perhaps"


def is_status_bar(text: str) -> bool:
    """Whether a line is a phone's own: clock or battery, perhaps with carrier and signal."""
    words = _words(text)
    return any(_CLOCK_WORD.fullmatch(word) for word in words) and all(
        _CLOCK_WORD.fullmatch(word) or word in _PHONE or len(word) == 1 or not word.isalpha()
        for word in words
    )


def is_app_bar(text: str) -> bool:
    """Whether a line is a title or button of the app: up to four words, all of them its own."""
    words = [word.casefold() for word in _LETTERS.findall(text[: _LONGEST_LINE + 1])]
    return 0 < len(words) <= _LONGEST_APP_BAR and all(word in _APP for word in words)


def is_action_bar(text: str) -> Certainty:
    """Whether a line is a row of buttons and nothing else: three for sure, two perhaps."""
    words = [word.casefold() for word in _LETTERS.findall(text[: _LONGEST_LINE + 1])]
    named = sum(word in _ACTIONS for word in words)
    if any(word not in _ACTIONS and len(word) > 1 for word in words):
        return "no"
    return "sure" if named >= _SURE_ACTIONS else "perhaps" if named == _SURE_ACTIONS - 1 else "no"


def is_reply_hint(text: str) -> bool:
    """Whether a line only says what is replied to, or asks for a reply."""
    return len(text) <= _LONGEST_LINE and _REPLY_HINT.fullmatch(text.strip()) is not None


def is_continuation_hint(text: str) -> bool:
    """Whether a line ends in a link to the rest of a text."""
    return _CONTINUATION.search(text.strip()[-_LONGEST_LINE:]) is not None


def without_continuation(text: str) -> str:
    """A line without the link to the rest."""
    return _CONTINUATION.sub("", text.strip()).rstrip() if is_continuation_hint(text) else text
