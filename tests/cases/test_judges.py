"""The strictest of what is alleged decides who may read a case, whatever else it is."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.courthouse import Courthouse, open_courthouse
from venire.cases import rules
from venire.cases.judges import holds_at_once, is_for_bench, leaves_the_lot
from venire.cases.model import Case, Round
from venire.cases.policy import CATEGORIES, load_policy

POLICY = load_policy()
CASE = Case(
    id=1,
    public_id="a" * 32,
    subject_kind="post",
    subject_id=2,
    author_id=3,
    opened_at_ms=1,
    due_at_ms=2,
    policy_version="1",
    categories=("incitement",),
    sources=("report",),
)
PANEL = Round(number=1, kind="panel", state="voting", opened_at_ms=1)


@given(st.lists(st.sampled_from(CATEGORIES), min_size=1, unique=True))
def test_no_one_drawn_by_lot_judges_what_only_some_may_read(alleged):
    case = msgspec.structs.replace(CASE, categories=rules.gravest(tuple(alleged)), round=PANEL)
    judges = {POLICY.category(name).judges for name in alleged}
    kind = rules.first_round_kind(case, POLICY)
    if "named_person" in judges:
        assert kind is None
    elif "bench" in judges:
        assert kind != "panel"
    assert leaves_the_lot(case, POLICY) == bool(judges & {"named_person", "bench"})
    at_bench = msgspec.structs.replace(PANEL, kind="bench")
    sat = msgspec.structs.replace(case, round=at_bench)
    assert leaves_the_lot(sat, POLICY) == ("named_person" in judges)


def test_a_report_alone_hides_what_few_judge_and_never_what_a_panel_judges():
    held = {name for name in CATEGORIES if holds_at_once(name, POLICY)}
    assert held == {"privacy", "self_harm", "child_safety"}
    assert is_for_bench(msgspec.structs.replace(CASE, private=True), POLICY)
    assert not is_for_bench(CASE, POLICY)


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=8) as opened:
        yield opened


async def reported(house: Courthouse, who, author, post: str, rule: int):
    filed = {"account_id": str(author.id), "status_ids": [post], "rule_ids": [rule]}
    assert (await who.post("/api/v1/reports", json=filed)).is_success
    await house.settle()
    return await house.case_on(post)


@pytest.mark.anyio
async def test_an_address_given_away_is_hidden_at_once_and_judged_by_the_bench_alone(house):
    author, reporter = [await house.site.member(name) for name in ("author", "reporter")]
    post = await house.post(author, "He lives at 12 Yak Street, go and see him")
    case = await reported(house, reporter, author, post, 4)
    assert (case.hold, case.round.kind) == ("held", "bench")
    assert (await house.site.client.get(f"/api/v1/statuses/{post}")).status_code == 404
    asked = {juror.username for juror, _ in await house.summoned()}
    assert asked <= {"bench_0"}
    await house.vote("keeps")
    assert (await house.site.client.get(f"/api/v1/statuses/{post}")).status_code == 200
    case = await reported(house, await house.site.member("again"), author, post, 4)
    assert case.hold == "lifted", "what was kept is not hidden by the next report"


@pytest.mark.anyio
async def test_a_panel_lets_go_of_what_turns_out_to_be_for_the_bench(house):
    author, one, two = [await house.site.member(name) for name in ("author", "one", "two")]
    post = await house.post(author, "He lives at 12 Yak Street, the fool")
    case = await reported(house, one, author, post, 3)
    assert case.round.kind == "panel"
    assert await house.summoned()
    case = await reported(house, two, author, post, 4)
    assert (case.hold, case.round.kind) == ("held", "bench")
    asked = {juror.username for juror, _ in await house.summoned()}
    assert asked <= {"bench_0"}
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"


@pytest.mark.anyio
async def test_one_member_hides_five_posts_a_day_by_reports_and_no_more(house):
    author, reporter = [await house.site.member(name) for name in ("author", "reporter")]
    held = []
    for number in range(7):
        post = await house.post(author, f"something harmless {number}")
        held.append((await reported(house, reporter, author, post, 5)).hold)
    assert held == ["held"] * 5 + ["none"] * 2
