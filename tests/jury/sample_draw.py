"""A record in which one round was drawn as it should be, and ways to say it otherwise."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from tests.kit.beacons import QUICKNET, WRITTEN_MS
from venire.jury import draw, pool, sheets
from venire.kernel.errors import NotFound
from venire.record.headers import hour_of

CASE, OTHER = "c" * 32, "d" * 32
SALT, SEED = b"s" * 32, b"seed" * 8
NAMES = [hashlib.sha256(bytes([number])).digest() for number in range(9)]
FIRST, SHEETS = 5, 4
"""The epoch of a pool's first sheet, and how many it has; the draw uses the second of them."""
EPOCH = FIRST + 1
BATCH = 1
RULE = pool.exclusion_rule_hash()
HOUR = hour_of(WRITTEN_MS)
Header = dict[str, Any]
Log = list[Header]
POLICY: Header = {
    "type": "policy",
    "rules": "2026-11",
    "panel_rule": "sequential",
    "prior": 30_000,
    "violates_at": 99_000,
    "keeps_at": 5_000,
    "min_ballots": 3,
    "max_ballots": 15,
    "weight_cap": 200_000,
    "contested_violates_at": 99_900,
    "contested_keeps_at": 1_000,
    "contested_min_ballots": 5,
    "contested_max_ballots": 21,
}
"""Above the record that follows, at its place 0: what the ballots of a draw are weighed by."""


def document(number: int, *, names: list[bytes] = NAMES) -> pool.PoolDocument:
    """A sheet of the pool, as it is served."""
    roots = sheets.split(sheets.roots(SALT, names, SHEETS))
    return pool.PoolDocument(
        epoch=FIRST + number,
        pool=FIRST,
        frozen_at_ms=1,
        root=roots[number].hex(),
        size=len(names),
        nonces_root="ab" * 32,
        roots=tuple(root.hex() for root in roots),
        pseudonyms=tuple(name.hex() for name in sheets.sheet(SALT, number, names).pseudonyms),
    )


SHEET = document(1)
DOCUMENTS = {FIRST + number: msgspec.json.encode(document(number)) for number in range(SHEETS)}
SHEET_SEED = sheets.seed_of(SEED, 1, SHEETS)


def read_pool(epoch: int) -> bytes:
    if epoch not in DOCUMENTS:
        raise NotFound("pool_not_found", "no such pool")
    return DOCUMENTS[epoch]


BY_BEACON, BY_SEED, FELL_BACK = "beacon", "weaker", "fallback"
KINDS = (BY_BEACON, BY_SEED, FELL_BACK)


def chance_of(kind: str) -> Header:
    """Where the randomness of a draw comes from, as its entry says."""
    common = {"type": "chance", "case": CASE, "round": 1, "epoch": EPOCH, "batch": BATCH}
    if kind == BY_BEACON:
        signed = hashlib.sha256(bytes.fromhex(QUICKNET[1000])).hexdigest()
        return {
            **common,
            "strength": "beacon",
            "beacon_round": 1000,
            "signature": QUICKNET[1000],
            "randomness": signed,
        }
    chance = {
        **common,
        "strength": "weaker",
        "seed": SHEET_SEED.hex(),
        "randomness": draw.weaker_randomness(SHEET_SEED, b"\xab" * 32).hex(),
    }
    return {**chance, "beacon_round": 1000, "fallback": "silent"} if kind == FELL_BACK else chance


def order_of(kind: str, *, excluded: tuple[int, ...] = (2, 7)) -> list[int]:
    """Who is asked, in order."""
    randomness = bytes.fromhex(chance_of(kind)["randomness"])
    drawn = draw.order(SHEET.ordered, randomness, CASE, bytes.fromhex(SHEET.root), BATCH)
    return [place for place in drawn if place not in excluded]


def log_of(kind: str = BY_BEACON) -> Log:
    """A record in which one round was drawn as it should be; places 0..7 by kind of entry."""
    opened = {
        "type": "draw",
        "case": CASE,
        "round": 1,
        "epoch": EPOCH,
        "root": SHEET.root,
        "exclusion_rule": RULE,
        "excluded": [7, 2],
        "batch": BATCH,
        "strength": "weaker" if kind == BY_SEED else "beacon",
        "hour": HOUR,
        "rules": POLICY["rules"],
        "panel_rule": POLICY["panel_rule"],
        "judged_by": "panel",
        "contested": False,
    }
    if kind != BY_SEED:
        opened["beacon_round"] = 1000
    about = {"case": CASE, "round": 1, "epoch": EPOCH, "batch": BATCH}
    asked = order_of(kind)
    return [
        {
            "type": "epoch",
            "epoch": 4,
            "root": "04" * 32,
            "seed_commitment": sheets.commitment(SEED, SHEETS).hex(),
        },
        {
            "type": "epoch",
            "epoch": FIRST,
            "root": "05" * 32,
            "frozen_by": "clock",
            "size": len(NAMES),
            "sheets": SHEETS,
            "sheets_root": SHEET.sheets_root,
            "nonces_root": SHEET.nonces_root,
            "seed_commitment": "00" * 32,
        },
        opened,
        chance_of(kind),
        {"type": "seat", **about, "indices": asked[:3]},
        {"type": "decline", **about, "indices": asked[:1]},
        {"type": "timeout", **about, "indices": asked[1:2]},
        {"type": "seat", **about, "indices": asked[3:5]},
    ]


DRAW, CHANCE, SEAT, DECLINE, TIMEOUT, MORE = range(2, 8)
POOL = 1


def edited(place: int, kind: str = BY_BEACON, **more: Any) -> Log:
    """The record with some of an entry said otherwise; None takes a key away."""
    log = log_of(kind)
    log[place] = {key: value for key, value in {**log[place], **more}.items() if value is not None}
    return log


def without(*places: int, kind: str = BY_BEACON) -> Log:
    return [header for place, header in enumerate(log_of(kind)) if place not in places]


def moved(place: int, before: int, kind: str = BY_BEACON) -> Log:
    log = log_of(kind)
    log.insert(before, log.pop(place))
    return log


def twice(place: int, **more: Any) -> Log:
    log = log_of()
    log.append({**log[place], **more})
    return log


def in_parts(first: Header, second: Header) -> Log:
    log = log_of()
    log[DRAW] |= {"parts": 2, "part": 1, **first}
    log.insert(CHANCE, {**log[DRAW], "part": 2, "excluded": [], **second})
    return log
