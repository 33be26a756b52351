"""Many posts at once: counted first, removed each by its case, brought back whole."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from tests.kit.courthouse import Courthouse, open_courthouse
from venire.cases import bulk, bulk_posts, store
from venire.cases.policy import BulkPolicy
from venire.kernel.clock import DAY_MS, iso_ms
from venire.kernel.errors import Unavailable
from venire.people import standing

pytestmark = pytest.mark.anyio

B = "/api/v1/admin/bulk"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def finish(house: Courthouse) -> None:
    for _ in range(40):
        await house.settle()
        house.site.clock.advance(200)


async def meant(house: Courthouse, moderator, **what):
    house.site.clock.advance(1_000)
    since = iso_ms(house.site.clock.now_ms() - 30 * DAY_MS)
    body = {"since": since, "category": "spam", "reason": "one campaign", **what}
    answer = await moderator.post(B, json=body)
    if answer.is_success:
        await finish(house)
        return (await moderator.get(f"{B}/{answer.json()['id']}")).json()
    return answer


async def seen(house: Courthouse, ids) -> int:
    found = [await house.site.client.get(f"/api/v1/statuses/{one}") for one in ids]
    return sum(answer.status_code == 200 for answer in found)


async def points_of(house: Courthouse, member) -> int:
    return (await standing.standing(house.world, member.id)).points


async def spammers(house: Courthouse, text: str, number: int = 4):
    people = [await house.site.member(f"seller{n}") for n in range(number)]
    made = [await house.post(one, text.format(n=n)) for n, one in enumerate(people)]
    return people, made


async def test_what_links_to_a_domain_goes_at_once_and_comes_back_in_place(house):
    moderator = await house.site.member("mona", "moderator")
    people, made = await spammers(house, "Offer {n}: https://win.shop.example/{n} only today")
    other = await house.site.member("other")
    close = await house.post(other, "Read https://notshop.example/1 and shop.example.org")
    named = await house.post(other, "do not buy at shop dot example")
    counted = await meant(house, moderator, kind="domain", sought="https://shop.example/")
    assert (counted["state"], counted["counted"], counted["sought"]) == ("ready", 4, "shop.example")
    assert await seen(house, made) == 4, "counting touches nothing"
    begun = await moderator.post(f"{B}/{counted['id']}/go")
    assert begun.status_code == 202, begun.text
    await finish(house)
    done = (await moderator.get(f"{B}/{counted['id']}")).json()
    assert (done["state"], done["done"], done["left_alone"]) == ("done", 4, 0)
    assert await seen(house, made) == 0
    assert await seen(house, [close, named]) == 2
    for member in people:
        assert await points_of(house, member) == 4
        (statement,) = (await member.get("/api/v1/statements")).json()
        assert (statement["kind"], statement["decided_by"]) == ("measure", "moderator")
    assert (await moderator.post(f"{B}/{counted['id']}/restore")).status_code == 202
    await finish(house)
    assert (await moderator.get(f"{B}/{counted['id']}")).json()["state"] == "restored"
    assert await seen(house, made) == 4
    for member in people:
        assert await points_of(house, member) == 0
    log = (await moderator.get("/api/v1/admin/log")).json()
    actions = [line["action"] for line in log]
    assert actions == ["bulk_restore", "bulk_remove", "bulk_count"]


async def test_what_says_the_same_is_found_and_what_says_the_opposite_is_not(house):
    moderator = await house.site.member("mona", "moderator")
    text = "Earn five thousand dollars weekly from home, write me for the secret method {n}"
    _, made = await spammers(house, text)
    other = await house.site.member("other")
    warning = "Nobody earns five thousand dollars weekly from home by a secret method, beware"
    kept = await house.post(other, warning)
    counted = await meant(house, moderator, kind="text", sought=text.format(n=9))
    assert counted["counted"] == 4
    await moderator.post(f"{B}/{counted['id']}/go")
    await finish(house)
    assert await seen(house, made) == 0
    assert await seen(house, [kept]) == 1


async def test_over_a_size_the_number_itself_is_confirmed(house):
    policy = msgspec.structs.replace(house.court.policy, bulk=BulkPolicy(confirm_over=3, most=5))
    object.__setattr__(house.court, "policy", policy)
    moderator = await house.site.member("mona", "moderator")
    spammer = await house.site.member("seller")
    made = [await house.post(spammer, f"buy now {n}") for n in range(5)]
    counted = await meant(house, moderator, kind="author", account_id=str(spammer.id))
    assert (counted["counted"], counted["confirm"]) == (5, True)
    for body in ({}, {"count": 4}):
        refused = await moderator.post(f"{B}/{counted['id']}/go", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "count_not_confirmed")
    assert await seen(house, made) == 5
    assert (await moderator.post(f"{B}/{counted['id']}/go", json={"count": 5})).is_success
    await house.post(spammer, "buy now 6")
    more = await meant(house, moderator, kind="author", account_id=str(spammer.id))
    assert more["too_many"]
    refused = await moderator.post(f"{B}/{more['id']}/go", json={"count": more["counted"]})
    assert refused.json()["code"] == "bulk_too_many"
    assert (await moderator.post(f"{B}/{more['id']}/drop")).json()["state"] == "dropped"


async def test_authors_of_deceptive_spam_are_sent_no_statement_and_others_always_are(house):
    moderator = await house.site.member("mona", "moderator")
    people, made = await spammers(house, "Pills {n} https://pills.example/{n} cheap", number=2)
    counted = await meant(house, moderator, kind="domain", sought="pills.example", deceptive=True)
    await moderator.post(f"{B}/{counted['id']}/go")
    await finish(house)
    assert await seen(house, made) == 0
    for member in people:
        assert (await member.get("/api/v1/statements")).json() == []
    refused = await meant(
        house, moderator, kind="domain", sought="pills.example", deceptive=True, category="hate"
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "untold_not_allowed")


async def test_what_jurors_kept_and_what_staff_wrote_is_left_alone(house):
    await house.seat_pool(12)
    moderator = await house.site.member("mona", "moderator")
    admin = await house.site.member("boss", "admin")
    author = await house.site.member("author")
    reporter = await house.site.member("reporter")
    kept = await house.post(author, "A look at https://shop.example/ and its promises")
    filed = {"account_id": str(author.id), "status_ids": [kept], "rule_ids": ["3"]}
    assert (await reporter.post("/api/v1/reports", json=filed)).is_success
    await house.settle()
    await house.vote("keeps")
    assert (await house.case_on(kept)).verdict == "keeps"
    official = await house.post(admin, "Our own https://shop.example/ is open")
    own = await house.post(moderator, "I bought at https://shop.example/ myself")
    counted = await meant(house, moderator, kind="domain", sought="shop.example")
    await moderator.post(f"{B}/{counted['id']}/go")
    await finish(house)
    done = (await moderator.get(f"{B}/{counted['id']}")).json()
    why = {item["post_id"]: item["why"] for item in done["items"]}
    assert why == {kept: "kept_by_jury", official: "staff", own: "own"}
    assert await seen(house, [kept, official, own]) == 3


async def test_copies_swept_away_with_what_was_meant_come_back_with_it(house):
    moderator = await house.site.member("mona", "moderator")
    text = "The very same long announcement about miracle cures and their discount codes"
    _, made = await spammers(house, text)
    early = await meant(
        house, moderator, kind="author", account_id=str((await house.site.member("x1")).id)
    )
    assert early["counted"] == 0
    first = await house.case_on(made[0])
    assert first is None
    author = (await house.site.client.get(f"/api/v1/statuses/{made[0]}")).json()["account"]["id"]
    counted = await meant(house, moderator, kind="author", account_id=author)
    assert counted["counted"] == 1
    await moderator.post(f"{B}/{counted['id']}/go")
    await finish(house)
    assert await seen(house, made) == 0, "copies follow the verdict"
    await moderator.post(f"{B}/{counted['id']}/restore")
    await finish(house)
    assert await seen(house, made) == 4


async def test_killed_between_any_two_things_it_goes_on_and_counts_right(house, monkeypatch):
    moderator = await house.site.member("mona", "moderator")
    spammer = await house.site.member("seller")
    made = [await house.post(spammer, f"buy my rugs {n}") for n in range(14)]
    counted = await meant(house, moderator, kind="author", account_id=str(spammer.id))
    await moderator.post(f"{B}/{counted['id']}/go")
    real, calls = bulk_posts.remove, [0]

    async def dies_often(*asked):
        calls[0] += 1
        if calls[0] % 3 == 0:
            raise Unavailable("killed_here")
        done = await real(*asked)
        if calls[0] % 5 == 0:
            raise Unavailable("killed_after")
        return done

    monkeypatch.setattr(bulk_posts, "remove", dies_often)
    for _ in range(30):
        with contextlib.suppress(Unavailable):
            await bulk.go_on(house.court, counted["id"])
        await house.site.settle()
        house.site.clock.advance(100)
    monkeypatch.setattr(bulk_posts, "remove", real)
    await finish(house)
    done = (await moderator.get(f"{B}/{counted['id']}")).json()
    assert (done["state"], done["done"]) == ("done", 14)
    assert await seen(house, made) == 0
    cases = [await house.case_on(one) for one in made]
    assert {len(case.struck) for case in cases} == {1}, "each cost its author once"
    said = await store.sources(house.site.storage, cases[0].id)
    assert [source.ref for source in said] == [f"bulk:{counted['id']}"]


async def test_a_bulk_act_needs_a_reason_a_span_something_sought_and_lower_rank(house):
    moderator = await house.site.member("mona", "moderator")
    admin = await house.site.member("boss", "admin")
    member = await house.site.member("someone")
    for change, code in (
        ({"reason": " "}, "reason_missing"),
        ({"category": "nonsense"}, "category_unknown"),
        ({"kind": "everything"}, "bulk_kind_unknown"),
        ({"sought": "no domain"}, "domain_invalid"),
        ({"kind": "text", "sought": "hi"}, "text_too_short"),
        ({"kind": "author", "account_id": None}, "bulk_sought_missing"),
        ({"since": "yesterday"}, "date_invalid"),
        ({"since": "2020-01-01T00:00:00Z"}, "span_invalid"),
    ):
        asked = {"kind": "domain", "sought": "shop.example", **change}
        refused = await meant(house, moderator, **asked)
        assert (refused.status_code, refused.json()["code"]) == (422, code), change
    refused = await meant(house, moderator, kind="author", account_id=str(admin.id))
    assert refused.status_code == 403
    assert (await meant(house, member, kind="domain", sought="shop.example")).status_code == 403


async def test_a_whole_wave_of_one_account_is_taken_back_and_restored(house):
    moderator = await house.site.member("mona", "moderator")
    spammer = await house.site.member("seller")
    made = [await house.post(spammer, f"buy my rugs {n}") for n in range(3)]
    counted = await meant(house, moderator, kind="wave", account_id=str(spammer.id))
    assert counted["counted"] == 3
    await moderator.post(f"{B}/{counted['id']}/go")
    await finish(house)
    assert await seen(house, made) == 0
    assert (await moderator.post(f"{B}/{counted['id']}/restore")).status_code == 202
    await finish(house)
    assert await seen(house, made) == 3
