"""A sealed segment of the journal: one line of header, then what only the operator can open.

The body is msgpack of whole commits, packed (zstd) and encrypted to age public keys whose private
halves are not on the host. The header is readable, so that a store can be tidied without a key: it
names the range, the length and a chain, `sha256(chain before || sha256(commit))` from commit to
commit, by which order and completeness are proven wherever segments are cut. Anybody can encrypt to
a public key, so the site signs the header too. A compacted segment replaces several: its `links`
are the chain at the end of each of them.
Nothing here reads or writes anything.

Sources: age v1 (C2SP age.md), zstd (RFC 8878).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import pyrage
import zstandard
from pyrage.x25519 import Identity, Recipient

from venire.kernel.errors import Invalid
from venire.storage.journal import JournalEntry

FORMAT: Final = 1
HASH_BYTES: Final = 32
FIRST_CHAIN: Final = bytes(HASH_BYTES)
"""What the chain of a site's first generation goes on from."""
HEADER_BYTES: Final = 256 * 1024
PLAIN_BYTES: Final = 32 * 1024 * 1024
CIPHER_BYTES: Final = PLAIN_BYTES + 1024 * 1024
SEGMENT_BYTES: Final = HEADER_BYTES + CIPHER_BYTES
MOST_LINKS: Final = 1_000
_LEVEL: Final = 3
_SIGNED_AS: Final = b"venire journal segment 1\n"
_RAW: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])
_ENTRIES: Final = msgspec.msgpack.Decoder(list[JournalEntry])

