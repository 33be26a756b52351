"""What a person does at the notice desk, and what the sender is told of it."""

from __future__ import annotations

import csv
import dataclasses
import io

import msgspec
import pytest

from tests.flows.desk import HEAD, png
from tests.kit.courthouse import MILD
from venire.cases import store as cases
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


# What the bench keeps, and what the sender is told.


async def disputed(desk):
    """A notice whose one item the bench has kept; its reference, the post, its author."""
    author = await desk.house.site.member("author")
    post = await desk.house.post(author, MILD)
    ref = await desk.send([{"n": 1, "text": MILD}])
    assert await desk.states(ref) == {1: "held"}
    await desk.house.vote("keeps")
    return ref, post, author


async def test_a_keeps_of_panel_and_bench_waits_for_an_operator_who_releases_it(desk_with_jury):
    desk = desk_with_jury
    ref, post, author = await disputed(desk)
    stranger = await desk.house.site.member("stranger")
    moderator = await desk.house.site.member("moderator", role="moderator")
    case = await desk.house.case_on(post)
    assert (case.round.kind, case.disputed) == ("bench", True)
    assert (await desk.show(ref))["state"] == "final"
    assert await desk.states(ref) == {1: "disputed"}
    assert not await desk.shown_to(stranger, post)
    told = (await desk.operator.get(f"/api/v1/notices/{ref}/reply.json")).json()
    assert told["items"][0]["state"] == "disputed"

    path = f"/api/v1/notices/{ref}/items/1/release"
    assert (await author.post(path, json={"reason": "mine"})).status_code == 403
    for reason in ("", " ", "x" * 2_001):
        assert (await moderator.post(path, json={"reason": reason})).status_code == 422
    assert not await desk.shown_to(stranger, post)
    released = await moderator.post(path, json={"reason": "The bench found no threat in it."})
    assert released.status_code == 200
    await desk.house.settle()
    assert await desk.shown_to(stranger, post)
    assert await desk.states(ref) == {1: "disputed"}
    assert (await desk.house.case_on(post)).hold == "lifted"
    log = (await moderator.get("/api/v1/admin/actions")).json()
    assert [(line["action"], line["reason"]) for line in log] == [
        ("keep", "The bench found no threat in it.")
    ]
    assert (await author.get("/api/v1/statements")).json()[0]["kind"] == "lift"


async def test_what_is_not_disputed_cannot_be_released(desk):
    author = await desk.house.site.member("author")
    post = await desk.house.post(author, QUOTED)
    ref = await desk.send([{"n": 1, "text": QUOTED}])
    path = f"/api/v1/notices/{ref}/items/1/release"
    answer = await desk.operator.post(path, json={"reason": "I know better"})
    assert (answer.status_code, answer.json()["code"]) == (409, "item_not_disputed")
    assert (await desk.house.case_on(post)).hold == "held"


async def test_a_post_that_a_moderator_kept_is_looked_at_again_when_a_notice_names_it(desk):
    author = await desk.house.site.member("author")
    post = await desk.house.post(author, QUOTED)
    await desk.operator.post(
        f"/api/v1/admin/posts/{post}/actions", json={"action": "keep", "reason": "a figure"}
    )
    await desk.house.settle()
    ref = await desk.send([{"n": 1, "text": QUOTED}])
    assert await desk.states(ref) == {1: "held"}


async def test_the_reply_says_of_each_item_what_the_desk_says(desk_with_jury):
    desk = desk_with_jury
    author = await desk.house.site.member("author")
    removed = await desk.house.post(author, QUOTED)
    held = await desk.house.post(author, MILD)
    items = [
        {"n": 1, "text": QUOTED},
        {"n": 2, "url": "https://another.example/1"},
        {"n": 3, "screenshot": "gone.png"},
        {"n": 4, "text": "=HYPERLINK(nothing of the kind was ever said here by anyone)"},
        {"n": 5, "screenshot": "broken.png"},
    ]
    ref = await desk.send(items, [("broken.png", png()[:40])])
    await desk.house.vote("violates")
    second = await desk.send([{"n": 1, "text": MILD}], reference="second")

    states = await desk.states(ref)
    assert states == {
        1: "removed",
        2: "foreign",
        3: "missing_file",
        4: "not_found",
        5: "broken_image",
    }
    base = f"/api/v1/notices/{ref}"
    told = (await desk.operator.get(f"{base}/reply.json")).json()
    assert {each["n"]: each["code"] or each["state"] for each in told["items"]} == states
    sheet = await desk.operator.get(f"{base}/reply.csv")
    assert sheet.headers["content-type"].startswith("text/csv")
    assert 'filename="reply.csv"' in sheet.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert {int(row["n"]): row["code"] or row["state"] for row in rows} == states
    mail = (await desk.operator.get(f"{base}/reply.txt")).text
    assert HEAD["reference"] in mail
    assert removed in mail
    case = await desk.house.case_on(removed)
    assert f"/cases/{case.public_id}" in mail
    assert held not in mail
    assert (await desk.show(ref))["state"] == "final"
    other = (await desk.operator.get(f"/api/v1/notices/{second}/reply.json")).json()
    assert [each["state"] for each in other["items"]] == ["held"]


async def test_the_reply_is_for_operators_and_of_three_forms(desk):
    member = await desk.house.site.member("member")
    ref = await desk.send([])
    for viewer, path, status in (
        (member, f"{ref}/reply.json", 403),
        (member, ref, 403),
        (desk.operator, f"{ref}/reply.exe", 404),
        (desk.operator, f"{ref}/notice", 404),
        (desk.operator, "1/reply.json", 404),
        (desk.operator, "x/reply.json", 404),
        (desk.operator, "1", 404),
    ):
        answer = await viewer.get(f"/api/v1/notices/{path}")
        assert answer.status_code == status
        assert answer.json()["code"]
    nobody = await desk.house.site.client.get(f"/api/v1/notices/{ref}/reply.json")
    assert nobody.status_code == 401


async def test_a_warning_without_items_is_kept_and_answered(desk):
    ref = await desk.send([], kind="warning")
    shown = await desk.show(ref)
    assert (shown["state"], shown["kind"], shown["items"]) == ("final", "warning", [])
    assert (await desk.operator.get(f"/api/v1/notices/{ref}/reply.txt")).status_code == 200


async def test_last_years_notices_are_still_listed_in_the_new_one(desk):
    ref = await desk.send([])
    desk.house.site.clock.advance(370 * 86_400_000)
    later = await desk.send([], reference="later")
    listed = (await desk.operator.get("/api/v1/notices")).json()
    assert [each["ref"] for each in listed] == [later, ref]


async def test_an_item_says_when_its_post_was_held_and_decided(desk_with_jury):
    desk = desk_with_jury
    author = await desk.house.site.member("author")
    post = await desk.house.post(author, QUOTED)
    ref = await desk.send([{"n": 1, "text": QUOTED}])
    held_at = (await item(desk, ref))["held_at"]
    desk.house.site.clock.advance(60_000)
    await desk.house.vote("violates")
    decided = await item(desk, ref)
    assert (decided["state"], decided["held_at"]) == ("removed", held_at)
    assert decided["decided_at"] > held_at
    case = await cases.case_of_subject(desk.house.site.storage, "post", int(post))
    assert case.held_by == "notice"
