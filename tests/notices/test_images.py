from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from venire.kernel.confinement import child_environment
from venire.kernel.errors import Invalid
from venire.notices import image_worker, images
from venire.notices.model import MAX_SCREENSHOT_BYTES

pytestmark = pytest.mark.anyio


def saved(image: Image.Image, form: str = "PNG", **options) -> bytes:
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int, pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + packed + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
async def test_each_kind_of_picture_becomes_a_grey_raster(form):
    decoded = await images.decode(saved(Image.new("RGB", (40, 20), (255, 255, 255)), form))
    assert (decoded.width, decoded.height, len(decoded.pixels)) == (40, 20, 800)
    assert min(decoded.pixels) > 250


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        saved(Image.effect_noise((200, 200), 50))[:2000],
        png_claiming(100, 100, b"too few"),
        saved(Image.new("RGB", (10, 10)), "TIFF"),
        saved(Image.new("L", (4000, 3))),
    ],
    ids=["empty", "text", "svg", "pdf", "cut_off", "short_of_pixels", "tiff", "a_line"],
)
async def test_a_broken_picture_is_called_broken(content):
    with pytest.raises(Invalid) as refused:
        await images.decode(content)
    assert refused.value.code == "broken_image"


@pytest.mark.parametrize(
    "content",
    [
        bytes(50 * 1024 * 1024),
        bytes(MAX_SCREENSHOT_BYTES + 1),
        png_claiming(60_000, 60_000),
        png_claiming(2_000_000_000, 2_000_000_000),
        png_claiming(10_000, 5_001),
    ],
    ids=["50_megabytes", "a_byte_over", "bomb", "giant_bomb", "a_row_over"],
)
async def test_a_picture_too_large_in_bytes_or_in_pixels_is_refused_unopened(content):
    with anyio.fail_after(10), pytest.raises(Invalid) as refused:
        await images.decode(content)
    assert refused.value.code == "too_large"


async def test_fifty_million_pixels_are_still_taken_and_shrunk():
    decoded = await images.decode(saved(Image.new("RGBA", (10_000, 5_000), (9, 9, 9, 255))))
    assert (decoded.width, decoded.height) == (images.LONGEST_SIDE, images.LONGEST_SIDE // 2)


async def test_a_decoder_that_hangs_is_killed():
    with pytest.raises(Invalid) as refused:
        await images.decode(saved(Image.new("L", (50, 50))), wall_seconds=0.001)
    assert refused.value.code == "broken_image"


def test_a_transparent_picture_lies_on_the_ground_it_was_made_for():
    white_letters = Image.new("RGBA", (60, 20), (255, 255, 255, 0))
    white_letters.paste((255, 255, 255, 255), (5, 5, 15, 15))
    dark_letters = Image.new("RGBA", (60, 20), (0, 0, 0, 0))
    dark_letters.paste((0, 0, 0, 255), (5, 5, 15, 15))
    for made, letter, ground in ((white_letters, 255, 0), (dark_letters, 0, 255)):
        decoded = image_worker.grey(saved(made))
        assert decoded.pixels[10 * 60 + 10] == letter
        assert decoded.pixels[0] == ground


def test_sixteen_bits_a_pixel_are_spread_over_eight():
    deep = Image.new("I;16", (64, 8))
    deep.putdata([(at % 64) * 1000 for at in range(64 * 8)])
    row = image_worker.grey(saved(deep)).pixels[:64]
    assert row[0] == 0
    assert row[-1] >= 254
    assert list(row) == sorted(row)
    assert len(set(row)) > 50


def test_a_turn_written_in_the_metadata_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = image_worker.grey(saved(Image.new("L", (40, 20)), "JPEG", exif=exif))
    assert (decoded.width, decoded.height) == (40, 20)


@given(st.binary(min_size=1, max_size=200), st.integers(0, 400))
def test_a_damaged_picture_never_fails_in_another_way(damage, place):
    whole = saved(Image.linear_gradient("L").resize((64, 64)))
    damaged = whole[:place] + damage + whole[place + len(damage) :]
    try:
        decoded = image_worker.grey(damaged)
    except Invalid as problem:
        said, decoded = problem.code, None
    else:
        said = ""
    assert said in {"", "broken_image", "too_large"}
    assert decoded is None or len(decoded.pixels) == decoded.width * decoded.height


LIMITED = """
import socket, sys
from venire.kernel.confinement import limit_process
limit_process(memory_bytes=300 << 20, cpu_seconds=5, open_files=3)
failed = []
for name, attempt in (
    ("open", lambda: open("/etc/hostname")),
    ("socket", lambda: socket.socket(socket.AF_INET)),
    ("memory", lambda: bytearray(1 << 30)),
    ("write", lambda: sys.stderr.write("x") and sys.stderr.flush()),
):
    try:
        attempt()
    except (OSError, MemoryError) as error:
        failed.append(name)
print(" ".join(failed))
"""


async def test_the_child_can_open_nothing_call_nobody_and_take_no_more_memory(tmp_path: Path):
    with (tmp_path / "stderr").open("w") as stderr:
        done = await anyio.run_process(
            [sys.executable, "-c", LIMITED],
            env=child_environment(),
            stderr=stderr,
            check=False,
        )
    assert done.stdout.decode().split() == ["open", "socket", "memory", "write"]


async def test_the_child_endlessly_computing_is_ended_by_the_system():
    script = (
        "from venire.kernel.confinement import limit_process\n"
        "limit_process(memory_bytes=1 << 30, cpu_seconds=1, open_files=3)\n"
        "while True: pass\n"
    )
    with anyio.fail_after(20):
        done = await anyio.run_process(
            [sys.executable, "-c", script], env=child_environment(), check=False
        )
    assert done.returncode < 0


def test_the_child_is_told_no_secret(monkeypatch):
    monkeypatch.setenv("VENIRE_SECRET", "hush")
    assert "hush" not in child_environment().values()
    assert set(child_environment()) <= {
        "PATH", "PYTHONPATH", "PYTHONIOENCODING", "PYTHONDONTWRITEBYTECODE", "LANG",
        "OMP_NUM_THREADS", "OMP_THREAD_LIMIT",
    }  # fmt: skip
    assert os.environ["VENIRE_SECRET"] == "hush"
