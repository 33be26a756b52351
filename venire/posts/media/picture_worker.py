"""The child that decodes pictures: started by `posts/media/studio.py`, never by hand.

Its stdin is the file; its one argument is a `PictureTask`. It writes new files to the descriptors
that the task names and says on stdout what it made (`Drawn`). Nothing of the old file is copied,
only its pixels: neither metadata nor whatever else was hidden in it comes along.
"""

from __future__ import annotations

import copy
import io
import math
import os
import sys
import warnings
from typing import Any, BinaryIO, Final

import msgspec
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from venire.kernel.confinement import deny_calls, limit_process
from venire.posts.media.blurhash import blurhash
from venire.posts.media.model import Drawn
from venire.posts.media.rules import (
    FRAMES_MOST,
    IMAGE_PIXELS_MOST,
    MOVING_PIXELS_MOST,
    ORIGINAL_PIXELS,
    PROPORTION_MOST,
    SMALL_PIXELS,
    fitted,
)
from venire.posts.media.tasks import AVATAR, HEADER, MEDIUM, THUMBNAIL, PictureTask

CROPS: Final = {AVATAR: (400, 400), HEADER: (1500, 500)}

_MEMORY_BYTES: Final = 1_024 * 1024 * 1024
_FILE_BYTES: Final = 48 * 1024 * 1024
_CPU_SECONDS: Final = 30
_BLUR_SIDE: Final = 32
_JPEG: Final[dict[str, Any]] = {"format": "JPEG", "quality": 90, "progressive": True}
_SMALL_JPEG: Final[dict[str, Any]] = {"format": "JPEG", "quality": 82, "progressive": True}
_PNG: Final[dict[str, Any]] = {"format": "PNG", "compress_level": 6}
_WEBP: Final[dict[str, Any]] = {"format": "WEBP", "quality": 88, "method": 3}
_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF's numbers, what brings a picture upright."""
_LOADED: Final = (
    copy,
    AvifImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
"""What decoders ask for when it is too late to open files: GIF for copy, JPEG for MPO and TIFF."""
_CLEAR: Final = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_ANIMATED: Final = frozenset({"GIF", "PNG", "WEBP", "AVIF"})


class _Unusable(Exception):  # noqa: N818 - says what the file is
    """A code of `rules.FAULTS`."""


def draw(task: PictureTask, source: BinaryIO) -> Drawn:
    """Decode a picture and write what is asked for."""
    lossless = b"VP8L" in source.read(64)
    source.seek(0)
    opened = Image.open(source, formats=[task.form])
    width, height = opened.size
    if min(width, height) < 1:
        raise _Unusable("media_broken")
    if width * height > IMAGE_PIXELS_MOST or max(width, height) > PROPORTION_MOST * min(
        width, height
    ):
        raise _Unusable("image_too_large")
    moves = (
        task.purpose == MEDIUM
        and task.form in _ANIMATED
        and bool(getattr(opened, "is_animated", False))
    )
    if moves:
        durations = _durations(opened)
        if task.form != "GIF" or not task.films:
            return _moving(task, opened, durations)
    still = _still(opened, task)
    # Its pixels are needed no more: of a large picture there is room for few copies.
    opened.close()
    if task.purpose in CROPS:
        cropped = ImageOps.fit(still, CROPS[task.purpose], Image.Resampling.LANCZOS)
        options = _PNG if cropped.mode == "RGBA" else _JPEG
        _write(cropped, task.original, options)
        return Drawn(*cropped.size, content_type=_type_of(options))
    drawn = _small(still, task)
    if moves or task.purpose == THUMBNAIL:
        return msgspec.structs.replace(drawn, width=width, height=height, moving=moves)
    options = _options(task.form, still, lossless=lossless)
    _write(still, task.original, options)
    return msgspec.structs.replace(
        drawn, width=still.width, height=still.height, content_type=_type_of(options)
    )


def _durations(opened: Image.Image) -> list[int]:
    """How long each frame stands, in ms. Too many of them, or too large ones, are refused."""
    durations: list[int] = []
    area = opened.width * opened.height
    while True:
        try:
            opened.seek(len(durations))
        except EOFError:
            break
        if len(durations) >= FRAMES_MOST or area * (len(durations) + 1) > MOVING_PIXELS_MOST:
            raise _Unusable("animation_too_long")
        if opened.format in {"WEBP", "AVIF"}:
            # These know how long a frame stands only when it has been unpacked.
            opened.load()
        durations.append(max(20, min(60_000, int(opened.info.get("duration") or 100))))
    opened.seek(0)
    return durations


def _moving(task: PictureTask, opened: Image.Image, durations: list[int]) -> Drawn:
    """An animation as an animated WebP: what every client shows without a film being made."""
    drawn = _small(_still(opened, task), task)
    opened.seek(0)
    _write(
        opened,
        task.original,
        {**_WEBP, "quality": 80, "method": 1, "save_all": True, "duration": durations, "loop": 0},
    )
    return msgspec.structs.replace(
        drawn, width=opened.width, height=opened.height, content_type="image/webp"
    )


def _still(opened: Image.Image, task: PictureTask) -> Image.Image:
    """The picture upright, in sRGB, as RGB or RGBA, no larger than an original may be."""
    size = fitted(*opened.size, ORIGINAL_PIXELS)
    if opened.format == "JPEG":
        # Lets the decoder skip detail that would be shrunk away anyway.
        opened.draft(None, CROPS.get(task.purpose, size))
    opened.load()
    picture, profile = opened, opened.info.get("icc_profile")
    clear = opened.mode in _CLEAR or "transparency" in opened.info
    if opened.mode.startswith("I"):
        # Sixteen bits a pixel: Pillow's own conversion clips instead of scaling.
        picture = opened.convert("I").point(lambda value: value * (1 / 257) + 0).convert("L")
    elif opened.mode == "CMYK":
        picture = _in_srgb(opened, profile)
    wanted = "RGBA" if clear else "RGB"
    if picture.mode != wanted:
        picture = picture.convert(wanted)
    size = fitted(*picture.size, ORIGINAL_PIXELS)
    if picture is opened or size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if clear and picture.getchannel("A").getextrema() == (255, 255):
        # Animations come with a cover that hides nothing.
        picture = picture.convert("RGB")
    if opened.mode in {"RGB", "RGBA", "P"}:
        picture = _in_srgb(picture, profile)
    turn = _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
    return picture if turn is None else picture.transpose(turn)


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    if not isinstance(profile, bytes):
        return picture
    mode: Any = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        turned = ImageCms.profileToProfile(picture, source, target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A profile that cannot be read is as good as none.
        return picture
    return picture if turned is None else turned


def _small(still: Image.Image, task: PictureTask) -> Drawn:
    size = fitted(*still.size, SMALL_PIXELS)
    small = still if size == still.size else still.resize(size, Image.Resampling.LANCZOS)
    options = _WEBP if small.mode == "RGBA" else _SMALL_JPEG
    if task.purpose == THUMBNAIL and task.form == "PNG":
        # What somebody drew for this size is not drawn anew.
        options = _PNG
    _write(small, task.small, options)
    return Drawn(
        small_width=small.width,
        small_height=small.height,
        small_type=_type_of(options),
        blurhash=blur_of(small),
    )


def blur_of(picture: Image.Image) -> str:
    """The BlurHash of a picture."""
    flat = picture
    if picture.mode == "RGBA":
        flat = Image.new("RGB", picture.size, (255, 255, 255))
        flat.paste(picture, mask=picture.getchannel("A"))
    scale = _BLUR_SIDE / max(flat.size)
    size = (max(1, math.ceil(flat.width * scale)), max(1, math.ceil(flat.height * scale)))
    tiny = flat.resize(size, Image.Resampling.BOX)
    return blurhash(tiny.tobytes(), *tiny.size)


def _options(form: str, large: Image.Image, *, lossless: bool) -> dict[str, Any]:
    """The form in which the original is kept: the one it came in, where every client shows it."""
    if form in {"PNG", "GIF"}:
        return _PNG
    if form == "WEBP" or large.mode == "RGBA":
        return {**_WEBP, "lossless": form == "WEBP" and lossless}
    return _JPEG


def _type_of(options: dict[str, Any]) -> str:
    return f"image/{str(options['format']).lower()}"


def _write(picture: Image.Image, descriptor: int, options: dict[str, Any]) -> None:
    if not options.get("save_all"):
        # A JPEG's comment would be written again from here.
        picture.info = {}
    with os.fdopen(descriptor, "wb", closefd=False) as sink:
        picture.save(sink, exif=b"", icc_profile=None, xmp=b"", **options)


def main(argument: str) -> int:
    """Serve one task."""
    task = msgspec.json.decode(argument, type=PictureTask)
    Image.MAX_IMAGE_PIXELS = IMAGE_PIXELS_MOST
    Image.preinit()
    limit_process(
        memory_bytes=_MEMORY_BYTES, cpu_seconds=_CPU_SECONDS, open_files=3, file_bytes=_FILE_BYTES
    )
    deny_calls()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = draw(task, sys.stdin.buffer)
    except _Unusable as fault:
        drawn = Drawn(error=str(fault))
    except (MemoryError, Image.DecompressionBombError):
        drawn = Drawn(error="image_too_large")
    except Exception:  # noqa: BLE001 - decoders raise whatever they stumble over
        drawn = Drawn(error="media_broken")
    sys.stdout.buffer.write(msgspec.json.encode(drawn))
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
