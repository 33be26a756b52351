"""What a leaf may say in clear, and what it only commits to."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Invalid, Refused, TooLarge
from venire.record import entry, headers
from venire.record.model import Entry

HASH = "ab" * 32
CASE = "0123456789abcdef0123456789abcdef"
COMMON = {"hour": "2021-01-09T14Z", "rules": "2026-11"}
SALT = bytes(range(32))
POST_ID = 1_790_000_000_000 << 16
SEATING = {"case": CASE, "round": 1, "batch": 0, "indices": [7, 3]}
JUDGED = {"category": "incitement", "source": "notice", "automated": False}
SAMPLES = {
    "epoch": {
        "epoch": 4,
        "root": HASH,
        "size": 400,
        "seed_commitment": HASH,
        "sheets": 64,
        "sheets_root": HASH,
    },
    "draw": {
        "case": CASE,
        "round": 1,
        "epoch": 4,
        "root": HASH,
        "exclusion_rule": HASH,
        "excluded": [2, 5, 399],
        "batch": 0,
        "strength": "weaker",
        "small_pool": True,
    },
    "chance": {
        "case": CASE,
        "round": 1,
        "epoch": 4,
        "batch": 0,
        "randomness": HASH,
        "strength": "beacon",
        "beacon_round": 1000,
        "signature": "cd" * 48,
    },
    "seat": SEATING,
    "decline": SEATING,
    "timeout": SEATING,
    "hold": JUDGED,
    "lift": {**JUDGED, "cause": "verdict"},
    "verdict": {**JUDGED, "verdict": "violates", "ballots": 3, "judged_by": "panel"},
    "measure": {**JUDGED, "measure": "suspend", "days": 90, "clause": 1},
    "statement": {**JUDGED, "stage": "measure", "measure": "remove", "clause": 1},
    "appeal": {"category": "hate", "appellant": "author", "outcome": "filed"},
    "notice": {"notice_kind": "items", "items": 98, "authenticated": True, "due_hours": 24},
    "notice_item": {"category": "incitement", "state": "held"},
    "correction": {"corrects": 12, "reason": "appeal_won"},
    "succession": {"epoch": 1, "size": 9, "root": HASH, "before": HASH, "kept": 7},
    "moderator_action": {"category": "spam", "action": "hold", "automated": False, "undo": False},
    "disclosure": {"category": "incitement", "clause": 1, "automated": False},
    "policy": {"policy": HASH, "panel_rule": "sequential", "prior": 30_000, "weight_cap": 200_000},
    "rejudgement": {"of": 12, "category": "hate", "verdict": "keeps", "agrees": False},
}
HEADERS = {kind: {"type": kind, **COMMON, **own} for kind, own in SAMPLES.items()}


def each_type(test):
    return pytest.mark.parametrize("kind", sorted(HEADERS))(test)


def test_the_list_of_types_is_the_one_that_was_agreed():
    assert set(headers.TYPES) == set(HEADERS)


def test_every_key_has_a_check_and_every_check_a_key():
    used = {key for keys in headers.TYPES.values() for key in keys.required | keys.optional}
    assert used == set(headers.CHECKS)
    for keys in headers.TYPES.values():
        assert not keys.required & keys.optional


@each_type
def test_an_entry_of_each_type_reads_back(kind):
    commitments = entry.commit_all({"post": "12", "author": "34"}, SALT)
    content = entry.encode_entry(HEADERS[kind], commitments)
    assert entry.decode_entry(content) == Entry(HEADERS[kind], commitments)


@each_type
def test_an_entry_is_canonical_json_in_ascii(kind):
    content = entry.encode_entry(HEADERS[kind], {"post": HASH})
    leaf = {"v": 1, "header": HEADERS[kind], "commitments": {"post": HASH}}
    expected = json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert content == expected.encode("ascii")


@each_type
def test_no_required_key_may_be_missing(kind):
    for key in headers.TYPES[kind].required:
        short = {name: value for name, value in HEADERS[kind].items() if name != key}
        with pytest.raises(Invalid, match="entry_malformed") as refused:
            entry.encode_entry(short, {})
        assert refused.value.data["key"] == key


@each_type
def test_no_type_takes_the_keys_of_another(kind):
    keys = headers.TYPES[kind]
    samples = {key: value for header in HEADERS.values() for key, value in header.items()}
    for key in {*samples, "post", "account", "text"} - keys.required - keys.optional:
        with pytest.raises(Invalid, match="entry_malformed") as refused:
            entry.encode_entry({**HEADERS[kind], key: samples.get(key, "x")}, {})
        assert refused.value.data["key"] == key


@each_type
def test_no_key_of_any_type_takes_an_id_a_name_or_a_text(kind):
    keys = headers.TYPES[kind]
    personal = (POST_ID, str(POST_ID), "@anna", "anna@example.org", "You will hang", [POST_ID], [])
    for key in (keys.required | keys.optional) - {"excluded", "rules"}:
        for value in (*personal, None, 1.5, {"post": 1}, -1):
            with pytest.raises(Invalid, match="entry_malformed"):
                entry.encode_entry({**HEADERS[kind], key: value}, {})


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("hold", {"type": "hodl"}),
        ("hold", {"type": ["hold"]}),
        ("hold", {"category": "sedition"}),
        ("hold", {"automated": 1}),
        ("hold", {"hour": "2021-02-30T10Z"}),
        ("hold", {"hour": "2021-01-09T24Z"}),
        ("hold", {"hour": "2021-01-09T14:30Z"}),
        ("hold", {"rules": "@anna"}),
        ("hold", {"rules": "x" * 33}),
        ("hold", {"rules": ""}),
        ("verdict", {"ballots": True}),
        ("verdict", {"ballots": 3.0}),
        ("verdict", {"verdict": "guilty"}),
        ("measure", {"days": 0}),
        ("epoch", {"root": "AB" * 32}),
        ("epoch", {"root": HASH + "\n"}),
        ("draw", {"case": "12345678901234567890"}),
        ("draw", {"excluded": [5, 2]}),
        ("draw", {"excluded": [2, 2]}),
        ("draw", {"excluded": [True]}),
        ("draw", {"excluded": "2,5"}),
        ("draw", {"part": 1}),
        ("draw", {"parts": 2}),
        ("draw", {"part": 3, "parts": 2}),
        ("seat", {"indices": [1, 1]}),
        ("seat", {"indices": [POST_ID]}),
    ],
)
def test_a_value_outside_its_closed_list_is_refused(kind, changed):
    with pytest.raises(Invalid, match="entry_malformed"):
        entry.encode_entry({**HEADERS[kind], **changed}, {})


@pytest.mark.parametrize(
    "commitments",
    [
        {"Post": HASH},
        {"": HASH},
        {"post id": HASH},
        {"post": HASH[:-1]},
        {"post": HASH.upper()},
        {"post": "1790000000000000"},
        {f"n{number}": HASH for number in range(257)},
    ],
)
def test_a_commitment_is_a_name_and_64_hex_digits(commitments):
    with pytest.raises(Invalid, match="entry_malformed"):
        entry.encode_entry(HEADERS["hold"], commitments)


GOOD = entry.encode_entry(HEADERS["hold"], {"post": HASH})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        GOOD + b"\n",
        b" " + GOOD,
        GOOD.replace(b'"v":1', b'"v":2'),
        GOOD.replace(b'"v":1', b'"v":1.0'),
        GOOD.replace(b'"v":1', b'"v":1,"x":1'),
        GOOD.replace(b'"v":1', b'"v":1,"v":1'),
        GOOD.replace(b'"hold"', b'"hol\\u0064"'),
        GOOD.replace(b"false", b"true ", 1),
        GOOD.replace(b'"automated":false', b'"automated":false,"automated":false'),
        b'{"v":1,' + GOOD[1:].replace(b',"v":1', b""),
        GOOD.replace(b"hold", b"h\xffld"),
        b"[" * 5000,
        b'{"commitments":{},"header":{"a":' + b"[" * 30_000 + b"]" * 30_000 + b'},"v":1}',
        b'{"commitments":{},"header":{"type":"\\ud800"},"v":1}',
    ],
)
def test_bytes_that_are_not_the_one_encoding_are_refused(content):
    with pytest.raises(Invalid, match="entry_malformed"):
        entry.decode_entry(content)


@given(st.binary(max_size=120))
def test_any_bytes_decode_to_what_encodes_them_or_are_refused(content):
    try:
        read = entry.decode_entry(content)
    except Invalid:
        return
    assert entry.encode_entry(read.header, read.commitments) == content


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_gives_another_entry_or_none(at, change):
    changed = GOOD[:at] + bytes([GOOD[at] ^ change]) + GOOD[at + 1 :]
    try:
        read = entry.decode_entry(changed)
    except Invalid:
        return
    assert read != entry.decode_entry(GOOD)


def test_a_commitment_is_hmac_sha256_over_name_zero_value():
    # By hand from RFC 2104, so that no two uses of one library agree on a mistake.
    inner = bytes(byte ^ 0x36 for byte in SALT.ljust(64, b"\0"))
    outer = bytes(byte ^ 0x5C for byte in SALT.ljust(64, b"\0"))
    inside = hashlib.sha256(inner + b"post\x00" + b"12").digest()
    assert entry.commit("post", "12", SALT) == hashlib.sha256(outer + inside).hexdigest()
    assert entry.commit("post", b"12", SALT) == entry.commit("post", "12", SALT)


def test_a_commitment_opens_with_its_value_name_and_salt_only():
    read = Entry(HEADERS["hold"], entry.commit_all({"post": "12", "author": "34"}, SALT))
    assert entry.open_commitment(read, "post", "12", SALT)
    assert entry.open_commitment(read, "post", b"12", SALT)
    assert not entry.open_commitment(read, "post", "13", SALT)
    assert not entry.open_commitment(read, "author", "12", SALT)
    assert not entry.open_commitment(read, "reason", "12", SALT)
    assert not entry.open_commitment(read, "post", "12", bytes(32))


@given(st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.binary(max_size=20), st.data())
def test_a_name_cannot_run_into_a_value(name, value, data):
    cut = data.draw(st.integers(1, len(name)))
    other = (name[:cut], name[cut:].encode() + value)
    if other != (name, value):
        assert entry.commit(name, value, SALT) != entry.commit(*other, SALT)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_salt_has_32_bytes(length):
    with pytest.raises(Refused, match="salt_length"):
        entry.commit("post", "12", bytes(length))


def test_a_commitment_is_not_made_under_a_name_that_an_entry_refuses():
    with pytest.raises(Refused, match="commitment_name"):
        entry.commit("Post", "12", SALT)


def test_a_draw_with_too_many_exclusions_is_refused_whole_and_fits_in_parts():
    header = {**HEADERS["draw"], "excluded": list(range(100_000, 120_000))}
    with pytest.raises(TooLarge, match="entry_too_large"):
        entry.encode_entry(header, {})
    parts = entry.split_draw(header, 8_000)
    read = [entry.decode_entry(entry.encode_entry(part, {})).header for part in parts]
    assert [(part["part"], part["parts"]) for part in read] == [(1, 3), (2, 3), (3, 3)]
    assert [index for part in read for index in part["excluded"]] == header["excluded"]


def test_a_draw_that_fits_is_not_parted():
    assert entry.split_draw(HEADERS["draw"], 3) == [HEADERS["draw"]]
    nobody = {**HEADERS["draw"], "excluded": []}
    assert entry.split_draw(nobody, 3) == [nobody]
    assert entry.decode_entry(entry.encode_entry(nobody, {})).header == nobody


@pytest.mark.parametrize(
    ("at_ms", "hour"),
    [
        (0, "1970-01-01T00Z"),
        (1_610_200_799_999, "2021-01-09T13Z"),
        (1_610_200_800_000, "2021-01-09T14Z"),
        (4_102_444_800_000, "2100-01-01T00Z"),
    ],
)
def test_the_log_says_the_hour_and_no_more(at_ms, hour):
    assert headers.hour_of(at_ms) == hour
