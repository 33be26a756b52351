"""Mastodon's `MediaAttachment`. Source: docs.joinmastodon.org/entities/MediaAttachment."""

from __future__ import annotations

from typing import Any

import msgspec

from venire.posts.media.model import AUDIO, MOVING, READY, Attachment, Medium, Meta
from venire.posts.media.rules import small_name


class MediaAttachmentEntity(msgspec.Struct, frozen=True):
    """A medium of a post."""

    id: str
    type: str
    url: str | None
    preview_url: str | None
    remote_url: None
    preview_remote_url: None
    text_url: None
    meta: dict[str, Any]
    description: str | None
    blurhash: str | None


def build_attachment(
    attachment: Attachment, base_url: str, *, ready: bool = True
) -> MediaAttachmentEntity:
    """The entity of an attachment; while it is worked on it has no `url`."""
    address = f"{base_url}/media/{attachment.id}"
    small = small_name(attachment)
    url = f"{address}/{attachment.name}" if ready else None
    shown = attachment.kind == AUDIO or url is None
    return MediaAttachmentEntity(
        id=str(attachment.id),
        type=attachment.kind,
        url=url,
        preview_url=f"{address}/{small}" if small else (None if shown else url),
        remote_url=None,
        preview_remote_url=None,
        text_url=None,
        meta=_meta(attachment),
        description=attachment.description,
        blurhash=attachment.blurhash,
    )


def build_medium(medium: Medium, base_url: str) -> MediaAttachmentEntity:
    """The entity of an upload, as its uploader sees it."""
    return build_attachment(medium.attachment, base_url, ready=medium.state == READY)


def _meta(attachment: Attachment) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if attachment.kind in MOVING:
        told = _film(attachment.meta)
    if attachment.focus is not None:
        x, y = attachment.focus
        told["focus"] = {"x": x, "y": y}
    return {**told, **attachment.meta}


def _film(meta: Meta) -> dict[str, Any]:
    """What Mastodon says of a film beside `original`: the same once more, in its own words."""
    original = meta.get("original", {})
    seconds = float(original.get("duration", 0))
    minutes, rest = divmod(seconds, 60)
    told: dict[str, Any] = {
        "length": f"{int(minutes // 60)}:{int(minutes % 60):02d}:{rest:05.2f}",
        "duration": seconds,
    }
    for name in ("size", "width", "height", "aspect"):
        if name in original:
            told[name] = original[name]
    over, _, under = str(original.get("frame_rate", "")).partition("/")
    if over.isdigit() and under.isdigit() and int(under):
        told["fps"] = round(int(over) / int(under))
    for name in ("audio_encode", "audio_bitrate", "audio_channels"):
        if name in original:
            told[name] = original[name]
    return told
