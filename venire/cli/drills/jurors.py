"""Simulated jurors: they answer their summons over the API and are right with a given chance.

A juror knows the truth of a text only here, in the drill; it sees what a ballot shows (plain text,
handles masked) and finds the text by that.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import httpx

from venire.cli.drills.people import Member, answer, call

_AT_ONCE = 12
_ROUND_S = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class Cast:
    """A ballot as the drill's own log keeps it."""

    case: str
    juror: str
    vote: str
    bench: bool


@dataclasses.dataclass
class Jurors:
    """A pool of simulated jurors and a bench, working until told to stop.

    `truth`: masked text -> whether it violates. `seed` fixes every juror's luck per case.
    """

    client: httpx.AsyncClient
    pool: Sequence[Member]
    bench: Sequence[Member]
    truth: Mapping[str, bool]
    mask: Callable[[str], str]
    accuracy: float
    bench_accuracy: float = 0.95
    seed: str = "1"
    cast: list[Cast] = dataclasses.field(default_factory=list)
    unknown: Counter[str] = dataclasses.field(default_factory=Counter)
    refused: Counter[str] = dataclasses.field(default_factory=Counter)
    failure: Exception | None = None

    async def serve(self, stop: asyncio.Event) -> None:
        """Look for summons in turns until `stop` is set."""
        gate = asyncio.Semaphore(_AT_ONCE)
        everyone = [(member, False) for member in self.pool]
        everyone += [(member, True) for member in self.bench]

        async def look(member: Member, bench: bool) -> int:
            async with gate:
                return 0 if stop.is_set() else await self._answer_summons(member, bench=bench)

        loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                began = loop.time()
                await asyncio.gather(*(look(member, bench) for member, bench in everyone))
                await asyncio.sleep(max(_ROUND_S - (loop.time() - began), 0.05))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # Whoever waits for verdicts must not wait for jurors that are gone.
            self.failure = error
            raise

    async def _answer_summons(self, member: Member, *, bench: bool) -> int:
        waiting = await answer(self.client, "GET", "/api/v1/jury/summons", member)
        for summons in waiting:
            await self._sit(member, summons["id"], summons["case"], bench=bench)
        return len(waiting)

    async def _sit(self, member: Member, summons: str, case: str, *, bench: bool) -> None:
        path = f"/api/v1/jury/summons/{summons}"
        # What this juror looks at does not hurt: it asks to see it at once.
        seated = await call(self.client, "POST", f"{path}/accept", member, json={"show": True})
        if not seated.is_success:
            seated = await call(self.client, "GET", path, member)
        if not seated.is_success:
            self.refused[_code(seated)] += 1
            return
        shown = self.mask(seated.json()["text"])
        violates = self.truth.get(shown)
        if violates is None:
            self.unknown[case] += 1
            await call(self.client, "POST", f"{path}/decline", member)
            return
        accuracy = self.bench_accuracy if bench else self.accuracy
        right = self._luck(member.name, shown) < accuracy
        vote = "violates" if violates == right else "keeps"
        done = await call(
            self.client,
            "POST",
            f"{path}/ballot",
            member,
            json={"vote": vote, "reason": "As I read the rule."},
        )
        if done.is_success:
            self.cast.append(Cast(case, member.name, vote, bench))
        else:
            self.refused[_code(done)] += 1

    def _luck(self, juror: str, text: str) -> float:
        """A number in [0, 1) that is the same for the same seed, juror and text."""
        digest = hashlib.sha256(f"{self.seed}|{juror}|{text}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json().get("code", response.status_code))
    except ValueError:
        return str(response.status_code)
