from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury.calibration import (
    CaseBallot,
    GoldAnswers,
    calibrate,
    dawid_skene,
    needs_training,
    pool_mean,
)
from venire.jury.model import UNCALIBRATED, Ballot, Rates
from venire.jury.panel import SEQUENTIAL, decide


@st.composite
def answers(look):
    violating, clean = look(st.integers(0, 60)), look(st.integers(0, 60))
    return GoldAnswers(
        look(st.integers(0, violating)), violating, look(st.integers(0, clean)), clean
    )


@given(st.dictionaries(st.integers(), answers(), max_size=20))
def test_rates_stay_within_bounds_and_between_the_juror_and_the_pool(given_answers):
    learnt = calibrate(given_answers)
    assert learnt.keys() == given_answers.keys()
    unknown = calibrate({**given_answers, -1: GoldAnswers()})[-1]
    for juror, each in learnt.items():
        own = given_answers[juror]
        assert 0.02 <= each.h <= 0.98
        assert 0.02 <= each.f <= 0.98
        if own.violating and -1 not in given_answers:
            low, high = sorted((own.hits / own.violating, unknown.h))
            assert low - 0.021 <= each.h <= high + 0.021


def test_a_juror_who_answered_nothing_has_the_pools_mean():
    answered = {juror: GoldAnswers(18, 20, 4, 20) for juror in range(50)}
    newcomer = calibrate({**answered, 99: GoldAnswers()})[99]
    assert newcomer.h == pytest.approx(0.9, abs=0.01)
    assert newcomer.f == pytest.approx(0.2, abs=0.01)
    assert (newcomer.n_violating, newcomer.n_clean) == (0, 0)


def test_before_any_answer_everyone_counts_as_uncalibrated():
    (only,) = calibrate({1: GoldAnswers()}).values()
    assert (only.h, only.f) == pytest.approx((0.8, 0.2))
    assert calibrate({}) == {}


def test_the_more_answers_the_further_from_the_mean():
    others = {juror: GoldAnswers(24, 30, 6, 30) for juror in range(40)}
    few = calibrate({**others, 99: GoldAnswers(1, 4, 0, 0)})[99]
    many = calibrate({**others, 99: GoldAnswers(15, 60, 0, 0)})[99]
    assert many.h < few.h < 0.8


def test_in_an_even_pool_the_noise_of_counting_is_not_taken_for_skill():
    chance = np.random.default_rng(5)
    learnt = calibrate(
        {
            juror: GoldAnswers(int(chance.binomial(20, 0.8)), 20, int(chance.binomial(20, 0.2)), 20)
            for juror in range(400)
        }
    )
    assert np.std([each.h for each in learnt.values()]) < 0.03
    assert np.std([each.f for each in learnt.values()]) < 0.03


@pytest.mark.parametrize(("hits", "tries"), [(24, 30), (1, 1)])
def test_where_jurors_differ_by_less_than_chance_would_an_outlier_is_taken_for_chance(hits, tries):
    others = {juror: GoldAnswers(hits, tries, 0, 0) for juror in range(100)}
    learnt = calibrate({**others, 999: GoldAnswers(hits - 1, tries, 0, 0)})
    assert learnt[999].h == pytest.approx(learnt[0].h, abs=0.02)


def test_in_a_divided_pool_each_camp_keeps_its_own_rates():
    chance = np.random.default_rng(6)
    truth = [0.35] * 200 + [0.92] * 200
    learnt = calibrate(
        {
            juror: GoldAnswers(int(chance.binomial(30, h)), 30, 0, 30)
            for juror, h in enumerate(truth)
        }
    )
    camps = [np.mean([learnt[juror].h for juror in camp]) for camp in (range(200), range(200, 400))]
    assert camps == pytest.approx([0.35, 0.92], abs=0.04)


def test_one_perfect_answer_sheet_does_not_make_a_juror_infallible():
    learnt = calibrate({1: GoldAnswers(10_000, 10_000, 0, 10_000)})[1]
    assert (learnt.h, learnt.f) == (0.98, 0.02)


def test_the_mean_of_a_pool_weighs_its_jurors_alike():
    assert pool_mean([]) == UNCALIBRATED
    mean = pool_mean([Rates(0.9, 0.1, 30, 20), Rates(0.7, 0.3, 0, 0)])
    assert (mean.h, mean.f) == pytest.approx((0.8, 0.2))
    assert (mean.n_violating, mean.n_clean) == (30, 20)


@pytest.mark.parametrize(
    ("rates", "below"),
    [
        (Rates(0.6, 0.4, 30, 30), True),
        (Rates(0.6, 0.4, 29, 30), False),
        (Rates(0.6, 0.4, 30, 29), False),
        (Rates(0.8, 0.4, 30, 30), False),
        (Rates(0.98, 0.9, 100, 100), True),
    ],
)
def test_a_juror_is_retrained_when_enough_answers_show_it(rates: Rates, below: bool):
    assert needs_training(rates) is below


def made_up(seed: int, *, clickers: int, cases: int = 1_000, jurors: int = 100):
    """Five ballots a case by jurors of accuracy .8, the first `clickers` of whom toss a coin."""
    chance = np.random.default_rng(seed)
    h = np.where(np.arange(jurors) < clickers, 0.5, 0.8)
    truth = chance.random(cases) < 0.3
    ballots = []
    for case in range(cases):
        for juror in chance.choice(jurors, 5, replace=False).tolist():
            p = h[juror] if truth[case] else 1 - h[juror]
            ballots.append(CaseBallot(case, juror, "violates" if chance.random() < p else "keeps"))
    return truth.tolist(), ballots


