"""The child that decodes screenshots: started by `images.decode`, never by hand."""

from __future__ import annotations

import io
import sys
import warnings

from PIL import Image, UnidentifiedImageError

from venire.kernel.confinement import limit_process
from venire.kernel.errors import Invalid
from venire.notices.images import (
    CODES,
    CPU_SECONDS,
    FAILED,
    FORMATS,
    HEAD,
    LONGEST_SIDE,
    MAX_PIXELS,
    MAX_PROPORTION,
    MEMORY_BYTES,
    PICTURE,
    Picture,
)
from venire.notices.model import MAX_SCREENSHOT_BYTES


def grey(content: bytes) -> Picture:
    """Decode a picture in this process. Only for the child process, and for bytes of our own.

    Raises:
        Invalid: `too_large` or `broken_image`.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = Image.open(io.BytesIO(content), formats=FORMATS)
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
    if min(width, height) < 1 or max(width, height) > MAX_PROPORTION * min(width, height):
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
    limit_process(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS, open_files=3)
    try:
        picture = grey(source.read(MAX_SCREENSHOT_BYTES + 1))
    except Invalid as problem:
        sink.write(HEAD.pack(FAILED, CODES.index(problem.code), 0))
    else:
        sink.write(HEAD.pack(PICTURE, picture.width, picture.height) + picture.pixels)
    sink.flush()


if __name__ == "__main__":
    _serve_one()
