"""C2SP checkpoints: origin, size and root of the log, as the text of a signed note."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from venire.kernel.errors import Invalid, Refused
from venire.record.model import HASH_BYTES, MAX_SIZE, Checkpoint
from venire.record.note import Signer, VerifierKey, open_note, sign_note

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_MANDATORY_LINES: Final = 3


def encode_checkpoint(checkpoint: Checkpoint) -> str:
    """The note text: origin, size, base64 root and any extension, each on a line."""
    root = base64.b64encode(checkpoint.root).decode()
    lines = (checkpoint.origin, str(checkpoint.size), root, *checkpoint.extensions)
    text = "".join(f"{line}\n" for line in lines)
    try:
        same = parse_checkpoint(text) == checkpoint
    except Invalid:
        same = False
    if not same:
        raise Refused("checkpoint_malformed", "not a tree head that can be written")
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a note text strictly; else `Invalid("checkpoint_malformed")`."""
    *lines, after = text.split("\n")
    if after or len(lines) < _MANDATORY_LINES or not all(lines):
        raise Invalid("checkpoint_malformed", "a checkpoint has origin, size and root, each a line")
    origin, size, encoded, *extensions = lines
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    canonical = base64.b64encode(root).decode() == encoded
    if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
        raise Invalid("checkpoint_malformed", "the size is a decimal without leading zeros")
    if len(root) != HASH_BYTES or not canonical:
        raise Invalid("checkpoint_malformed", "the root is 32 bytes in base64")
    return Checkpoint(origin=origin, size=int(size), root=root, extensions=tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The signed note. The key is named like the log, so one text names both."""
    if signer.verifier.name != checkpoint.origin:
        raise Refused("origin_mismatch", "the key is named like the origin")
    return sign_note(encode_checkpoint(checkpoint), (signer,))


def open_checkpoint(signed: bytes, verifier: VerifierKey) -> Checkpoint:
    """Check the log's signature and read its tree head.

    Raises what `open_note` raises, `Invalid("checkpoint_malformed")`, and
    `Invalid("origin_mismatch")` when the key signed for a log of another name.
    """
    checkpoint = parse_checkpoint(open_note(signed, (verifier,)).text)
    if checkpoint.origin != verifier.name:
        raise Invalid(
            "origin_mismatch",
            "signed by the key of another log",
            origin=checkpoint.origin,
            expected=verifier.name,
        )
    return checkpoint
