"""To undo a removal frees nothing that was being judged for something else, and never stops."""

from __future__ import annotations

import pytest

from tests.cases.attacks import points, report, seen_by_others
from tests.cases.sample_cases import NOW_MS, PANEL, case, source
from tests.kit.courthouse import THREAT, Courthouse, open_courthouse
from tests.kit.site import BASE_URL
from venire.cases import bulk, store, unheard
from venire.cases.intake import note_source
from venire.cases.model import Source, Step, Subject
from venire.kernel.clock import DAY_MS, iso_ms

pytestmark = pytest.mark.anyio

C = "/api/v1/copyright/notices"
B = "/api/v1/admin/bulk"
SHOP = "https://shop.example/"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def finish(house: Courthouse, times: int = 20) -> None:
    for _ in range(times):
        await house.settle()
        house.site.clock.advance(200)


async def claimed(house: Courthouse, moderator, author: str, post: str):
    """A notice of a friend of the author, which a moderator accepts."""
    body = {
        "name": "Fred Friend",
        "email": "fred@works.example",
        "address": "1 Zebra Lane",
        "phone": "1",
        "work": "A poem",
        "urls": [f"{BASE_URL}/@{author}/{post}"],
        "good_faith": True,
        "accurate": True,
        "signature": "Fred Friend",
    }
    sent = (await house.site.client.post(C, json=body)).json()
    accepted = await moderator.post(f"{C}/{sent['id']}/accept")
    assert accepted.is_success, accepted.text
    await finish(house, 4)
    return sent


async def withdrawn(house: Courthouse, notice) -> None:
    answer = await house.site.client.post(
        f"{C}/{notice['id']}/withdraw", json={"secret": notice["secret"]}
    )
    assert answer.is_success, answer.text
    await finish(house, 4)


async def swept(house: Courthouse, moderator, **what):
    """A bulk act that is counted and done."""
    house.site.clock.advance(1_000)
    since = iso_ms(house.site.clock.now_ms() - DAY_MS)
    body = {"since": since, "category": "spam", "reason": "one campaign", **what}
    begun = (await moderator.post(B, json=body)).json()
    await finish(house)
    assert (await moderator.post(f"{B}/{begun['id']}/go")).is_success
    await finish(house)
    return (await moderator.get(f"{B}/{begun['id']}")).json()


async def undone(house: Courthouse, moderator, act):
    assert (await moderator.post(f"{B}/{act['id']}/restore")).status_code == 202
    await finish(house)
    return (await moderator.get(f"{B}/{act['id']}")).json()


async def sealed(house: Courthouse, author, post: str) -> None:
    """What somebody says of a post that only the named person may look at."""
    said = Source("report", "9:9", "child_safety", house.site.clock.now_ms())
    subject = Subject("post", int(post), author.id)
    await note_source(house.world, house.court.policy, subject, said)
    await house.settle()


async def a_held_threat(house: Courthouse, text: str = THREAT):
    await house.seat_pool(14)
    moderator = await house.site.member("mona", "moderator")
    author = await house.site.member("author")
    post = await house.post(author, text)
    before = await house.case_on(post)
    assert (before.hold, before.round.state) == ("held", "voting")
    return moderator, author, post


async def test_a_notice_withdrawn_sends_a_threat_back_to_its_judges_hidden_still(house):
    moderator, author, post = await a_held_threat(house)
    notice = await claimed(house, moderator, "author", post)
    assert (await house.case_on(post)).found == "copyright"
    await withdrawn(house, notice)
    again = await house.case_on(post)
    assert (again.state, again.verdict, again.hold) == ("judging", None, "held")
    assert again.category == "incitement"
    assert not await seen_by_others(house, post)
    assert await points(house, author) == 0
    assert again.round.number == 2
    assert await house.vote("violates")
    judged = await house.case_on(post)
    assert (judged.measure, judged.category) == ("remove", "incitement")
    assert await points(house, author) > 0
    lines = (await moderator.get("/api/v1/admin/log")).json()
    assert ("copyright_left", "judged_after_all") in {
        (line["action"], line["reason"]) for line in lines
    }


