"""From the lines of a screenshot to the post on it: who, when, and the words of the body.

Lines are told apart by what they say and by where they stand. A line of the body that is lost
makes a post impossible to find, while a line too many only makes it harder. So only what is
certain is cut off; where there is doubt, the readings with and without it are given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from venire.notices.chrome import (
    Certainty,
    is_action_bar,
    is_app_bar,
    is_continuation_hint,
    is_counters,
    is_moment,
    is_reply_hint,
    is_status_bar,
    without_continuation,
)
from venire.notices.model import ReadLine, ReadPicture

_AT: Final = "@©®"
"""The sign before a handle is small and often grey: engines take it for its look-alikes."""
_AGE: Final = (
    r"(?:\d{1,4}\s?(?:seconds?|secs?|s|minutes?|mins?|m|menit|mnt|hours?|hrs?|h|jam|j"
    r"|days?|d|hari|hr|weeks?|w|minggu|mgg|months?|mo|bulan|bln|years?|yrs?|y|tahun|thn"
    r"|detik|dtk)(?![A-Za-z])\.?(?:\s(?:ago|lalu|yang lalu))?"
    # A post of another week shows its day instead: "6 Jan", "Jan 6".
    r"|\d{1,2}\s?(?:jan|feb|mar|apr|ma[yi]|ju[nl]|a[ug][gut]|sep|o[ck]t|nov|de[cs])[a-z]{0,6}"
    r"|(?:jan|feb|mar|apr|ma[yi]|ju[nl]|a[ug][gut]|sep|o[ck]t|nov|de[cs])[a-z]{0,6}\s?\d{1,2}"
    r"|just now|now|baru saja|yesterday|kemarin)"
)
_JOINT: Final = r"[\s·•∙.,*|+:;°\-–—]"
_NAME: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?"
_HEAD: Final = re.compile(
    rf"(?P<name>[^{_AT}]{{0,60}}?){_JOINT}{{0,4}}[{_AT}](?P<gap>\s?)(?P<handle>{_NAME}"
    # An underscore is easily read as a gap: joined again where a host or an age follows.
    rf"(?:[ .]{{1,2}}[A-Za-z0-9]{{1,12}}(?=@|{_JOINT}{{1,3}}{_AGE}\W*$))?)"
    rf"(?P<host>@[A-Za-z0-9.\-…]{{1,60}})?"
    rf"(?:{_JOINT}{{0,4}}(?P<age>{_AGE}))?{_JOINT}{{0,4}}(?P<rest>.{{0,24}})",
    re.IGNORECASE,
)
_AGE_LINE: Final = re.compile(rf"{_JOINT}{{0,4}}(?P<age>{_AGE}){_JOINT}{{0,4}}", re.IGNORECASE)
# "6h" read as "Gh": after a separator up to four letters can only be an age.
_MISREAD_AGE: Final = re.compile(
    r"(?:\s[·•∙\-–—:+]\s?|[·•∙])\w{1,4}\W{0,4}$|\s[0-9GOoIlSBZ]{1,3}[smhdwy]\W{0,4}$"
)
_AGE_PARTS: Final = re.compile(r"(\d+)\s?([a-z]+)")
_UNITS: Final = {
    **dict.fromkeys(("s", "sec", "second", "dtk", "detik"), SECOND_MS),
    **dict.fromkeys(("m", "min", "minute", "mnt", "menit"), MINUTE_MS),
    **dict.fromkeys(("h", "hr", "hour", "j", "jam"), HOUR_MS),
    **dict.fromkeys(("d", "day", "hari"), DAY_MS),
    **dict.fromkeys(("w", "week", "mgg", "minggu"), 7 * DAY_MS),
    **dict.fromkeys(("mo", "month", "bln", "bulan"), 30 * DAY_MS),
    **dict.fromkeys(("y", "yr", "year", "thn", "tahun"), 365 * DAY_MS),
}
_TOP: Final = 0.12
"""The share of a picture in which the phone's own bar can stand."""
_SURE_HEAD: Final = 2
_HEAD_ROWS: Final = 5
"""A head stands among the first lines; one further down is that of another post."""
_LONGEST_LINE: Final = 200
_NAME_WORDS: Final = 5
_SMALLER: Final = 0.8
"""A line this much lower than the body's is set in the size of captions."""
_FAINT: Final = 0.6


