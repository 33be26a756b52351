from __future__ import annotations

import hashlib
import hmac
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury import pool, sheets
from venire.jury.rules import SHARED_ADDRESS_ACCOUNTS
from venire.kernel.errors import Invalid, Refused, TooLarge

SALT = bytes(range(32))
members = st.dictionaries(
    st.integers(0, 2**63 - 1), st.binary(min_size=16, max_size=64), max_size=20
)


def a_document(nonces: dict[int, bytes], sheet: int = 1) -> bytes:
    frozen = pool.freeze(7, SALT, nonces)
    roots = sheets.split(sheets.roots(SALT, frozen.pseudonyms, 3))
    written = sheets.sheet(SALT, sheet, frozen.pseudonyms)
    return msgspec.json.encode(
        pool.PoolDocument(
            epoch=7 + sheet,
            pool=7,
            frozen_at_ms=1_000,
            root=roots[sheet].hex(),
            size=len(frozen.entries),
            nonces_root=frozen.nonce_root.hex(),
            roots=tuple(root.hex() for root in roots),
            pseudonyms=tuple(name.hex() for name in written.pseudonyms),
        )
    )


THREE = {account: bytes([account]) * 16 for account in (1, 2, 3)}


def test_a_pseudonym_is_the_published_formula():
    expected = hmac.new(SALT, (12).to_bytes(8, "big") + b"n" * 16, hashlib.sha256).digest()
    assert pool.pseudonym(SALT, 12, b"n" * 16) == expected


def test_the_root_is_an_rfc_6962_root_over_the_ascending_pseudonyms():
    frozen = pool.freeze(1, SALT, THREE)
    names = sorted(pool.pseudonym(SALT, account, nonce) for account, nonce in THREE.items())

    def leaf(entry: bytes) -> bytes:
        return hashlib.sha256(b"\x00" + entry).digest()

    left = hashlib.sha256(b"\x01" + leaf(names[0]) + leaf(names[1])).digest()
    assert frozen.root == hashlib.sha256(b"\x01" + left + leaf(names[2])).digest()
    assert list(frozen.pseudonyms) == names


def test_the_nonce_root_binds_each_nonce_to_its_pseudonym():
    (account, nonce), *_ = THREE.items()
    frozen = pool.freeze(1, SALT, {account: nonce})
    name = pool.pseudonym(SALT, account, nonce)
    assert frozen.nonce_root == hashlib.sha256(b"\x00" + name + nonce).digest()
    assert frozen.root == hashlib.sha256(b"\x00" + name).digest()


@given(members)
def test_each_account_stands_behind_its_own_pseudonym(nonces):
    frozen = pool.freeze(1, SALT, nonces)
    assert set(frozen.accounts) == nonces.keys()
    assert [entry.index for entry in frozen.entries] == list(range(len(nonces)))
    assert list(frozen.pseudonyms) == sorted(frozen.pseudonyms)
    for account, name in zip(frozen.accounts, frozen.pseudonyms, strict=True):
        assert name == pool.pseudonym(SALT, account, nonces[account])


@given(members, members)
def test_another_pool_has_another_root(one, other):
    roots = [pool.freeze(1, SALT, nonces) for nonces in (one, other)]
    assert (roots[0].root == roots[1].root) == (one == other)
    assert (roots[0].nonce_root == roots[1].nonce_root) == (one == other)


def test_the_next_epochs_salt_makes_the_same_members_strangers():
    one, other = pool.freeze(1, SALT, THREE), pool.freeze(2, SALT[::-1], THREE)
    assert not set(one.pseudonyms) & set(other.pseudonyms)


def test_a_short_salt_or_nonce_is_refused():
    with pytest.raises(Refused, match="salt_length"):
        pool.freeze(1, b"short", THREE)
    for nonce in (b"n" * 15, b"n" * 65):
        with pytest.raises(Invalid, match="nonce_length"):
            pool.freeze(1, SALT, {1: nonce})


