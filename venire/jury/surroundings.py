"""What the record says around a draw: its policies and pools, and what other draws show. Pure."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """An entry of the record: where it stands, and its header."""

    index: int
    header: dict[str, Any]


class Surroundings:
    """What the record says besides: its policies and pools, and what other draws show."""

    def __init__(self) -> None:
        self.epochs: list[Entry] = []
        self._policies: list[Entry] = []
        self._users: dict[int, set[tuple[str, int]]] = defaultdict(set)
        self._waiting: dict[tuple[str, int], Entry] = {}
        self._last_chance = -1
        self._known: list[tuple[int, int]] = []

    def note(self, entry: Entry) -> None:
        """Take an entry in, in the record's order."""
        header = entry.header
        match header["type"]:
            case "epoch":
                self.epochs.append(entry)
            case "policy":
                self._policies.append(entry)
            case "draw":
                drawn = (header["case"], header["round"])
                self._users[header["epoch"]].add(drawn)
                self._waiting.setdefault(drawn, entry)
            case "chance":
                self._waiting.pop((header["case"], header["round"]), None)
                self._last_chance = entry.index
                if header["strength"] == "beacon":
                    newest = self._known[-1][1] if self._known else 0
                    self._known.append((entry.index, max(newest, header.get("beacon_round", 0))))

    def policy_before(self, index: int) -> Entry | None:
        """The newest policy above an entry."""
        return next((one for one in reversed(self._policies) if one.index < index), None)

    def pools_since(self, place: int, index: int) -> int:
        """How many pools were frozen between the one at a place and an entry.

        The same members on new sheets (`draw`) are the same pool.
        """
        above = [one.header for one in self.epochs[place:] if one.index < index]
        return sum(
            later.get("frozen_by") != "draw" or later["root"] != earlier["root"]
            for earlier, later in itertools.pairwise(above)
        )

    def never_ordered(self, index: int) -> int:
        """How many draws above an entry never had their order, though others after them had."""
        newest = self._known[-1][1] if self._known else 0
        return sum(
            entry.index < min(index, self._last_chance)
            and entry.header.get("beacon_round", 0) <= newest
            for entry in self._waiting.values()
        )

    def is_shared(self, epoch: int) -> bool:
        """Whether more than one draw used a sheet."""
        return len(self._users[epoch]) > 1

    def known_before(self, index: int) -> int:
        """The newest round of the beacon that stands above an entry: it was known by then."""
        return max((known for at, known in self._known if at < index), default=0)


def has(header: dict[str, Any], epoch: int) -> bool:
    """Whether a pool's entry has an epoch among its sheets."""
    return bool(header["epoch"] <= epoch < header["epoch"] + header.get("sheets", 0))
