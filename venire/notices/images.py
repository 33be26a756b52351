"""Pictures from strangers become plain grey pixels, in a process that can do nothing else.

A picture decoder is where a crafted file does its work. So each picture is decoded by a child
process of its own that has no file, no socket, little memory and little time, and all it gives
back is a grey raster, which the reading engines take without any decoder of theirs.
"""

from __future__ import annotations

import dataclasses
import io
import struct
import sys
import warnings
from typing import Final

from PIL import Image, UnidentifiedImageError

from venire.kernel.confinement import limit_process, run_confined
from venire.kernel.errors import Invalid
from venire.notices.model import MAX_SCREENSHOT_BYTES

MAX_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 4_000
"""Output is shrunk to this; a page-long scroll capture keeps its letters up to about 16,000."""
_MAX_PROPORTION: Final = 40
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_MEMORY_BYTES: Final = 1_024 * 1024 * 1024
_CPU_SECONDS: Final = 20
_WALL_SECONDS: Final = 30.0
_HEAD: Final = struct.Struct(">4sII")
_PICTURE: Final = b"GREY"
_FAILED: Final = b"FAIL"
_CODES: Final = ("broken_image", "too_large")


@dataclasses.dataclass(frozen=True)
class Picture:
    """A grey raster: `pixels` are `width` x `height` bytes, rows from the top, 0 black."""

    width: int
    height: int
    pixels: bytes


async def decode(content: bytes, *, wall_seconds: float = _WALL_SECONDS) -> Picture:
    """Decode one picture in a limited child process.

    Args:
        content: PNG, JPEG, WebP, GIF (its first frame) or BMP; metadata is ignored.
        wall_seconds: after that the child is killed.

    Raises:
        Invalid: `too_large` (over 20 MB, over 50 million pixels, or it needs more memory than
            it may have), `broken_image` (everything else that is wrong with it).

    """
    if len(content) > MAX_SCREENSHOT_BYTES:
        raise Invalid("too_large", "a screenshot may have 20 MB", limit=MAX_SCREENSHOT_BYTES)
    try:
        answer = await run_confined(
            "venire.notices.images",
            given=content,
            seconds=wall_seconds,
            answer_bytes=_HEAD.size + LONGEST_SIDE * LONGEST_SIDE,
        )
    except TimeoutError as error:
        raise Invalid("broken_image", "decoding it took too long") from error
    return _picture(answer)


def _picture(answer: bytes) -> Picture:
    if len(answer) >= _HEAD.size:
        kind, width, height = _HEAD.unpack_from(answer)
        pixels = answer[_HEAD.size :]
        if kind == _PICTURE and width > 0 and len(pixels) == width * height:
            return Picture(width, height, pixels)
        if kind == _FAILED and width < len(_CODES):
            raise Invalid(_CODES[width], "the picture cannot be used")
    # Killed by one of its limits, or talked into saying something else.
    raise Invalid("broken_image", "the picture could not be decoded")


def grey(content: bytes) -> Picture:
    """Decode a picture in this process. Only for the child process, and for bytes of our own.

    Raises:
        Invalid: `too_large` or `broken_image`.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = Image.open(io.BytesIO(content), formats=_FORMATS)
            _check_bounds(*opened.size)
            return _flattened(opened)
    except MemoryError as error:
        raise Invalid("too_large", "it needs more memory than a screenshot may") from error
    except Image.DecompressionBombError as error:
        raise Invalid("too_large", "it grows too large when unpacked") from error
    except UnidentifiedImageError as error:
        raise Invalid("broken_image", "this is no PNG, JPEG, WebP, GIF or BMP") from error
    except Invalid:
        raise
    except Exception as error:
        # The decoders raise whatever they stumble over: OSError, SyntaxError, struct.error...
        raise Invalid("broken_image", "the picture cannot be decoded") from error


def _check_bounds(width: int, height: int) -> None:
    """Judge the size that the header states, before a pixel is unpacked."""
    if width * height > MAX_PIXELS:
        raise Invalid("too_large", "over 50 million pixels", width=width, height=height)
    if min(width, height) < 1 or max(width, height) > _MAX_PROPORTION * min(width, height):
        raise Invalid("broken_image", "too narrow to be a screenshot", width=width, height=height)


def _flattened(opened: Image.Image) -> Picture:
    if opened.format == "JPEG":
        # Lets the decoder skip detail that would be shrunk away anyway.
        opened.draft("L", (LONGEST_SIDE, LONGEST_SIDE))
    opened.load()
    if opened.mode.startswith(("I", "F")):
        flat = _from_deep(opened)
    elif opened.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in opened.info:
        flat = _on_ground(opened.convert("RGBA"))
    else:
        flat = opened.convert("L")
    if max(flat.size) > LONGEST_SIDE:
        flat.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return Picture(flat.width, flat.height, flat.tobytes())


def _from_deep(opened: Image.Image) -> Image.Image:
    """Sixteen bits and more a pixel, spread over eight: Pillow's own conversion clips instead."""
    low, high = opened.convert("F").getextrema()
    if not isinstance(low, float) or not isinstance(high, float) or high <= low:
        return opened.convert("L")
    scale = 255.0 / (high - low)
    return opened.convert("F").point(lambda value: value * scale - low * scale).convert("L")


def _on_ground(picture: Image.Image) -> Image.Image:
    """A transparent picture on the ground its letters were made for: dark ones on white."""
    shades, cover = picture.convert("L"), picture.getchannel("A")
    histogram = shades.histogram(mask=cover)
    seen = sum(histogram)
    mean = sum(shade * count for shade, count in enumerate(histogram)) / seen if seen else 0.0
    hidden = cover.histogram()[0] / (picture.width * picture.height)
    # Mostly transparent with light strokes: white letters cut out for a dark page.
    ground = Image.new("L", picture.size, 0 if hidden > 0.5 and mean > 150 else 255)  # noqa: PLR2004
    ground.paste(shades, mask=cover)
    return ground


def _serve_one() -> None:
    """The child: one picture on stdin, one raster or failure on stdout."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    # Every decoder is loaded while files can still be opened.
    Image.preinit()
    Image.init()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    limit_process(memory_bytes=_MEMORY_BYTES, cpu_seconds=_CPU_SECONDS, open_files=3)
    try:
        picture = grey(source.read(MAX_SCREENSHOT_BYTES + 1))
    except Invalid as problem:
        sink.write(_HEAD.pack(_FAILED, _CODES.index(problem.code), 0))
    else:
        sink.write(_HEAD.pack(_PICTURE, picture.width, picture.height) + picture.pixels)
    sink.flush()


if __name__ == "__main__":
    _serve_one()
