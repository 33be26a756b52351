"""What a policy cannot be is refused at start, with the line that says it."""

from __future__ import annotations

import pytest

from venire.cases.policy import DEFAULT, load_policy
from venire.cases.policy_lines import line_of
from venire.cli.founding.presets import small_policy
from venire.kernel.errors import Invalid

TEXT = DEFAULT.read_text(encoding="utf-8")
LINES = TEXT.splitlines()


def refused(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as problem:
        load_policy(path)
    assert problem.value.code == "policy_invalid"
    return problem.value.hint


def nth(line, number=1):
    """The number of the line that is the n-th to begin so."""
    found = [n for n, each in enumerate(LINES, 1) if each.startswith(line)]
    return found[number - 1]


@pytest.mark.parametrize(
    ("begins", "number", "wrong", "said"),
    [
        # impossible thresholds, of the very table that says them
        ("violates_at", 1, "violates_at = 0.4", "panel.violates_at"),
        ("violates_at", 2, "violates_at = 0.4", "panel.contested.violates_at"),
        ("keeps_at", 2, "keeps_at = 0.7", "panel.contested.violates_at"),
        ("prior", 1, "prior = 1.0", "panel.prior"),
        ("hold_key_lost_above", 1, "hold_key_lost_above = 1.5", "holds.hold_key_lost_above"),
        ("suspend_author_at", 1, "suspend_author_at = 2.0", "holds.suspend_author_at"),
        ("prepare_at", 1, "prepare_at = -0.1", "packets.prepare_at"),
        ("alarm_at", 1, "alarm_at = 0.4", "clocks.alarm_at"),
        # clocks of nothing
        ("hours = 24", 1, "hours = 0", "clocks.sources[0].hours"),
        ("clock_hours", 1, "clock_hours = 0", "categories[0].clock_hours"),
        ("clock_hours", 7, "clock_hours = 0", "categories[6].clock_hours"),
        ("alarm_again_hours", 1, "alarm_again_hours = 0", "clocks.alarm_again_hours"),
        ("suspend_hours", 1, "suspend_hours = 0", "holds.suspend_hours"),
        # what is not in the closed lists
        ('category = "*"', 1, 'category = "rudeness"', "rudeness"),
        ('source = "notice"', 1, 'source = "gossip"', "gossip"),
        ('categories = ["inc', 1, 'categories = ["rudeness"]', "packets.categories"),
        ('categories = ["inc', 1, 'categories = ["child_safety"]', "packets.categories"),
        # what is of another kind
        ("clock_hours", 3, 'clock_hours = "soon"', "Expected `int`"),
        ("dose", 1, "dose = 2.5", "Expected `int`"),
        ("judges", 2, 'judges = "the mob"', "Invalid enum value"),
        ("alarm_at", 1, "alarmat = 0.8", "unknown field `alarmat`"),
        ("severe", 4, "severr = true", "severr"),
        ("seats", 1, "seats = = 11", "Invalid value"),
    ],
)
def test_a_refusal_names_the_line_that_is_wrong(tmp_path, begins, number, wrong, said):
    at = nth(begins, number)
    hint = refused(tmp_path, "\n".join([*LINES[: at - 1], wrong, *LINES[at:]]))
    assert said in hint
    # A pair of bounds is told at the upper one, which stands within two lines.
    line = int(hint.split("line ")[1].split(":")[0])
    assert line == at or (begins == "keeps_at" and abs(line - at) == 1)


def test_what_may_harm_a_child_never_comes_back_by_the_clock(tmp_path):
    at = next(n for n, line in enumerate(LINES) if line == 'name = "child_safety"')
    text = "\n".join([*LINES[: at + 1], "hold_lifts_after_hours = 5", *LINES[at + 1 :]])
    hint = refused(tmp_path, text)
    assert f"line {at + 2}" in hint
    assert "never lifts itself" in hint


def test_the_same_clock_twice_is_refused(tmp_path):
    again = '\n[[clocks.sources]]\nsource = "notice"\nhours = 3\n'
    assert "twice" in refused(tmp_path, TEXT + again)


def test_a_category_that_is_unknown_is_told_where_it_stands(tmp_path):
    text = TEXT.replace('name = "spam"', 'name = "gossip"')
    hint = refused(tmp_path, text)
    line = nth('name = "spam"')
    assert f"line {line}:" in hint


def test_bytes_that_are_no_text_are_refused_and_not_stumbled_over(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_bytes(b"version = \xff\n")
    with pytest.raises(Invalid) as problem:
        load_policy(path)
    assert problem.value.code == "policy_invalid"


def test_a_policy_from_before_the_clocks_is_still_taken(tmp_path):
    kept, skipping = [], False
    for line in LINES:
        if line.startswith("["):
            skipping = line.startswith(("[clocks", "[[clocks", "[packets"))
        if not skipping and not line.startswith(("suspend_author_at", "hold_lifts", "suspend_h")):
            kept.append(line)
    path = tmp_path / "policy.toml"
    path.write_text("\n".join(kept))
    assert load_policy(path).clocks.more_at == 0.5


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("panel.prior", "prior = 0.3"),
        ("panel.contested.keeps_at", "keeps_at = 0.01"),
        ("clocks.sources[0].hours", "hours = 24"),
        ("categories[1].name", 'name = "hate"'),
        ("categories.hate", 'name = "hate"'),
        ("panel.no_such_thing", "[panel]"),
    ],
)
def test_a_place_is_found_in_its_own_table(place, line):
    assert LINES[line_of(TEXT, place) - 1].startswith(line)


def test_the_small_policy_is_whole_and_keeps_what_is_said_beside_each_number(tmp_path):
    text = small_policy()
    path = tmp_path / "policy.toml"
    path.write_text(text)
    small, large = load_policy(path), load_policy()
    assert small.version == f"{large.version}-small"
    assert small.jury.preset == "small"
    assert small.panel.contested.burst_reports < large.panel.contested.burst_reports
    assert small.category("hate").clock_hours == 48
    assert small.category("incitement") == large.category("incitement")
    assert small.pay.rate == 0
    assert text.count("#") == TEXT.count("#")
    assert len(text.splitlines()) == len(LINES)
