"""What a person does at the notice desk, and what the sender is told of it."""

from __future__ import annotations

import asyncio
import dataclasses

import msgspec
import pytest

from tests.kit.courthouse import MILD
from venire.kernel.errors import Unavailable
from venire.notices import actions
from venire.notices import store as notices
from venire.storage.tables.outbox import PARKED

pytestmark = pytest.mark.anyio

QUOTED = "The bridge over the northern canal stays closed for painting until next Friday."
GOES_ON = "We gather at the old harbour gate at nine and bring what is needed for the "


def two_that_begin_alike(desk):
    first = GOES_ON + "evening of songs with the children of the second school"
    second = GOES_ON + "long walk around the lake that the rowing club has prepared"
    return first, second


async def ambiguous(desk):
    """A notice whose one item may mean either of two posts; its reference and the posts."""
    author = await desk.house.site.member("author")
    found = [await desk.house.post(author, text) for text in two_that_begin_alike(desk)]
    ref = await desk.send([{"n": 1, "text": GOES_ON.strip() + "…"}])
    assert await desk.states(ref) == {1: "ambiguous"}
    return ref, found


async def item(desk, ref):
    return (await desk.show(ref))["items"][0]


# Who may send, and who confirms.


async def test_a_members_notice_holds_nothing_until_a_moderator_confirms_it(desk):
    author, member = await desk.house.site.member("author"), await desk.house.site.member("member")
    moderator = await desk.house.site.member("moderator", role="moderator")
    post = await desk.house.post(author, QUOTED)
    ref = await desk.send([{"n": 1, "text": QUOTED}], sender=member)
    assert await desk.states(ref) == {1: "awaiting_confirmation"}
    assert await desk.shown_to(member, post)
    assert await desk.house.case_on(post) is None
    shown = await desk.show(ref)
    assert (shown["state"], shown["verified"]) == ("awaiting_confirmation", False)
    refused = await member.post(f"/api/v1/notices/{ref}/confirm")
    assert refused.status_code == 403
    for _ in range(2):
        assert (await moderator.post(f"/api/v1/notices/{ref}/confirm")).status_code == 200
        await desk.house.settle()
    assert await desk.states(ref) == {1: "held"}
    assert not await desk.shown_to(member, post)
    assert (await desk.show(ref))["state"] == "working"


async def test_a_member_cannot_use_up_the_reference_of_a_providers_notice(desk):
    author, member = await desk.house.site.member("author"), await desk.house.site.member("member")
    other = await desk.house.site.member("other")
    post = await desk.house.post(author, QUOTED)
    squatted = {await desk.send([], sender=each) for each in (member, member, other)}
    assert len(squatted) == 2
    ref = await desk.send([{"n": 1, "text": QUOTED}])
    assert ref not in squatted
    assert await desk.states(ref) == {1: "held"}
    assert not await desk.shown_to(member, post)
    mine = await notices.of_provider(desk.house.site.storage, "aws")
    assert [str(found) for found in mine] == [ref]


async def test_a_confirmed_notice_is_in_its_providers_file(desk):
    member = await desk.house.site.member("member")
    ref = await desk.send([], sender=member)
    assert await notices.of_provider(desk.house.site.storage, "aws") == []
    await desk.operator.post(f"/api/v1/notices/{ref}/confirm")
    assert await notices.of_provider(desk.house.site.storage, "aws") == [int(ref)]


async def test_over_500_items_a_person_confirms_and_then_they_are_held(desk):
    author, stranger = await desk.house.site.member("author"), await desk.house.site.member("anna")
    post = await desk.house.post(author, QUOTED)
    items = [{"n": n, "url": f"https://another.example/{n}"} for n in range(1, 501)]
    ref = await desk.send([*items, {"n": 501, "text": QUOTED}])
    assert (await desk.states(ref))[501] == "awaiting_confirmation"
    assert await desk.shown_to(stranger, post)
    await desk.operator.post(f"/api/v1/notices/{ref}/confirm")
    await desk.house.settle()
    assert (await desk.states(ref))[501] == "held"
    assert not await desk.shown_to(stranger, post)


async def test_500_items_are_acted_on_unless_they_are_much_of_what_is_posted(desk):
    author = await desk.house.site.member("author")
    await desk.house.post(author, QUOTED)
    items = [{"n": n, "url": f"https://another.example/{n}"} for n in range(1, 200)]
    items.append({"n": 200, "text": QUOTED})
    assert (await desk.states(await desk.send(items, reference="200")))[200] == "held"
    items.append({"n": 201, "url": "https://another.example/201"})
    ref = await desk.send(items, reference="201")
    assert (await desk.states(ref))[200] == "awaiting_confirmation"


