"""The picture of a text: a decoder by other people reads from it what was put in."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.test_security_pages import PLACE, shown
from venire.people import confirmations, totp
from venire.web.scanning import QUIET, Scannable, scannable

_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def drawn(picture):
    """The picture as a camera would have it: True is dark; and that nothing else was drawn."""
    assert _RUN.sub("", picture.path) == ""
    dark = np.zeros((picture.side, picture.side), dtype=bool)
    for column, row, width, back in (map(int, run) for run in _RUN.findall(picture.path)):
        assert width == back
        assert not dark[row, column : column + width].any(), "drawn twice"
        dark[row, column : column + width] = True
    return dark


def photographed(picture, scale=6):
    """The picture in grey, each module some pixels wide."""
    grey = np.where(drawn(picture), 0, 255).astype(np.uint8)
    return np.kron(grey, np.ones((scale, scale), dtype=np.uint8))


def read(image):
    """What OpenCV reads; it shares nothing with who drew it."""
    return cv2.QRCodeDetector().detectAndDecode(image)[0]


@pytest.mark.parametrize(
    ("name", "site"),
    [("ayu", "Venire"), ("a" * 30, "Dewan Warga: Kota & Desa"), ("ayu", "Forum 市民 ñandú 100 %")],
)
@pytest.mark.parametrize("first", [b"\x00", b"\x07", b"\xff"])
def test_a_decoder_by_others_reads_the_address_for_an_app(name, site, first):
    address = totp.address(first * totp.SECRET_BYTES, name, site)
    picture = scannable(address)
    assert picture is not None
    assert read(photographed(picture)) == address


def test_a_seventh_of_it_covered_is_still_read():
    address = totp.address(bytes(range(20)), "ayu", "Venire")
    image = photographed(scannable(address))
    side = image.shape[0]
    image[side // 2 : side // 2 + side // 8, side // 2 : side // 2 + side // 8] = 255
    assert read(image) == address


@given(st.text(alphabet=st.characters(codec="ascii", min_codepoint=32), min_size=1, max_size=400))
@settings(max_examples=40, deadline=None)
def test_every_picture_has_its_edge_and_its_three_corners(text):
    dark = drawn(scannable(text))
    assert not dark[:QUIET].any()
    assert not dark[-QUIET:].any()
    assert not dark[:, :QUIET].any()
    assert not dark[:, -QUIET:].any()
    inner = dark[QUIET:-QUIET, QUIET:-QUIET]
    for corner in (inner[:7, :7], inner[:7, -7:], inner[-7:, :7]):
        assert corner.sum() == 33
        assert corner[2:5, 2:5].all()
    assert not inner[7, :8].any()
    expected = segno.make_qr(text, error="m", boost_error=False).matrix
    assert inner.tolist() == [[bool(one) for one in row] for row in expected]


def test_what_is_too_long_for_any_symbol_has_no_picture():
    longest = scannable("x" * 2331)
    assert isinstance(longest, Scannable)
    assert longest.side == 177 + 2 * QUIET
    assert scannable("x" * 2332) is None


@pytest.mark.anyio
async def test_the_secret_of_an_app_is_a_picture_a_link_and_a_text_for_who_has_shown_who_they_are(
    town,
):
    browser = await town.member("ayu")
    await shown(browser)
    await browser.send(PLACE, f"{PLACE}/app")
    answer = await browser.get(PLACE)
    picture = re.search(r'<svg class="scan".*?</svg>', answer.text, re.DOTALL)[0]
    assert 'role="img"' in picture
    assert 'aria-label="QR code for your app' in picture
    assert 'fill="#fff"' in picture
    assert 'fill="#000"' in picture
    assert "style" not in picture
    assert "data:" not in picture
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', picture)[1])
    path = re.search(r' d="([^"]*)"', picture)[1]
    address = html.unescape(re.search(r'href="(otpauth:[^"]*)"', answer.text)[1])
    assert read(photographed(Scannable(side, path))) == address
    secret = re.search(r'class="mono secret">([A-Z2-7 ]+)<', answer.text)[1]
    assert parse_qs(urlsplit(address).query)["secret"] == [secret.replace(" ", "")]
    assert answer.headers["cache-control"] == "no-store"
    town.house.world.clock.advance(confirmations.LASTS_MS)
    assert "<svg" not in (await browser.get(PLACE)).text


@pytest.mark.anyio
async def test_a_site_with_a_name_too_long_for_a_picture_still_has_the_link(town):
    object.__setattr__(town.house.world.site, "title", "x" * 3_000)
    browser = await town.member("ayu")
    await shown(browser)
    await browser.send(PLACE, f"{PLACE}/app")
    page = (await browser.get(PLACE)).text
    assert "Open this link on the device" in html.unescape(page)
    assert "<svg" not in page
