"""What may be uploaded, what a file is, what it becomes, what a post may carry. Pure."""

from __future__ import annotations

import math
import re
from typing import Final

from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Invalid
from venire.posts.media.model import FAILED, READY, Attachment, Medium

IMAGE_BYTES: Final = 16 * 1024 * 1024
FILM_BYTES: Final = 99 * 1024 * 1024
PICTURE_BYTES: Final = 8 * 1024 * 1024
"""An avatar, a header, a thumbnail of one's own."""
IMAGE_PIXELS_MOST: Final = 7680 * 4320
"""Past it a picture is refused before a pixel is unpacked."""
FILM_PIXELS_MOST: Final = 3840 * 2160
FRAME_RATE_MOST: Final = 120
ORIGINAL_PIXELS: Final = 3840 * 2160
SMALL_PIXELS: Final = 640 * 360
"""Areas to which a picture is shrunk, as in Mastodon: sides follow from its shape."""
FRAMES_MOST: Final = 1_800
MOVING_PIXELS_MOST: Final = 400_000_000
"""Of an animation, all frames together."""
PROPORTION_MOST: Final = 100
DESCRIPTION_CHARACTERS: Final = 1_500
LAPSE_MS: Final = DAY_MS
GRACE_MS: Final = HOUR_MS
"""How long at least a medium stays that was put into a post just now."""

IMAGE_FORMS: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}
"""By Pillow's names."""
FILM_FORMS: Final = {
    "mov": ("video/mp4", "video/quicktime", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac"),
    "matroska": ("video/webm", "audio/webm"),
    "mp3": ("audio/mpeg", "audio/mp3"),
    "ogg": ("audio/ogg", "audio/vorbis", "audio/opus"),
    "wav": ("audio/wav", "audio/wave", "audio/x-wav", "audio/vnd.wave"),
    "flac": ("audio/flac", "audio/x-flac"),
}
"""By ffmpeg's names of the readers: no other one is ever used, whatever a file says it is."""
ENDINGS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
}
"""What is kept and served: nothing else ever leaves the store."""

_BRANDS: Final = (
    b"isom",
    b"iso",
    b"mp4",
    b"avc",
    b"M4V",
    b"qt  ",
    b"3gp",
    b"dash",
    b"M4A",
    b"mmp4",
    b"f4v",
)
_MARKS: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
)
_FRAME: Final = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][^\xf0-\xff]", re.DOTALL)
"""The head of a frame of MPEG audio, layer III."""
_NAME: Final = re.compile(r"([0-9a-f]{32})(-small)?\.([a-z0-9]{2,5})")


def form_of(head: bytes) -> str | None:
    """What a file is, by its first 64 bytes: a name of `IMAGE_FORMS` or `FILM_FORMS`, else None.

    What it is called and which type its sender names play no part.
    """
    for mark, form in _MARKS:
        if head.startswith(mark):
            return form
    if head[:4] == b"RIFF":
        return {b"WEBP": "WEBP", b"WAVE": "wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _form_of_boxes(head)
    return "mp3" if _FRAME.match(head) else None


def _form_of_boxes(head: bytes) -> str | None:
    size = min(int.from_bytes(head[:4]), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if b"avif" in brands or b"avis" in brands:
        return "AVIF"
    return "mov" if brands[0].startswith(_BRANDS) else None


def supported_types(*, films: bool) -> list[str]:
    """The content types that may be uploaded."""
    found = list(IMAGE_FORMS.values())
    if films:
        found += [name for names in FILM_FORMS.values() for name in names]
    return found


def check_form(form: str | None, size: int, *, films: bool) -> str:
    """Refuse an upload by what it is and how large.

    Invalid `media_empty`, `media_type_unknown`, `media_too_large`, `films_not_supported`.
    """
    if size == 0:
        raise Invalid("media_empty", "Validation failed: File can't be blank")
    if form is None:
        raise Invalid(
            "media_type_unknown",
            "Validation failed: File content type is invalid, File is invalid",
            supported=supported_types(films=films),
        )
    if form in FILM_FORMS and not films:
        raise Invalid(
            "films_not_supported",
            "Validation failed: This site takes no video or audio files",
            supported=supported_types(films=False),
        )
    check_size(size, IMAGE_BYTES if form in IMAGE_FORMS else FILM_BYTES)
    return form


def check_size(size: int, most: int) -> None:
    """Refuse too many bytes. Invalid `media_too_large`."""
    if size > most:
        raise Invalid(
            "media_too_large",
            f"Validation failed: File file size must be less than {most >> 20} MB, File is invalid",
            limit=most,
        )


FAULTS: Final = {
    "media_broken": "Validation failed: File content type is invalid, File is invalid",
    "image_too_large": "Validation failed: The picture has too many pixels",
    "animation_too_long": "Validation failed: The animation is too long",
    "video_too_large": "Validation failed: The video has too many pixels or frames",
    "media_silent": "Validation failed: The file holds neither picture nor sound",
}
"""What a worker may say of a file, and the words for it."""


def fault(code: str) -> Invalid:
    """What a worker said of a file, as a problem; anything unheard of is `media_broken`."""
    code = code if code in FAULTS else "media_broken"
    return Invalid(code, FAULTS[code])


def check_description(description: str | None) -> str | None:
    """An alt text, None where there is none. Invalid `description_too_long`."""
    text = (description or "").strip()
    if len(text) > DESCRIPTION_CHARACTERS:
        raise Invalid(
            "description_too_long",
            f"Validation failed: Description is too long (maximum is {DESCRIPTION_CHARACTERS}"
            " characters)",
            limit=DESCRIPTION_CHARACTERS,
        )
    return text or None


def fitted(width: int, height: int, area: int) -> tuple[int, int]:
    """The size of a picture shrunk to an area, its shape kept; the same where it is not larger."""
    if width * height <= area:
        return width, height
    scale = math.sqrt(area / (width * height))
    return max(1, math.floor(width * scale)), max(1, math.floor(height * scale))


def sizes(width: int, height: int) -> dict[str, int | float | str]:
    """Mastodon's facts about a picture."""
    if not width or not height:
        return {}
    return {
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "aspect": round(width / height, 6),
    }


def file_name(token: str, content_type: str) -> str:
    """The last part of an original's address: nobody finds it who was not shown it."""
    return f"{token}.{ENDINGS[content_type]}"


def small_name(attachment: Attachment) -> str | None:
    """The last part of the address of the small picture, None where there is none."""
    if attachment.small is None or attachment.small_type is None:
        return None
    return f"{attachment.name[:32]}-small.{ENDINGS[attachment.small_type]}"


def is_name(name: str) -> bool:
    """Whether something could be the last part of an address of ours."""
    return _NAME.fullmatch(name) is not None


def check_finished(medium: Medium) -> None:
    """Refuse what is not ready. Invalid `media_unfinished`, `media_failed`."""
    if medium.state == FAILED:
        raise failed()
    if medium.state != READY:
        raise Invalid(
            "media_unfinished",
            "Cannot attach files that have not finished processing. Try again in a moment!",
        )


def failed() -> Invalid:
    """What is said of a medium that could not be converted."""
    return Invalid("media_failed", "Error processing thumbnail for uploaded media")
