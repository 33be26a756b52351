from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.continuity.names import beacon
from venire.continuity.names.beacon import Whereabouts
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, Invalid, Problem
from venire.record.note import Signer, add_signatures, sign_note

_NOW = 1_800_000_000_000
_SIGNERS = [Signer(f"keeper-{number}", bytes([number]) * 32) for number in range(1, 4)]
_KEYS = [signer.verifier for signer in _SIGNERS]
_SAID = Whereabouts(
    site="example.org",
    sequence=7,
    issued_at_ms=_NOW - DAY_MS,
    expires_at_ms=_NOW + 90 * DAY_MS,
    addresses=("https://example.org", "https://example.net:8443"),
    onion="http://" + "a" * 56 + ".onion",
)


def _signed(said: Whereabouts = _SAID, *who: int) -> bytes:
    return sign_note(beacon.write(said), [_SIGNERS[number] for number in who or (0, 1)])


def _check(signed: bytes, newest: Whereabouts | None = None, now_ms: int = _NOW) -> Whereabouts:
    return beacon.check(signed, _KEYS, site="example.org", now_ms=now_ms, newest=newest)


_hosts = st.integers(0, 1 << 40).map("h{:x}.example".format)
_whereabouts = st.builds(
    Whereabouts,
    site=_hosts,
    sequence=st.integers(1, 10**17),
    issued_at_ms=st.just(_NOW),
    expires_at_ms=st.integers(_NOW + 1, _NOW + 400 * DAY_MS),
    addresses=st.lists(_hosts.map("https://{}".format), min_size=1, max_size=10, unique=True).map(
        tuple
    ),
    onion=st.one_of(st.just(""), st.just("http://" + "b" * 56 + ".onion")),
)


@given(_whereabouts)
def test_what_is_written_is_read_and_has_one_form_only(said):
    text = beacon.write(said)
    assert beacon.read(text) == said
    for other in (text.upper(), text + "\n", text[:-1], text.replace("\n", "\n\n", 1), " " + text):
        with pytest.raises(Invalid, match="beacon_malformed"):
            beacon.read(other)


@pytest.mark.parametrize("who", [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_two_of_three_are_enough_whichever(who):
    assert _check(_signed(_SAID, *who)) == _SAID


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        (_signed(_SAID, 0), "beacon_too_few_signers"),
        (_signed(_SAID, 0, 0), "beacon_too_few_signers"),
        (_signed(msgspec.structs.replace(_SAID, site="example.com")), "beacon_of_another_site"),
        (
            _signed(msgspec.structs.replace(_SAID, issued_at_ms=_NOW + DAY_MS)),
            "beacon_from_the_future",
        ),
        (_signed(msgspec.structs.replace(_SAID, expires_at_ms=_NOW)), "beacon_expired"),
        (b"x" * 9_000, "beacon_malformed"),
        (b"words\n\n\xe2\x80\x94 a b\n", "note_malformed"),
    ],
)
def test_what_is_not_to_be_believed_is_not(signed, code):
    with pytest.raises(Problem) as caught:
        _check(signed)
    assert caught.value.code == code


def test_one_key_under_two_names_is_one_signer():
    twin = Signer("twin", bytes([1]) * 32)
    signed = sign_note(beacon.write(_SAID), [_SIGNERS[0], twin])
    with pytest.raises(Invalid, match="beacon_too_few_signers"):
        beacon.check(signed, [*_KEYS, twin.verifier], site="example.org", now_ms=_NOW)


def test_an_older_one_and_another_of_the_same_sequence_are_refused_and_the_same_again_is_not():
    other = msgspec.structs.replace(_SAID, addresses=("https://example.com",))
    older = msgspec.structs.replace(_SAID, sequence=6)
    later = msgspec.structs.replace(other, sequence=8)
    assert _check(_signed(), newest=_SAID) == _SAID
    assert _check(_signed(later), newest=_SAID) == later
    for said in (other, older):
        with pytest.raises(Conflict, match="beacon_rolled_back"):
            _check(_signed(said), newest=_SAID)


def test_signatures_may_be_given_one_after_another_in_different_places():
    first = sign_note(beacon.write(_SAID), [_SIGNERS[2]])
    second = add_signatures(first, [_SIGNERS[0].sign(beacon.text_of(first))])
    assert _check(second) == _SAID


@given(st.data())
def test_no_bent_byte_is_believed(data):
    signed = _signed()
    place = data.draw(st.integers(0, len(signed) - 1))
    bit = data.draw(st.integers(0, 7))
    bent = bytearray(signed)
    bent[place] ^= 1 << bit
    try:
        said = _check(bytes(bent))
    except Problem:
        return
    # A name of a signer that is not known is ignored; what was said stays what two signed.
    assert said == _SAID


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org",
        "https://",
        "https://example.org/",
        "https://a b",
        "https://u@h.org",
        # What would be shown otherwise than it is, to whoever is about to sign.
        "https://bad.org\x08\x08\x08good.org",
        "https://a\x1bMgood.org",
        "https://a\x00b",
        'https://a"b',
        "https://a<b",
        "https://..",
    ],
)
def test_an_address_is_https_and_nothing_else(address):
    with pytest.raises(Invalid, match="beacon_malformed"):
        beacon.write(msgspec.structs.replace(_SAID, addresses=(address,)))
