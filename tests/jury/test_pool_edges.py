"""A pool and its document at their edges: sizes, digits, and which fault is named."""

from __future__ import annotations

import json

import msgspec
import pytest

from venire.jury import pool, sheets
from venire.kernel.errors import Invalid, Refused, TooLarge

SALT = bytes(range(32))
THREE = {account: bytes([account]) * 16 for account in (1, 2, 3)}


def published(sheet: int = 1, count: int = 3) -> dict[str, object]:
    """A sheet of the pool of epoch 7, as it is served."""
    frozen = pool.freeze(7, SALT, THREE)
    written = sheets.sheet(SALT, sheet, frozen.pseudonyms)
    roots = sheets.split(sheets.roots(SALT, frozen.pseudonyms, count))
    document = pool.PoolDocument(
        epoch=7 + sheet,
        pool=7,
        frozen_at_ms=1_000,
        root=roots[sheet].hex(),
        size=3,
        nonces_root=frozen.nonce_root.hex(),
        roots=tuple(root.hex() for root in roots),
        pseudonyms=tuple(name.hex() for name in written.pseudonyms),
    )
    return json.loads(msgspec.json.encode(document))


def fault_of(document: dict[str, object]) -> str:
    with pytest.raises(Invalid) as refusal:
        pool.read_document(json.dumps(document).encode())
    assert refusal.value.code == "pool_document_invalid"
    return refusal.value.hint


def test_a_document_names_its_formats_and_which_sheet_it_is():
    document = published()
    assert (document["format"], document["draw"]) == ("venire-pool/2", "venire-draw/1")
    read = pool.read_document(json.dumps(document).encode())
    assert (read.epoch, read.pool, read.sheet) == (8, 7, 1)
    roots = [bytes.fromhex(root) for root in document["roots"]]
    assert read.sheets_root == sheets.root_of_sheets(roots).hex()
    assert read.ordered == sheets.sheet(SALT, 1, pool.freeze(7, SALT, THREE).pseudonyms).pseudonyms


@pytest.mark.parametrize(
    ("name", "version"),
    [(name, version) for name in ("format", "draw") for version in ("0", "1", "2", "3")],
)
def test_an_earlier_or_a_later_format_is_not_guessed_at(name: str, version: str):
    document = published()
    said = f"venire-{'pool' if name == 'format' else 'draw'}/{version}"
    if said != document[name]:
        fault = fault_of(document | {name: said})
        assert fault == "a format that this version does not know"


@pytest.mark.parametrize(
    "more",
    [
        {"epoch": 6},
        {"epoch": 10},
        {"epoch": 11},
        {"pool": 9},
        {"pool": 4},
        {"roots": []},
        {"epoch": 7, "roots": []},
    ],
)
def test_an_epoch_that_is_no_sheet_of_its_pool_is_named(more):
    assert fault_of(published() | more) == "its epoch is not one of its pool's sheets"


def test_a_pool_has_sixty_four_sheets_at_most():
    fits = published(sheet=63, count=64)
    assert pool.read_document(json.dumps(fits).encode()).sheet == 63
    assert fault_of(published(sheet=0, count=65)) == "its epoch is not one of its pool's sheets"


def test_a_sheet_under_another_sheets_number_is_named():
    document = published()
    swapped = document["roots"][::-1]
    assert fault_of(document | {"epoch": 7}) == "its root is not the one of its sheet"
    assert fault_of(document | {"epoch": 9}) == "its root is not the one of its sheet"
    assert pool.read_document(json.dumps(document | {"roots": swapped}).encode()).sheet == 1
    for other in ("00" * 32, "ff" * 32):
        forged = [document["roots"][0], other, document["roots"][2]]
        assert fault_of(document | {"roots": forged}) == "its root is not the one of its sheet"


@pytest.mark.parametrize("size", [0, 2, 4])
def test_a_size_that_is_too_small_or_too_large_is_named(size: int):
    assert fault_of(published() | {"size": size}) == "its size is not the number of its pseudonyms"


