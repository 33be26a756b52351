"""Runs the draws of a case again from public data alone: the record's entries, the pools' sheets.

Faults, each a stable code of a `DrawFault` (the first one found is raised): `case_not_drawn` ·
`draw_of_older_kind` · `draw_parts_missing` · `draw_changed` (a second draw of one round) ·
`draw_malformed` · `exclusion_rule_unknown` · `epoch_not_frozen` (no pool with it was in the record
before the draw) · `pool_not_there` · `pool_not_of_the_record` · `excluded_out_of_range` ·
`not_drawn_yet` (its randomness is not in the record) · `chance_too_early` · `chance_changed` ·
`beacon_round_changed` · `beacon_round_too_soon` · `beacon_round_known` (some draw above it in the
record was ordered by that round or a later one) · `beacon_invalid` · `beacon_unverifiable` ·
`seed_not_committed` · `randomness_mismatch` · `draw_not_followed` · `seat_malformed` ·
`seat_before_chance` · `departure_of_nobody`. Raised while the data is fetched: those of
`record/verify.py`, and `pool_document_invalid`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from venire.jury import beacon, draw, pool, sheets
from venire.kernel.errors import Invalid, Problem
from venire.record.headers import hour_of

OF_A_DRAW: Final = frozenset({"draw", "chance", "seat", "decline", "timeout"})
ReadPool = Callable[[int], bytes]
"""The document of an epoch; raises NotFound where there is none."""
_RULES: Final = {pool.exclusion_rule_hash(one_way_follows=loose) for loose in (False, True)}


class DrawFault(Invalid):
    """A draw is not what the record and its pool make of it; see the module's codes."""

    kind: ClassVar[str] = "draw_fault"


class Entry(msgspec.Struct, frozen=True):
    """An entry of the record: where it stands, and its header."""

    index: int
    header: dict[str, Any]


class RoundReport(msgspec.Struct, frozen=True):
    """What a round's draw was, once it is known to be right. Places are of the epoch's sheet."""

    round: int
    judged_by: str
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


def verify_case(case: str, entries: Iterable[Entry], read_pool: ReadPool) -> list[RoundReport]:
    """Check every draw of a case. `entries` are the whole record's, in order. Raises DrawFault."""
    rounds: dict[int, list[Entry]] = defaultdict(list)
    around = _Around()
    for entry in entries:
        header = entry.header
        if header["type"] == "epoch":
            around.epochs.append(entry)
        elif header["type"] in OF_A_DRAW:
            around.note(entry)
            if header["case"] == case:
                rounds[header["round"]].append(entry)
    if not rounds:
        raise DrawFault("case_not_drawn", "the record has no draw of this case", case=case)
    return [_Round(number, rounds[number], around, read_pool).report() for number in sorted(rounds)]


class _Around:
    """What the record says besides: its pools, which draw used which, which rounds were known."""

    def __init__(self) -> None:
        self.epochs: list[Entry] = []
        self._users: dict[int, set[tuple[str, int]]] = defaultdict(set)
        self._known: list[tuple[int, int]] = []

    def note(self, entry: Entry) -> None:
        """Take an entry of some draw in, in the record's order."""
        header = entry.header
        if header["type"] == "draw":
            self._users[header["epoch"]].add((header["case"], header["round"]))
        elif header["type"] == "chance" and header["strength"] == "beacon":
            newest = self._known[-1][1] if self._known else 0
            self._known.append((entry.index, max(newest, header.get("beacon_round", 0))))

    def is_shared(self, epoch: int) -> bool:
        """Whether more than one draw used a sheet."""
        return len(self._users[epoch]) > 1

    def known_before(self, index: int) -> int:
        """The newest round of the beacon that stands above an entry: it was known by then."""
        return max((known for at, known in self._known if at < index), default=0)


class _Round:
    """One round of a case, with everything that the record says of it."""

    def __init__(
        self, number: int, said: Sequence[Entry], around: _Around, read_pool: ReadPool
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
        loose = header["exclusion_rule"] == pool.exclusion_rule_hash(one_way_follows=True)
        return RoundReport(
            round=self._number,
            judged_by=header.get("judged_by", "panel"),
            epoch=header["epoch"],
            size=sheet.size,
            excluded=len(excluded),
            strength=chance.header["strength"],
            randomness=chance.header["randomness"],
            beacon_round=header.get("beacon_round"),
            fallback=chance.header.get("fallback"),
            small_pool=header.get("small_pool", False),
            one_way_follows=loose,
            seated=tuple(seated),
            declined=tuple(left["decline"]),
            timed_out=tuple(left["timeout"]),
            shared_sheet=self._around.is_shared(header["epoch"]),
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
        if header["batch"] != self._number:
            raise self._fault("draw_malformed", "its batch is not its round")
        return header, parts[-1].index

    def _frozen(self, epoch: int) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The entry of the pool that has this epoch, and the one before it."""
        first = self._by_type["draw"][0].index
        before: dict[str, Any] | None = None
        for entry in self._around.epochs:
            header = entry.header
            if header["epoch"] <= epoch < header["epoch"] + header.get("sheets", 0):
                if entry.index > first:
                    break
                return header, before
            before = header
        raise self._fault("epoch_not_frozen", "no pool with this epoch was there", epoch=epoch)

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
            (sheet.sheets_root, frozen["sheets_root"]),
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
        if said[0].header["epoch"] != header["epoch"]:
            raise self._fault("chance_changed", "of another epoch")
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
        if (header["strength"] == "beacon") != (number is not None):
            raise self._fault("draw_malformed", "its strength is not what it says")
        if number is not None:
            self._check_time(header["hour"], number)
        if chance["strength"] == "beacon":
            expected = self._by_beacon(number, chance)
        else:
            if number is not None and "fallback" not in chance:
                raise self._fault("draw_malformed", "the beacon was left out without a reason")
            expected = self._by_seed(chance, sheet, before)
        if chance["randomness"] != expected.hex():
            raise self._fault("randomness_mismatch", "not what its source gives")

    def _check_time(self, hour: str, number: int) -> None:
        """The round has to be one that was 30 s ahead in the hour in which the draw was written."""
        first_ms = beacon.time_of(number) - beacon.LEAD_MS - beacon.PERIOD_MS
        if number <= self._around.known_before(self._by_type["draw"][0].index):
            raise self._fault(
                "beacon_round_known", "it had been signed by then", beacon_round=number
            )
        hours = {hour_of(first_ms), hour_of(first_ms + beacon.PERIOD_MS)}
        if hour not in hours:
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


def _without(header: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in header.items() if key not in keys}
