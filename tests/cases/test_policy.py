from __future__ import annotations

import pytest

from tests.cases.wrong_policies import refused_at_its_line
from venire.cases.policy import CATEGORIES, DEFAULT, load_policy
from venire.kernel.errors import Invalid


def test_the_shipped_policy_states_every_category_once():
    policy = load_policy()
    assert sorted(category.name for category in policy.categories) == sorted(CATEGORIES)
    assert len(policy.digest) == 64


def test_only_a_named_person_judges_child_safety():
    assert load_policy().category("child_safety").judges == "named_person"


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("violates_at = 0.99", "violates_at = 1.2", "violates_at"),
        ("prior = 0.3", "prior = 0.0", "panel.prior"),
        ("min_ballots = 3 ", "min_ballots = 30 ", "min_ballots"),
        ('name = "hate"', 'name = "rudeness"', "rudeness"),
        ('name = "spam"', 'name = "hate"', "spam"),
        ('judges = "named_person"', 'judges = "panel"', "child_safety"),
        ("dose = 10", "dose = 0", "panel.dose"),
        ("dose = 10", 'dose = "ten"', "dose"),
        ("preset =", "presett =", "presett"),
    ],
)
def test_an_impossible_policy_is_refused_with_its_place(tmp_path, wrong, right, said):
    text = DEFAULT.read_text()
    if wrong == "min_ballots = 3 ":
        text = text.replace("min_ballots = 3\n", "min_ballots = 30\n", 1)
    else:
        assert wrong in text
        text = text.replace(wrong, right, 1)
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(Invalid) as refused:
        load_policy(path)
    assert refused.value.code == "policy_invalid"
    assert said in refused.value.hint


def test_a_refusal_names_the_line(tmp_path):
    path = tmp_path / "policy.toml"
    lines = DEFAULT.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("dose"))
    lines[number - 1] = "dose = 0"
    path.write_text("\n".join(lines))
    with pytest.raises(Invalid) as refused:
        load_policy(path)
    assert f"line {number}" in refused.value.hint


FAR = 10**12
"""Of any unit: a moment so far ahead has no date."""


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("[panel]", f"summons_minutes = {FAR}"),
        ("[panel]", f"ballot_minutes = {FAR}"),
        ("[panel.contested]", "weight_cap = nan"),
        ("[panel.contested]", "weight_cap = inf"),
        ("[holds]", f"suspend_hours = {FAR}"),
        ("[holds]", "suspend_hours = 0"),
        ("[holds]", "suspend_author_at = nan"),
        ("[clocks]", f"alarm_again_hours = {FAR}"),
        ("[clocks]", "alarm_again_hours = 0"),
        ("[clocks]", "alarm_at = nan"),
        ("[clocks]", "utc_offset_minutes = 1440"),
        ("[[clocks.sources]]", "hours = 0"),
        ("[[clocks.sources]]", f"hours = {FAR}"),
        ("[[clocks.sources]]", "hours = 0.5"),
        ("[[clocks.sources]]", 'source = "rumour"'),
        ("[[clocks.sources]]", 'category = "rudeness"'),
        ("[packets]", "prepare_at = nan"),
        ("[packets]", 'categories = ["child_safety"]'),
        ("[reporters]", f"second_hours = {FAR}"),
        ("[reporters]", f"suspend_days = {FAR}"),
        ("[reporters]", "strength = nan"),
        ("[points]", f"expire_days = {FAR}"),
        ("[points]", "suspend_days = 0"),
        ("[appeals]", "months = 0"),
        ("[[categories]]", "clock_hours = 0"),
        ("[[categories]]", f"clock_hours = {FAR}"),
        ("[[categories]]", "hold_lifts_after_hours = -1"),
        ("[[categories]]", f"hold_lifts_after_hours = {FAR}"),
    ],
)
def test_a_clock_that_no_clock_could_be_is_refused_at_its_line(tmp_path, section, wrong):
    refused_at_its_line(tmp_path, section, wrong)
