"""C2SP signed notes: text that one or more keys have signed, in a form anyone can check.

Only Ed25519 (type 0x01) is spoken here. Lines of other keys and types are kept and ignored, which
is what lets a witness add its own without breaking anybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from venire.kernel.errors import Invalid, Refused, TooLarge

ED25519: Final = 0x01
SEED_BYTES: Final = 32
MAX_NOTE_BYTES: Final = 1_000_000
"""Go's sumdb/note takes no more; sixteen post-quantum cosignatures are 80 kB."""
MAX_SIGNATURES: Final = 100
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_MAX_NAME: Final = 255
_MARK: Final = "\N{EM DASH} "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class VerifierKey(msgspec.Struct, frozen=True):
    """A key to check signatures with: its name, its 4-byte id, the raw Ed25519 public key."""

    name: str
    key_id: bytes
    public_key: bytes

    def __str__(self) -> str:
        material = base64.b64encode(bytes([ED25519]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"


class Signature(msgspec.Struct, frozen=True):
    """A signature line: whose it says it is, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """An opened note. Only `verified` says anything; `unknown` is whatever else was there."""

    text: str
    verified: tuple[Signature, ...]
    unknown: tuple[Signature, ...]


class Signer:
    """A name and an Ed25519 private key. Never printed, never compared."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not _is_key_name(name) or not name.isprintable() or len(name) > _MAX_NAME:
            raise Refused("key_name", "a key name is printable, without spaces or plus")
        if len(seed) != SEED_BYTES:
            raise Refused("key_seed", "an Ed25519 seed has 32 bytes", length=len(seed))
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes_raw()
        self.verifier = VerifierKey(name=name, key_id=key_id(name, public), public_key=public)

    def named(self, name: str) -> Signer:
        """The same key under another name. Refused `key_name`."""
        return Signer(name, self._private.private_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Sign the text of a note, its final newline included."""
        return Signature(
            name=self.verifier.name,
            key_id=self.verifier.key_id,
            signature=self._private.sign(text.encode()),
        )


def key_id(name: str, public_key: bytes) -> bytes:
    """SHA-256(name || 0x0A || 0x01 || public key)[:4]: an identifier, not a fingerprint."""
    material = name.encode() + b"\n" + bytes([ED25519]) + public_key
    return hashlib.sha256(material).digest()[:_KEY_ID_BYTES]


def parse_verifier_key(text: str) -> VerifierKey:
    """Read `name+id+base64`; else `Invalid("verifier_key_malformed")`."""
    # The name has no plus, the base64 may have: at most two cuts.
    parts = text.strip().split("+", 2)
    if len(parts) == 3 and re.fullmatch(r"[0-9a-f]{8}", parts[1]):  # noqa: PLR2004 - name, id, key
        name, identifier = parts[0], bytes.fromhex(parts[1])
        material = _decode(parts[2])
        known = material is not None and len(material) == 1 + _KEY_BYTES and material[0] == ED25519
        if known and material and _is_key_name(name) and identifier == key_id(name, material[1:]):
            return VerifierKey(name=name, key_id=identifier, public_key=material[1:])
    raise Invalid("verifier_key_malformed", "a key is name+id+base64, of type Ed25519")


def sign_note(text: str, signers: Iterable[Signer]) -> bytes:
    """A note over `text` (which ends in a newline), signed by each signer in order."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Refused("note_text", "a note's text ends in a newline and has no controls")
    lines = [_line(signer.sign(text)) for signer in signers]
    if not lines:
        raise Refused("note_unsigned", "a note has a signature")
    return (text + "\n" + "".join(lines)).encode()


def add_signatures(signed: bytes, added: Sequence[Signature]) -> bytes:
    """The same note with more signature lines, such as witnesses' cosignatures.

    A line that is there already is not repeated.
    """
    text, present = split_note(signed)
    lines = list(present) + [each for each in added if each not in present]
    return (text + "\n" + "".join(map(_line, lines))).encode()


def open_note(signed: bytes, verifiers: Sequence[VerifierKey]) -> Note:
    """Check a note against known keys.

    `Invalid("note_malformed")` when it is not a note; `Invalid("bad_signature")` when a known key's
    signature is wrong (the whole note is then refused) or no known key signed.
    """
    text, signatures = split_note(signed)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    verified, unknown = [], []
    for signature in signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            unknown.append(signature)
        elif not _verifies(verifier, signature, text):
            raise Invalid("bad_signature", "a signature does not fit", name=signature.name)
        else:
            verified.append(signature)
    if not verified:
        raise Invalid("bad_signature", "none of the expected keys signed this")
    return Note(text=text, verified=tuple(verified), unknown=tuple(unknown))


def split_note(signed: bytes) -> tuple[str, tuple[Signature, ...]]:
    """The text and the signature lines of a note, unchecked: trust neither before `open_note`."""
    if len(signed) > MAX_NOTE_BYTES:
        raise TooLarge("note_too_large", size=len(signed), limit=MAX_NOTE_BYTES)
    try:
        content = signed.decode()
    except UnicodeDecodeError as error:
        raise Invalid("note_malformed", "a note is UTF-8") from error
    # The last empty line separates: the text may have empty lines of its own.
    head, blank, tail = content.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or _CONTROL.search(content):
        raise Invalid("note_malformed", "a note is text, an empty line and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise TooLarge("note_too_large", signatures=len(lines), limit=MAX_SIGNATURES)
    return head + "\n", tuple(_parse_line(line) for line in lines)


def _parse_line(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    content = _decode(encoded)
    if (
        not line.startswith(_MARK)
        or not _is_key_name(name)
        or content is None
        or len(content) <= _KEY_ID_BYTES
    ):
        raise Invalid("note_malformed", "a signature line is a dash, a name and base64")
    return Signature(name=name, key_id=content[:_KEY_ID_BYTES], signature=content[_KEY_ID_BYTES:])


def _line(signature: Signature) -> str:
    encoded = base64.b64encode(signature.key_id + signature.signature).decode()
    return f"{_MARK}{signature.name} {encoded}\n"


def _verifies(verifier: VerifierKey, signature: Signature, text: str) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(verifier.public_key)
        public.verify(signature.signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _decode(encoded: str) -> bytes | None:
    """Standard base64 in its one canonical form, else None.

    A lax decoder would let a changed last character pass as the same signature.
    """
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode() == encoded else None


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(map(str.isspace, name))
