"""When a list of revocations is believed: signed, fresh, never shorter, never another."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.continuity.objects.revocation_lists import (
    LASTS_MS,
    SKEW_MS,
    Entry,
    RevocationList,
    check,
    extended,
    line,
    opened,
    parse_page,
    signed,
    signer_name,
    verifier_of,
)
from venire.kernel.errors import Invalid
from venire.record import tree
from venire.record.checkpoint import open_checkpoint
from venire.record.note import Signer, sign_note

NOW = 1_790_000_000_000
RECORD = Signer("venire.test/record", b"k" * 32)
SIGNER = Signer(signer_name("venire.test/record"), b"k" * 32)
LIST = RevocationList("venire.test/record", 0, 3, b"r" * 32, NOW, NOW + LASTS_MS)


def other(**changes) -> RevocationList:
    return msgspec.structs.replace(LIST, **changes)


def test_a_list_opens_with_the_key_of_the_record():
    assert opened(signed(LIST, SIGNER), RECORD.verifier) == LIST
    assert SIGNER.verifier == verifier_of(RECORD.verifier)


def test_neither_a_checkpoint_nor_a_list_passes_for_the_other():
    note = signed(LIST, SIGNER)
    with pytest.raises(Invalid):
        open_checkpoint(note, RECORD.verifier)
    head = sign_note("venire.test/record\n3\n" + "A" * 43 + "=\n", [RECORD])
    with pytest.raises(Invalid, match="bad_signature"):
        opened(head, RECORD.verifier)
    with pytest.raises(Invalid, match="list_malformed"):
        opened(sign_note("venire.test/record\n3\nx\n", [SIGNER]), RECORD.verifier)


@given(st.data())
def test_no_changed_byte_opens(data):
    note = bytearray(signed(LIST, SIGNER))
    at = data.draw(st.integers(0, len(note) - 1))
    note[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Invalid):
        opened(bytes(note), RECORD.verifier)


def test_somebody_elses_key_signs_nothing():
    for name, seed in ((signer_name(LIST.origin), b"x" * 32), (LIST.origin, b"k" * 32)):
        with pytest.raises(Invalid, match="bad_signature"):
            opened(signed(LIST, Signer(name, seed)), RECORD.verifier)
    with pytest.raises(Invalid):
        opened(signed(other(origin="else.test/record"), SIGNER), RECORD.verifier)


@pytest.mark.parametrize(
    "changes",
    [{"expires_at_ms": NOW + LASTS_MS + 1}, {"expires_at_ms": NOW}, {"root": b"short"}],
)
def test_a_list_that_cannot_be_meant_is_none_whoever_signed_it(changes):
    with pytest.raises(Invalid, match="list_malformed"):
        opened(signed(other(**changes), SIGNER), RECORD.verifier)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("01", "a number with a nought before it"),
        ("-1", "less than nothing"),
        ("9" * 17, "more than there can be"),
        ("x", "none"),
    ],
)
def test_its_numbers_are_read_strictly(text, why):
    lines = signed(LIST, SIGNER).decode().split("\n\n")[0].split("\n")
    for at in (2, 3, 5, 6):
        changed = [*lines[:at], text, *lines[at + 1 :]]
        with pytest.raises(Invalid, match="list_malformed"):
            opened(sign_note("\n".join(changed) + "\n", [SIGNER]), RECORD.verifier)


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"size": 2}, "list_rolled_back"),
        ({"root": b"s" * 32}, "list_rolled_back"),
        ({"issued_at_ms": NOW - 1}, "list_rolled_back"),
        ({"issued_at_ms": NOW + SKEW_MS + 1}, "list_from_the_future"),
        ({"expires_at_ms": NOW}, "list_expired"),
    ],
)
def test_what_is_not_to_be_believed_now_says_why(new, code):
    with pytest.raises(Invalid, match=code):
        check(other(**new), LIST, NOW)


def test_the_same_again_a_longer_one_and_a_new_epoch_are_believed():
    check(LIST, None, NOW)
    check(LIST, LIST, NOW + LASTS_MS - 1)
    check(other(size=4, root=b"s" * 32, issued_at_ms=NOW + 1), LIST, NOW)
    check(other(epoch=1, size=0, root=b"s" * 32), LIST, NOW)
    with pytest.raises(Invalid, match="list_rolled_back"):
        check(LIST, other(epoch=1, size=0), NOW)


@pytest.mark.parametrize("skew_ms", [-SKEW_MS, 0, SKEW_MS])
def test_clocks_may_be_a_few_minutes_apart(skew_ms):
    check(LIST, None, NOW + skew_ms)


def test_a_page_is_what_comes_next_and_nothing_else():
    entries = [Entry(1, "m5", revoked=True), Entry(2, "a7", revoked=False)]
    content = b"".join(map(line, entries))
    assert parse_page(content, 1) == entries
    for wrong, first in (
        (content, 2),
        (content.replace(b"m5", b"x5"), 1),
        (content.replace(b"revoked", b"removed"), 1),
        (content.replace(b"2 a7", b"3 a7"), 1),
        (content + b"4 m1 revoked\n", 1),
        (b"\xff", 1),
        (b"".join(line(Entry(n, "m1", revoked=True)) for n in range(1, 258)), 1),
    ):
        with pytest.raises(Invalid, match="page_malformed"):
            parse_page(wrong, first)
    assert extended(tree.EMPTY, entries).size == 2
