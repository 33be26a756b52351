"""Files that members might upload, and files that nobody should."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

CANARY = b"CANARY-12.3456-98.7654"

with_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None,
    reason="ffmpeg and ffprobe are not installed: video and sound are left out",
)


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


def photo(width: int = 400, height: int = 300) -> Image.Image:
    """Something like a photograph: a different colour in each corner."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, Image.new("L", (width, height), 90)))


def picture(form: str = "PNG", width: int = 400, height: int = 300, **options: Any) -> bytes:
    return saved(photo(width, height), form, **options)


def located(form: str = "JPEG", orientation: int = 1) -> bytes:
    """A picture that says where it was taken, in every place that a picture can say it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = CANARY.decode()
    exif.get_ifd(0x8825)[29] = CANARY.decode()
    more: dict[str, Any] = {"exif": exif.tobytes()}
    if form == "JPEG":
        more["comment"] = CANARY
        more["xmp"] = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + CANARY + b"</x:xmpmeta>"
    if form == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("Comment", CANARY.decode())
        info.add_itxt("Place", CANARY.decode())
        more["pnginfo"] = info
    if form in {"WEBP", "AVIF"}:
        more["xmp"] = CANARY
    content = saved(photo(40, 20), form, **more)
    # Behind the end of the picture, where a polyglot would begin.
    return content + CANARY


def cut(form: str) -> bytes:
    """The first half of a picture's file."""
    whole = saved(Image.effect_noise((200, 200), 60).convert("RGB"), form)
    return whole[: len(whole) // 2]


def animation(form: str = "GIF", frames: int = 6, size: int = 60) -> bytes:
    pages = [
        Image.new("RGB", (size, size), (40 * at % 256, 90, 200 - at % 100)) for at in range(frames)
    ]
    return saved(pages[0], form, save_all=True, append_images=pages[1:], duration=80)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed_zeros(count: int) -> bytes:
    """A zlib stream of so many zeros: one block of it is packed, and then repeated."""
    size = 1 << 20
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(bytes(size)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(bytes(count % size)) + packer.flush()
    # The checksum of zeros is a sum of nothing, and their number (RFC 1950, Adler-32).
    checksum = struct.pack(">HH", count % 65_521, 1)
    return b"\x78\xda" + block * (count // size) + last + checksum


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A megabyte that unpacks to almost three gigabytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = packed_zeros((1 + width * 3) * min(height, 2_000))
    body = chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


def png_text_bomb() -> bytes:
    """A small picture whose comment unpacks to half a gigabyte."""
    small = saved(Image.new("RGB", (8, 8)))
    text = b"Comment\x00\x00" + packed_zeros(512 << 20)
    return small[:33] + chunk(b"zTXt", text) + small[33:]


def gif_bomb(frames: int = 10_000) -> bytes:
    """Ten thousand frames, each a few bytes."""
    head = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    control = b"\x21\xf9\x04\x00\x01\x00\x00\x00"
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + (control + image) * frames + b"\x3b"


def gif_canvas_bomb() -> bytes:
    """A canvas of four gigapixels in a few bytes."""
    head = b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + bytes(6)
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x44\x01\x00"
    return head + image + b"\x3b"


def webp_bomb() -> bytes:
    """A WebP that says it is 16383 x 16383."""
    size = (16_383 - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x02\x00\x00\x00" + size + size
    animated = b"ANIM" + struct.pack("<I", 6) + bytes(6)
    body = b"WEBP" + extended + animated
    return b"RIFF" + struct.pack("<I", len(body)) + body


def avif_bomb() -> bytes:
    """A true AVIF whose header was made to say 65535 x 65535."""
    content = bytearray(saved(photo(64, 64), "AVIF"))
    place = content.index(b"ispe") + 8
    content[place : place + 8] = struct.pack(">II", 65_535, 65_535)
    return bytes(content)


def run(command: list[str | Path]) -> None:
    """Run ffmpeg on files of our own."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def film(folder: Path, name: str, *options: str, sound: bool = True, picture: bool = True) -> bytes:
    """A second of film, made by ffmpeg."""
    command: list[str | Path] = ["ffmpeg", "-v", "error", "-y"]
    if picture:
        command += ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=1"]
    if sound:
        command += ["-f", "lavfi", "-i", "sine=duration=1"]
    target = folder / name
    run([*command, *options, target])
    return target.read_bytes()
