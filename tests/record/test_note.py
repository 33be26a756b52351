"""Signed notes: the examples of C2SP, and everything that must not open."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Invalid, Refused, TooLarge
from venire.record import note
from venire.record.note import Signature, Signer

SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw"
    "HjG1Yu72IneyaQM=\n"
).encode()
TEXT = "first\n\nthird, after an empty line\n"
ANNA = Signer("anna.example", hashlib.sha256(b"anna").digest())
BUDI = Signer("budi.example/w1", hashlib.sha256(b"budi").digest())
SIGNED = note.sign_note(TEXT, [ANNA])


def test_the_example_of_the_specification_opens():
    verifier = note.parse_verifier_key(SPEC_KEY)
    opened = note.open_note(SPEC_NOTE, [verifier])
    assert opened.text == "This is an example message.\n"
    assert [each.name for each in opened.verified] == ["example.com/foo"]
    assert str(verifier) == SPEC_KEY


def test_the_key_id_is_that_of_the_specification():
    public = base64.b64decode(SPEC_KEY.split("+", 2)[2])[1:]
    assert note.key_id("example.com/foo", public).hex() == "530d903a"


def test_the_signature_is_that_of_rfc_8032():
    # Test 2 of RFC 8032 section 7.1 has this seed and this public key.
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert Signer("rfc", seed).verifier.public_key.hex() == public


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_a_signed_text_opens_again(body):
    text = body + "\n"
    opened = note.open_note(note.sign_note(text, [ANNA]), [ANNA.verifier])
    assert opened.text == text
    assert opened.unknown == ()


def test_signing_twice_gives_the_same_note():
    assert note.sign_note(TEXT, [ANNA]) == SIGNED


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_a_single_changed_byte_is_noticed(at, change):
    changed = SIGNED[:at] + bytes([SIGNED[at] ^ change]) + SIGNED[at + 1 :]
    with pytest.raises(Invalid):
        note.open_note(changed, [ANNA.verifier])


def test_the_unused_bits_of_the_last_base64_character_are_not_free():
    # 68 bytes leave two bits of the last character unused, which lax decoders throw away.
    assert SIGNED.endswith(b"=\n")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for other in alphabet:
        if other != SIGNED[-3]:
            with pytest.raises(Invalid):
                note.open_note(SIGNED[:-3] + bytes([other]) + SIGNED[-2:], [ANNA.verifier])


def test_signatures_of_unknown_keys_are_ignored():
    both = note.sign_note(TEXT, [BUDI, ANNA])
    opened = note.open_note(both, [ANNA.verifier])
    assert [each.name for each in opened.verified] == ["anna.example"]
    assert [each.name for each in opened.unknown] == ["budi.example/w1"]
    assert len(note.open_note(both, [ANNA.verifier, BUDI.verifier]).verified) == 2


def test_an_unknown_type_or_length_of_signature_is_ignored():
    odd = Signature("witness.example", b"\x01\x02\x03\x04", b"x" * 2428)
    opened = note.open_note(note.add_signatures(SIGNED, [odd]), [ANNA.verifier])
    assert opened.unknown == (odd,)


def test_a_line_that_shares_only_the_name_or_the_id_is_unknown():
    same_name = Signature("anna.example", b"\x00\x00\x00\x01", b"x" * 64)
    same_id = Signature("other.example", ANNA.verifier.key_id, b"x" * 64)
    opened = note.open_note(note.add_signatures(SIGNED, [same_name, same_id]), [ANNA.verifier])
    assert opened.unknown == (same_name, same_id)


def test_a_wrong_signature_of_a_known_key_refuses_the_whole_note():
    forged = Signature(BUDI.verifier.name, BUDI.verifier.key_id, b"x" * 64)
    signed = note.add_signatures(SIGNED, [forged])
    with pytest.raises(Invalid, match="bad_signature"):
        note.open_note(signed, [ANNA.verifier, BUDI.verifier])


def test_a_note_that_no_known_key_signed_does_not_open():
    with pytest.raises(Invalid, match="bad_signature"):
        note.open_note(SIGNED, [BUDI.verifier])
    with pytest.raises(Invalid, match="bad_signature"):
        note.open_note(SIGNED, [])


def test_a_cosignature_is_added_once():
    cosigned = note.add_signatures(SIGNED, [BUDI.sign(TEXT)])
    assert note.add_signatures(cosigned, [BUDI.sign(TEXT)]) == cosigned
    assert len(note.open_note(cosigned, [ANNA.verifier, BUDI.verifier]).verified) == 2


LINE = SIGNED.decode().splitlines()[-1]


@pytest.mark.parametrize(
    "signed",
    [
        b"",
        b"\n",
        b"text\n",
        b"text\n\n",
        f"text\n{LINE}\n".encode(),
        f"text\n\n{LINE}".encode(),
        f"text\n\n{LINE}\n\n".encode(),
        f"text\n\n{LINE[2:]}\n".encode(),
        f"text\n\n-{LINE[1:]}\n".encode(),
        f"text\n\n{LINE} \n".encode(),
        f"text\n\n{LINE} x\n".encode(),
        f"text\r\n\n{LINE}\n".encode(),
        f"te\txt\n\n{LINE}\n".encode(),
        "text\n\n— name\n".encode(),
        "text\n\n— name \n".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— name AAAAAA==\n".encode(),
        "text\n\n— name AAAAAAA\n".encode(),
        "text\n\n— name AAAA AAA=\n".encode(),
        "text\n\n—  AAAAAAA=\n".encode(),
        "text\n\n— na+me AAAAAAA=\n".encode(),
        "text\n\n— na\u00a0me AAAAAAA=\n".encode(),
        b"\xff\n\n" + LINE.encode() + b"\n",
    ],
)
def test_what_is_not_a_note_is_refused(signed):
    with pytest.raises(Invalid, match="note_malformed"):
        note.split_note(signed)


def test_a_note_of_100_lines_opens_and_one_more_does_not():
    lines = [Signature(f"w{number}", b"abcd", b"x") for number in range(100)]
    most = note.add_signatures(SIGNED, lines[:99])
    assert len(note.open_note(most, [ANNA.verifier]).unknown) == 99
    with pytest.raises(TooLarge, match="note_too_large"):
        note.split_note(note.add_signatures(SIGNED, lines))


def test_a_note_over_a_megabyte_is_refused_unread():
    with pytest.raises(TooLarge, match="note_too_large"):
        note.split_note(b"x" * 1_000_001)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        SPEC_KEY[:-1],
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("530d903a", "530D903A"),
        SPEC_KEY.replace("example.com/foo", "example.com/bar"),
        SPEC_KEY.replace("example.com/foo", ""),
        SPEC_KEY.replace("+Ae", "+Be"),
        SPEC_KEY.replace("Aeky", "Aek="),
        SPEC_KEY + "AAAA",
        SPEC_KEY + "\n" + SPEC_KEY,
    ],
)
def test_a_key_that_does_not_fit_itself_is_refused(text):
    with pytest.raises(Invalid, match="verifier_key_malformed"):
        note.parse_verifier_key(text)


def test_a_key_of_another_type_is_refused_even_with_the_right_id():
    material = b"\x04" + ANNA.verifier.public_key
    identifier = hashlib.sha256(b"anna.example\n" + material).hexdigest()[:8]
    text = f"anna.example+{identifier}+{base64.b64encode(material).decode()}"
    with pytest.raises(Invalid, match="verifier_key_malformed"):
        note.parse_verifier_key(text)


@given(st.binary(min_size=32, max_size=32))
def test_every_key_reads_back_and_a_file_may_end_in_a_newline(seed):
    verifier = Signer("log.example", seed).verifier
    assert note.parse_verifier_key(f"{verifier}\n") == verifier


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\tname", "line\nname", "x" * 256])
def test_a_key_cannot_have_a_name_that_breaks_a_note(name):
    with pytest.raises(Refused, match="key_name"):
        Signer(name, bytes(32))


def test_a_seed_has_32_bytes():
    with pytest.raises(Refused, match="key_seed"):
        Signer("log.example", bytes(31))


@pytest.mark.parametrize("text", ["", "no newline", "bell\x07\n", "return\r\n"])
def test_a_text_that_cannot_be_a_note_is_not_signed(text):
    with pytest.raises(Refused, match="note_text"):
        note.sign_note(text, [ANNA])


def test_a_note_without_signers_is_refused():
    with pytest.raises(Refused, match="note_unsigned"):
        note.sign_note("text\n", [])


def test_a_signer_does_not_show_its_key():
    seed = hashlib.sha256(b"anna").digest()
    assert seed.hex() not in repr(ANNA)
    assert repr(seed) not in repr(vars(ANNA))