async def test_what_its_judges_keep_in_the_end_is_seen_again(house):
    moderator, author, post = await a_held_threat(house)
    await withdrawn(house, await claimed(house, moderator, "author", post))
    assert await house.vote("keeps")
    assert (await house.case_on(post)).verdict == "keeps"
    assert await seen_by_others(house, post)
    assert await points(house, author) == 0


async def test_an_answer_to_a_notice_does_not_free_a_threat_by_the_clock(house):
    moderator, author, post = await a_held_threat(house)
    notice = await claimed(house, moderator, "author", post)
    answer = {
        "name": "A. Author",
        "address": "2 Yak Street",
        "contact": "a@mail.test",
        "mistake": True,
        "jurisdiction": True,
        "signature": "A. Author",
    }
    assert (await author.post(f"{C}/{notice['id']}/items/1/counter", json=answer)).is_success
    house.site.clock.advance(15 * DAY_MS)
    await finish(house, 4)
    assert (await house.case_on(post)).verdict is None
    assert not await seen_by_others(house, post)


async def test_a_bulk_act_undone_frees_no_threat_and_puts_the_rest_back(house):
    moderator, author, post = await a_held_threat(house, f"{THREAT} {SHOP}")
    other = await house.site.member("seller")
    advert = await house.post(other, f"Cheap rugs at {SHOP} today")
    act = await swept(house, moderator, kind="domain", sought="shop.example")
    assert act["done"] == 2
    done = await undone(house, moderator, act)
    assert done["state"] == "restored"
    items = {item["post_id"]: (item["state"], item["why"]) for item in done["items"]}
    assert items == {post: ("done", "judged_after_all"), advert: ("restored", "")}
    again = await house.case_on(post)
    assert (again.state, again.hold, again.category) == ("judging", "held", "incitement")
    assert not await seen_by_others(house, post)
    assert await seen_by_others(house, advert)
    assert await points(house, author) == 0


async def test_a_wave_undone_frees_no_post_that_was_reported_for_something_else(house):
    await house.seat_pool(14)
    moderator = await house.site.member("mona", "moderator")
    author = await house.site.member("author")
    reporters = [await house.site.member(f"reporter{n}") for n in range(2)]
    post = await house.post(author, "You people are vermin and should be treated like it")
    fine = await house.post(author, "My rugs are the best rugs")
    for one in reporters:
        await report(house, one, author, post, "1")
    assert (await house.case_on(post)).state in {"open", "judging"}
    house.site.clock.advance(1_000)
    path = f"/api/v1/admin/accounts/{author.id}/waves"
    since = iso_ms(house.site.clock.now_ms() - DAY_MS)
    begun = await moderator.post(path, json={"since": since, "text": "spam"})
    assert begun.is_success, begun.text
    await finish(house)
    assert not await seen_by_others(house, post)
    restored = await moderator.post(f"/api/v1/admin/waves/{begun.json()['id']}/restore")
    assert restored.is_success, restored.text
    await finish(house)
    assert await seen_by_others(house, fine)
    assert not await seen_by_others(house, post)
    assert (await house.case_on(post)).verdict is None
    lines = (await moderator.get("/api/v1/admin/log")).json()
    left = [(line["target"], line["reason"]) for line in lines if line["action"] == "wave_left"]
    assert left == [(f"post:{post}", "judged_after_all")]


async def test_one_post_of_whoever_undoes_a_bulk_act_does_not_stop_the_rest(house):
    admin = await house.site.member("boss", "admin")
    moderator = await house.site.member("mona", "moderator")
    own = await house.post(moderator, f"I bought at {SHOP} myself")
    sellers = [await house.site.member(f"seller{n}") for n in range(12)]
    made = [await house.post(one, f"Rug {n} at {SHOP}{n}") for n, one in enumerate(sellers)]
    act = await swept(house, admin, kind="domain", sought="shop.example")
    assert act["done"] == 13
    done = await undone(house, moderator, act)
    assert done["state"] == "restored"
    items = {item["post_id"]: (item["state"], item["why"]) for item in done["items"]}
    assert items[own] == ("done", "own_case")
    assert all([await seen_by_others(house, post) for post in made])
    assert not await seen_by_others(house, own)


