from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.posts.media import files
from venire.posts.media import rules
from venire.posts.media.blurhash import DIGITS, blurhash

HEADS = {
    "PNG": files.picture("PNG"),
    "JPEG": files.picture("JPEG"),
    "GIF": files.picture("GIF"),
    "WEBP": files.picture("WEBP"),
    "AVIF": files.picture("AVIF"),
    "mp3": b"ID3\x04\x00",
    "ogg": b"OggS\x00",
    "flac": b"fLaC\x00",
    "wav": b"RIFF\x00\x00\x00\x00WAVEfmt ",
    "matroska": b"\x1a\x45\xdf\xa3\x01",
}


@pytest.mark.parametrize("form", HEADS)
def test_a_file_is_told_by_its_first_bytes(form):
    assert rules.form_of(HEADS[form][:64]) == form


@pytest.mark.parametrize("brand", [b"isom", b"mp42", b"qt  ", b"M4A ", b"M4V ", b"avc1", b"3gp5"])
def test_each_brand_of_mp4_is_read_as_one(brand):
    assert rules.form_of(b"\x00\x00\x00\x18ftyp" + brand + bytes(12)) == "mov"


@pytest.mark.parametrize(
    "head",
    [b"", b"\xff", b"\xff\xff\xff", b"\xff\xfb\xf0", b"%PDF", b"<svg", b"<html>", b"RIFFxxxxAVI ",
     b"\x00\x00\x00\x18ftypheic", b"#EXTM3U", b"ffconcat version 1.0", b"PK\x03\x04", b"GIF88a"],
)  # fmt: skip
def test_everything_else_is_nothing(head):
    assert rules.form_of(head) is None


@given(st.binary(max_size=64))
def test_any_bytes_are_a_form_or_none(head):
    assert rules.form_of(head) in {None, *rules.IMAGE_FORMS, *rules.FILM_FORMS}


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 10**7))
def test_a_picture_fits_its_area_and_is_never_enlarged(width, height, area):
    wide, high = rules.fitted(width, height, area)
    assert 1 <= wide <= width
    assert 1 <= high <= height
    assert wide * high <= max(area, width, height)
    if wide > 50 and high > 50:
        assert math.isclose(wide / high, width / height, rel_tol=0.05)


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_a_blurhash_has_its_digits_and_its_mean(width, height, data):
    pixels = data.draw(st.binary(min_size=width * height * 3, max_size=width * height * 3))
    said = blurhash(pixels, width, height)
    assert len(said) == 36
    assert set(said) <= set(DIGITS)


def test_a_blurhash_is_that_of_the_format():
    # Flat colours have one wave; from the algorithm's text: size flag, no strength, mean colour.
    for red, green, blue in ((0, 0, 0), (255, 255, 255), (12, 200, 99)):
        said = blurhash(bytes((red, green, blue)) * 64, 8, 8)
        mean = sum(DIGITS.index(digit) * 83**place for place, digit in enumerate(said[5:1:-1]))
        assert mean == (red << 16) + (green << 8) + blue
        assert said[0] == DIGITS[3 + 3 * 9]
    ramp = b"".join(bytes((x * 8, y * 8, 128)) for y in range(32) for x in range(32))
    assert blurhash(ramp, 32, 32) == RAMP


RAMP = "UxH2cX2swxX8l}WDjte;gJfjfQfjnmWpjtfQ"
"""Made by another implementation of the format from the same pixels."""
