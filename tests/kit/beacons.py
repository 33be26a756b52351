"""Recorded rounds of the beacon, and sources of it that are honest, silent, or lie."""

from __future__ import annotations

from collections.abc import Mapping

from venire.jury.beacon import time_of
from venire.kernel.clock import Clock
from venire.kernel.ports import Beacon

QUICKNET: Mapping[int, str] = {
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125"
    "e342b73a8dd2bacbe47e4b6b63ed5e39",
    1001: "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03"
    "f73896b25883abf2853d10337fb8fa41",
    1002: "ab066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9"
    "eb05843c6308ce2530b53a99c0281a6e",
    1003: "b104c82771698f45fd8dcfead083d482694c31ab519bcef077f126f3736fe98c"
    "8392fd5d45d88aeb76b56ccfcb0296d7",
    657413: "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be"
    "41076862b98fad56e91a6b85b89cd97b",
}
"""Rounds as the League of Entropy signed them on 23 August and 14 September 2023."""
RANDOMNESS_1000 = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"
OF_ANOTHER_CHAIN = (
    "9391bf57538cf1c0012fabc0d933408d21f785324bcbb4f9850503e5a31e268f"
    "6e523e1c1db91ab4bf950752474e1580"
)
"""Round 5713537 of fastnet, the chain before quicknet."""
WRITTEN_MS = time_of(1000) - 36_000
"""A draw that is written at this moment is ordered by round 1000."""


class Relay:
    """A relay that has the recorded rounds, from their time on."""

    def __init__(self) -> None:
        self.clock: Clock | None = None
        self.asked: list[int | None] = []

    def now_ms(self) -> int:
        return 0 if self.clock is None else self.clock.now_ms()

    def said(self, number: int) -> str | None:
        return QUICKNET.get(number)

    async def ask(self, number: int | None) -> list[Beacon]:
        self.asked.append(number)
        there = [each for each in QUICKNET if time_of(each) <= self.now_ms()]
        wanted = max(there, default=0) if number is None else number
        signature = self.said(wanted) if wanted in there else None
        return [] if signature is None else [Beacon(wanted, signature)]


class Silent(Relay):
    """A relay that never answers."""

    async def ask(self, number: int | None) -> list[Beacon]:
        self.asked.append(number)
        return []


class Late(Relay):
    """A relay that has each round two minutes after its time."""

    def now_ms(self) -> int:
        return super().now_ms() - 120_000


class Lying(Relay):
    """A relay that passes something else off for a round."""

    def __init__(self, instead: str) -> None:
        super().__init__()
        self.instead = instead

    def said(self, number: int) -> str | None:  # noqa: ARG002 - whichever is asked for
        return self.instead


class Ahead(Relay):
    """A relay in a world where it is an hour later than our clock says."""

    async def ask(self, number: int | None) -> list[Beacon]:
        if number is None:
            return [Beacon(657413, QUICKNET[657413])]
        return await super().ask(number)


class Several(Relay):
    """Relays side by side, as the adapter asks them."""

    def __init__(self, *relays: Relay) -> None:
        super().__init__()
        self.relays = relays

    async def ask(self, number: int | None) -> list[Beacon]:
        for relay in self.relays:
            relay.clock = self.clock
        return [said for relay in self.relays for said in await relay.ask(number)]
