"""How a juror's two rates are learnt: from gold questions, and from all ballots of many cases.

Both shrink a juror towards the pool's mean by a Beta prior, since a handful of answers says
little. The prior's strength comes from the pool itself: by how much its jurors differ beyond what
counting noise explains. So an even pool is not made worse by weighing noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from venire.jury.model import UNCALIBRATED, Rates, Vote, clip

TRAINING_FLOOR: Final = 0.7
"""Balanced accuracy below which more seats do not help, and training does."""
TRAINING_ANSWERS: Final = 30
"""Answers of each kind before a juror can be found below the floor: fewer are mostly noise."""
_WEAKEST: Final = 2.0
_STRONGEST: Final = 200.0
_MAX_ROUNDS: Final = 100
_SETTLED: Final = 1e-5
_PRIOR_STRENGTH: Final = 10.0
_SPARE_LEAST: Final = 1e-6
"""What is left of a sum after subtracting all of it is noise, not somebody's second try."""


class GoldAnswers(msgspec.Struct, frozen=True):
    """A juror's answers to gold questions: `hits` of `violating`, `false_alarms` of `clean`."""

    hits: int = 0
    violating: int = 0
    false_alarms: int = 0
    clean: int = 0


class CaseBallot(NamedTuple):
    """One ballot among those of many cases."""

    case_id: int
    juror_id: int
    vote: Vote


class Estimate(msgspec.Struct, frozen=True):
    """What all ballots together say.

    `violates` is P(violates) of each case, `prior` their mean, `rounds` how many it took.
    """

    rates: dict[int, Rates]
    violates: dict[int, float]
    prior: float
    rounds: int


class _Count(NamedTuple):
    """`hits` out of `tries`; fractions where the truth is itself an estimate."""

    hits: float
    tries: float


def calibrate(answers: Mapping[int, GoldAnswers]) -> dict[int, Rates]:
    """Each juror's rates from gold answers, shrunk to the pool's mean."""
    hits = {juror: _Count(given.hits, given.violating) for juror, given in answers.items()}
    alarms = {juror: _Count(given.false_alarms, given.clean) for juror, given in answers.items()}
    return _rates(hits, alarms)


def pool_mean(rates: Iterable[Rates]) -> Rates:
    """The mean rates of a pool, from which a panel foresees its ballots; .8 / .2 when empty."""
    known = tuple(rates)
    if not known:
        return UNCALIBRATED
    return Rates(
        h=clip(math.fsum(each.h for each in known) / len(known)),
        f=clip(math.fsum(each.f for each in known) / len(known)),
        n_violating=sum(each.n_violating for each in known),
        n_clean=sum(each.n_clean for each in known),
    )


def needs_training(rates: Rates) -> bool:
    """Whether enough answers show a juror below the floor; retrained then, not dropped."""
    return is_below(rates, TRAINING_FLOOR, TRAINING_ANSWERS)


def is_below(rates: Rates, floor: float, answers: int) -> bool:
    """Whether a balanced accuracy lies below a floor, by so many answers of each kind at least."""
    answered = min(rates.n_violating, rates.n_clean) >= answers
    return answered and (rates.h + 1 - rates.f) / 2 < floor


def dawid_skene(
    ballots: Iterable[CaseBallot],
    *,
    known: Mapping[int, bool] | None = None,
    prior: float = 0.3,
) -> Estimate:
    """Rates of all jurors and truth of all cases at once (Dawid and Skene 1979, two classes).

    `known` gives cases whose truth is established (gold, or judged again by the bench): True when
    it violates. The search begins from what these alone say of each juror, so that a majority that
    is blind to its own side does not begin as the measure of everyone else. A juror's second
    ballot in a case is left out. The same ballots give the same answer in any order.
    """
    # Sorted, because sums of floats depend on their order and a night's run must be repeatable.
    first: dict[tuple[int, int], Vote] = {}
    for ballot in ballots:
        first.setdefault((ballot.case_id, ballot.juror_id), ballot.vote)
    cast = [
        CaseBallot(case_id, juror_id, vote) for (case_id, juror_id), vote in sorted(first.items())
    ]
    settled = {case: float(truth) for case, truth in (known or {}).items()}
    violates = _truths(cast, _first_rates(cast, settled), prior) | settled
    rates: dict[int, Rates] = {}
    rounds = 0
    for rounds in range(1, _MAX_ROUNDS + 1):  # noqa: B007 - reported
        rates = _reestimate(cast, violates)
        share = clip(
            (math.fsum(violates.values()) + prior * _PRIOR_STRENGTH)
            / (len(violates) + _PRIOR_STRENGTH)
        )
        before, violates = violates, _truths(cast, rates, share) | settled
        if max((abs(violates[case] - before[case]) for case in violates), default=0) < _SETTLED:
            break
    mean = math.fsum(violates.values()) / len(violates) if violates else prior
    return Estimate(rates=rates, violates=violates, prior=mean, rounds=rounds)