async def test_what_a_confirmation_set_going_is_finished_after_a_crash(desk):
    author, member = await desk.house.site.member("author"), await desk.house.site.member("member")
    await desk.house.post(author, QUOTED)
    ref = await desk.send([{"n": 1, "text": QUOTED}], sender=member)
    # Acknowledged, and nothing more: whoever confirmed is gone before anybody has heard of it.
    await actions.confirm(desk.house.world, int(ref), desk.operator.id)
    assert await desk.states(ref) == {1: "awaiting_confirmation"}
    await desk.house.settle()
    assert await desk.states(ref) == {1: "held"}


async def test_a_providers_budget_of_holds_is_kept_and_the_rest_is_judged_unheld(desk):
    author, stranger = await desk.house.site.member("author"), await desk.house.site.member("anna")
    policy = desk.house.court.policy
    limited = msgspec.structs.replace(policy.notices, hold_budget_per_day=1)
    court = dataclasses.replace(
        desk.house.court, policy=msgspec.structs.replace(policy, notices=limited)
    )
    desk.house.site.court = court
    subscribed = type(desk.house.site.subscriptions)
    from venire.server.subscriptions import subscriptions

    desk.house.site.subscriptions = subscribed(subscriptions(court))
    texts = [QUOTED, MILD]
    posts = [await desk.house.post(author, text) for text in texts]
    ref = await desk.send([{"n": n, "text": text} for n, text in enumerate(texts, start=1)])
    assert sorted((await desk.states(ref)).values()) == ["held", "located"]
    assert [await desk.shown_to(stranger, post) for post in posts].count(True) == 1
    for post in posts:
        assert (await desk.house.case_on(post)).state == "judging"


# What a person chooses.


async def test_of_two_posts_that_may_be_meant_a_person_names_one(desk):
    ref, (first, second) = await ambiguous(desk)
    stranger = await desk.house.site.member("stranger")
    assert set((await item(desk, ref))["posts"]) == {first, second}
    assert await desk.house.case_on(first) is None
    path = f"/api/v1/notices/{ref}/items/1/choose"
    chosen = await desk.operator.post(path, json={"posts": [second]})
    assert (chosen.status_code, chosen.json()["posts"]) == (200, [second])
    await desk.house.settle()
    assert await desk.states(ref) == {1: "held"}
    assert await desk.shown_to(stranger, first)
    assert not await desk.shown_to(stranger, second)
    again = await desk.operator.post(path, json={"posts": [first]})
    assert (again.status_code, again.json()["code"]) == (409, "item_not_open")


async def test_when_neither_is_meant_nothing_is_held_and_the_item_was_not_found(desk):
    ref, posts = await ambiguous(desk)
    path = f"/api/v1/notices/{ref}/items/1/choose"
    assert (await desk.operator.post(path, json={"posts": []})).status_code == 200
    await desk.house.settle()
    shown = await desk.show(ref)
    assert (shown["state"], shown["items"][0]["state"]) == ("final", "not_found")
    for post in posts:
        assert await desk.house.case_on(post) is None


async def test_only_public_posts_that_are_there_can_be_chosen(desk):
    ref, _ = await ambiguous(desk)
    author = await desk.house.site.member("letter_writer")
    private = [
        await desk.house.post(author, MILD, visibility=visibility)
        for visibility in ("private", "direct")
    ]
    path = f"/api/v1/notices/{ref}/items/1/choose"
    for post in (*private, "1", str(1 << 60)):
        answer = await desk.operator.post(path, json={"posts": [post]})
        assert (answer.status_code, answer.json()["code"]) == (404, "record_not_found")
        await desk.house.settle()
    for post in private:
        assert await desk.house.case_on(post) is None
    for sent in ({"posts": ["x"]}, {"posts": list(map(str, range(1, 200)))}):
        assert (await desk.operator.post(path, json=sent)).status_code == 422
    for where in ("9/choose", "0/choose", "x/choose", "9/release"):
        answer = await desk.operator.post(
            f"/api/v1/notices/{ref}/items/{where}", json={"posts": [], "reason": "x"}
        )
        assert answer.status_code == 404
    assert await desk.states(ref) == {1: "ambiguous"}


async def test_a_chosen_post_that_its_author_deleted_opens_no_case(desk):
    ref, (first, _) = await ambiguous(desk)
    author = await desk.house.site.member("late")
    mine = await desk.house.post(author, MILD)
    assert (await author.delete(f"/api/v1/statuses/{mine}")).status_code == 200
    await desk.house.settle()
    path = f"/api/v1/notices/{ref}/items/1/choose"
    assert (await desk.operator.post(path, json={"posts": [mine]})).status_code == 200
    await desk.house.settle()
    assert await desk.states(ref) == {1: "deleted_by_author"}
    assert await desk.house.case_on(mine) is None
    assert await desk.house.case_on(first) is None


# What becomes of an item's posts.


