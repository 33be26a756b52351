"""The check of a draw, fault by fault: one round that is right, and each way to make it wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
import pytest

from tests.jury.sample_draw import (
    BY_BEACON,
    BY_SEED,
    CASE,
    CHANCE,
    DECLINE,
    DOCUMENTS,
    DRAW,
    EPOCH,
    FELL_BACK,
    FIRST,
    HOUR,
    KINDS,
    MORE,
    NAMES,
    OTHER,
    POLICY,
    POOL,
    SEAT,
    SEED,
    SHEET,
    SHEETS,
    TIMEOUT,
    Log,
    chance_of,
    document,
    edited,
    in_parts,
    log_of,
    moved,
    order_of,
    read_pool,
    twice,
    without,
)
from tests.kit.beacons import QUICKNET, WRITTEN_MS
from venire.jury import beacon, draw, pool, verifying
from venire.jury.surroundings import Entry
from venire.jury.verifying import DrawFault, RoundReport
from venire.kernel.errors import NotFound
from venire.record.headers import hour_of


def entries(log: Log) -> list[Entry]:
    return [Entry(index, header) for index, header in enumerate([POLICY, *log])]


def verified(log: Log, read: Callable[[int], bytes] = read_pool) -> RoundReport:
    (report,) = verifying.verify_case(CASE, entries(log), read)
    return report


def refused(log: Log, code: str, read: Callable[[int], bytes] = read_pool) -> DrawFault:
    with pytest.raises(DrawFault) as raised:
        verifying.verify_case(CASE, entries(log), read)
    assert raised.value.code == code
    return raised.value


# what is right


@pytest.mark.parametrize(
    ("kind", "strength", "number", "fallback"),
    [
        (BY_BEACON, "beacon", 1000, None),
        (BY_SEED, "weaker", None, None),
        (FELL_BACK, "weaker", 1000, "silent"),
    ],
)
def test_a_round_that_was_drawn_as_it_should_be_is_told(kind, strength, number, fallback):
    asked = order_of(kind)
    assert verified(log_of(kind)) == RoundReport(
        round=1,
        judged_by="panel",
        panel_rule="sequential",
        rules="2026-11",
        policy=0,
        epoch=EPOCH,
        size=9,
        excluded=2,
        strength=strength,
        randomness=chance_of(kind)["randomness"],
        beacon_round=number,
        fallback=fallback,
        small_pool=False,
        one_way_follows=False,
        seated=tuple(asked[:5]),
        declined=tuple(asked[:1]),
        timed_out=tuple(asked[1:2]),
        shared_sheet=False,
    )


def test_what_a_draw_says_of_itself_is_told_too():
    loose = pool.exclusion_rule_hash(one_way_follows=True)
    report = verified(edited(DRAW, exclusion_rule=loose, judged_by="appeal", small_pool=True))
    assert (report.one_way_follows, report.judged_by, report.small_pool) == (True, "appeal", True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_may_be_in_several_parts(kind):
    log = edited(DRAW, kind, parts=2, part=1, excluded=[7])
    log.insert(CHANCE, {**log[DRAW], "part": 2, "excluded": [2]})
    assert verified(log) == verified(log_of(kind))


@pytest.mark.parametrize(("case", "number", "shared"), [(OTHER, 1, True), (CASE, 1, False)])
def test_another_draw_of_the_same_sheet_is_told_and_is_no_fault(case, number, shared):
    log = log_of()
    if case != CASE:
        log.append({**log[DRAW], "case": case, "round": number})
    assert verified(log).shared_sheet == shared


def test_a_sheet_that_another_round_used_too_is_told_of_both():
    log = log_of()
    log.append({**log[DRAW], "case": OTHER, "epoch": EPOCH + 1})
    assert not verified(log).shared_sheet


def test_each_round_of_a_case_is_checked_and_told_in_order():
    log = log_of(BY_SEED)
    second = [{**header, "round": 2} for header in log[DRAW:]]
    for header in second:
        header["batch"] = 2
    asked = draw.order(
        SHEET.ordered,
        bytes.fromhex(chance_of(BY_SEED)["randomness"]),
        CASE,
        bytes.fromhex(SHEET.root),
        2,
    )
    asked = [place for place in asked if place not in {2, 7}]
    seat, decline, timeout, more = second[2:]
    seat["indices"], decline["indices"] = asked[:3], asked[:1]
    timeout["indices"], more["indices"] = asked[1:2], asked[3:5]
    reports = verifying.verify_case(CASE, entries(log + second), read_pool)
    assert [report.round for report in reports] == [1, 2]
    assert [report.drawn_again for report in reports] == [False, True]
    assert all(report.shared_sheet for report in reports)


def test_entries_that_belong_to_no_draw_say_nothing():
    log = log_of()
    log.append({"type": "verdict", "case": CASE, "round": 1})
    log.append({**log[SEAT], "case": OTHER})
    assert verified(log) == verified(log_of())


# what is not


def test_a_case_that_nobody_drew_is_said_to_be_none():
    refused(log_of()[:2], "case_not_drawn")
    log = log_of()
    for header in log[DRAW:]:
        header["case"] = OTHER
    assert refused(log, "case_not_drawn").data == {"case": CASE}


@pytest.mark.parametrize(
    ("log", "code"),
    [
        (without(DRAW), "draw_parts_missing"),
        (without(CHANCE), "draw_of_older_kind"),
        (without(CHANCE, SEAT, DECLINE, TIMEOUT, MORE), "not_drawn_yet"),
        (twice(DRAW), "draw_changed"),
        (twice(DRAW, part=2), "draw_changed"),
        (edited(DRAW, part=2), "draw_changed"),
        (edited(DRAW, parts=2), "draw_parts_missing"),
        (in_parts({}, {"part": 3}), "draw_changed"),
        (in_parts({}, {"part": 1}), "draw_changed"),
        (in_parts({"parts": 3}, {}), "draw_parts_missing"),
        (in_parts({}, {"root": "00" * 32}), "draw_changed"),
        (in_parts({}, {"batch": 2}), "draw_changed"),
        (in_parts({"excluded": [2, 7]}, {"excluded": [7]}), "excluded_out_of_range"),
        (edited(DRAW, exclusion_rule="00" * 32), "exclusion_rule_unknown"),
        (edited(DRAW, batch=2), "draw_malformed"),
        (edited(DRAW, excluded=[2, 2]), "excluded_out_of_range"),
        (edited(DRAW, excluded=[9]), "excluded_out_of_range"),
        (edited(DRAW, excluded=[10]), "excluded_out_of_range"),
        (edited(DRAW, epoch=FIRST - 1), "epoch_not_frozen"),
        (edited(DRAW, epoch=FIRST + SHEETS), "epoch_not_frozen"),
        (moved(POOL, 7), "epoch_not_frozen"),
        (edited(POOL, sheets=None), "epoch_not_frozen"),
        (edited(POOL, size=8), "pool_not_of_the_record"),
        (edited(POOL, size=10), "pool_not_of_the_record"),
        (edited(POOL, sheets=SHEETS + 1), "pool_not_of_the_record"),
        (edited(POOL, sheets=2), "pool_not_of_the_record"),
        (edited(POOL, sheets_root="00" * 32), "pool_not_of_the_record"),
        (edited(POOL, sheets_root="ff" * 32), "pool_not_of_the_record"),
        (edited(POOL, nonces_root="00" * 32), "pool_not_of_the_record"),
        (edited(POOL, nonces_root="ff" * 32), "pool_not_of_the_record"),
        (edited(POOL, nonces_root=None), "pool_not_of_the_record"),
        (edited(POOL, epoch=FIRST - 1, sheets=SHEETS), "pool_not_of_the_record"),
        (edited(POOL, epoch=FIRST + 1, sheets=SHEETS), "pool_not_of_the_record"),
        (edited(DRAW, root="00" * 32), "pool_not_of_the_record"),
        (edited(DRAW, root="ff" * 32), "pool_not_of_the_record"),
        (moved(CHANCE, DRAW), "chance_too_early"),
        (twice(CHANCE), "chance_changed"),
        (edited(CHANCE, epoch=EPOCH + 1), "chance_changed"),
        (edited(CHANCE, epoch=EPOCH - 1), "chance_changed"),
        (edited(CHANCE, beacon_round=1001), "beacon_round_changed"),
        (edited(CHANCE, beacon_round=999), "beacon_round_changed"),
        (edited(CHANCE, beacon_round=None), "beacon_round_changed"),
        (edited(CHANCE, randomness="00" * 32), "randomness_mismatch"),
        (edited(CHANCE, randomness="ff" * 32), "randomness_mismatch"),
        (edited(CHANCE, signature=QUICKNET[1001]), "beacon_invalid"),
        (edited(CHANCE, signature=None), "beacon_invalid"),
        (edited(CHANCE, fallback="silent"), "draw_malformed"),
        (edited(DRAW, strength="weaker"), "draw_malformed"),
        (edited(DRAW, BY_SEED, strength="beacon"), "draw_malformed"),
        (edited(CHANCE, BY_SEED, strength="beacon"), "draw_malformed"),
        (edited(CHANCE, FELL_BACK, fallback=None), "draw_malformed"),
        (edited(CHANCE, FELL_BACK, strength="beacon"), "draw_malformed"),
        (edited(CHANCE, BY_SEED, seed=None), "seed_not_committed"),
        (edited(CHANCE, BY_SEED, seed=SEED.hex()), "seed_not_committed"),
        (edited(0, BY_SEED, seed_commitment="00" * 32), "seed_not_committed"),
        (edited(0, BY_SEED, seed_commitment=None), "seed_not_committed"),
        (without(0, kind=BY_SEED), "seed_not_committed"),
        (moved(0, 2, BY_SEED), "seed_not_committed"),
        (edited(CHANCE, BY_SEED, randomness="00" * 32), "randomness_mismatch"),
        (edited(SEAT, epoch=EPOCH + 1), "seat_malformed"),
        (edited(SEAT, epoch=EPOCH - 1), "seat_malformed"),
        (edited(SEAT, epoch=None), "seat_malformed"),
        (edited(SEAT, batch=2), "seat_malformed"),
        (edited(SEAT, batch=0), "seat_malformed"),
        (edited(DECLINE, batch=2), "seat_malformed"),
        (moved(SEAT, CHANCE), "seat_before_chance"),
        (moved(MORE, CHANCE), "seat_before_chance"),
        (moved(DECLINE, SEAT), "departure_of_nobody"),
        (edited(DECLINE, indices=[2]), "departure_of_nobody"),
        (edited(TIMEOUT, indices=order_of(BY_BEACON)[:1]), "departure_of_nobody"),
        (twice(DECLINE), "departure_of_nobody"),
        (twice(TIMEOUT), "departure_of_nobody"),
        (without(SEAT, DECLINE, TIMEOUT), "draw_not_followed"),
        (edited(SEAT, indices=order_of(BY_BEACON)[2::-1]), "draw_not_followed"),
        (edited(DRAW, excluded=[2]), "draw_not_followed"),
        (twice(SEAT, indices=[7]), "draw_not_followed"),
    ],
)
def test_whatever_is_not_as_it_should_be_is_named(log, code):
    fault = refused(log, code)
    assert (fault.kind, fault.data["round"]) == ("draw_fault", 1)


def test_a_pool_that_is_not_there_or_cannot_be_read_is_named():
    def none(epoch: int) -> bytes:
        raise NotFound("pool_not_found", "no such pool")

    assert refused(log_of(), "pool_not_there", none).data == {"round": 1, "epoch": EPOCH}
    assert refused(log_of(), "pool_document_invalid", lambda _: b"{").data["epoch"] == EPOCH
    assert refused(log_of(), "pool_not_of_the_record", lambda _: DOCUMENTS[FIRST])


def test_a_pool_of_others_is_not_the_one_that_was_frozen():
    others = msgspec.json.encode(document(1, names=NAMES[:8]))
    assert refused(log_of(), "pool_not_of_the_record", lambda _: others)


# the beacon's rounds


def with_a_round_before(number: int | None, *, strength: str = "beacon") -> Log:
    """A record in which another draw was ordered by a round, above this one."""
    known = {**chance_of(BY_BEACON), "case": OTHER, "strength": strength, "beacon_round": number}
    if number is None:
        del known["beacon_round"]
    log = log_of()
    log.insert(DRAW, known)
    return log


def test_a_round_that_some_draw_was_ordered_by_already_was_known():
    assert refused(with_a_round_before(1000), "beacon_round_known").data["beacon_round"] == 1000
    refused(with_a_round_before(1001), "beacon_round_known")
    assert verified(with_a_round_before(999))
    assert verified(with_a_round_before(None))
    assert verified(with_a_round_before(1001, strength="weaker"))


def test_a_round_that_became_known_after_the_draw_was_not():
    log = log_of()
    log.insert(CHANCE, {**chance_of(BY_BEACON), "case": OTHER, "beacon_round": 2000})
    assert verified(log)


def test_the_newest_round_counts_though_an_older_one_was_used_after_it():
    log = with_a_round_before(2000)
    log.insert(DRAW + 1, {**log[DRAW], "beacon_round": 5})
    refused(log, "beacon_round_known")


def at_hour(hour: str) -> Log:
    return edited(DRAW, hour=hour)


def test_a_round_is_of_the_hour_in_which_its_draw_was_written():
    assert verified(at_hour(HOUR))
    for away_ms in (-7_200_000, -3_600_000, 3_600_000, 7_200_000):
        refused(at_hour(hour_of(WRITTEN_MS + away_ms)), "beacon_round_too_soon")
    refused(at_hour("2031-01-01T00Z"), "beacon_round_too_soon")


NEAR_AN_HOUR = 1 + -(-(1_692_806_400_000 - beacon.GENESIS_MS) // beacon.PERIOD_MS) + 12
"""The first round that is signed 36 s or more after a full hour."""


@pytest.mark.parametrize(
    ("later", "hours"),
    [(-1, ("before",)), (0, ("before", "after")), (1, ("after",)), (-20, ("before",))],
)
def test_at_the_full_hour_both_hours_are_right(monkeypatch, later, hours):
    number = NEAR_AN_HOUR + later
    monkeypatch.setattr(beacon, "verify_quicknet", lambda *_: None)
    randomness = hashlib.sha256(bytes.fromhex(QUICKNET[1000]))
    said = {"before": "2023-08-23T15Z", "after": "2023-08-23T16Z"}
    for name, hour in said.items():
        log = edited(DRAW, hour=hour, beacon_round=number)
        log[CHANCE] |= {"beacon_round": number, "randomness": randomness.hexdigest()}
        if name in hours:
            assert verified(log).beacon_round == number
        else:
            refused(log, "beacon_round_too_soon")
