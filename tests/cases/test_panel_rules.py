"""The rules that count, on whole flows: from the policy to the verdict and the record."""

from __future__ import annotations

import msgspec
import pytest

from tests.kit.courthouse import THREAT, open_courthouse
from venire.cases.policy import DEFAULT, load_policy
from venire.cases.public import note_policy
from venire.kernel.errors import Invalid
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio


async def headers(house):
    rows, _ = await house.site.storage.scan(ENTRIES)
    return [decode_entry(r.entry).header for r in sorted(rows, key=lambda r: r.leaf_index)]


def use(house, tmp_path, rule: str) -> None:
    path = tmp_path / "policy.toml"
    text = DEFAULT.read_text()
    assert 'rule = "sequential"' in text
    path.write_text(text.replace('rule = "sequential"', f'rule = "{rule}"', 1))
    object.__setattr__(house.site.court, "policy", load_policy(path))


@pytest.mark.parametrize(
    ("rule", "votes", "verdict"),
    [
        ("three_of_five", ["violates"] * 3 + ["keeps"] * 2, "violates"),
        ("three_of_five", ["keeps", "violates", "keeps", "violates", "keeps"], "keeps"),
        ("four_of_five", ["violates"] * 4 + ["keeps"], "violates"),
        ("four_of_five", ["violates"] * 3 + ["keeps"] * 2, "keeps"),
    ],
)
async def test_five_vote_and_are_counted(house, tmp_path, rule: str, votes, verdict: str):
    use(house, tmp_path, rule)
    await note_policy(house.court)
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    assert len(await house.summoned()) == 5
    assert await house.vote(votes) == 5
    case = await house.case_on(post)
    assert (case.state, case.verdict) == ("decided", verdict)
    seen = await author.get(f"/api/v1/statuses/{post}")
    assert (seen.status_code == 200) is (verdict == "keeps")
    log = await headers(house)
    told = {header["type"]: header for header in log}
    assert told["policy"]["panel_rule"] == told["draw"]["panel_rule"] == rule
    assert told["verdict"]["panel_rule"] == rule
    assert told["verdict"]["ballots"] == 5
    # The rule and its thresholds were in the record before it was used.
    assert [h["type"] for h in log].index("policy") < [h["type"] for h in log].index("draw")


async def test_a_policy_that_changes_is_in_the_record_before_the_next_draw(house, tmp_path):
    await note_policy(house.court)
    use(house, tmp_path, "four_of_five")
    await note_policy(house.court)
    policies = [header for header in await headers(house) if header["type"] == "policy"]
    assert [header["panel_rule"] for header in policies] == ["sequential", "four_of_five"]
    assert policies[0]["policy"] != policies[1]["policy"]


async def test_a_panel_goes_on_by_its_own_rule_when_the_policy_changes_under_it(house, tmp_path):
    use(house, tmp_path, "three_of_five")
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    use(house, tmp_path, "four_of_five")
    assert await house.vote(["violates"] * 3 + ["keeps"] * 2) == 5
    case = await house.case_on(post)
    assert (case.verdict, case.round.rule) == ("violates", "three_of_five")


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("gold_share = 0.08", "gold_share = 0.6", "calibration.gold_share"),
        ("gold_share = 0.08", "gold_share = -0.1", "calibration.gold_share"),
        ("again_share = 0.05", "again_share = 1.5", "calibration.again_share"),
        ("night_hour = 3", "night_hour = 24", "calibration.night_hour"),
        ("window_days = 60", "window_days = 91", "calibration.window_days"),
        ("window_ballots = 200000", "window_ballots = 10", "calibration.window_ballots"),
        ("floor = 0.7", "floor = 0.4", "calibration.floor"),
        ("training_right = 8", "training_right = 11", "calibration.training_right"),
        ("training_right = 8", "training_right = 5", "calibration.training_right"),
        ("training_questions = 10", "training_questions = 1", "calibration.training_questions"),
        ("gold_answers = 60", "gold_answers = 0", "calibration.gold_answers"),
        ("known_answers = 10", "known_answers = 0", "calibration.known_answers"),
        ("again_hours = 72", "again_hours = 0", "calibration.again_hours"),
        ("gold_share = 0.08", "golden_share = 0.08", "golden_share"),
        ("together_reports = 4", "together_reports = 0", "panel.contested.together_reports"),
    ],
)
def test_an_impossible_calibration_is_refused_with_its_line(tmp_path, wrong, right, said: str):
    text = DEFAULT.read_text()
    assert wrong in text
    path = tmp_path / "policy.toml"
    changed = text.replace(wrong, right, 1)
    path.write_text(changed)
    line = next(n for n, one in enumerate(changed.splitlines(), 1) if one.startswith(right))
    with pytest.raises(Invalid) as refused:
        load_policy(path)
    assert said in refused.value.hint
    assert f"line {line}:" in refused.value.hint


def test_the_shipped_calibration_is_the_one_that_the_figures_are_for():
    calibration = load_policy().calibration
    assert msgspec.structs.asdict(calibration) == {
        "gold_share": 0.08,
        "gold_answers": 60,
        "again_share": 0.05,
        "again_hours": 72,
        "night_hour": 3,
        "window_days": 60,
        "window_ballots": 200_000,
        "floor": 0.7,
        "known_answers": 10,
        "training_questions": 10,
        "training_right": 8,
    }


@pytest.mark.parametrize("step_ms", [0, -3_600_000, 1])
async def test_ballots_count_in_the_order_in_which_they_were_cast_whatever_the_clock_says(
    tmp_path, step_ms
):
    """By juror, or by a clock that is put back, these are seven of one kind and then seven others.

    Which would be a verdict; cast in turn they are none.
    """
    async with open_courthouse(tmp_path, jurors=24) as house:
        post = await house.post(await house.site.member("author"), THREAT)
        for turn in range(15):
            waiting = await house.summoned()
            juror, summons = sorted(waiting, key=lambda one: one[0].id, reverse=bool(turn % 2))[0]
            path = f"/api/v1/jury/summons/{summons['id']}"
            (await juror.post(f"{path}/accept")).raise_for_status()
            vote = {"vote": ("violates", "keeps")[turn % 2]}
            (await juror.post(f"{path}/ballot", json=vote)).raise_for_status()
            house.site.clock.advance(step_ms)
            await house.settle()
        case = await house.case_on(post)
        assert (case.hung, case.round.kind) == (True, "bench")
