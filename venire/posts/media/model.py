"""Nouns: what a post carries, what a member uploaded, the pictures of an account."""

from __future__ import annotations

from typing import Final

import msgspec

from venire.kernel.ids import AccountId

IMAGE: Final = "image"
GIFV: Final = "gifv"
VIDEO: Final = "video"
AUDIO: Final = "audio"
MOVING: Final = frozenset({GIFV, VIDEO, AUDIO})
"""What is converted after the upload has been answered."""

WORKING: Final = "working"
READY: Final = "ready"
FAILED: Final = "failed"
GONE: Final = "gone"

Meta = dict[str, dict[str, int | float | str]]


class Attachment(msgspec.Struct, frozen=True):
    """A medium as a post carries it: everything needed to show it without loading another row.

    `kind`: image, gifv, video, audio or unknown. `original` and `small` are object keys (SHA-256 in
    hex), `original` empty while it is being made. `name` is the unguessable last part of the
    address of the original (`rules.small_name` that of the small one). `focus` is x, y from -1 to
    1. `meta` is Mastodon's, without `focus`.
    """

    id: int
    kind: str
    original: str
    small: str | None
    content_type: str
    name: str
    description: str | None = None
    blurhash: str | None = None
    focus: tuple[float, float] | None = None
    meta: Meta = {}
    small_type: str | None = None


class Medium(msgspec.Struct, frozen=True):
    """What a member uploaded, whatever became of it.

    `state`: working (its original is not made yet), ready, failed, or gone (for a moment, until its
    row is too). `raw` is the object key of an
    upload that waits to be converted, `coming` of something that is being put. Unless a post
    carries it (`attached`) it lapses.
    """

    id: int
    version: int
    account_id: AccountId
    state: str
    attached: bool
    created_at_ms: int
    lapses_at_ms: int
    raw: str | None
    attachment: Attachment
    coming: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Every object that it is made of."""
        all_of = (self.raw, self.coming, self.attachment.original, self.attachment.small)
        return tuple(dict.fromkeys(key for key in all_of if key))


class Drawn(msgspec.Struct, frozen=True):
    """What a picture's worker made: sizes in pixels, `error` a code or empty.

    `moving`: the picture moves, and no original was made since a film is to be made of it.
    """

    width: int = 0
    height: int = 0
    content_type: str = ""
    small_width: int = 0
    small_height: int = 0
    small_type: str = ""
    blurhash: str | None = None
    moving: bool = False
    error: str = ""


class Filmed(msgspec.Struct, frozen=True):
    """What a film's worker found or made. `meta`: Mastodon's facts about the original."""

    kind: str = ""
    content_type: str = ""
    small_width: int = 0
    small_height: int = 0
    small_type: str = ""
    blurhash: str | None = None
    meta: dict[str, int | float | str] = {}
    error: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A picture of an account: an object and the last part of its address."""

    key: str
    content_type: str
    name: str


class Pictures(msgspec.Struct, frozen=True):
    """The pictures of an account; `version` moves with each change, `coming` are being put."""

    version: int = 0
    avatar: Picture | None = None
    header: Picture | None = None
    coming: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """Every object that they are made of."""
        shown = (one.key for one in (self.avatar, self.header) if one is not None)
        return frozenset((*shown, *self.coming))