class ShownPost(msgspec.Struct, frozen=True):
    """The post that a screenshot shows.

    `bodies` are readings of its text, the likeliest first; none means that nothing was read.
    `age_ms` is how old it was when the picture was made. `cut_short` says that the picture itself
    shows only a beginning. `confidence` (0..1) is that of the lines of the first reading.
    """

    bodies: tuple[str, ...]
    handle: str = ""
    display_name: str = ""
    age_ms: int | None = None
    cut_short: bool = False
    confidence: float = 0.0


class _Head(msgspec.Struct, frozen=True):
    """A line that names an author, and how surely it is one (0..3)."""

    row: int
    handle: str
    name: str
    age_ms: int | None
    weight: int


def shown_post(read: ReadPicture) -> ShownPost:
    """Find the post on a picture: the first one, when several are on it."""
    lines = _rows([line for line in read.lines if line.text.strip()])
    lines = [
        line for line in lines if line.middle >= _TOP * read.height or not is_status_bar(line.text)
    ]
    head = _find_head(lines)
    below_head = lines[head.row + 1 :] if head else lines
    own, _ = _until_next_post(below_head)
    lead, body, tail = _parts(own)
    readings = [body, [*lead, *body], [*body, *tail], [*lead, *body, *tail]]
    if head is None:
        # Without a handle the first line may be a display name, or the first words.
        readings.append(body[1:])
    elif head.weight < _SURE_HEAD or not body:
        # A lone mention may belong to the body of a picture that is cropped to it.
        readings.append(_parts(lines)[1])
    first = next((reading for reading in readings if reading), [])
    texts = dict.fromkeys(text for reading in readings if (text := _text(reading)))
    return ShownPost(
        bodies=tuple(texts),
        handle=head.handle if head else "",
        display_name=head.name if head else "",
        age_ms=head.age_ms if head else None,
        cut_short=any(is_continuation_hint(line.text) for line in own)
        or next(iter(texts), "").endswith(("…", "...")),
        confidence=round(sum(line.confidence for line in first) / len(first), 3) if first else 0.0,
    )


def age_of(written: str) -> int | None:
    """`8h`, `3 jam lalu`, `just now` in milliseconds; None when it is no age."""
    words = written.strip().casefold()
    if words in ("now", "just now", "baru saja"):
        return 0
    if words in ("yesterday", "kemarin"):
        return DAY_MS
    parts = _AGE_PARTS.match(words)
    unit = parts[2] if parts else ""
    unit_ms = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    return int(parts[1]) * unit_ms if parts and unit_ms else None


