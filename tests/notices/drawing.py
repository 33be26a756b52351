"""Screenshots drawn at run time: other phones, other apps, other languages than any data set's."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter, ImageFont


@dataclasses.dataclass(frozen=True)
class Theme:
    page: tuple[int, int, int]
    ink: tuple[int, int, int]
    faint: tuple[int, int, int]
    accent: tuple[int, int, int]


LIGHT = Theme((255, 255, 255), (15, 20, 25), (83, 100, 113), (29, 155, 240))
DARK = Theme((21, 32, 43), (247, 249, 249), (139, 152, 165), (29, 155, 240))
BLACK = Theme((0, 0, 0), (231, 233, 234), (113, 118, 123), (255, 180, 60))
SEPIA = Theme((244, 236, 216), (60, 48, 35), (140, 120, 95), (160, 60, 20))

WORDS = {
    "en": {
        "title": "Post",
        "moment": "10:42 PM · Jan 6, 2021 · Parler for iPhone",
        "counters": "1,204 Reposts   87 Quotes   3.4K Likes",
        "actions": "Reply    Repost    Like    Share",
        "tabs": "Home    Search    Notifications    Messages",
        "age": "8h",
        "small": "12 replies  3 reposts  204 likes",
        "public": "Jan 6, 2021, 22:42 · Public · Web",
        "boosts": "12 boosts   3 favorites",
        "compose": "Post your reply",
        "follow": "Follow",
    },
    "id": {
        "title": "Kiriman",
        "moment": "22.42 · 6 Jan 2021 · Parler untuk Android",
        "counters": "1.204 Posting ulang   87 Kutipan   3,4 rb Suka",
        "actions": "Balas    Posting ulang    Suka    Bagikan",
        "tabs": "Beranda    Cari    Notifikasi    Pesan",
        "age": "8 jam",
        "small": "12 balasan  3 posting ulang  204 suka",
        "public": "6 Jan 2021, 22.42 · Publik · Web",
        "boosts": "12 bagikan   3 favorit",
        "compose": "Tulis balasan",
        "follow": "Ikuti",
    },
}


class Sheet:
    """A page that is written from the top."""

    def __init__(self, width: int, height: int, theme: Theme) -> None:
        self.image = Image.new("RGB", (width, height), theme.page)
        self.draw = ImageDraw.Draw(self.image)
        self.width, self.theme, self.y = width, theme, 0

    def line(self, text: str, x: int, size: int, colour=None, *, gap: float = 0.35) -> None:
        self.draw.text(
            (x, self.y), text, font=ImageFont.load_default(size), fill=colour or self.theme.ink
        )
        self.y += round(size * (1 + gap))

    def body(self, text: str, x: int, size: int) -> None:
        font = ImageFont.load_default(size)
        for paragraph in text.split("\n"):
            row = ""
            for word in paragraph.split():
                longer = f"{row} {word}".strip()
                if row and font.getlength(longer) > self.width - x - size:
                    self.line(row, x, size)
                    row = word
                else:
                    row = longer
            self.line(row, x, size)

    def face(self, x: int, size: int) -> None:
        self.draw.ellipse((x, self.y, x + size, self.y + size), fill=self.theme.accent)

    def cropped(self) -> Image.Image:
        return self.image.crop((0, 0, self.width, min(self.image.height, self.y)))


def phone(text: str, handle: str, name: str, theme: Theme = LIGHT, language: str = "en"):
    """A post opened in an app on a phone: status bar, title, head, body, time, counters, tabs."""
    said = WORDS[language]
    sheet = Sheet(1080, 2000, theme)
    sheet.y = 18
    sheet.line("10:42", 60, 34, gap=0)
    sheet.y -= 34
    sheet.line("LTE  83%", 860, 34)
    sheet.y += 30
    sheet.line(said["title"], 140, 48)
    sheet.y += 40
    sheet.face(40, 110)
    sheet.line(name, 180, 42)
    sheet.line(f"@{handle}", 180, 38, theme.faint)
    sheet.y += 40
    sheet.body(text, 40, 50)
    sheet.y += 40
    sheet.line(said["moment"], 40, 36, theme.faint)
    sheet.y += 30
    sheet.line(said["counters"], 40, 36, theme.faint)
    sheet.y += 30
    sheet.line(said["actions"], 60, 34, theme.faint)
    sheet.y = max(sheet.y, 1850)
    sheet.line(said["compose"], 60, 38, theme.faint)
    sheet.line(said["tabs"], 60, 30, theme.faint)
    sheet.y += 20
    return sheet.cropped()


def timeline(text: str, handle: str, name: str, theme: Theme = LIGHT, language: str = "en"):
    """A post in a list, the next one below it: name, handle and age stand on one line."""
    said = WORDS[language]
    sheet = Sheet(900, 1600, theme)
    sheet.y = 24
    sheet.face(24, 90)
    sheet.line(f"{name} @{handle} · {said['age']}", 140, 34)
    sheet.body(text, 140, 36)
    sheet.y += 24
    sheet.line("12          3          204          1.2K", 160, 28, theme.faint)
    sheet.y += 50
    sheet.face(24, 90)
    sheet.line("Weather Desk @weather · 2h", 140, 34)
    sheet.body("Rain in the north until noon, then clearing from the west.", 140, 36)
    sheet.y += 24
    sheet.line("1          0          7          310", 160, 28, theme.faint)
    return sheet.cropped()


def page(text: str, handle: str, name: str, theme: Theme = LIGHT, language: str = "en"):
    """A post on a web page of a Mastodon-like site: full date, boosts below."""
    said = WORDS[language]
    sheet = Sheet(760, 1400, theme)
    sheet.y = 20
    sheet.face(20, 60)
    sheet.line(name, 100, 24)
    sheet.line(f"@{handle}@social.example", 100, 22, theme.faint)
    sheet.y += 16
    sheet.body(text, 20, 28)
    sheet.y += 16
    sheet.line(said["public"], 20, 20, theme.faint)
    sheet.line(said["boosts"], 20, 20, theme.faint)
    sheet.y += 10
    return sheet.cropped()


def card(text: str, handle: str, name: str, theme: Theme = LIGHT, language: str = "en"):
    """A small card: counters close below the body."""
    said = WORDS[language]
    sheet = Sheet(600, 1200, theme)
    sheet.y = 20
    sheet.face(20, 50)
    sheet.line(name, 90, 24)
    sheet.line(f"@{handle} · {said['age']}", 90, 18, theme.faint)
    sheet.y += 16
    sheet.body(text, 24, 24)
    sheet.y += 30
    sheet.line(said["small"], 24, 18, theme.faint)
    sheet.y += 16
    return sheet.cropped()


def only_words(text: str, handle: str, name: str, theme: Theme = LIGHT, language: str = "en"):
    """Cropped to the body: no head, no footer."""
    sheet = Sheet(800, 1200, theme)
    sheet.y = 14
    sheet.body(text, 20, 32)
    sheet.y += 14
    return sheet.cropped()


Layout = Callable[..., Image.Image]
LAYOUTS: dict[str, Layout] = {
    "phone": phone,
    "timeline": timeline,
    "page": page,
    "card": card,
    "only_words": only_words,
}


def png(image: Image.Image) -> bytes:
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()


def jpeg(image: Image.Image, quality: int = 40) -> bytes:
    held = io.BytesIO()
    image.save(held, "JPEG", quality=quality)
    return held.getvalue()


def half_size(image: Image.Image) -> bytes:
    return png(image.resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR))


def photographed(image: Image.Image) -> bytes:
    """As taken of a screen: slightly turned and soft, with grain."""
    turned = image.rotate(0.8, expand=True, fillcolor=image.getpixel((1, 1)))
    soft = turned.filter(ImageFilter.GaussianBlur(0.8))
    grain = Image.effect_noise(soft.size, 24).convert("RGB")
    return jpeg(Image.blend(soft, grain, 0.10), 70)


DAMAGES: dict[str, Callable[[Image.Image], bytes]] = {
    "clean": png,
    "jpeg": jpeg,
    "half": half_size,
    "photo": photographed,
}