async def test_what_was_sealed_since_stays_hidden_and_stops_nothing(house):
    moderator = await house.site.member("mona", "moderator")
    sellers = [await house.site.member(f"seller{n}") for n in range(3)]
    made = [await house.post(one, f"Rug {n} at {SHOP}{n}") for n, one in enumerate(sellers)]
    act = await swept(house, moderator, kind="domain", sought="shop.example")
    await sealed(house, sellers[0], made[0])
    done = await undone(house, moderator, act)
    assert done["state"] == "restored"
    items = {item["post_id"]: item["why"] for item in done["items"]}
    assert items == {made[0]: "sealed", made[1]: "", made[2]: ""}
    assert [await seen_by_others(house, post) for post in made] == [False, True, True]


async def test_a_notice_neither_removes_nor_frees_what_is_the_named_persons(house):
    moderator = await house.site.member("mona", "moderator")
    author = await house.site.member("author")
    early = await house.post(author, "look at the harbour")
    late = await house.post(author, "look at the bridge")
    await sealed(house, author, early)
    before = await house.case_on(early)
    first = await claimed(house, moderator, "author", early)
    after = await house.case_on(early)
    assert (after.measure, after.found) == (before.measure, before.found)
    assert after.categories == ("child_safety",)
    seen = (await moderator.get(f"{C}/{first['id']}")).json()
    assert seen["items"][0]["state"] == "not_found"
    second = await claimed(house, moderator, "author", late)
    await sealed(house, author, late)
    await withdrawn(house, second)
    seen = (await moderator.get(f"{C}/{second['id']}")).json()
    assert seen["items"][0]["state"] == "withdrawn"
    assert not await seen_by_others(house, late)


async def test_undoing_twice_changes_nothing_more(house):
    moderator, _, post = await a_held_threat(house, f"{THREAT} {SHOP}")
    act = await swept(house, moderator, kind="domain", sought="shop.example")
    await undone(house, moderator, act)
    once = await house.case_on(post)
    row = await bulk.load(house.world, int(act["id"]))
    assert await bulk.bulk_posts.put_back(house.court, row, int(post)) == "judged_after_all"
    assert (await house.case_on(post)).steps == once.steps
    assert len(await store.sources(house.site.storage, once.id)) == 2


# what was never judged


@pytest.mark.parametrize(
    ("before", "cut_short"),
    [
        (case(state="judging", round=PANEL), True),
        (case(state="open"), True),
        (case(state="judging", verdict="violates"), False),
        (case(state="decided", verdict="keeps"), False),
    ],
)
def test_a_removal_cuts_short_what_has_no_verdict_yet(before, cut_short):
    step = Step("moderator_action", "k", NOW_MS, measure="remove")
    assert unheard.noted(before, before, step).cut_short is cut_short
    kept = Step("moderator_action", "k", NOW_MS, measure="keep")
    assert not unheard.noted(before, before, kept).cut_short


@pytest.mark.parametrize(
    ("removed", "said", "waits"),
    [
        ({"cut_short": True}, (), True),
        ({"cut_short": True, "categories": ("spam",)}, (), False),
        ({"judged_by": "bank"}, (), True),
        ({}, (), False),
        ({}, (source(at_ms=NOW_MS - 1),), False),
        ({}, (source(at_ms=NOW_MS),), True),
        ({}, (source(category="spam"),), False),
    ],
)
def test_what_is_alleged_beside_a_removal_waits_until_it_is_judged(removed, said, waits):
    there = case(**{"categories": ("incitement", "spam"), "measured_at_ms": NOW_MS, **removed})
    assert unheard.is_unheard(there, "spam", said) is waits
