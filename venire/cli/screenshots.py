"""Screenshots of posts as a phone shows them, drawn when they are needed.

A notice of the kind this site answers comes with pictures of posts. The font is the one inside
Pillow, so that the same post gives the same picture on every machine; it has Latin letters and
no emoji.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec
from PIL import Image, ImageDraw, ImageFont

WIDTH = 828
_MARGIN = 40
_SHORTEST = 520
Layout = Literal["detail", "timeline"]
_Colour = tuple[int, int, int]
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Screenshot(msgspec.Struct, frozen=True):
    """What one picture shows; `age` is the time since the post, as an app writes it ("3h")."""

    display_name: str
    handle: str
    age: str
    text: str
    lang: Literal["en", "id"]
    replies: int
    reposts: int
    favourites: int
    dark: bool
    layout: Layout
    clock: str


class _Look(NamedTuple):
    paper: _Colour
    ink: _Colour
    quiet: _Colour
    line: _Colour


class _Words(NamedTuple):
    title: str
    replies: str
    reposts: str
    favourites: str
    answer: str


_LIGHT = _Look((255, 255, 255), (17, 20, 24), (96, 105, 115), (222, 226, 230))
_DARK = _Look((20, 24, 31), (236, 239, 242), (142, 153, 165), (48, 56, 66))
_AVATARS: Sequence[_Colour] = (
    (86, 118, 201), (196, 92, 84), (76, 150, 104), (150, 98, 178), (201, 143, 58), (70, 144, 158),
)  # fmt: skip
_WORDS = {
    "en": _Words("Post", "replies", "reposts", "favourites", "Write a reply"),
    "id": _Words("Kiriman", "balasan", "kiriman ulang", "favorit", "Tulis balasan"),
}


def draw(shot: Screenshot) -> bytes:
    """The picture as PNG bytes, WIDTH pixels wide and as high as the text needs."""
    look = _DARK if shot.dark else _LIGHT
    indent = _MARGIN if shot.layout == "detail" else _MARGIN + 112
    font = _font(36 if shot.layout == "detail" else 32)
    lines = wrap(shot.text, font, WIDTH - _MARGIN - indent)
    step = round(font.size * 1.42) if isinstance(font, ImageFont.FreeTypeFont) else 16
    body_at = 276 if shot.layout == "detail" else 200
    foot_at = body_at + step * len(lines) + 36
    image = Image.new("RGB", (WIDTH, max(_SHORTEST, foot_at + 190)), look.paper)
    pen = ImageDraw.Draw(image)
    _status_bar(pen, shot, look)
    if shot.layout == "detail":
        _title_bar(pen, shot, look)
    _author(pen, shot, look, 150 if shot.layout == "detail" else 92)
    for number, line in enumerate(lines):
        pen.text((indent, body_at + number * step), line, look.ink, font)
    _counters(pen, shot, look, (indent, foot_at))
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()


def wrap(text: str, font: _Font, width: float) -> list[str]:
    """The text in lines no wider than `width` pixels; a longer word is cut, a newline is kept."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if font.getlength(longer) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            pieces = _cut(word, font, width)
            lines.extend(pieces[:-1])
            line = pieces[-1]
        lines.append(line)
    return lines


def _cut(word: str, font: _Font, width: float) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and font.getlength(pieces[-1] + letter) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


@lru_cache(maxsize=16)
def _font(size: int) -> _Font:
    return ImageFont.load_default(size)


def _status_bar(pen: ImageDraw.ImageDraw, shot: Screenshot, look: _Look) -> None:
    pen.text((_MARGIN, 18), shot.clock, look.ink, _font(26))
    right = WIDTH - _MARGIN
    pen.rounded_rectangle((right - 52, 22, right, 46), 6, outline=look.ink, width=2)
    pen.rectangle((right - 47, 27, right - 18, 41), fill=look.ink)
    for bar in range(4):
        left = right - 116 + bar * 12
        pen.rectangle((left, 40 - bar * 6, left + 7, 46), fill=look.ink)


def _title_bar(pen: ImageDraw.ImageDraw, shot: Screenshot, look: _Look) -> None:
    pen.line(((_MARGIN + 16, 78), (_MARGIN, 94), (_MARGIN + 16, 110)), look.ink, 4)
    pen.text((_MARGIN + 48, 76), _WORDS[shot.lang].title, look.ink, _font(30))
    pen.line(((0, 130), (WIDTH, 130)), look.line, 2)


def _author(pen: ImageDraw.ImageDraw, shot: Screenshot, look: _Look, top: int) -> None:
    colour = _AVATARS[sum(shot.handle.encode()) % len(_AVATARS)]
    pen.ellipse((_MARGIN, top, _MARGIN + 88, top + 88), fill=colour)
    initial = shot.display_name[:1].upper()
    pen.text((_MARGIN + 44, top + 44), initial, (255, 255, 255), _font(42), anchor="mm")
    left = _MARGIN + 112
    # The bundled font has one weight: a thin stroke of the same colour makes the name bold.
    pen.text(
        (left, top + 4), shot.display_name, look.ink, _font(32),
        stroke_width=0.6, stroke_fill=look.ink,
    )  # fmt: skip
    pen.text((left, top + 48), f"@{shot.handle} · {shot.age}", look.quiet, _font(26))


def _counters(pen: ImageDraw.ImageDraw, shot: Screenshot, look: _Look, at: tuple[int, int]) -> None:
    words, (left, top) = _WORDS[shot.lang], at
    counts = (
        (shot.replies, words.replies),
        (shot.reposts, words.reposts),
        (shot.favourites, words.favourites),
    )
    pen.line(((left, top), (WIDTH - _MARGIN, top)), look.line, 2)
    for count, word in counts:
        label = f"{count} {word}"
        pen.text((left, top + 20), label, look.quiet, _font(26))
        left += round(_font(26).getlength(label)) + 36
    if shot.layout == "detail":
        box = (_MARGIN, top + 92, WIDTH - _MARGIN, top + 156)
        pen.rounded_rectangle(box, 32, outline=look.line, width=2)
        pen.text((_MARGIN + 32, top + 108), words.answer, look.quiet, _font(26))
