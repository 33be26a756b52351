"""The rates against the same formulas, written down once more: plainly, juror by juror."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury.calibration import (
    TRAINING_ANSWERS,
    TRAINING_FLOOR,
    CaseBallot,
    GoldAnswers,
    calibrate,
    dawid_skene,
    is_below,
    needs_training,
)
from venire.jury.model import Rates

Counts = Mapping[int, tuple[float, float]]


def within(rate: float) -> float:
    return min(max(rate, 0.02), 0.98)


def pulled(counts: Counts, default: float) -> dict[int, float]:
    """Each (hits, tries) drawn to the mean of all by as much as the others differ (Beta prior)."""

    def mean_of(them: Counts) -> float:
        hits = sum(each for each, _ in them.values())
        tries = sum(each for _, each in them.values())
        return within((hits + 10 * default) / (tries + 10))

    rates = {}
    for juror, (hits, tries) in counts.items():
        others = {who: each for who, each in counts.items() if who != juror}
        mean, several = mean_of(others), [each for each in others.values() if each[1] > 1]
        spare = sum(each - 1 for _, each in several)
        strength = 200.0
        if spare > 1e-6:
            spread = sum(n * (k / n - mean) ** 2 for k, n in several)
            alike = (spread / (mean * (1 - mean)) - len(several)) / spare
            if alike > 0:
                strength = min(max(1 / alike - 1, 2.0), 200.0)
        rates[juror] = within((hits + strength * mean_of(counts)) / (tries + strength))
    return rates


@st.composite
def answers(look):
    violating, clean = look(st.integers(0, 40)), look(st.integers(0, 40))
    return GoldAnswers(
        look(st.integers(0, violating)), violating, look(st.integers(0, clean)), clean
    )


def compared(given_answers: Mapping[int, GoldAnswers]) -> None:
    learnt = calibrate(given_answers)
    h = pulled({who: (each.hits, each.violating) for who, each in given_answers.items()}, 0.8)
    f = pulled({who: (each.false_alarms, each.clean) for who, each in given_answers.items()}, 0.2)
    assert {who: each.h for who, each in learnt.items()} == pytest.approx(h, rel=1e-6)
    assert {who: each.f for who, each in learnt.items()} == pytest.approx(f, rel=1e-6)
    counts = {who: (each.n_violating, each.n_clean) for who, each in learnt.items()}
    assert counts == {who: (each.violating, each.clean) for who, each in given_answers.items()}


@given(st.dictionaries(st.integers(1, 50), answers(), max_size=12))
def test_gold_rates_follow_the_formula(given_answers):
    compared(given_answers)


@pytest.mark.parametrize(
    "pairs",
    [
        [(1, 1), (0, 1), (1, 2), (2, 2)],
        [(1, 2), (0, 2), (2, 2), (1, 1)],
        [(10, 10), (0, 10), (5, 10)],
        [(30, 30), (0, 30)],
        [(12, 20), (17, 20), (15, 20), (19, 20), (9, 20)],
        [(24, 30), (25, 30), (24, 30), (1, 30)],
        [(3, 3)],
        [(0, 2), (1, 1)],
        [(0, 2), (3, 4)],
        [(0, 0), (4, 5)],
        [(200, 250), (150, 250), (100, 250)],
    ],
)
def test_gold_rates_follow_it_where_jurors_differ_much_little_or_not_at_all(pairs):
    compared({n: GoldAnswers(k, of, of - k, of) for n, (k, of) in enumerate(pairs)})


def test_the_pull_has_its_ends():
    """Two who agree with nobody pull weakly (2 answers); a hundred who agree, strongly (200)."""
    apart = calibrate({1: GoldAnswers(40, 40), 2: GoldAnswers(0, 40), 3: GoldAnswers(4, 4)})
    mean = (44 + 8) / (84 + 10)
    assert apart[3].h == pytest.approx((4 + 2 * mean) / (4 + 2))
    alike = calibrate({n: GoldAnswers(16, 20) for n in range(100)} | {200: GoldAnswers(0, 20)})
    mean = (1_600 + 8) / (2_020 + 10)
    assert alike[200].h == pytest.approx(200 * mean / (20 + 200))


# all ballots at once


class Night:
    """Dawid and Skene's alternation, one line of their paper at a time."""

    def __init__(self, ballots, known, prior):
        self.cast = {(b.case_id, b.juror_id): b.vote == "violates" for b in reversed(ballots)}
        self.settled = {case: float(truth) for case, truth in (known or {}).items()}
        first = self.rates_by(self.settled)
        middle = (0.8, 0.2)
        if first:
            middle = tuple(
                within(sum(each[n] for each in first.values()) / len(first)) for n in (0, 1)
            )
        everyone = {juror for _, juror in self.cast}
        truth = self.truths(dict.fromkeys(everyone, middle) | first, prior) | self.settled
        self.rounds = 0
        for self.rounds in range(1, 101):
            self.rates = self.rates_by(truth)
            share = within((sum(truth.values()) + 10 * prior) / (len(truth) + 10))
            before, truth = truth, self.truths(self.rates, share) | self.settled
            if max((abs(truth[c] - before[c]) for c in truth), default=0) < 1e-5:
                break
        self.truth = truth

    def rates_by(self, truth):
        hits, alarms = {}, {}
        for (case, juror), said in self.cast.items():
            if case in truth:
                p = truth[case]
                k, n = hits.get(juror, (0.0, 0.0))
                hits[juror] = (k + p * said, n + p)
                k, n = alarms.get(juror, (0.0, 0.0))
                alarms[juror] = (k + (1 - p) * said, n + 1 - p)
        h, f = pulled(hits, 0.8), pulled(alarms, 0.2)
        self.tries = {juror: (round(hits[juror][1]), round(alarms[juror][1])) for juror in hits}
        return {juror: (h[juror], f[juror]) for juror in hits}

    def truths(self, rates, prior):
        odds = {}
        for (case, juror), said in self.cast.items():
            h, f = rates[juror]
            bayes = h / f if said else (1 - h) / (1 - f)
            odds[case] = odds.get(case, prior / (1 - prior)) * bayes
        return {case: each / (1 + each) for case, each in odds.items()}


