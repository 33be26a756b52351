"""A leaf of the record: a clear header and salted commitments, in one canonical form.

    {"commitments": {"post": "<64 hex>", ...}, "header": {"type": "hold", ...}, "v": 1}

as JSON with sorted keys, no spaces and ASCII only, so that one entry has one encoding. The header
takes only the keys that `headers.py` lists for its type. What names a person, a post or a text is
committed to: HMAC-SHA256 under a salt that is kept elsewhere. With the salt anyone can check the
link; once the salt is erased nobody can, and the log itself never changes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from venire.kernel.errors import Invalid, Refused, TooLarge
from venire.record.headers import check_header
from venire.record.model import Entry
from venire.record.tiles import MAX_ENTRY_BYTES

VERSION: Final = 1
SALT_BYTES: Final = 32
MAX_COMMITMENTS: Final = 256
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class _Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    commitments: dict[str, str]
    header: dict[str, Any]
    v: int


_DECODER: Final = msgspec.json.Decoder(_Leaf)


def commit(name: str, value: str | bytes, salt: bytes) -> str:
    """HMAC-SHA256(salt, name || 0x00 || value), 64 hex digits. The salt is 32 random bytes.

    The name is part of it, so that a commitment to one thing cannot be shown as another.
    """
    # HMAC pads a short key with zeros and hashes a long one: only one length keeps salts apart.
    if len(salt) != SALT_BYTES:
        raise Refused("salt_length", "a salt has 32 bytes", length=len(salt))
    if not _NAME.fullmatch(name):
        raise Refused("commitment_name", "a name is small letters, digits and _", name=name)
    content = value.encode() if isinstance(value, str) else value
    return hmac.digest(salt, name.encode() + b"\x00" + content, hashlib.sha256).hex()


def commit_all(values: Mapping[str, str | bytes], salt: bytes) -> dict[str, str]:
    """A commitment to each value, all under the salt of one entry."""
    return {name: commit(name, value, salt) for name, value in values.items()}


def open_commitment(entry: Entry, name: str, value: str | bytes, salt: bytes) -> bool:
    """Whether the entry committed to this value under this name; False when to nothing."""
    stated = entry.commitments.get(name, "")
    return hmac.compare_digest(stated, commit(name, value, salt))


def encode_entry(header: Mapping[str, Any], commitments: Mapping[str, str]) -> bytes:
    """The bytes of a leaf.

    Raises `Invalid("entry_malformed")` with the key at fault in `data`, and
    `TooLarge("entry_too_large")` over 65,535 bytes.
    """
    check_header(header)
    _check_commitments(commitments)
    content = _ENCODER.encode({"commitments": commitments, "header": header, "v": VERSION})
    if len(content) > MAX_ENTRY_BYTES:
        raise TooLarge(
            "entry_too_large", "over the size of a leaf", size=len(content), limit=MAX_ENTRY_BYTES
        )
    return content


def decode_entry(content: bytes) -> Entry:
    """Read a leaf; `Invalid("entry_malformed")` unless it is what `encode_entry` would write."""
    try:
        leaf = _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # A leaf of brackets within brackets is a stranger's, not a fault of ours.
        raise Invalid("entry_malformed", "not the JSON of an entry") from error
    if leaf.v != VERSION:
        raise Invalid("entry_malformed", "an entry of another version", key="v", version=leaf.v)
    if encode_entry(leaf.header, leaf.commitments) != content:
        raise Invalid("entry_malformed", "not in the one canonical form")
    return Entry(header=leaf.header, commitments=leaf.commitments)


def split_draw(header: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    """Headers of one draw, each with at most `most` excluded indices.

    An author whom half of a large pool follows excludes more members than one leaf can name.
    `part` and `parts` say which is which; a draw that fits in one has neither.
    """
    excluded: Sequence[int] = header["excluded"]
    cuts = [excluded[at : at + most] for at in range(0, len(excluded), most)]
    if len(cuts) <= 1:
        return [dict(header)]
    return [
        {**header, "excluded": list(cut), "part": number, "parts": len(cuts)}
        for number, cut in enumerate(cuts, start=1)
    ]


def _check_commitments(commitments: Mapping[str, str]) -> None:
    if len(commitments) > MAX_COMMITMENTS:
        raise Invalid("entry_malformed", "too many commitments", key="commitments")
    for name, commitment in commitments.items():
        if not _NAME.fullmatch(name) or not _HEX.fullmatch(commitment):
            raise Invalid(
                "entry_malformed", "a commitment is a name and 64 hex digits", key="commitments"
            )
