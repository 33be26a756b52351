"""Runs the draws of a case again from public data alone: the record's entries, the pools' sheets.

Faults, each a stable code of a `DrawFault` (the first one found is raised): `case_not_drawn` ·
`draw_of_older_kind` · `draw_parts_missing` · `draw_changed` (a second draw of one round) ·
`draw_malformed` · `rounds_overlap` (something of a round below the draw of a later one) ·
`policy_not_recorded` (by other rules than the newest policy above it, or by none) ·
`exclusion_rule_unknown` · `epoch_not_frozen` (no pool with it was in the record before the draw) ·
`epoch_frozen_twice` · `pool_out_of_force` (others had been in force since) · `pool_not_there` ·
`pool_not_of_the_record` · `excluded_out_of_range` ·
`not_drawn_yet` (its randomness is not in the record) · `chance_too_early` · `chance_changed` ·
`beacon_round_changed` · `beacon_round_too_soon` · `beacon_round_known` (some draw above it in the
record was ordered by that round or a later one) · `beacon_invalid` · `beacon_unverifiable` ·
`seed_not_committed` · `randomness_mismatch` · `draw_not_followed` · `seat_malformed` ·
`seat_before_chance` · `departure_of_nobody`. Raised while the data is fetched: those of
`record/verify.py`, and `pool_document_invalid`.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final

import msgspec

from venire.jury import beacon, draw, pool, sheets
from venire.jury.surroundings import Entry, Surroundings, has
from venire.kernel.errors import Invalid, Problem
from venire.record.headers import hour_of

OF_A_DRAW: Final = frozenset({"draw", "chance", "seat", "decline", "timeout"})
_OF_A_FIRST_PART: Final = frozenset({"strength", "panel_rule", "contested", "judged_by"})
_THRESHOLDS: Final = frozenset(
    (
        *("panel_rule", "prior", "violates_at", "keeps_at", "min_ballots", "max_ballots"),
        *("contested_violates_at", "contested_keeps_at", "weight_cap"),
        *("contested_min_ballots", "contested_max_ballots"),
    )
)
ReadPool = Callable[[int], bytes]
"""The document of an epoch; raises NotFound where there is none."""
_RULES: Final = {pool.exclusion_rule_hash(one_way_follows=loose) for loose in (False, True)}


class DrawFault(Invalid):
    """A draw is not what the record and its pool make of it; see the module's codes."""

    kind: ClassVar[str] = "draw_fault"


class RoundReport(msgspec.Struct, frozen=True):
    """What a round's draw was, once it is known to be right. Places are of the epoch's sheet.

    `policy`: where the rules stand that its ballots are weighed by. `never_ordered`: draws above
    this one, of whatever case, whose order never came, though its time did.
    """

    round: int
    judged_by: str
    panel_rule: str
    rules: str
    policy: int
    epoch: int
    size: int
    excluded: int
    strength: str
    randomness: str
    beacon_round: int | None
    fallback: str | None
    small_pool: bool
    one_way_follows: bool
    seated: tuple[int, ...]
    declined: tuple[int, ...]
    timed_out: tuple[int, ...]
    shared_sheet: bool
    """Whether some other draw used the same sheet: fair, but it tells more than it need."""
    never_ordered: int = 0
    drawn_again: bool = False
    """Whether a first panel was drawn for this case before: it may have been judged anew."""