def a_night(seed: int, *, cases: int, jurors: int, seats: int, accuracy=(0.6, 0.95)):
    chance = np.random.default_rng(seed)
    right = chance.uniform(*accuracy, jurors)
    truth = (chance.random(cases) < 0.4).tolist()
    ballots = [
        CaseBallot(
            case, juror, "violates" if (chance.random() < right[juror]) == truth[case] else "keeps"
        )
        for case in range(cases)
        for juror in chance.choice(jurors, seats, replace=False).tolist()
    ]
    return truth, ballots


@pytest.mark.parametrize(
    ("seed", "cases", "jurors", "seats", "known", "prior"),
    [
        (1, 40, 12, 5, 0, 0.3),
        (2, 40, 12, 5, 8, 0.3),
        (3, 12, 6, 3, 3, 0.5),
        (4, 6, 4, 2, 1, 0.1),
        (5, 3, 3, 1, 3, 0.3),
        (6, 2, 30, 25, 1, 0.3),
    ],
)
def test_a_nights_estimate_follows_the_paper(*, seed, cases, jurors, seats, known, prior):
    truth, ballots = a_night(seed, cases=cases, jurors=jurors, seats=seats)
    settled = {case: truth[case] for case in range(known)}
    estimate = dawid_skene(ballots, known=settled, prior=prior)
    expected = Night(sorted(ballots), settled, prior)
    assert estimate.violates == pytest.approx(expected.truth, rel=1e-6, abs=1e-9)
    rates = {juror: (each.h, each.f) for juror, each in estimate.rates.items()}
    assert rates == {who: pytest.approx(each, rel=1e-6) for who, each in expected.rates.items()}
    counts = {juror: (each.n_violating, each.n_clean) for juror, each in estimate.rates.items()}
    assert counts == expected.tries
    assert estimate.rounds == expected.rounds
    mean = sum(expected.truth.values()) / len(expected.truth)
    assert estimate.prior == pytest.approx(mean, rel=1e-6)


def test_a_night_ends_when_it_has_settled():
    nights = [a_night(seed, cases=30, jurors=40, seats=2, accuracy=(0.5, 0.6)) for seed in range(8)]
    rounds = [dawid_skene(ballots).rounds for _, ballots in nights]
    assert rounds == [Night(sorted(ballots), None, 0.3).rounds for _, ballots in nights]
    assert max(rounds) < 100


def test_a_night_of_jurors_who_toss_coins_ends_after_a_hundred_rounds():
    """It creeps on for ever, and somebody waits for it."""
    _, ballots = a_night(39, cases=150, jurors=40, seats=3, accuracy=(0.48, 0.55))
    assert dawid_skene(ballots).rounds == 100


def test_nobody_and_nothing_is_estimated_in_one_round():
    estimate = dawid_skene([])
    assert (estimate.rounds, estimate.prior) == (1, 0.3)
    assert dawid_skene([], known={7: True}).violates == {7: 1.0}


def test_a_case_that_all_see_alike_is_certain_and_does_not_overflow():
    sure = [CaseBallot(case, juror, "keeps") for case in range(3) for juror in range(900)]
    sure += [CaseBallot(9, juror, "violates") for juror in range(900)]
    estimate = dawid_skene(sure, known={9: True, 0: False})
    assert estimate.violates[1] == pytest.approx(0.0, abs=1e-300)
    assert estimate.violates[9] == 1.0


@pytest.mark.parametrize(
    ("h", "f", "answers", "below"),
    [
        (0.6, 0.4, (30, 30), True),
        (0.69, 0.3, (30, 30), True),
        (0.9, 0.2, (30, 30), False),
        (0.71, 0.3, (30, 30), False),
        (0.6, 0.4, (29, 300), False),
        (0.6, 0.4, (300, 29), False),
        (0.4, 0.9, (31, 31), True),
        (0.98, 0.02, (300, 300), False),
    ],
)
def test_the_floor_is_seventy_per_cent_by_thirty_answers_of_each_kind(h, f, answers, below):
    assert (TRAINING_FLOOR, TRAINING_ANSWERS) == (0.7, 30)
    rates = Rates(h, f, *answers)
    assert needs_training(rates) is below
    assert is_below(rates, 0.7, 30) is below


def test_another_floor_and_number_may_be_asked_for():
    rates = Rates(0.75, 0.25, 10, 10)
    assert is_below(rates, 0.8, 10)
    assert not is_below(rates, 0.75, 10)
    assert not is_below(rates, 0.8, 11)


def test_no_answers_is_no_answers():
    assert GoldAnswers() == GoldAnswers(0, 0, 0, 0)
    for what, field in ((GoldAnswers(), "hits"), (dawid_skene([]), "rates")):
        with pytest.raises(AttributeError):
            setattr(what, field, 1)
    assert math.isclose(calibrate({1: GoldAnswers()})[1].h, 0.8)
