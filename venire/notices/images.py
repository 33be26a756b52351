"""Pictures from strangers become plain grey pixels, in a process that can do nothing else.

A picture decoder is where a crafted file does its work. So each picture is decoded by a child
process of its own that has no file, no socket, little memory and little time, and all it gives
back is a grey raster, which the reading engines take without any decoder of theirs.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Final

from venire.kernel.confinement import run_confined
from venire.kernel.errors import Invalid
from venire.notices.model import MAX_SCREENSHOT_BYTES

MAX_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 4_000
"""Output is shrunk to this; a page-long scroll capture keeps its letters up to about 16,000."""
MAX_PROPORTION: Final = 40
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MEMORY_BYTES: Final = 1_024 * 1024 * 1024
CPU_SECONDS: Final = 20
_WALL_SECONDS: Final = 30.0
HEAD: Final = struct.Struct(">4sII")
PICTURE: Final = b"GREY"
FAILED: Final = b"FAIL"
CODES: Final = ("broken_image", "too_large")


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
            "venire.notices.image_worker",
            given=content,
            seconds=wall_seconds,
            answer_bytes=HEAD.size + LONGEST_SIDE * LONGEST_SIDE,
        )
    except TimeoutError as error:
        raise Invalid("broken_image", "decoding it took too long") from error
    return _picture(answer)


def _picture(answer: bytes) -> Picture:
    if len(answer) >= HEAD.size:
        kind, width, height = HEAD.unpack_from(answer)
        pixels = answer[HEAD.size :]
        if kind == PICTURE and width > 0 and len(pixels) == width * height:
            return Picture(width, height, pixels)
        if kind == FAILED and width < len(CODES):
            raise Invalid(CODES[width], "the picture cannot be used")
    # Killed by one of its limits, or talked into saying something else.
    raise Invalid("broken_image", "the picture could not be decoded")
