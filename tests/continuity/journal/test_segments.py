"""What is sealed is opened; what was changed on the way is refused; the chain proves the order."""

from __future__ import annotations

import hashlib

import msgspec
import pyrage
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as some

from venire.continuity.journal import segments
from venire.continuity.journal.segments import (
    FIRST_CHAIN,
    chained,
    check_follows,
    decrypt,
    encode_entries,
    encrypt,
    open_segment,
    read_header,
    seal,
)
from venire.kernel.errors import Invalid
from venire.storage.journal import JournalEntry

KEY = pyrage.x25519.Identity.generate()
DRILL = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
TO = [KEY.to_public(), DRILL.to_public()]
SECRET = b"a site's secret"


def sign(message: bytes) -> bytes:
    return hashlib.sha256(SECRET + message).digest()


def check(message: bytes, signature: bytes) -> bool:
    return sign(message) == signature


@some.composite
def journals(draw, most: int = 30) -> list[JournalEntry]:
    """Commits with rising places, as an engine of either kind numbers them."""
    count = draw(some.integers(1, most))
    steps = draw(some.lists(some.integers(1, 1000), min_size=count, max_size=count))
    place, found = 0, []
    for step in steps:
        place += step
        found.append(
            JournalEntry(
                place,
                draw(some.integers(0, 2**45)),
                draw(some.text(max_size=12)),
                draw(some.none() | some.binary(max_size=20)),
                draw(some.binary(max_size=60)),
            )
        )
    return found


def sealed(entries, *, previous=FIRST_CHAIN, generation=1, links=(), schema=5, to=TO):
    plain = encode_entries(entries)
    return seal(
        entries,
        plain,
        encrypt(plain, to),
        generation=generation,
        schema=schema,
        previous=previous,
        links=links,
        sign=sign,
    )


@given(journals())
@settings(deadline=None, max_examples=60)
def test_what_is_sealed_is_opened_by_each_of_its_keys(entries):
    header, content = sealed(entries)

    for identity in (KEY, DRILL):
        opened = open_segment(content, [OTHER, identity], check)
        assert opened.header == header
        assert list(opened.entries) == entries
    assert (header.first, header.last) == (entries[0].sequence, entries[-1].sequence)
    assert read_header(content) == header


@given(journals(), some.data())
@settings(deadline=None, max_examples=150)
def test_any_bit_that_flipped_is_noticed(entries, data):
    _, content = sealed(entries)
    # Its length is chance's, who encrypts adds a stanza of any size: so a share of it is drawn.
    place = data.draw(some.integers(0, 2**20)) * (len(content) * 8 - 1) >> 20
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8

    with pytest.raises(Invalid) as refused:
        open_segment(bytes(changed), [KEY])

    assert refused.value.code in {"segment_damaged", "segment_unknown"}


@given(journals(), some.data())
@settings(deadline=None, max_examples=80)
def test_any_cut_and_any_growth_is_noticed(entries, data):
    _, content = sealed(entries)
    cut = data.draw(some.integers(0, 2**20)) * (len(content) - 1) >> 20

    for changed in (content[:cut], content + b"\x00", content + content[-cut - 1 :]):
        with pytest.raises(Invalid) as refused:
            open_segment(changed, [KEY])
        assert refused.value.code == "segment_damaged"


@given(journals(40), some.data())
@settings(deadline=None, max_examples=60)
def test_the_chain_is_the_same_wherever_the_journal_is_cut(entries, data):
    cuts = sorted(data.draw(some.sets(some.integers(1, len(entries)), max_size=6)) | {len(entries)})
    chain, begin = FIRST_CHAIN, 0
    for end in cuts:
        if begin < end:
            chain = chained(chain, encode_entries(entries[begin:end]))
            begin = end

    assert chain == chained(FIRST_CHAIN, encode_entries(entries))
    if len(entries) > 1:
        swapped = [entries[1], entries[0], *entries[2:]]
        assert chained(FIRST_CHAIN, encode_entries(swapped)) != chain
        assert chained(FIRST_CHAIN, encode_entries(entries[1:])) != chain


def test_a_segment_follows_the_one_before_and_no_other():
    entries = [JournalEntry(n, 1, "a:1", None, b"w%d" % n) for n in range(1, 7)]
    one, _ = sealed(entries[:2])
    two, _ = sealed(entries[2:4], previous=one.chain_bytes)
    three, _ = sealed(entries[4:], previous=two.chain_bytes)

    check_follows(one, FIRST_CHAIN)
    check_follows(two, one.chain_bytes)
    check_follows(three, two.chain_bytes)
    for header, before in ((two, FIRST_CHAIN), (three, one.chain_bytes), (one, two.chain_bytes)):
        with pytest.raises(Invalid) as refused:
            check_follows(header, before)
        assert refused.value.code == "chain_broken"