def verify_case(case: str, entries: Iterable[Entry], read_pool: ReadPool) -> list[RoundReport]:
    """Check every draw of a case. `entries` are the whole record's, in order. Raises DrawFault."""
    rounds: dict[int, list[Entry]] = defaultdict(list)
    around = Surroundings()
    for entry in entries:
        header = entry.header
        around.note(entry)
        if header["type"] in OF_A_DRAW and header["case"] == case:
            rounds[header["round"]].append(entry)
    if not rounds:
        raise DrawFault("case_not_drawn", "the record has no draw of this case", case=case)
    found: list[RoundReport] = []
    for number in sorted(rounds):
        report = _Round(number, rounds[number], around, read_pool).report()
        again = report.judged_by == "panel" and any(one.judged_by == "panel" for one in found)
        found.append(msgspec.structs.replace(report, drawn_again=again))
    for number, later in itertools.pairwise(sorted(rounds)):
        if rounds[number][-1].index > rounds[later][0].index:
            # Who could see the orders of several rounds side by side could choose among them.
            raise DrawFault("rounds_overlap", "drawn before the last one was over", round=later)
    return found


class _Round:
    """One round of a case, with everything that the record says of it."""

    def __init__(
        self, number: int, said: Sequence[Entry], around: Surroundings, read_pool: ReadPool
    ) -> None:
        self._number = number
        self._by_type: dict[str, list[Entry]] = defaultdict(list)
        for entry in said:
            self._by_type[entry.header["type"]].append(entry)
        self._said = said
        self._around = around
        self._read_pool = read_pool

    def report(self) -> RoundReport:
        """Check the round from its exclusions to its last seat."""
        header, last = self._draw()
        policy = self._policy(header)
        frozen, before = self._frozen(header["epoch"])
        sheet = self._sheet(header, frozen)
        excluded = self._excluded(sheet.size)
        chance = self._chance(header, last)
        self._check_randomness(header, chance.header, sheet, before)
        order = draw.order(
            sheet.ordered,
            bytes.fromhex(chance.header["randomness"]),
            header["case"],
            bytes.fromhex(header["root"]),
            header["batch"],
        )
        seated, left = self._seats(chance, header["batch"])
        try:
            draw.check_offers(order, excluded, seated)
        except Problem as problem:
            raise self._fault(problem.code, problem.hint, **problem.data) from problem
        return RoundReport(
            round=self._number,
            judged_by=header["judged_by"],
            panel_rule=header["panel_rule"],
            rules=header["rules"],
            policy=policy.index,
            epoch=header["epoch"],
            size=sheet.size,
            excluded=len(excluded),
            strength=chance.header["strength"],
            randomness=chance.header["randomness"],
            beacon_round=header.get("beacon_round"),
            fallback=chance.header.get("fallback"),
            small_pool=header.get("small_pool", False),
            one_way_follows=_is_loose(header),
            seated=tuple(seated),
            declined=tuple(left["decline"]),
            timed_out=tuple(left["timeout"]),
            shared_sheet=self._around.is_shared(header["epoch"]),
            never_ordered=self._around.never_ordered(self._by_type["draw"][0].index),
        )

    def _fault(self, code: str, hint: str, **data: object) -> DrawFault:
        return DrawFault(code, hint, round=self._number, **data)

    def _draw(self) -> tuple[dict[str, Any], int]:
        """The draw's header, the same in all its parts, and where the last of them stands."""
        parts = self._by_type["draw"]
        if not parts:
            raise self._fault("draw_parts_missing", "seats were given without a draw")
        header = parts[0].header
        if "chance" not in self._by_type and self._by_type["seat"]:
            raise self._fault("draw_of_older_kind", "from before draws said their randomness")
        own = {"part", "excluded", "hour"}
        for place, part in enumerate(parts, 1):
            if place > header.get("parts", 1) or part.header.get("part", 1) != place:
                raise self._fault("draw_changed", "drawn a second time", index=part.index)
            if _without(part.header, own) != _without(header, own):
                raise self._fault("draw_changed", "two parts disagree", index=part.index)
        if len(parts) != header.get("parts", 1):
            raise self._fault("draw_parts_missing", "not all of the draw is in the record")
        if header["exclusion_rule"] not in _RULES:
            raise self._fault("exclusion_rule_unknown", "by a rule that this program has not")
        for wrong, hint in _malformed(header, self._number):
            if wrong:
                raise self._fault("draw_malformed", hint)
        return header, parts[-1].index

    def _policy(self, header: dict[str, Any]) -> Entry:
        """The rules that the round is judged by: in the record, with their numbers, before it."""
        said = self._around.policy_before(self._by_type["draw"][0].index)
        if said is None or not said.header.keys() >= _THRESHOLDS:
            raise self._fault("policy_not_recorded", "its rules were not in the record before it")
        for key in ("rules", "panel_rule"):
            if said.header[key] != header[key]:
                raise self._fault("policy_not_recorded", "other rules were in force", key=key)
        return said

    def _frozen(self, epoch: int) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The entry of the pool that has this epoch, and the one before it."""
        first, epochs = self._by_type["draw"][0].index, self._around.epochs
        places = [place for place, entry in enumerate(epochs) if has(entry.header, epoch)]
        if not places or epochs[places[0]].index > first:
            raise self._fault("epoch_not_frozen", "no pool with this epoch was there", epoch=epoch)
        if len(places) > 1:
            raise self._fault("epoch_frozen_twice", "two pools have this epoch", epoch=epoch)
        (place,) = places
        if self._around.pools_since(place, first) > 1:
            raise self._fault("pool_out_of_force", "newer pools were there", epoch=epoch)
        return epochs[place].header, epochs[place - 1].header if place else None

    def _sheet(self, header: dict[str, Any], frozen: dict[str, Any]) -> pool.PoolDocument:
        try:
            sheet = pool.read_document(self._read_pool(header["epoch"]))
        except Problem as problem:
            code = "pool_not_there" if problem.kind == "not_found" else problem.code
            raise self._fault(code, problem.hint, epoch=header["epoch"]) from problem
        same = (
            (sheet.epoch, header["epoch"]),
            (sheet.root, header["root"]),
            (sheet.pool, frozen["epoch"]),
            (sheet.size, frozen["size"]),
            (len(sheet.roots), frozen["sheets"]),
            (sheet.sheets_root, frozen.get("sheets_root")),
            (sheet.nonces_root, frozen.get("nonces_root")),
        )
        if any(one != other for one, other in same):
            raise self._fault(
                "pool_not_of_the_record", "another pool than was frozen", epoch=header["epoch"]
            )
        return sheet

    def _excluded(self, size: int) -> set[int]:
        listed = [index for part in self._by_type["draw"] for index in part.header["excluded"]]
        if len(set(listed)) != len(listed) or any(index >= size for index in listed):
            raise self._fault("excluded_out_of_range", "excluded twice, or not in the pool")
        return set(listed)

    def _chance(self, header: dict[str, Any], last: int) -> Entry:
        said = self._by_type["chance"]
        if not said:
            raise self._fault("not_drawn_yet", "its randomness is not in the record yet")
        if len(said) > 1:
            raise self._fault("chance_changed", "its randomness is there twice")
        if said[0].index < last:
            raise self._fault("chance_too_early", "known before the exclusions were fixed")
        if any(said[0].header[key] != header[key] for key in ("epoch", "batch")):
            raise self._fault("chance_changed", "of another draw")
        return said[0]

    def _check_randomness(
        self,
        header: dict[str, Any],
        chance: dict[str, Any],
        sheet: pool.PoolDocument,
        before: dict[str, Any] | None,
    ) -> None:
        number = header.get("beacon_round")
        if chance.get("beacon_round") != number:
            raise self._fault("beacon_round_changed", "another round than was fixed")
        other = "seed" if chance["strength"] == "beacon" else "signature"
        if (header["strength"] == "beacon") != (number is not None) or other in chance:
            raise self._fault("draw_malformed", "its strength is not what it says")
        if number is not None:
            self._check_time(number, chance)
        if chance["strength"] == "beacon":
            expected = self._by_beacon(number, chance)
        else:
            if (number is not None) != ("fallback" in chance):
                raise self._fault("draw_malformed", "the beacon was left out without a reason")
            expected = self._by_seed(chance, sheet, before)
        if chance["randomness"] != expected.hex():
            raise self._fault("randomness_mismatch", "not what its source gives")

    def _check_time(self, number: int, chance: dict[str, Any]) -> None:
        """The round has to be one that was 30 s ahead in the hour in which the draw was written.

        Where the beacon ordered it, all parts were written by then: exclusions chosen after it
        would choose the jurors. One whose last part was late goes by the seed instead.
        """
        parts = self._by_type["draw"]
        at_ms = beacon.time_of(number)
        first_ms = at_ms - beacon.LEAD_MS - beacon.PERIOD_MS
        by_beacon = chance["strength"] == "beacon"
        fixed = parts[-1 if by_beacon else 0]
        if number <= self._around.known_before(fixed.index):
            raise self._fault(
                "beacon_round_known", "it had been signed by then", beacon_round=number
            )
        hours = {hour_of(first_ms), hour_of(first_ms + beacon.PERIOD_MS)}
        later = hours | {hour_of(at_ms)}
        in_time = all(part.header["hour"] in later for part in parts[1:]) or not by_beacon
        if parts[0].header["hour"] not in hours or not in_time:
            raise self._fault(
                "beacon_round_too_soon", "not a round of the hour of the draw", beacon_round=number
            )

    def _by_beacon(self, number: int | None, chance: dict[str, Any]) -> bytes:
        if number is None or "fallback" in chance:
            raise self._fault("draw_malformed", "its strength is not what it says")
        try:
            return beacon.randomness_of(number, chance.get("signature", ""))
        except Problem as problem:
            raise self._fault(problem.code, problem.hint, **problem.data) from problem

    def _by_seed(
        self, chance: dict[str, Any], sheet: pool.PoolDocument, before: dict[str, Any] | None
    ) -> bytes:
        seed = bytes.fromhex(chance.get("seed", ""))
        committed = "" if before is None else before.get("seed_commitment", "")
        if not seed or not sheets.leads_to(seed, sheet.sheet, bytes.fromhex(committed)):
            raise self._fault("seed_not_committed", "not the seed that was committed to before")
        return draw.weaker_randomness(seed, bytes.fromhex(sheet.nonces_root))

    def _seats(self, chance: Entry, batch: int) -> tuple[list[int], dict[str, list[int]]]:
        """Who was asked, in order; who declined, who did not answer. Each of those was asked."""
        seated: list[int] = []
        left: dict[str, list[int]] = {"decline": [], "timeout": []}
        for entry in self._said:
            header = entry.header
            if header["type"] not in {"seat", *left}:
                continue
            if header["batch"] != batch or header.get("epoch") != chance.header["epoch"]:
                raise self._fault("seat_malformed", "of another draw", index=entry.index)
            if entry.index < chance.index:
                raise self._fault("seat_before_chance", "before the order was known")
            if header["type"] == "seat":
                seated += header["indices"]
                continue
            gone = [*left["decline"], *left["timeout"]]
            for place in header["indices"]:
                if place not in seated or place in gone:
                    raise self._fault("departure_of_nobody", "who was not asked left", place=place)
            left[header["type"]] += header["indices"]
        return seated, left


def _malformed(header: dict[str, Any], number: int) -> Iterator[tuple[bool, str]]:
    """What a draw cannot be, as (whether it is so, why not)."""
    yield header["batch"] != number, "its batch is not its round"
    yield not header.keys() >= _OF_A_FIRST_PART, "it does not say how it is judged"
    yield header["judged_by"] not in {"panel", "appeal"}, "nobody else is drawn by lot"
    small = header.get("small_pool", False)
    yield _is_loose(header) and not small, "only a small pool lets a follower sit"


def _is_loose(header: dict[str, Any]) -> bool:
    return bool(header["exclusion_rule"] == pool.exclusion_rule_hash(one_way_follows=True))


def _without(header: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in header.items() if key not in keys}
