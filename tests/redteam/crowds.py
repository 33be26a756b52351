"""A pool with some who do not judge but obey: who is drawn, how they vote, what comes of it.

Who sits follows from the real draw and what is decided from the real panel rule; only the members,
and what they would vote, are made up.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from venire.jury.calibration import GoldAnswers, calibrate
from venire.jury.draw import order
from venire.jury.model import UNCALIBRATED, Ballot, PanelRule, Rates
from venire.jury.panel import decide

POOL = 400
GOLD = 30
BENCH = 0.95


class Crowd(NamedTuple):
    """Per member: P(votes violates) on a violating and on a benign post, and what is believed."""

    on_violating: Sequence[float]
    on_benign: Sequence[float]
    rates: Sequence[Rates]


class Figures(NamedTuple):
    """Shares of benign posts removed and of violating ones found; ballots and hung, per case."""

    false_removals: float
    recall: float
    ballots: float
    hung: float

    def __str__(self) -> str:
        return (
            f"false removals {self.false_removals:.3f}, recall {self.recall:.3f},"
            f" {self.ballots:.1f} ballots, {self.hung:.3f} hung"
        )


@functools.cache
def drawn(case: int) -> tuple[int, ...]:
    """The first 21 of the order that a pool of 400 has in one case, by the published formula."""
    names = _names()
    randomness = hashlib.sha256(b"beacon %d" % case).digest()
    return tuple(order(names, randomness, f"case {case}", _ROOT, 0)[:21])


_ROOT = hashlib.sha256(b"root").digest()


@functools.cache
def _names() -> tuple[bytes, ...]:
    return tuple(sorted(hashlib.sha256(b"%d" % member).digest() for member in range(POOL)))


def obeying(share: float, *, honest: float, seed: int, passes_gold: float | None = None) -> Crowd:
    """A pool in which a `share` votes against the truth, and all others are right so often.

    `passes_gold`: how well those who obey do on gold; then everyone's rates are learnt from 30
    questions of each kind. Without it nobody has answered any, and all count the same.
    """
    obedient = round(POOL * share)
    right = np.full(POOL, honest)
    rates = [UNCALIBRATED] * POOL
    if passes_gold is not None:
        chance = np.random.default_rng(seed)
        on_gold = np.where(np.arange(POOL) < obedient, passes_gold, honest)
        hits, alarms = chance.binomial(GOLD, on_gold), chance.binomial(GOLD, 1 - on_gold)
        learnt = calibrate(
            {n: GoldAnswers(int(hits[n]), GOLD, int(alarms[n]), GOLD) for n in range(POOL)}
        )
        rates = [learnt[n] for n in range(POOL)]
    on_violating, on_benign = right, 1 - right
    on_violating[:obedient], on_benign[:obedient] = 0.0, 1.0
    return Crowd(on_violating.tolist(), on_benign.tolist(), rates)


def judged(crowd: Crowd, rule: PanelRule, *, cases: int, seed: int) -> Figures:
    """Every case once as a benign post and once as a violating one, before the same jurors."""
    chance = np.random.default_rng(seed)
    removed = {True: 0, False: 0}
    ballots = hung = 0
    for case in range(cases):
        for truth in (True, False):
            says = crowd.on_violating if truth else crowd.on_benign
            luck = chance.random(22)
            panel = [
                Ballot(juror, "violates" if lot < says[juror] else "keeps", crowd.rates[juror])
                for juror, lot in zip(drawn(case), luck, strict=False)
            ]
            decision = decide(panel[: rule.max_ballots], rule)
            bench = truth == bool(luck[21] < BENCH)
            is_hung = decision.verdict == "hung"
            removed[truth] += bench if is_hung else decision.verdict == "violates"
            ballots += decision.tally.ballots
            hung += is_hung
    return Figures(
        removed[False] / cases, removed[True] / cases, ballots / cases / 2, hung / cases / 2
    )