@given(journals(30), some.data())
@settings(deadline=None, max_examples=60)
def test_a_compacted_segment_proves_what_it_replaced(entries, data):
    cuts = sorted(data.draw(some.sets(some.integers(1, len(entries)), max_size=6)) | {len(entries)})
    links, chain, begin = [], FIRST_CHAIN, 0
    for end in cuts:
        header, _ = sealed(entries[begin:end], previous=chain)
        chain, begin = header.chain_bytes, end
        links.append((header.first, header.last, header.chain))

    whole, content = sealed(entries, links=links)

    assert whole.chain_bytes == chain
    assert list(open_segment(content, [KEY], check).entries) == entries
    wrong = [(first, last, "00" * 32) for first, last, _ in links[:-1]] + links[-1:]
    if len(links) > 1:
        with pytest.raises(Invalid):
            open_segment(sealed(entries, links=wrong)[1], [KEY])
        with pytest.raises(Invalid):
            open_segment(sealed(entries, links=links[1:])[1], [KEY])


def test_who_has_another_key_is_told_so():
    _, content = sealed([JournalEntry(1, 1, "a:1", None, b"w")])

    with pytest.raises(Invalid) as refused:
        open_segment(content, [OTHER], check)

    assert refused.value.code == "segment_key_wrong"


def test_a_segment_that_somebody_else_made_is_refused():
    # Anybody can encrypt to a public key.
    entries = [JournalEntry(1, 1, "account:1", None, b"forged")]
    plain = encode_entries(entries)
    cipher = encrypt(plain, TO)
    for forger in (None, lambda _message: b"x" * 64):
        _, content = seal(
            entries, plain, cipher, generation=1, schema=5, previous=FIRST_CHAIN, sign=forger
        )
        assert open_segment(content, [KEY])
        with pytest.raises(Invalid) as refused:
            open_segment(content, [KEY], check)
        assert refused.value.code == "segment_foreign"


def test_a_header_is_read_in_one_way_of_writing_only():
    _, content = sealed([JournalEntry(1, 1, "a:1", None, b"w")])
    line, _, body = content.partition(b"\n")
    spaced = line.replace(b":", b": ", 1)
    twice = line.replace(b"{", b'{"format":1,', 1)
    more = line.replace(b"{", b'{"more":1,', 1)

    for changed in (spaced, twice, more, b"[]", b"", b"{}", b"\xff", line[:-1]):
        with pytest.raises(Invalid) as refused:
            read_header(changed + b"\n" + body)
        assert refused.value.code == "segment_damaged"


def test_a_later_format_is_named_and_not_guessed_at():
    _, content = sealed([JournalEntry(1, 1, "a:1", None, b"w")])

    with pytest.raises(Invalid) as refused:
        read_header(content.replace(b'"format":1', b'"format":2', 1))

    assert refused.value.code == "segment_unknown"


def test_what_unpacks_to_more_than_is_ever_written_is_refused():
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(segments.PLAIN_BYTES + 1))
    assert len(bomb) < 100_000
    cipher = pyrage.encrypt(bomb, TO)

    with pytest.raises(Invalid) as refused:
        decrypt(cipher, [KEY])
    assert refused.value.code == "segment_damaged"
    with pytest.raises(Invalid):
        decrypt(bytes(segments.CIPHER_BYTES + 1), [KEY])


def test_a_header_without_an_end_costs_no_more_than_its_limit():
    with pytest.raises(Invalid):
        read_header(b"{" * (segments.HEADER_BYTES + 10) + b"\n")


@pytest.mark.parametrize(
    "change",
    [
        {"first": 2},
        {"last": 9},
        {"entries": 5},
        {"at_ms": 7},
        {"generation": -1},
        {"previous": "zz" * 32},
        {"chain": "ab"},
        {"links": ((1, 2, "00" * 32), (2, 3, "11" * 32))},
        {"links": ((1, 2, "00" * 32),)},
    ],
)
def test_a_header_that_is_not_its_bodys_is_refused(change):
    entries = [JournalEntry(n, 1, "a:1", None, b"w") for n in (1, 2, 3)]
    header, content = sealed(entries)
    bare = msgspec.structs.replace(header, **change, check="", signature="")
    line = msgspec.json.encode(bare)
    told = msgspec.structs.replace(bare, check=hashlib.sha256(line).hexdigest())
    body = content.partition(b"\n")[2]

    with pytest.raises(Invalid) as refused:
        open_segment(msgspec.json.encode(told) + b"\n" + body, [KEY])

    assert refused.value.code == "segment_damaged"


def test_without_a_key_to_open_it_nothing_is_sealed():
    with pytest.raises(Invalid) as refused:
        encrypt(b"x", [])
    assert refused.value.code == "recipients_missing"
