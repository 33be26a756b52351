"""The panel rule against simulated jurors: the figures that a policy is chosen by.

Every case goes through `panel.decide` itself; only the jurors are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypedDict

import msgspec
import numpy as np
from numpy.typing import NDArray

from venire.jury.calibration import GoldAnswers, calibrate
from venire.jury.model import Ballot, PanelRule, Rates, clip
from venire.jury.panel import CONTESTED, RULES, SEQUENTIAL, decide
from venire.kernel.errors import Invalid

SimulatedRule = Literal["sequential", "uncapped", "contested", "three_of_five", "four_of_five"]
_RULES: Final[dict[SimulatedRule, PanelRule]] = {
    "sequential": SEQUENTIAL,
    "uncapped": SEQUENTIAL,
    "contested": CONTESTED,
    "three_of_five": RULES["three_of_five"],
    "four_of_five": RULES["four_of_five"],
}
SIMULATED_RULES: Final = tuple(_RULES)
POOL: Final = 400
GOLD: Final = 30
"""Gold questions of each kind that a juror has answered, where rates are learnt."""
BENCH_ACCURACY: Final = 0.95
ACCURACY: Final = 0.8
ACCURACY_IF_CONTESTED: Final = 0.85
"""What an honest juror is taken for where nothing is said: the reference figures' own."""
_CHUNK: Final = 2_000
MAX_CASES: Final = 10_000_000

Progress = Callable[[int, int], None]


class Figures(TypedDict):
    """`recall` of violating and `false_removals` of benign cases, after the bench.

    `hung` is the share of cases that went to the bench; its own ballots are not among
    `ballots_per_case`.
    """

    recall: float
    false_removals: float
    ballots_per_case: float
    hung: float


class _Pool(NamedTuple):
    """Per juror: P(votes violates) on a violating and on a benign case, and both ballots.

    `ballots[juror]` is (keeps, violates) with the believed rates, shared by all cases: making them
    anew costs more than deciding.
    """

    on_violating: NDArray[np.float64]
    on_benign: NDArray[np.float64]
    ballots: tuple[tuple[Ballot, Ballot], ...]


class _Chunk(NamedTuple):
    """Made-up cases, one item each: truth, jurors in the order drawn, their votes, the bench's."""

    truths: Sequence[bool]
    seated: Sequence[list[int]]
    votes: Sequence[list[bool]]
    bench: Sequence[bool]


@dataclass
class _Judged:
    """Running counts; the first two by whether the case violates."""

    seen: dict[bool, int]
    removed: dict[bool, int]
    ballots: int = 0
    hung: int = 0