def _first_rates(cast: Sequence[CaseBallot], settled: Mapping[int, float]) -> dict[int, Rates]:
    """Where the search begins: rates by the cases whose truth is known, else uncalibrated."""
    known = _reestimate([ballot for ballot in cast if ballot.case_id in settled], settled)
    mean = pool_mean(known.values())
    return {ballot.juror_id: mean for ballot in cast} | known


def _truths(
    cast: Iterable[CaseBallot], rates: Mapping[int, Rates], prior: float
) -> dict[int, float]:
    """P(violates) of each case, given its jurors' rates (the E step)."""
    moves = {
        juror: (math.log(each.h / each.f), math.log((1 - each.h) / (1 - each.f)))
        for juror, each in rates.items()
    }
    start = math.log(prior / (1 - prior))
    odds: dict[int, float] = {}
    for case, juror, vote in cast:
        odds[case] = odds.get(case, start) + moves[juror][vote == "keeps"]
    return {case: 1 / (1 + math.exp(-max(at, -700.0))) for case, at in odds.items()}


def _reestimate(cast: Iterable[CaseBallot], violates: Mapping[int, float]) -> dict[int, Rates]:
    """Each juror's rates, given the cases' truths (the M step)."""
    hits: dict[int, _Count] = {}
    alarms: dict[int, _Count] = {}
    for case, juror, vote in cast:
        truth, said = violates[case], vote == "violates"
        hit, tries = hits.get(juror, _Count(0, 0))
        hits[juror] = _Count(hit + truth * said, tries + truth)
        alarm, tries = alarms.get(juror, _Count(0, 0))
        alarms[juror] = _Count(alarm + (1 - truth) * said, tries + 1 - truth)
    return _rates(hits, alarms)


def _rates(hits: Mapping[int, _Count], alarms: Mapping[int, _Count]) -> dict[int, Rates]:
    shrunk_h = _shrunk(hits, UNCALIBRATED.h)
    shrunk_f = _shrunk(alarms, UNCALIBRATED.f)
    return {
        juror: Rates(
            h=shrunk_h[juror],
            f=shrunk_f[juror],
            n_violating=round(hits[juror].tries),
            n_clean=round(alarms[juror].tries),
        )
        for juror in hits
    }


class _Sums(NamedTuple):
    """What the prior's strength follows from: of all with two tries or more, or of all but one."""

    jurors: int
    tries: float
    hits: float
    squares: float
    spare: float


def _shrunk(counts: Mapping[int, _Count], default: float) -> dict[int, float]:
    """Each share drawn towards the mean of all, which itself starts from `default`.

    How strongly is learnt from the others alone. Were a juror's own answers part of it, one more
    right answer could lower a rate: it would show how much jurors differ, and so weaken the pull.
    """
    tries = math.fsum(count.tries for count in counts.values())
    hits = math.fsum(count.hits for count in counts.values())
    mean = _mean(hits, tries, default)
    tried = [count for count in counts.values() if count.tries > 1]
    everyone = _Sums(
        len(tried),
        math.fsum(count.tries for count in tried),
        math.fsum(count.hits for count in tried),
        math.fsum(count.hits**2 / count.tries for count in tried),
        math.fsum(count.tries - 1 for count in tried),
    )
    shrunk = {}
    for juror, count in counts.items():
        others = _mean(hits - count.hits, tries - count.tries, default)
        strength = _strength(_without(everyone, count), others)
        shrunk[juror] = clip((count.hits + strength * mean) / (count.tries + strength))
    return shrunk


def _mean(hits: float, tries: float, default: float) -> float:
    return clip((hits + default * _PRIOR_STRENGTH) / (tries + _PRIOR_STRENGTH))


def _without(everyone: _Sums, count: _Count) -> _Sums:
    if count.tries <= 1:
        return everyone
    return _Sums(
        everyone.jurors - 1,
        everyone.tries - count.tries,
        everyone.hits - count.hits,
        everyone.squares - count.hits**2 / count.tries,
        everyone.spare - (count.tries - 1),
    )


def _strength(among: _Sums, mean: float) -> float:
    """The Beta prior's weight in answers, by the method of moments (beta-binomial).

    The less jurors differ beyond the noise of counting, the stronger the pull to the mean.
    """
    if among.jurors < 1 or among.spare <= _SPARE_LEAST:
        return _STRONGEST
    spread = among.squares - 2 * mean * among.hits + mean**2 * among.tries
    correlation = (spread / (mean * (1 - mean)) - among.jurors) / among.spare
    if correlation <= 0:
        return _STRONGEST
    return min(max(1 / correlation - 1, _WEAKEST), _STRONGEST)
