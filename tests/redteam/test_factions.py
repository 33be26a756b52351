"""A part of the pool that does not judge but obeys, before the real draw and the real panel rule.

Beside each figure stands what Parler's rule, four of five, does with the same jurors and votes.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.redteam.crowds import POOL, drawn, judged, obeying
from venire.jury.calibration import CaseBallot, dawid_skene
from venire.jury.panel import CONTESTED, RULES, SEQUENTIAL

CASES = 3_000
FOUR_OF_FIVE = RULES["four_of_five"]


def figures(share: float, rule, figure, **crowd):
    pool = obeying(share, honest=0.85, seed=7, **crowd)
    found = judged(pool, rule, cases=CASES, seed=8)
    name = "contested" if rule is CONTESTED else rule.name
    figure(f"{share:.0%} obey, {'gold' if crowd else 'no gold yet'}, {name}: {found}")
    return found


def test_thirty_per_cent_of_colluders_before_anyone_has_answered_gold(figure):
    """Everyone counts the same: the worst hour of a young site."""
    ours, theirs = figures(0.3, CONTESTED, figure), figures(0.3, FOUR_OF_FIVE, figure)
    assert ours.false_removals == pytest.approx(0.052, abs=0.015)
    assert ours.recall == pytest.approx(0.75, abs=0.03)
    assert theirs.false_removals == pytest.approx(0.089, abs=0.02)
    assert theirs.recall == pytest.approx(0.33, abs=0.03)
    # What the bounds cannot settle goes to the bench, and is dear: that is the price.
    assert ours.hung == pytest.approx(0.235, abs=0.03)
    assert ours.ballots == pytest.approx(12.7, abs=0.4)


@pytest.mark.parametrize(("share", "at_most"), [(0.1, 0.01), (0.2, 0.04)])
def test_a_faction_that_passes_gold_and_votes_to_order_removes_few_benign_posts(
    share, at_most, figure
):
    ours = figures(share, CONTESTED, figure, passes_gold=0.95)
    plain = figures(share, SEQUENTIAL, figure, passes_gold=0.95)
    assert ours.false_removals <= at_most
    assert plain.false_removals > 2 * ours.false_removals, "the cap is what holds it"


def test_at_thirty_per_cent_the_faction_is_reported_beside_four_of_five(figure):
    """More benign posts than by four of five (12 of 100 for 9), and twice the violations found."""
    ours = figures(0.3, CONTESTED, figure, passes_gold=0.95)
    theirs = figures(0.3, FOUR_OF_FIVE, figure, passes_gold=0.95)
    assert ours.false_removals == pytest.approx(0.124, abs=0.025)
    assert theirs.false_removals == pytest.approx(0.089, abs=0.02)
    assert ours.recall > 1.8 * theirs.recall


def test_an_honest_pool_pays_little_for_the_stricter_bounds(figure):
    ours = figures(0.0, CONTESTED, figure, passes_gold=0.95)
    assert ours.ballots <= 6.5
    assert ours.false_removals <= 0.002
    assert ours.recall >= 0.99
    assert ours.hung <= 0.02


def test_those_who_always_vote_against_the_truth_are_found_out_in_one_night(figure):
    """1,200 verdicts of five ballots, 5 % of them judged again by the bench; 30 % colluders.

    Ballots alone could not tell which camp lies; that they do with an anchor is the point.
    """
    chance = np.random.default_rng(9)
    pool = obeying(0.3, honest=0.85, seed=7)
    truth = (chance.random(1_200) < 0.3).tolist()
    ballots = [
        CaseBallot(
            case,
            juror,
            "violates"
            if chance.random() < (pool.on_violating if truth[case] else pool.on_benign)[juror]
            else "keeps",
        )
        for case in range(1_200)
        for juror in drawn(case)[:5]
    ]
    estimate = dawid_skene(ballots, known={case: truth[case] for case in range(60)})
    obedient = round(0.3 * POOL)
    balance = {juror: each.h - each.f for juror, each in estimate.rates.items()}
    colluders = np.mean([b for juror, b in balance.items() if juror < obedient])
    honest = np.mean([b for juror, b in balance.items() if juror >= obedient])
    figure(f"h - f after a night: colluders {colluders:.2f}, honest {honest:.2f}")
    assert colluders < 0
    assert honest > 0.5
