"""A rule that is answered by a label, or by a smaller reach: the post stays where it is."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.appealing import appeal, headers
from tests.cases.attacks import act, messages_to, noticed, people_of, points, report
from tests.cases.sample_cases import case as sample
from tests.kit.courthouse import MILD, open_courthouse
from venire.cases import rules
from venire.cases.limits import IN_PLACE, measure_for
from venire.cases.policy import DEFAULT, load_policy
from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Invalid

pytestmark = pytest.mark.anyio

HARASSMENT = 3
TITLE = "Harassment"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=34) as opened:
        yield opened


def answered_by(house, measure):
    """The policy of the house, with another measure for one of its rules."""
    policy = house.court.policy
    changed = tuple(
        msgspec.structs.replace(one, measure=measure) if one.rule == HARASSMENT else one
        for one in policy.categories
    )
    object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, categories=changed))


async def judged(house, measure, **more):
    """A public post that a panel found to break the rule, its author and who reported it."""
    answered_by(house, measure)
    author, reporter = await people_of(house, "author", "reporter")
    post = await house.post(author, MILD, **more)
    await report(house, reporter, author, post, HARASSMENT)
    await house.vote("violates")
    case = await house.case_on(post)
    assert (case.state, case.verdict, case.measure) == ("decided", "violates", measure)
    return author, reporter, post


async def shown(house, post, viewer=None):
    asks = house.site.client if viewer is None else viewer
    return await asks.get(f"/api/v1/statuses/{post}")


async def public(house, viewer):
    found = (await viewer.get("/api/v1/timelines/public?limit=40")).json()
    return {one["id"] for one in found}


async def test_a_label_stands_before_the_post_and_the_post_in_its_place(house):
    author, reporter, post = await judged(house, "label")
    seen = await shown(house, post)
    assert seen.status_code == 200
    assert (seen.json()["sensitive"], seen.json()["spoiler_text"]) == (True, TITLE)
    assert post in await public(house, reporter)
    assert await points(house, author) == 4
    statement = (await author.get("/api/v1/statements")).json()[0]
    assert (statement["kind"], statement["measure"], statement["decided_by"]) == (
        "measure",
        "label",
        "panel",
    )
    assert any("behind a warning" in text for text in await messages_to(author))
    assert not any("was removed" in text for text in await messages_to(author))
    assert any("stands behind a warning" in text for text in await messages_to(reporter))
    said = [one for one in await headers(house) if one["type"] == "measure"]
    assert [one["measure"] for one in said] == ["label"]


async def test_the_authors_own_warning_and_edits_do_not_take_the_label_off(house):
    author, _, post = await judged(house, "label", spoiler_text="a joke")
    assert (await shown(house, post)).json()["spoiler_text"] == f"{TITLE} · a joke"
    edited = await author.put(
        f"/api/v1/statuses/{post}", json={"status": "Other words.", "sensitive": False}
    )
    assert edited.is_success
    await house.settle()
    seen = (await shown(house, post)).json()
    assert seen["sensitive"]
    assert seen["spoiler_text"].startswith(TITLE)


async def test_a_demoted_post_is_read_by_who_asks_or_follows_and_found_by_nobody_else(house):
    follower = await house.site.member("follower")
    author, reporter, post = await judged(house, "demote")
    await follower.post(f"/api/v1/accounts/{author.id}/follow")
    await house.settle()
    assert (await shown(house, post)).status_code == 200
    assert not (await shown(house, post)).json()["sensitive"]
    assert post not in await public(house, reporter)
    assert post in await public(house, follower)
    home = {one["id"] for one in (await follower.get("/api/v1/timelines/home")).json()}
    assert post in home
    found = (await reporter.get("/api/v2/search?q=council&type=statuses")).json()
    assert post not in {one["id"] for one in found["statuses"]}
    assert any("left out of public pages" in text for text in await messages_to(author))


@pytest.mark.parametrize("measure", sorted(IN_PLACE))
async def test_a_won_appeal_takes_it_off_again_with_its_points(house, measure):
    author, reporter, post = await judged(house, measure)
    statement = (await author.get("/api/v1/statements")).json()[0]
    assert (await appeal(house, author, f"/api/v1/statements/{statement['id']}/appeal")).is_success
    await house.vote("keeps", most=200)
    case = await house.case_on(post)
    assert (case.verdict, case.measure) == ("keeps", "none")
    seen = (await shown(house, post)).json()
    assert (seen["sensitive"], seen["spoiler_text"]) == (False, "")
    assert post in await public(house, reporter)
    assert await points(house, author) == 0


@pytest.mark.parametrize("measure", sorted(IN_PLACE))
async def test_a_moderator_takes_it_off_or_goes_further(house, measure):
    author, reporter, post = await judged(house, measure)
    moderator = await house.site.member("moderator", role="moderator")
    assert (await act(house, moderator, post, "keep")).is_success
    assert post in await public(house, reporter)
    assert not (await shown(house, post)).json()["sensitive"]
    assert await points(house, author) == 0
    assert (await act(house, moderator, post, "remove", "harassment")).is_success
    assert (await shown(house, post)).status_code == 404
    assert await points(house, author) == 4


async def test_whoever_goes_further_than_a_label_does_not_charge_for_it_twice(house):
    author, _, post = await judged(house, "label")
    moderator = await house.site.member("moderator", role="moderator")
    assert (await act(house, moderator, post, "remove", "harassment")).is_success
    assert (await shown(house, post)).status_code == 404
    assert await points(house, author) == 4
    assert (await act(house, moderator, post, "keep")).is_success
    assert (await shown(house, post)).json()["spoiler_text"] == ""
    assert await points(house, author) == 0


async def test_a_hold_on_a_labelled_post_that_nobody_judges_leaves_the_label(house):
    _, _, post = await judged(house, "label")
    moderator = await house.site.member("moderator", role="moderator")
    assert (await act(house, moderator, post, "hold", "harassment")).is_success
    assert (await shown(house, post)).status_code == 404
    house.site.clock.advance(49 * HOUR_MS)
    await house.settle()
    assert (await shown(house, post)).json()["spoiler_text"] == TITLE


async def test_a_hold_ends_where_the_post_stays(house):
    answered_by(house, "label")
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, MILD)
    await act(house, moderator, post, "hold", "harassment")
    assert (await shown(house, post)).status_code == 404
    await house.vote("violates")
    case = await house.case_on(post)
    assert (case.measure, case.hold) == ("label", "lifted")
    assert (await shown(house, post)).json()["spoiler_text"] == TITLE


async def test_what_an_outside_body_names_is_removed_all_the_same(house):
    author, _, post = await judged(house, "label")
    operator = await house.site.member("operator", role="admin")
    reference = await noticed(house, operator, post, "n-1")
    case = await house.case_on(post)
    assert case.state == "judging"
    await house.vote("violates")
    case = await house.case_on(post)
    assert (case.verdict, case.measure) == ("violates", "remove")
    assert (await shown(house, post)).status_code == 404
    assert await points(house, author) == 4
    (item,) = (await operator.get(f"/api/v1/notices/{reference}")).json()["items"]
    assert item["state"] == "removed"
    assert measure_for(case, house.court.policy) == "remove"


def test_a_policy_may_ask_for_either_where_jurors_judge_and_for_nothing_else(tmp_path):
    text = DEFAULT.read_text(encoding="utf-8")
    file = tmp_path / "policy.toml"

    def with_measure(name, measure):
        head, mark, rest = text.partition(f'name = "{name}"\n')
        file.write_text(
            head + mark + rest.replace('measure = "remove"', f'measure = "{measure}"', 1),
            encoding="utf-8",
        )
        return load_policy(file)

    for measure in IN_PLACE:
        assert with_measure("hate", measure).category("hate").measure == measure
    for name, measure in (
        ("hate", "age_restrict"),
        ("child_safety", "label"),
        ("spam", "demote"),
        ("copyright", "label"),
    ):
        with pytest.raises(Invalid, match="policy_invalid"):
            with_measure(name, measure)


def test_what_was_left_in_its_place_waits_for_nothing():
    for measure in IN_PLACE:
        left = sample(state="decided", verdict="violates", measure=measure, hold="lifted")
        assert rules.what_next(left, load_policy(), seats_wanted=0, seats_open=0) == "wait"
