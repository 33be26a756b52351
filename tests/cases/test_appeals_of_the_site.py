"""What the site puts before fresh jurors itself takes nothing from either side."""

from __future__ import annotations

import pytest

from tests.cases.appealing import appeal, jurors_of, removed
from tests.cases.attacks import messages_to, people_of, report
from tests.kit.courthouse import MILD, open_courthouse
from venire.cases import appeals_filing
from venire.cases.found_conflicts import found_conflicted
from venire.events import AccountDeleted
from venire.kernel.errors import Conflict
from venire.storage.verbs import Envelope

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=40) as opened:
        yield opened


async def conflicted(house, post, number):
    """A tie is found of one whose ballot decided."""
    case = await house.case_on(post)
    juror = min(await jurors_of(house, post, number))
    outcome = await found_conflicted(
        house.court, case.public_id, juror, actor_id=1, reason="the target's brother"
    )
    await house.settle()
    return outcome


async def test_an_author_may_still_appeal_what_the_site_had_judged_again(house):
    author = await house.site.member("author")
    post, statement = await removed(house, author)
    path = f"/api/v1/statements/{statement}/appeal"
    assert await conflicted(house, post, 1) == "judged_again"
    during = await appeal(house, author, path)
    assert (during.status_code, during.json()["code"]) == (409, "appeal_running")
    await house.vote("violates", most=200)
    case = await house.case_on(post)
    assert (case.state, case.measure, case.appeal) == ("decided", "remove", None)
    with pytest.raises(Conflict, match="appealed_already"):
        await appeals_filing.appeal_for_the_site(house.court, case.id, 2, "once more")
    state = (await author.get(path)).json()
    assert (state["state"], state["may_appeal"], state["refused_for"]) == ("none", True, None)
    earlier = await jurors_of(house, post)
    own = await appeal(house, author, path)
    assert own.status_code == 200, own.text
    fresh = {juror.id for juror, _ in await house.summoned()}
    assert len(fresh) == 11
    assert not fresh & earlier
    await house.vote("violates", most=200)
    again = await appeal(house, author, path)
    assert (again.status_code, again.json()["code"]) == (409, "appealed_already")


async def test_the_site_may_have_judged_again_what_an_appeal_of_the_author_has_upheld(house):
    author = await house.site.member("author")
    post, statement = await removed(house, author)
    await appeal(house, author, f"/api/v1/statements/{statement}/appeal")
    await house.vote("violates", most=200)
    case = await house.case_on(post)
    assert case.round.kind == "appeal"
    assert await conflicted(house, post, case.round.number) == "judged_again"
    await house.vote("keeps", most=200)
    after = await house.case_on(post)
    assert (after.verdict, after.measure, after.appeals) == ("keeps", "none", 0), "not one of three"


async def test_a_reporter_who_joins_the_sites_appeal_uses_up_no_other_reporters(house):
    author, one, two = await people_of(house, "author", "one", "two")
    post = await house.post(author, MILD)
    for reporter in (one, two):
        await report(house, reporter, author, post, 3)
    await house.vote("keeps")
    path = f"/api/v1/cases/{(await house.case_on(post)).public_id}/appeal"
    assert await conflicted(house, post, 1) == "judged_again"
    assert (await appeal(house, one, path)).is_success
    await house.vote("keeps", most=200)
    heard = (await one.get(path)).json()
    assert (heard["state"], heard["may_appeal"]) == ("upheld", False)
    assert any("appeal" in said.lower() for said in await messages_to(one))
    assert (await two.get(path)).json()["may_appeal"]
    assert (await appeal(house, one, path)).json()["code"] == "appealed_already"
    assert (await appeal(house, two, path)).is_success


async def test_what_the_site_asked_for_goes_on_when_who_asked_has_left(house):
    author = await house.site.member("author")
    post, _ = await removed(house, author)
    assert await conflicted(house, post, 1) == "judged_again"
    case = await house.case_on(post)
    left = Envelope(1, 1, case.opened_at_ms, "account:1", AccountDeleted(1))
    await appeals_filing.on_account_deleted(house.court, left)
    await house.settle()
    assert (await house.case_on(post)).appeal is not None
    await house.vote("keeps", most=200)
    assert (await house.case_on(post)).verdict == "keeps"