def simulate_jury(
    *,
    accuracy: float | None = None,
    base_rate: float = 0.3,
    lenient: float = 0.0,
    faction: float = 0.0,
    rule: SimulatedRule = "sequential",
    cases: int = 40_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Figures:
    """Judge made-up cases by a pool of 400 and return what came out. Raises Invalid.

    `accuracy`: both ways, of every juror who is not named next, and known to the rule; .8, or .85
    where a case is contested, unless it is given.
    `lenient`: share that sees violations of its own side with .35 and clean posts with .97; the
    rest then has .92 / .85, every violation is of that side, and rates are learnt from 30 + 30
    gold answers. `faction`: share that scores .95 / .05 on gold and then votes to order, against
    the truth. `sequential` takes the contested bounds when there is a faction, as its cases rest on
    reports alone; `uncapped` never does, `contested` always.
    """
    if accuracy is None:
        contested = faction > 0 or rule == "contested"
        accuracy = ACCURACY_IF_CONTESTED if contested else ACCURACY
    _check(
        accuracy=accuracy,
        base_rate=base_rate,
        lenient=lenient,
        faction=faction,
        rule=rule,
        cases=cases,
    )
    chance = np.random.default_rng(seed)
    pool = _pool(chance, accuracy=accuracy, lenient=lenient, faction=faction)
    panel_rule = rule_named(rule, base_rate=base_rate, faction=faction)
    judged = _Judged({True: 0, False: 0}, {True: 0, False: 0})
    for done in range(0, cases, _CHUNK):
        size = min(_CHUNK, cases - done)
        _judge(judged, pool, panel_rule, _chunk(chance, pool, base_rate, panel_rule, size))
        if progress is not None:
            progress(done + size, cases)
    return Figures(
        recall=judged.removed[True] / max(judged.seen[True], 1),
        false_removals=judged.removed[False] / max(judged.seen[False], 1),
        ballots_per_case=judged.ballots / cases,
        hung=judged.hung / cases,
    )


def _judge(judged: _Judged, pool: _Pool, rule: PanelRule, made_up: _Chunk) -> None:
    """Put each made-up case before the panel rule, and what is hung before the bench."""
    for truth, jurors, said, benched in zip(*made_up, strict=True):
        decision = decide(
            [pool.ballots[juror][vote] for juror, vote in zip(jurors, said, strict=True)], rule
        )
        hung = decision.state == "hung"
        judged.seen[truth] += 1
        judged.removed[truth] += benched if hung else decision.verdict == "violates"
        judged.ballots += decision.tally.ballots
        judged.hung += hung


def rule_named(rule: SimulatedRule, *, base_rate: float, faction: float) -> PanelRule:
    """The panel rule behind a name of `venire simulate jury --rule`."""
    chosen = _RULES[rule]
    if rule == "sequential" and faction > 0:
        chosen = CONTESTED
    return msgspec.structs.replace(chosen, prior=base_rate)


def _check(
    *, accuracy: float, base_rate: float, lenient: float, faction: float, rule: str, cases: int
) -> None:
    if rule not in SIMULATED_RULES:
        raise Invalid("rule_unknown", f"one of {', '.join(SIMULATED_RULES)}", rule=rule[:40])
    shares = {"accuracy": accuracy, "lenient": lenient, "faction": faction}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise Invalid("share_out_of_range", f"{name} lies between 0 and 1", name=name)
    if not 0 < base_rate < 1:
        raise Invalid("share_out_of_range", "base_rate lies between 0 and 1", name="base_rate")
    if lenient + faction > 1:
        raise Invalid("share_out_of_range", "lenient and faction together are over 1")
    if not 1 <= cases <= MAX_CASES:
        raise Invalid("cases_out_of_range", f"1 to {MAX_CASES:,} cases", cases=cases)


def _pool(chance: np.random.Generator, *, accuracy: float, lenient: float, faction: float) -> _Pool:
    """Faction first, then lenient jurors, then the rest."""
    ordered, blind = round(POOL * faction), round(POOL * lenient)
    honest = POOL - ordered - blind
    h, f = (0.92, 0.15) if lenient else (accuracy, 1 - accuracy)
    on_gold_h = np.repeat([0.95, 0.35, h], [ordered, blind, honest])
    on_gold_f = np.repeat([0.05, 0.03, f], [ordered, blind, honest])
    on_violating, on_benign = on_gold_h.copy(), on_gold_f.copy()
    on_violating[:ordered], on_benign[:ordered] = 0.0, 1.0
    if lenient:
        hits, alarms = chance.binomial(GOLD, on_gold_h), chance.binomial(GOLD, on_gold_f)
        learnt = calibrate(
            {
                juror: GoldAnswers(int(hits[juror]), GOLD, int(alarms[juror]), GOLD)
                for juror in range(POOL)
            }
        )
        rates = tuple(learnt[juror] for juror in range(POOL))
    else:
        rates = tuple(
            Rates(clip(float(h)), clip(float(f))) for h, f in zip(on_gold_h, on_gold_f, strict=True)
        )
    ballots = tuple(
        (Ballot(juror, "keeps", each), Ballot(juror, "violates", each))
        for juror, each in enumerate(rates)
    )
    return _Pool(on_violating, on_benign, ballots)


def _chunk(
    chance: np.random.Generator, pool: _Pool, base_rate: float, rule: PanelRule, size: int
) -> _Chunk:
    most = rule.max_ballots
    truths = chance.random(size) < base_rate
    seated = np.argsort(chance.random((size, POOL)), axis=1)[:, :most]
    says = np.where(truths[:, None], pool.on_violating[seated], pool.on_benign[seated])
    votes = chance.random(says.shape) < says
    bench = truths == (chance.random(size) < BENCH_ACCURACY)
    return _Chunk(truths.tolist(), seated.tolist(), votes.tolist(), bench.tolist())