async def test_an_item_is_removed_when_none_of_its_posts_stands(desk):
    author, copier = await desk.house.site.member("author"), await desk.house.site.member("copier")
    posts = [await desk.house.post(each, QUOTED) for each in (author, copier)]
    ref = await desk.send([{"n": 1, "text": QUOTED}])
    shown = await item(desk, ref)
    assert (shown["state"], sorted(shown["posts"])) == ("held", sorted(posts))
    await actions.set_item_states(desk.house.world, int(posts[0]), "removed", at_ms=1)
    assert (await item(desk, ref))["state"] == "held"
    for post in posts:
        await desk.operator.post(
            f"/api/v1/admin/posts/{post}/actions",
            json={"action": "remove", "reason": "a threat", "category": "incitement"},
        )
    await desk.house.settle()
    shown = await desk.show(ref)
    assert (shown["items"][0]["state"], shown["state"]) == ("removed", "final")


async def test_an_author_who_deletes_one_of_two_posts_does_not_end_the_item(desk):
    author, copier = await desk.house.site.member("author"), await desk.house.site.member("copier")
    first, second = [await desk.house.post(each, QUOTED) for each in (author, copier)]
    ref = await desk.send([{"n": 1, "text": QUOTED}])
    assert (await author.delete(f"/api/v1/statuses/{first}")).status_code == 200
    await desk.house.settle()
    assert await desk.states(ref) == {1: "held"}
    assert (await copier.delete(f"/api/v1/statuses/{second}")).status_code == 200
    await desk.house.settle()
    shown = await desk.show(ref)
    assert (shown["items"][0]["state"], shown["state"]) == ("deleted_by_author", "final")


async def test_a_notice_whose_items_all_end_at_once_is_final(desk):
    author = await desk.house.site.member("author")
    posts = [await desk.house.post(author, f"{MILD} {n}") for n in range(1, 9)]
    ref = await desk.send(
        [{"n": n, "url": desk.url(author, post)} for n, post in enumerate(posts, start=1)]
    )
    assert (await desk.show(ref))["state"] == "working"
    world = desk.house.world
    await asyncio.gather(
        *(actions.set_item_states(world, int(post), "removed", at_ms=1) for post in posts)
    )
    shown = await desk.show(ref)
    assert shown["state"] == "final"
    assert {each["state"] for each in shown["items"]} == {"removed"}


async def test_what_was_removed_or_deleted_before_is_located_and_said_to_be(desk):
    author = await desk.house.site.member("author")
    removed, deleted = await desk.house.post(author, QUOTED), await desk.house.post(author, MILD)
    await desk.operator.post(
        f"/api/v1/admin/posts/{removed}/actions",
        json={"action": "remove", "reason": "a threat", "category": "incitement"},
    )
    await author.delete(f"/api/v1/statuses/{deleted}")
    await desk.house.settle()
    ref = await desk.send(
        [
            {"n": 1, "text": QUOTED},
            {"n": 2, "url": desk.url(author, removed)},
            {"n": 3, "text": MILD},
            {"n": 4, "url": desk.url(author, deleted)},
        ]
    )
    assert await desk.states(ref) == {
        1: "removed_before_notice",
        2: "removed_before_notice",
        3: "deleted_by_author",
        4: "deleted_by_author",
    }
    assert (await desk.show(ref))["state"] == "final"


async def test_what_was_not_said_in_public_is_not_found_by_its_address_or_text(desk):
    author = await desk.house.site.member("author")
    posts = [await desk.house.post(author, QUOTED, visibility=v) for v in ("private", "direct")]
    items = [{"n": n, "url": desk.url(author, post)} for n, post in enumerate(posts, start=1)]
    ref = await desk.send([*items, {"n": 3, "text": QUOTED}])
    assert await desk.states(ref) == dict.fromkeys((1, 2, 3), "not_found")


async def test_without_an_engine_for_pictures_the_other_items_go_on(desk):
    author = await desk.house.site.member("author")
    await desk.house.post(author, QUOTED)

    class NoEngine:
        async def read(self, _content):
            raise Unavailable("ocr_unavailable")

    ocr = desk.house.court.ocr
    object.__setattr__(desk.house.court, "ocr", NoEngine())
    ref = await desk.send(
        [{"n": 1, "screenshot": "a.png"}, {"n": 2, "text": QUOTED}], [("a.png", b"no picture")]
    )
    shown = await desk.show(ref)
    assert shown["state"] == "reading"
    assert [each["state"] for each in shown["items"]] == ["received", "held"]
    (parked,) = await desk.house.site.storage.range(PARKED, ("notices",))
    assert parked.error.startswith("Unavailable")
    # The next start, with an engine, goes on with what is left.
    object.__setattr__(desk.house.court, "ocr", ocr)
    await desk.house.settle()
    assert await desk.states(ref) == {1: "broken_image", 2: "held"}
