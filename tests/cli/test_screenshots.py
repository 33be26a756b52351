from __future__ import annotations

import io
import time

import pytest
from PIL import Image, ImageFont

from venire.cli.corpus import build_corpus
from venire.cli.demo_corpus import written_posts
from venire.cli.screenshots import WIDTH, Screenshot, draw, wrap

SHOT = Screenshot(
    display_name="Greta B.",
    handle="greta_bakes",
    age="3h",
    text="Soup weather, finally. Leek and potato, black pepper, the end of the bread.",
    lang="en",
    replies=3,
    reposts=14,
    favourites=159,
    dark=False,
    layout="detail",
    clock="18:42",
)


def opened(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def changed(**fields: object) -> Screenshot:
    values = {name: getattr(SHOT, name) for name in SHOT.__struct_fields__}
    return Screenshot(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("layout", ["detail", "timeline"])
@pytest.mark.parametrize("lang", ["en", "id"])
def test_a_screenshot_is_a_png_as_wide_as_a_phone_with_ink_on_paper(dark, layout, lang):
    image = opened(draw(changed(dark=dark, layout=layout, lang=lang)))
    assert image.format == "PNG"
    assert image.width == WIDTH
    darkest, brightest = image.convert("L").getextrema()
    assert (darkest, brightest) == pytest.approx((20, 245), abs=20)
    assert (image.convert("L").getpixel((2, image.height - 2)) < 128) is dark


def test_every_choice_shows_in_the_picture():
    pictures = {
        draw(shot)
        for shot in (
            SHOT,
            changed(dark=True),
            changed(layout="timeline"),
            changed(lang="id"),
            changed(text="Other."),
            changed(favourites=160),
            changed(handle="greta_baker"),
            changed(age="4h"),
            changed(clock="18:43"),
            changed(display_name="Greta C."),
        )
    }
    assert len(pictures) == 10


def test_the_same_post_gives_the_same_bytes():
    assert draw(SHOT) == draw(SHOT)


def test_a_longer_text_makes_a_higher_picture_and_none_of_it_is_cut_off():
    longer = opened(draw(changed(text=" ".join([SHOT.text] * 12))))
    assert longer.height > opened(draw(SHOT)).height
    bottom_row = longer.crop((0, longer.height - 20, WIDTH, longer.height)).convert("L")
    assert bottom_row.getextrema() == (255, 255)


@pytest.mark.parametrize(
    "text", [SHOT.text, "one\n\ntwo", "x" * 400, "", "a " + "verylong" * 40 + " b", "two  spaces"]
)
def test_wrapped_lines_fit_and_together_are_the_text(text: str):
    font = ImageFont.load_default(32)
    lines = wrap(text, font, 300)
    assert all(font.getlength(line) <= 300 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_forty_screenshots_are_drawn_within_ten_seconds():
    shots = list(build_corpus(1_000).screenshots.values())
    began = time.process_time()
    for shot in shots:
        draw(shot)
    assert len(shots) == 40
    assert time.process_time() - began < 10


def test_the_bundled_font_has_every_letter_of_the_violating_posts():
    font = ImageFont.load_default(32)
    missing = bytes(font.getmask("\uffff"))
    letters = {letter for post in written_posts() if post.violates for letter in post.text}
    assert [letter for letter in sorted(letters) if bytes(font.getmask(letter)) == missing] == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("layout", ["detail", "timeline"])
def test_the_text_of_a_screenshot_can_be_read_by_machine(dark: bool, layout: str):
    from rapidfuzz import fuzz
    from rapidocr import RapidOCR

    shot = changed(dark=dark, layout=layout)
    read = RapidOCR(params={"Global.log_level": "error"})(draw(shot))
    assert fuzz.partial_ratio(shot.text, " ".join(read.txts)) >= 95
