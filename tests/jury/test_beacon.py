"""Rounds, their time, and whose signature they have: `venire/jury/beacon.py`."""

from __future__ import annotations

import hashlib
import importlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.beacons import OF_ANOTHER_CHAIN, QUICKNET, RANDOMNESS_1000
from venire import jury
from venire.jury import beacon
from venire.kernel.errors import Invalid, Unavailable


@pytest.mark.parametrize("number", QUICKNET)
def test_a_recorded_round_gives_the_hash_of_its_signature(number: int):
    expected = hashlib.sha256(bytes.fromhex(QUICKNET[number])).digest()
    assert beacon.randomness_of(number, QUICKNET[number]) == expected
    assert beacon.randomness_of(1000, QUICKNET[1000]).hex() == RANDOMNESS_1000


FLIPPED = f"{int(QUICKNET[1000][:2], 16) ^ 0x20:02x}{QUICKNET[1000][2:]}"


@pytest.mark.parametrize(
    ("number", "signature"),
    [
        (1001, QUICKNET[1000]),
        (1000, QUICKNET[1001]),
        (1000, FLIPPED),
        (1000, QUICKNET[1000].upper()),
        (1000, QUICKNET[1000] + "\n"),
        (1000, QUICKNET[1000][:-2]),
        (1000, QUICKNET[1000] + "00"),
        (1000, "c0" + "00" * 47),
        (1000, "00" * 48),
        (1000, "zz" * 48),
        (1000, ""),
        (0, QUICKNET[1000]),
        (-1, QUICKNET[1000]),
        (1 << 32, QUICKNET[1000]),
        (1 << 64, QUICKNET[1000]),
        (5713537, OF_ANOTHER_CHAIN),
    ],
)
def test_what_the_chain_did_not_sign_is_refused(number: int, signature: str):
    with pytest.raises(Invalid) as refused:
        beacon.randomness_of(number, signature)
    assert refused.value.code == "beacon_invalid"


def test_where_nothing_checks_a_signature_none_is_believed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(beacon, "verify_quicknet", None)
    assert not beacon.can_verify()
    with pytest.raises(Unavailable) as refused:
        beacon.randomness_of(1000, QUICKNET[1000])
    assert refused.value.code == "beacon_unverifiable"


def test_a_python_without_the_library_serves_all_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jury, "beacon", beacon)
    monkeypatch.setitem(sys.modules, "drand_verify", None)
    monkeypatch.delitem(sys.modules, "venire.jury.beacon")
    assert not importlib.import_module("venire.jury.beacon").can_verify()
    assert beacon.can_verify()


SIGNATURE = "ab" * 48


@pytest.mark.parametrize("number", [1, (1 << 32) - 1])
def test_the_library_is_asked_about_every_round_that_there_can_be(monkeypatch, number: int):
    asked = []
    monkeypatch.setattr(beacon, "verify_quicknet", lambda *given: asked.append(given))
    expected = hashlib.sha256(bytes.fromhex(SIGNATURE)).digest()
    assert beacon.randomness_of(number, SIGNATURE) == expected
    assert asked == [(number, SIGNATURE, beacon.PUBLIC_KEY)]


@pytest.mark.parametrize(
    ("number", "signature"),
    [
        (0, SIGNATURE),
        (-1, SIGNATURE),
        (1 << 32, SIGNATURE),
        (1, SIGNATURE[:-1]),
        (1, SIGNATURE + "a"),
        (1, SIGNATURE[:-1] + "g"),
        (1, SIGNATURE[:-1] + "B"),
    ],
)
def test_what_is_no_round_is_refused_before_the_library_sees_it(monkeypatch, number, signature):
    monkeypatch.setattr(beacon, "verify_quicknet", lambda *_: pytest.fail("it panics at that"))
    with pytest.raises(Invalid) as refused:
        beacon.randomness_of(number, signature)
    assert (refused.value.code, refused.value.data["beacon_round"]) == ("beacon_invalid", number)


def test_what_the_draw_is_documented_with():
    assert (beacon.LEAST_MS, beacon.LEAD_MS, beacon.PERIOD_MS) == (30_000, 36_000, 3_000)
    assert [len(bytes.fromhex(one)) for one in (beacon.CHAIN, beacon.PUBLIC_KEY)] == [32, 96]


def test_rounds_have_their_times():
    assert beacon.time_of(1) == 1_692_803_367_000
    assert beacon.time_of(1000) == 1_692_806_364_000
    assert beacon.first_round_from(0) == 1
    assert beacon.first_round_from(beacon.time_of(1000)) == 1000
    assert beacon.first_round_from(beacon.time_of(1000) + 1) == 1001


@given(st.integers(beacon.GENESIS_MS, 1 << 43))
def test_a_draws_round_is_the_first_that_is_far_enough_ahead(written_ms: int):
    number = beacon.round_for(written_ms)
    ahead_ms = beacon.time_of(number) - written_ms
    assert beacon.LEAD_MS <= ahead_ms < beacon.LEAD_MS + beacon.PERIOD_MS
    assert ahead_ms > beacon.LEAST_MS