Link = tuple[int, int, str]
"""First place, last place, chain at the end (hex) of a segment that was replaced."""
Sign = Callable[[bytes], bytes]
Check = Callable[[bytes, bytes], bool]
"""Whether a signature (second) is the site's under a message (first)."""


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a segment says of itself. `at_ms` is its newest commit; hashes are lower-case hex.

    `signature` is over this line without it and `check`; `check` is the hash of the line without
    itself, so that no slip of a disk goes unseen where the key to the signature is not at hand.
    """

    format: int
    generation: int
    first: int
    last: int
    entries: int
    schema: int
    at_ms: int
    previous: str
    chain: str
    cipher_sha256: str
    links: tuple[Link, ...] = ()
    check: str = ""
    signature: str = ""

    @property
    def chain_bytes(self) -> bytes:
        """The chain at its end: what the next segment goes on from."""
        return bytes.fromhex(self.chain)


class Segment(msgspec.Struct, frozen=True):
    """An opened segment, everything about it checked but its place in the chain."""

    header: Header
    entries: tuple[JournalEntry, ...]


def encode_entries(entries: Sequence[JournalEntry]) -> bytes:
    """The plaintext of a segment: what its chain is made from."""
    return msgspec.msgpack.encode(entries)


def chained(previous: bytes, plain: bytes) -> bytes:
    """The chain after a plaintext, commit by commit: the same however the commits are cut."""
    chain = previous
    for entry in _RAW.decode(plain):
        chain = hashlib.sha256(chain + hashlib.sha256(entry).digest()).digest()
    return chain


def encrypt(plain: bytes, recipients: Sequence[Recipient]) -> bytes:
    """Pack and encrypt a plaintext to all recipients. Invalid `recipients_missing`."""
    if not recipients:
        raise Invalid("recipients_missing", "a segment needs a key that can open it")
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(plain)
    return bytes(pyrage.encrypt(packed, list(recipients)))


def seal(
    entries: Sequence[JournalEntry],
    plain: bytes,
    cipher: bytes,
    *,
    generation: int,
    schema: int,
    previous: bytes,
    links: Sequence[Link] = (),
    sign: Sign | None = None,
) -> tuple[Header, bytes]:
    """A segment's header and its bytes. `plain` and `cipher` are those of `entries`.

    `links`: those it replaces, of a compacted one.
    """
    chain = chained(previous, plain).hex()
    bare = Header(
        format=FORMAT,
        generation=generation,
        first=entries[0].sequence,
        last=entries[-1].sequence,
        entries=len(entries),
        schema=schema,
        at_ms=max(entry.at_ms for entry in entries),
        previous=previous.hex(),
        chain=chain,
        cipher_sha256=hashlib.sha256(cipher).hexdigest(),
        links=tuple(links),
    )
    told = _SIGNED_AS + msgspec.json.encode(bare)
    signature = "" if sign is None else base64.b64encode(sign(told)).decode()
    signed = msgspec.structs.replace(bare, signature=signature)
    check = hashlib.sha256(msgspec.json.encode(signed)).hexdigest()
    header = msgspec.structs.replace(signed, check=check)
    return header, msgspec.json.encode(header) + b"\n" + cipher


# opening


def read_header(content: bytes, check: Check | None = None) -> Header:
    """The header that some bytes begin with. Invalid `segment_damaged`, `segment_foreign`.

    `check`: how to tell the site's signature; without, a signature is not looked at.
    """
    line, newline, _ = content[:HEADER_BYTES].partition(b"\n")
    if not newline:
        raise _damaged("it has no header")
    try:
        header = msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged("its header cannot be read") from error
    if header.format != FORMAT:
        raise Invalid("segment_unknown", "a later program wrote it", format=header.format)
    signed = msgspec.json.encode(msgspec.structs.replace(header, check=""))
    # Only the one way of writing it counts: else a changed blank would go unseen.
    if msgspec.json.encode(header) != line or hashlib.sha256(signed).hexdigest() != header.check:
        raise _damaged("its header was changed")
    bare = msgspec.json.encode(msgspec.structs.replace(header, check="", signature=""))
    if check is not None and not check(_SIGNED_AS + bare, _signature(header)):
        raise Invalid("segment_foreign", "it was not signed by this site")
    _check_header(header)
    return header


def _signature(header: Header) -> bytes:
    try:
        return base64.b64decode(header.signature, validate=True)
    except binascii.Error:
        return b""


def _check_header(header: Header) -> None:
    numbers = (header.generation, header.first, header.last, header.entries, header.schema)
    ends = [end for first, last, _ in header.links for end in (first, last)]
    hashes = [header.previous, header.chain, header.cipher_sha256]
    hashes += [chain for _, _, chain in header.links]
    rises = all(before[1] < after[0] for before, after in itertools.pairwise(header.links))
    fits = not ends or (
        (ends[0], ends[-1]) == (header.first, header.last)
        and header.links[-1][2] == header.chain
        and all(first <= last for first, last, _ in header.links)
    )
    if (
        min(numbers) < 0
        or header.first > header.last
        or len(header.links) > MOST_LINKS
        or not (rises and fits and all(map(_is_hash, hashes)))
    ):
        raise _damaged("its header contradicts itself")


def _is_hash(text: str) -> bool:
    return len(text) == 2 * HASH_BYTES and all(letter in "0123456789abcdef" for letter in text)


def open_segment(
    content: bytes, identities: Sequence[Identity], check: Check | None = None
) -> Segment:
    """Open a segment and check everything about it but its place among others.

    Raises Invalid `segment_damaged`, `segment_foreign`, `segment_unknown`, `segment_key_wrong`
    (none of the identities opens it).
    """
    header = read_header(content, check)
    cipher = content[content.index(b"\n") + 1 :]
    if hashlib.sha256(cipher).hexdigest() != header.cipher_sha256:
        raise _damaged("its body is not the one that was sealed")
    plain = decrypt(cipher, identities)
    try:
        entries = _ENTRIES.decode(plain)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged("its commits cannot be read") from error
    if (
        not entries
        or encode_entries(entries) != plain
        or (entries[0].sequence, entries[-1].sequence) != (header.first, header.last)
        or (len(entries), max(one.at_ms for one in entries)) != (header.entries, header.at_ms)
        or any(one.sequence >= after.sequence for one, after in itertools.pairwise(entries))
    ):
        raise _damaged("its commits are not those of its header")
    if _chain_of(header, entries, plain) != header.chain:
        raise _damaged("its chain does not follow from its commits")
    return Segment(header, tuple(entries))


def decrypt(cipher: bytes, identities: Sequence[Identity], most: int = PLAIN_BYTES) -> bytes:
    """What `encrypt` was given. Invalid `segment_damaged`, `segment_key_wrong`."""
    if len(cipher) > most + CIPHER_BYTES - PLAIN_BYTES:
        raise _damaged("it is larger than any that is written")
    try:
        packed = bytes(pyrage.decrypt(cipher, list(identities)))
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise Invalid("segment_key_wrong", "it was sealed to other keys") from error
        raise _damaged("its body cannot be opened") from error
    try:
        # Read by the piece and not beyond the limit: a few bytes may claim to be gigabytes.
        reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=False)
        plain = reader.read(most + 1)
        ended = not reader.read(1)
    except zstandard.ZstdError as error:
        raise _damaged("its body cannot be unpacked") from error
    if len(plain) > most or not ended:
        raise _damaged("it unpacks to more than any that is written")
    return plain


def _chain_of(header: Header, entries: Sequence[JournalEntry], plain: bytes) -> str:
    """The chain at the end, from what is in it; empty where its links are not kept."""
    chain = bytes.fromhex(header.previous)
    place = 0
    for first, last, wanted in header.links:
        end = place
        while end < len(entries) and entries[end].sequence <= last:
            end += 1
        part = entries[place:end]
        if not part or (part[0].sequence, part[-1].sequence) != (first, last):
            return ""
        chain = chained(chain, encode_entries(part))
        if chain.hex() != wanted:
            return ""
        place = end
    if place:
        return chain.hex() if place == len(entries) else ""
    return chained(chain, plain).hex()


def whole(content: bytes) -> Header | None:
    """The header of a segment whose bytes are all there; None of half a one."""
    try:
        header = read_header(content)
    except Invalid:
        return None
    body = content[content.index(b"\n") + 1 :]
    return header if hashlib.sha256(body).hexdigest() == header.cipher_sha256 else None


def check_follows(header: Header, previous: bytes) -> None:
    """Refuse a segment that does not go on where the one before ended. Invalid `chain_broken`."""
    if bytes.fromhex(header.previous) != previous:
        raise Invalid(
            "chain_broken",
            "a segment before it is missing, or is not the one it was sealed after",
            first=header.first,
        )


def _damaged(how: str) -> Invalid:
    return Invalid("segment_damaged", f"a segment of the journal is damaged: {how}")