def test_a_pool_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "MAX_MEMBERS", 2)
    with pytest.raises(TooLarge, match="pool_too_large"):
        pool.freeze(1, SALT, THREE)


@given(members, st.integers(0, 2))
def test_a_published_sheet_reads_back_and_gives_the_same_draw(nonces, sheet):
    frozen = pool.freeze(7, SALT, nonces)
    read = pool.read_document(a_document(nonces, sheet))
    assert (read.epoch, read.pool, read.sheet) == (7 + sheet, 7, sheet)
    assert (read.size, read.frozen_at_ms) == (len(nonces), 1_000)
    assert read.ordered == sheets.sheet(SALT, sheet, frozen.pseudonyms).pseudonyms
    assert read.root == pool.pool_root(read.ordered).hex() == read.roots[sheet]
    assert read.nonces_root == frozen.nonce_root.hex()


def test_the_document_names_no_account_no_salt_and_no_nonce():
    accounts = {918_273_645_546_372_819: b"\xabsecret-nonce\xcd\xef\x01"}
    raw = a_document(accounts)
    assert b"918273645546372819" not in raw
    assert SALT.hex().encode() not in raw
    assert next(iter(accounts.values())).hex().encode() not in raw
    assert pool.freeze(7, SALT, accounts).pseudonyms[0].hex().encode() not in raw


@pytest.mark.parametrize(
    ("field", "forged"),
    [
        ("root", "00" * 32),
        ("root", "xy" * 32),
        ("size", 2),
        ("format", "venire-pool/1"),
        ("draw", "venire-draw/2"),
        ("epoch", 7),
        ("epoch", 10),
        ("epoch", 6),
        ("pool", 8),
        ("roots", []),
        ("roots", ["00" * 32] * 3),
        ("roots", ["00" * 32] * 65),
        ("roots", ["zz" * 32] * 3),
        ("nonces_root", ""),
        ("pseudonyms", []),
        ("pseudonyms", ["00" * 32, "01" * 32, "02" * 32]),
        ("pseudonyms", ["zz" * 32] * 3),
        ("pseudonyms", "no list"),
        ("surplus", 1),
    ],
)
def test_a_document_with_any_part_forged_is_refused(field: str, forged: object):
    published = json.loads(a_document(THREE))
    with pytest.raises(Invalid, match="pool_document_invalid"):
        pool.read_document(json.dumps(published | {field: forged}).encode())


def test_pseudonyms_out_of_order_or_doubled_are_refused():
    published = json.loads(a_document(THREE))
    first, second, third = published["pseudonyms"]
    for names in ([second, first, third], [first, first, third]):
        root = pool.pool_root([bytes.fromhex(name) for name in names]).hex()
        forged = json.dumps(published | {"pseudonyms": names, "root": root}).encode()
        with pytest.raises(Invalid, match="do not ascend"):
            pool.read_document(forged)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_document_is_refused(raw: bytes):
    with pytest.raises(Invalid, match="pool_document_invalid"):
        pool.read_document(raw)


def test_a_document_beyond_the_limit_is_not_even_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "MAX_DOCUMENT_BYTES", 100)
    with pytest.raises(TooLarge, match="pool_document_too_large"):
        pool.read_document(a_document(THREE))


def test_the_exclusion_rule_is_named_by_the_hash_of_its_text():
    plain, small = pool.exclusion_rule(), pool.exclusion_rule(one_way_follows=True)
    assert pool.exclusion_rule_hash() == hashlib.sha256(plain.encode()).hexdigest()
    assert pool.exclusion_rule_hash(one_way_follows=True) != pool.exclusion_rule_hash()
    assert plain.splitlines()[0] == "venire-exclusion/2"
    assert f"at most {SHARED_ADDRESS_ACCOUNTS} accounts" in plain
    assert "small pool" in small
    assert "small pool" not in plain
