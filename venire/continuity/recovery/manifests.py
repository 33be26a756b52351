"""What a snapshot says of itself, where it lies in a store, and which ones are kept.

A snapshot is there when its manifest is: that is written last and removed first.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

import msgspec

from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid

Sign = Callable[[bytes], bytes]
Check = Callable[[bytes, bytes], bool]
"""Whether a signature (second) is the site's under a message (first)."""
Kind = Literal["physical", "logical"]
FORMAT: Final = 1
PART_BYTES: Final = 8 << 20
_SIGNED_AS: Final = b"venire snapshot manifest 1\n"
HOURLY_MS: Final = 2 * DAY_MS
DAILY_MS: Final = 30 * DAY_MS
_PLACE: Final = re.compile(
    r"snapshots/(?P<generation>[0-9]{8})/(?P<sequence>[0-9]{20})/manifest\.json"
)


class Part(msgspec.Struct, frozen=True):
    """A piece as it lies in the store: `path` below the prefix, sizes in bytes, hash in hex.

    `size` is of what is in it, `stored` and `sha256` of the ciphertext.
    """

    path: str
    size: int
    stored: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Clear text: what a store may know. `inner` is sealed (see `Inner`).

    The data stands at `sequence` when begun and `through` when done: the same for a physical one;
    else a restore replays the journal from the one through the other. `challenges` holds, for each
    recipient, what only its key opens (base64).
    """

    format: int
    kind: Kind
    generation: int
    sequence: int
    through: int
    at_ms: int
    newest_ms: int
    schema: int
    program: str
    site: str
    size: int
    record_size: int
    record_root: str
    recipients: tuple[str, ...]
    challenges: dict[str, bytes]
    parts: tuple[Part, ...]
    files: Part
    inner: bytes
    signature: str = ""

    @property
    def place(self) -> str:
        """Where it lies in a store."""
        return f"{folder_of(self.generation, self.sequence)}/manifest.json"


class Inner(msgspec.Struct, frozen=True):
    """What only a holder of a key may know: names of parts are keyed with `naming_key`.

    `counts`: rows of each table. `cursors`: how far each subscriber had come.
    """

    naming_key: bytes
    counts: dict[str, int]
    cursors: dict[str, int]


class Found(msgspec.Struct, frozen=True, order=True):
    """A snapshot by the name of its manifest, not yet read."""

    generation: int
    sequence: int
    path: str


def folder_of(generation: int, sequence: int) -> str:
    """The folder of a snapshot's own objects."""
    return f"snapshots/{generation:08d}/{sequence:020d}"


def find(paths: Iterable[str]) -> list[Found]:
    """The snapshots among the names of objects, oldest first."""
    found = []
    for path in paths:
        match = _PLACE.fullmatch(path)
        if match is not None:
            place = int(match["generation"]), int(match["sequence"])
            found.append(Found(*place, path))
    return sorted(found)


def decode(content: bytes, path: str) -> Manifest:
    """Read a manifest. Invalid `manifest_damaged`."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("manifest_damaged", "it cannot be read", path=path) from error
    if manifest.format != FORMAT:
        raise Invalid(
            "manifest_unknown", "of a later program: use the version that wrote it", path=path
        )
    if manifest.place != path:
        raise Invalid("manifest_damaged", "it does not belong here", path=path)
    return manifest


def signed(manifest: Manifest, sign: Sign | None) -> Manifest:
    """The same, signed: a store knows the public keys, and could make up a whole site."""
    if sign is None:
        return manifest
    signature = base64.b64encode(sign(_message(manifest))).decode()
    return msgspec.structs.replace(manifest, signature=signature)


def check_signature(manifest: Manifest, check: Check) -> None:
    """Refuse what this site did not sign. Invalid `snapshot_foreign`."""
    try:
        signature = base64.b64decode(manifest.signature, validate=True)
    except binascii.Error:
        signature = b""
    if not check(_message(manifest), signature):
        raise Invalid(
            "snapshot_foreign",
            "the snapshot was not signed with this key: another site's, or made up by the store",
            path=manifest.place,
        )


def _message(manifest: Manifest) -> bytes:
    bare = msgspec.structs.replace(manifest, signature="")
    return _SIGNED_AS + msgspec.json.encode(bare, order="sorted")


def kept(times_ms: Sequence[int], now_ms: int) -> list[bool]:
    """Which of some snapshots stay: all of two days, the last of each day for thirty.

    The newest stays, whatever its age: no backup at all is worse than an old one.
    """
    newest = max(times_ms, default=0)
    last_of_day: dict[int, int] = {}
    for at_ms in times_ms:
        day = at_ms // DAY_MS
        last_of_day[day] = max(last_of_day.get(day, 0), at_ms)
    return [
        at_ms == newest
        or now_ms - at_ms < HOURLY_MS
        or (now_ms - at_ms < DAILY_MS and last_of_day[at_ms // DAY_MS] == at_ms)
        for at_ms in times_ms
    ]
