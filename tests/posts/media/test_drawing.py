"""The workers that open strangers' files: what they make, what they refuse, what they survive."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import tempfile
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.posts.media import files
from venire.kernel.errors import Invalid
from venire.posts.media import rules, tasks
from venire.posts.media.studio import Films, Studio, target

pytestmark = pytest.mark.anyio


class Made:
    def __init__(self, drawn, original: bytes, small: bytes) -> None:
        self.drawn = drawn
        self.original = original
        self.small = small


async def draw(content: bytes, purpose=tasks.MEDIUM, studio=None, form=None) -> Made:
    form = form or rules.form_of(content[:64])
    with tempfile.TemporaryFile() as file, target() as made:
        file.write(content)
        file.flush()
        drawn = await (studio or Studio(1)).draw(file, form, purpose, made)
        made.original.seek(0)
        made.small.seek(0)
        return Made(drawn, made.original.read(), made.small.read())


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize(
    ("form", "kept"),
    [("PNG", "PNG"), ("JPEG", "JPEG"), ("WEBP", "WEBP"), ("GIF", "PNG"), ("AVIF", "JPEG")],
)
async def test_each_kind_of_picture_is_made_anew_with_a_small_one(form, kept):
    made = await draw(files.picture(form, 1_000, 800))
    assert opened(made.original).format == kept
    assert made.drawn.content_type == f"image/{kept.lower()}"
    assert (made.drawn.width, made.drawn.height) == opened(made.original).size == (1_000, 800)
    small = opened(made.small)
    assert small.size == (made.drawn.small_width, made.drawn.small_height)
    assert small.width * small.height <= rules.SMALL_PIXELS
    assert abs(small.width / small.height - 1.25) < 0.01
    assert len(made.drawn.blurhash) == 36
    # The same picture: its corners have the colours they had.
    for place in ((20, 20), (980, 20), (20, 780), (980, 780)):
        before = files.photo(1_000, 800).getpixel(place)
        after = opened(made.original).convert("RGB").getpixel(place)
        assert all(abs(one - other) < 24 for one, other in zip(before, after, strict=True))


async def test_a_large_picture_is_shrunk_to_an_area_and_keeps_its_shape():
    made = await draw(files.picture("JPEG", 6_000, 3_000))
    assert made.drawn.width * made.drawn.height <= rules.ORIGINAL_PIXELS
    assert abs(made.drawn.width / made.drawn.height - 2) < 0.01


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
async def test_nothing_that_was_written_beside_the_pixels_is_left(form):
    content = files.located(form)
    assert files.CANARY in content
    made = await draw(content)
    for file in (made.original, made.small):
        assert b"CANARY" not in file
        assert b"12.3456" not in file
        assert not opened(file).getexif()
        assert "icc_profile" not in opened(file).info


@pytest.mark.parametrize(
    ("orientation", "size", "bright"),
    [
        (1, (40, 20), (38, 10)),
        (3, (40, 20), (1, 10)),
        (6, (20, 40), (10, 38)),
        (8, (20, 40), (10, 1)),
    ],
)
async def test_a_picture_that_was_taken_lying_stands_up_and_forgets_it(orientation, size, bright):
    made = await draw(files.located("JPEG", orientation))
    upright = opened(made.original)
    assert upright.size == size
    assert upright.convert("RGB").getpixel(bright)[0] > 200


async def test_clear_pictures_stay_clear():
    clear = Image.new("RGBA", (60, 40), (255, 0, 0, 0))
    clear.paste((0, 255, 0, 255), (10, 10, 30, 30))
    for form in ("PNG", "WEBP", "AVIF"):
        made = await draw(files.saved(clear, form))
        for file in (made.original, made.small):
            assert opened(file).convert("RGBA").getpixel((50, 5))[3] < 10


async def test_a_picture_without_loss_stays_without_loss():
    drawing = Image.effect_noise((50, 50), 90).convert("RGB")
    made = await draw(files.saved(drawing, "WEBP", lossless=True))
    assert opened(made.original).convert("RGB").tobytes() == drawing.tobytes()
    made = await draw(files.saved(drawing, "WEBP", quality=50))
    assert b"VP8L" not in made.original[:64]


async def test_sixteen_bits_and_inks_and_palettes_become_colours():
    deep = Image.new("I;16", (64, 8))
    deep.putdata([(at % 64) * 1_000 for at in range(64 * 8)])
    made = await draw(files.saved(deep))
    row = [opened(made.original).convert("L").getpixel((x, 4)) for x in range(64)]
    assert row[0] == 0
    assert row[-1] > 240
    assert row == sorted(row)
    for mode in ("CMYK", "L", "1", "P"):
        made = await draw(
            files.saved(files.photo().convert(mode), "JPEG" if mode == "CMYK" else "PNG")
        )
        assert opened(made.original).mode == "RGB"


async def test_colours_of_another_profile_are_turned_into_ours():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = await draw(files.picture("JPEG", icc_profile=profile))
    assert "icc_profile" not in opened(made.original).info
    broken = await draw(files.picture("JPEG", icc_profile=b"no profile at all"))
    assert opened(broken.original).size == (400, 300)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF"])
async def test_what_moves_goes_on_moving_where_no_film_can_be_made(form):
    made = await draw(files.animation(form))
    assert made.drawn.content_type == "image/webp"
    assert not made.drawn.moving
    moving = opened(made.original)
    assert moving.n_frames == 6
    moving.seek(3)
    moving.load()
    assert moving.info["duration"] == 80


async def test_a_gif_that_moves_is_left_for_a_film_where_one_can_be_made():
    made = await draw(files.animation(), studio=Studio(1, films=Films("ffmpeg", "ffprobe")))
    assert made.drawn.moving
    assert made.original == b""
    assert made.small


@pytest.mark.parametrize(
    ("purpose", "size"), [(tasks.AVATAR, (400, 400)), (tasks.HEADER, (1500, 500))]
)
async def test_pictures_of_accounts_are_cropped_to_their_frame(purpose, size):
    for content in (files.picture("PNG", 37, 900), files.animation(), files.located()):
        made = await draw(content, purpose)
        assert opened(made.original).size == size
        assert b"CANARY" not in made.original


BROKEN = {
    "empty": (b"", "PNG"),
    "text": (b"no picture", "JPEG"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG"),
    "truncated_png": (files.cut("PNG"), "PNG"),
    "truncated_webp": (files.cut("WEBP"), "WEBP"),
    "truncated_avif": (files.cut("AVIF"), "AVIF"),
    "another_form": (files.picture("PNG"), "JPEG"),
    "only_a_head": (files.picture("GIF")[:13], "GIF"),
    "no_size": (files.png_bomb(0, 10), "PNG"),
    "text_bomb": (files.png_text_bomb(), "PNG"),
}
TOO_LARGE = {
    "png_bomb": (files.png_bomb(), "PNG"),
    "a_pixel_over": (files.png_bomb(7_681, 4_320), "PNG"),
    "a_line": (files.png_bomb(20_000, 100), "PNG"),
    "webp_bomb": (files.webp_bomb(), "WEBP"),
    "gif_canvas": (files.gif_canvas_bomb(), "GIF"),
}


@pytest.mark.parametrize(("content", "form"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_picture_is_called_broken(content, form):
    with anyio.fail_after(40), pytest.raises(Invalid) as refused:
        await draw(content, form=form)
    assert refused.value.code == "media_broken"


@pytest.mark.parametrize(("content", "form"), TOO_LARGE.values(), ids=TOO_LARGE)
async def test_a_picture_with_too_many_pixels_is_refused_unopened(content, form):
    with anyio.fail_after(10), pytest.raises(Invalid) as refused:
        await draw(content, form=form)
    assert refused.value.code == "image_too_large"


async def test_an_avif_that_claims_to_be_huge_is_refused():
    with anyio.fail_after(20), pytest.raises(Invalid) as refused:
        await draw(files.avif_bomb())
    assert refused.value.code in {"image_too_large", "media_broken"}


async def test_ten_thousand_frames_are_refused():
    with anyio.fail_after(20), pytest.raises(Invalid) as refused:
        await draw(files.gif_bomb())
    assert refused.value.code == "animation_too_long"


@settings(max_examples=15, deadline=None)
@given(
    st.binary(min_size=1, max_size=60),
    st.integers(8, 1_500),
    st.sampled_from(["PNG", "GIF", "WEBP"]),
)
def test_a_damaged_picture_is_drawn_or_refused_and_nothing_else(damage, place, form):
    whole = files.picture(form, 60, 40)
    damaged = whole[:place] + damage + whole[place + len(damage) :]

    async def attempt() -> None:
        with contextlib.suppress(Invalid):
            made = await draw(damaged, form=form)
            assert opened(made.original).size == (made.drawn.width, made.drawn.height)

    asyncio.run(attempt())


def children() -> set[int]:
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(one) for one in (task / "children").read_text().split()}
    return found


async def killed_when_it_appears(before: set[int]) -> None:
    while not (new := children() - before):  # noqa: ASYNC110 - nothing tells of a child
        await asyncio.sleep(0.001)
    for one in new:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


async def test_a_worker_that_was_killed_is_followed_by_another():
    before = children()
    work = asyncio.create_task(draw(files.picture("PNG", 3_000, 2_000)))
    await killed_when_it_appears(before)
    assert (await work).drawn.width == 3_000
    assert children() <= before


async def test_a_picture_whose_workers_are_killed_twice_is_refused_and_the_next_is_drawn():
    before, studio = children(), Studio(1)
    work = asyncio.create_task(draw(files.picture("PNG", 3_000, 2_000), studio=studio))
    for _ in range(2):
        await killed_when_it_appears(before)
        before |= children()
    with pytest.raises(Invalid, match="media_broken"):
        await work
    assert (await draw(files.picture(), studio=studio)).drawn.width == 400


async def test_a_worker_that_hangs_is_ended_with_its_file():
    before = children()
    with pytest.raises(Invalid, match="media_broken"):
        await draw(files.picture(), studio=Studio(1, seconds=(0.02, 0.02)))
    assert children() <= before


async def test_giving_up_half_way_leaves_no_worker_behind():
    before = children()
    work = asyncio.create_task(draw(files.picture("PNG", 3_000, 2_000)))
    while not children() - before:  # noqa: ASYNC110 - nothing tells of a child
        await asyncio.sleep(0.001)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert children() <= before