def share_right(truth, violates) -> float:
    return sum((violates[case] > 0.5) == truth[case] for case in violates) / len(violates)


def majority(ballots) -> dict[int, float]:
    said: dict[int, list[bool]] = {}
    for ballot in ballots:
        said.setdefault(ballot.case_id, []).append(ballot.vote == "violates")
    return {case: sum(each) / len(each) for case, each in said.items()}


def test_without_any_gold_the_ballots_alone_betray_those_who_toss_a_coin():
    truth, ballots = made_up(1, clickers=20)
    estimate = dawid_skene(ballots)
    balance = [each.h - each.f for _, each in sorted(estimate.rates.items())]
    assert np.mean(balance[:20]) + 0.1 < np.mean(balance[20:])
    assert share_right(truth, estimate.violates) > share_right(truth, majority(ballots)) + 0.01
    assert estimate.prior == pytest.approx(0.3, abs=0.04)


def test_in_an_even_pool_it_does_no_worse_than_the_majority():
    truth, ballots = made_up(2, clickers=0)
    estimate = dawid_skene(ballots)
    assert share_right(truth, estimate.violates) >= share_right(truth, majority(ballots)) - 0.005
    means = pool_mean(estimate.rates.values())
    assert (means.h, means.f) == pytest.approx((0.8, 0.2), abs=0.04)


def test_cases_that_the_bench_judged_again_anchor_the_estimate():
    """Where most are blind to the same thing, ballots alone can't show it, and the bench can."""
    chance = np.random.default_rng(3)
    truth = (chance.random(600) < 0.3).tolist()
    ballots = [
        CaseBallot(case, juror, "violates" if truth[case] and juror >= 7 else "keeps")
        for case in range(600)
        for juror in range(10)
    ]
    anchored = dawid_skene(ballots, known={case: truth[case] for case in range(60)})
    assert anchored.rates[0].h < 0.1
    assert anchored.rates[9].h > 0.9
    assert share_right(truth, anchored.violates) == 1.0
    assert all(anchored.violates[case] == float(truth[case]) for case in range(60))


@given(st.randoms(use_true_random=False))
def test_the_same_ballots_give_the_same_rates_in_any_order(shuffler):
    _, ballots = made_up(4, clickers=5, cases=30, jurors=20)
    expected = dawid_skene(ballots)
    shuffler.shuffle(ballots)
    assert dawid_skene(ballots) == expected


def test_a_second_ballot_of_a_juror_in_a_case_is_left_out():
    _, ballots = made_up(4, clickers=0, cases=30, jurors=20)
    stuffed = [*ballots, *(each._replace(vote="violates") for each in ballots[:50])]
    assert dawid_skene(stuffed) == dawid_skene(ballots)


def test_no_ballots_say_nothing():
    estimate = dawid_skene([])
    assert (estimate.rates, estimate.violates, estimate.prior) == ({}, {}, 0.3)


@given(
    st.dictionaries(st.integers(0, 30), answers(), max_size=12),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_another_right_answer_never_lowers_a_rate(others, hits: int, misses: int):
    def learnt(h: int, wrong: int, f: int, right: int) -> Rates:
        return calibrate({**others, 99: GoldAnswers(h, h + wrong, f, f + right)})[99]

    now = learnt(hits, misses, misses, hits)
    assert learnt(hits + 1, misses, misses, hits).h >= now.h - 1e-12
    assert learnt(hits, misses, misses, hits + 1).f <= now.f + 1e-12
    if misses:
        assert learnt(hits + 1, misses - 1, misses, hits).h >= now.h - 1e-12
        assert learnt(hits, misses, misses - 1, hits + 1).f <= now.f + 1e-12


@given(st.dictionaries(st.integers(0, 30), answers(), max_size=12), st.randoms())
def test_the_order_of_jurors_changes_no_rate(given_answers, shuffler):
    order = list(given_answers)
    shuffler.shuffle(order)
    assert calibrate({one: given_answers[one] for one in order}) == calibrate(given_answers)


def living_pool(*, lenient: float, known: float, nights: int, per_night: int):
    """Recall of each night, of a pool whose rates are learnt from its own panels alone."""
    chance = np.random.default_rng(1)
    jurors, blind = 400, round(400 * lenient)
    h = np.repeat([0.35, 0.92], [blind, jurors - blind])
    f = np.repeat([0.03, 0.15], [blind, jurors - blind])
    rates = dict.fromkeys(range(jurors), UNCALIBRATED)
    cast, truths, found = [], {}, []
    for night in range(nights):
        seen = removed = 0
        for case in range(night * per_night, (night + 1) * per_night):
            truth = bool(chance.random() < 0.3)
            says = chance.random(15)
            ballots = [
                Ballot(
                    juror,
                    "violates" if says[place] < (h if truth else f)[juror] else "keeps",
                    rates[juror],
                )
                for place, juror in enumerate(chance.permutation(jurors)[:15].tolist())
            ]
            decision = decide(ballots, SEQUENTIAL)
            cast += [
                CaseBallot(case, one.juror_id, one.vote)
                for one in ballots[: decision.tally.ballots]
            ]
            if chance.random() < known:
                truths[case] = truth
            elif truth:
                seen += 1
                removed += decision.state == "hung" or decision.verdict == "violates"
        rates |= dawid_skene(cast, known=truths).rates
        found.append(removed / seen)
    return found


def test_a_pool_mostly_blind_to_its_own_side_is_seen_through_within_a_few_nights():
    """As panels sit, with one in ten asked what is known: no rate is given to anybody."""
    recall = living_pool(lenient=0.7, known=0.1, nights=4, per_night=500)
    assert recall[0] < 0.6
    assert recall[-1] >= 0.9