def test_a_document_of_more_members_than_a_pool_holds_is_refused(monkeypatch):
    assert (pool.MAX_MEMBERS, pool.MAX_DOCUMENT_BYTES) == (200_000, 16 * 1024 * 1024)
    document = published()
    monkeypatch.setattr(pool, "MAX_MEMBERS", 3)
    assert pool.read_document(json.dumps(document).encode()).size == 3
    assert len(pool.freeze(1, SALT, THREE).accounts) == 3
    monkeypatch.setattr(pool, "MAX_MEMBERS", 2)
    assert fault_of(document) == "its size is not the number of its pseudonyms"
    with pytest.raises(TooLarge) as refusal:
        pool.freeze(1, SALT, THREE)
    assert (refusal.value.code, refusal.value.data) == ("pool_too_large", {"limit": 2})


def test_a_document_is_read_up_to_its_last_byte(monkeypatch):
    raw = json.dumps(published()).encode()
    monkeypatch.setattr(pool, "MAX_DOCUMENT_BYTES", len(raw))
    assert pool.read_document(raw).size == 3
    monkeypatch.setattr(pool, "MAX_DOCUMENT_BYTES", len(raw) - 1)
    with pytest.raises(TooLarge) as refusal:
        pool.read_document(raw)
    assert refusal.value.code == "pool_document_too_large"
    assert refusal.value.data == {"limit": len(raw) - 1}


WRONG_HASHES = ["0" * 63, "0" * 65, "0" * 66, "g" * 64, "_" * 64, "A" * 64, ""]


@pytest.mark.parametrize("field", ["root", "nonces_root", "roots"])
@pytest.mark.parametrize("wrong", WRONG_HASHES)
def test_each_hash_is_64_lower_case_digits(field: str, wrong: str):
    document = published()
    forged = [document["roots"][0], document["roots"][1], wrong] if field == "roots" else wrong
    fault = fault_of(document | {field: forged})
    assert fault == "a hash or a pseudonym is not 64 lower-case hex digits"


@pytest.mark.parametrize("wrong", ["f" * 63, "f" * 66, "f" * 63 + "g"])
def test_so_is_each_pseudonym(wrong: str):
    document = published()
    names = [*document["pseudonyms"][:2], wrong]
    fault = fault_of(document | {"pseudonyms": names})
    assert fault == "a hash or a pseudonym is not 64 lower-case hex digits"


@pytest.mark.parametrize("root", ["00" * 32, "ff" * 32])
def test_a_root_that_is_another_is_named(root: str):
    assert fault_of(published() | {"root": root}) == "its root is not the root of its pseudonyms"


@pytest.mark.parametrize(
    "raw", [b"", b"[", b'{"format": "\xff\xfe"}', b'{"epoch":' * 100_000, b'{"epoch": "seven"}']
)
def test_what_cannot_be_read_at_all_is_named(raw: bytes):
    with pytest.raises(Invalid) as refusal:
        pool.read_document(raw)
    assert refusal.value.code == "pool_document_invalid"
    assert refusal.value.hint == "not a pool document"


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_has_32_bytes(length: int):
    with pytest.raises(Refused) as refusal:
        pool.pseudonym(b"s" * length, 1, b"n" * 16)
    assert (refusal.value.code, refusal.value.data) == ("salt_length", {"length": length})


@pytest.mark.parametrize("length", [0, 15, 65])
def test_a_nonce_has_16_to_64_bytes(length: int):
    with pytest.raises(Invalid) as refusal:
        pool.pseudonym(SALT, 1, b"n" * length)
    assert (refusal.value.code, refusal.value.data) == ("nonce_length", {"length": length})
    assert {len(pool.pseudonym(SALT, 1, b"n" * fits)) for fits in (16, 64)} == {32}


def test_what_was_published_does_not_change_in_the_hand():
    read = pool.read_document(json.dumps(published()).encode())
    for what, field in ((read, "root"), (pool.freeze(1, SALT, THREE), "accounts")):
        with pytest.raises(AttributeError):
            setattr(what, field, None)