def _rows(lines: Sequence[ReadLine]) -> list[ReadLine]:
    """Join what stands side by side: engines give the counters below a post one by one.

    The portrait beside a post is read as a big letter or sign, which is left out.
    """
    heights = sorted(line.height for line in lines)
    usual = heights[len(heights) // 2] if heights else 0
    rows: list[ReadLine] = []
    for line in lines:
        if len(line.text.strip()) <= 2 and line.height > 1.5 * usual:  # noqa: PLR2004 - "O", "@"
            continue
        if rows and abs(line.middle - rows[-1].middle) < 0.4 * min(line.height, rows[-1].height):
            rows[-1] = _joined(rows[-1], line)
        else:
            rows.append(line)
    return rows


def _joined(left: ReadLine, right: ReadLine) -> ReadLine:
    return replace(
        left,
        text=f"{left.text}  {right.text}",
        top=min(left.top, right.top),
        right=max(left.right, right.right),
        bottom=max(left.bottom, right.bottom),
        confidence=min(left.confidence, right.confidence),
    )


def _find_head(lines: Sequence[ReadLine]) -> _Head | None:
    """The post's head among the first lines, the surest one; None without any handle.

    A first line of the body may be a mention, but it comes after the author's own.
    """
    best: _Head | None = None
    for row, line in enumerate(lines[:_HEAD_ROWS]):
        found = _read_head(line.text, row)
        if found is not None and (best is None or found.weight > best.weight):
            best = found
        if best is None and len(line.text.split()) > 2 * _NAME_WORDS:
            # That was a sentence: what comes now is another post, or a mention in this one.
            return None
    if best is None:
        return None
    name, age_ms = best.name, best.age_ms
    if not name and best.row:
        name = _name_above(lines, best.row)
    if age_ms is None and best.row + 1 < len(lines):
        below = _AGE_LINE.fullmatch(lines[best.row + 1].text)
        age_ms = age_of(below["age"]) if below else None
    return replace(best, name=name, age_ms=age_ms)


def _read_head(text: str, row: int) -> _Head | None:
    line = text.strip()
    if len(line) > _LONGEST_LINE:
        return None
    # A portrait before a name is often read as a sign of its own.
    if sum(line.count(sign) for sign in _AT) > 1:
        line = re.sub(rf"^\W{{0,3}}[{_AT}]\s+(?=[^{_AT}]{{1,60}}[{_AT}])", "", line)
    found = _HEAD.fullmatch(line)
    if found is None:
        return None
    rest = found["rest"].strip(" ·•.,-–—|…:>v")
    misread = _MISREAD_AGE.search(line) is not None
    if rest and not (misread or is_app_bar(rest) or not re.search(r"\w{2}", rest)):
        return None
    name = found["name"].strip(" ·•(>@©®")
    if len(name.split()) > _NAME_WORDS:
        return None
    age_ms = age_of(found["age"]) if found["age"] else None
    dated = bool(found["age"]) or misread or found["host"] is not None
    return _Head(
        row=row,
        handle=re.sub(r"[ .]+(?=[A-Za-z0-9]+$)", "_", found["handle"])
        if " " in found["handle"]
        else found["handle"],
        name=name,
        age_ms=age_ms,
        weight=2 * dated + (not found["gap"]),
    )


def _name_above(lines: Sequence[ReadLine], row: int) -> str:
    above, own = lines[row - 1], lines[row]
    near = own.top - above.bottom < 2 * max(above.height, own.height)
    return above.text.strip(f" {_AT}(>") if near and not is_app_bar(above.text) else ""


def _until_next_post(lines: list[ReadLine]) -> tuple[list[ReadLine], list[ReadLine]]:
    """Split before the head of another post further down, with its display name.

    A line that is only a mention may belong to the body: it needs an age, a host or a name.
    """
    for row, line in enumerate(lines):
        found = _read_head(line.text, row) if row else None
        if found is not None and (found.name or found.weight > 1):
            end = row if found.name else row - 1
            return lines[:end], lines[end:]
    return lines, []


def _parts(lines: list[ReadLine]) -> tuple[list[ReadLine], list[ReadLine], list[ReadLine]]:
    """Lead, body and tail; what surely is the app's is in none, lead and tail are doubtful."""
    start = 0
    while start < len(lines) and _lead(lines[start]) != "no":
        start += 1
    lead = [line for line in lines[:start] if _lead(line) == "perhaps"]
    end = len(lines)
    # Counters and dates end a body wherever they stand: below come buttons and other people.
    for row in range(start + 1, end):
        if _ends_body(lines[row].text):
            end = row
            break
    body_end = end
    while body_end > start and _tail(lines, start, body_end - 1) != "no":
        body_end -= 1
    tail = [lines[row] for row in range(body_end, end) if _tail(lines, start, row) == "perhaps"]
    return lead, lines[start:body_end], tail


def _lead(line: ReadLine) -> Certainty:
    text = line.text.strip()
    if _AGE_LINE.fullmatch(text) or is_reply_hint(text) or is_moment(text) == "sure":
        return "sure"
    if not re.search(r"\w", text):
        return "sure"
    return "perhaps" if is_moment(text) == "perhaps" or is_app_bar(text) else "no"


def _ends_body(text: str) -> bool:
    return is_counters(text) == "sure" or is_moment(text) == "sure"


def _tail(lines: Sequence[ReadLine], start: int, row: int) -> Certainty:
    """Whether a line at the end is the app's: a time, counters, buttons, remains of an icon."""
    line = lines[row]
    text = line.text.strip()
    said = {is_counters(text), is_moment(text), is_action_bar(text)}
    if "sure" in said or is_reply_hint(text) or not re.search(r"\w", text):
        return "sure"
    if "perhaps" in said or is_app_bar(text):
        return "perhaps"
    return "perhaps" if row > start and _looks_like_caption(line, lines[start:row]) else "no"


def _looks_like_caption(line: ReadLine, above: Sequence[ReadLine]) -> bool:
    """Smaller and apart, hardly legible, or mostly digits: perhaps counters that were misread."""
    heights = sorted(other.height for other in above)
    usual = heights[len(heights) // 2]
    letters = sum(sign.isalpha() for sign in line.text)
    digits = sum(sign.isdigit() for sign in line.text)
    small = line.height < _SMALLER * usual and line.top - above[-1].bottom > usual
    return small or line.confidence < _FAINT or digits > letters


def _text(lines: Sequence[ReadLine]) -> str:
    return "\n".join(kept for line in lines if (kept := without_continuation(line.text.strip())))
