"""What panel and bench make of a notice's items, and what its sender is told of it."""

from __future__ import annotations

import csv
import io

import pytest

from tests.flows.desk import HEAD, png
from tests.kit.courthouse import MILD
from venire.cases import store as cases

pytestmark = pytest.mark.anyio

QUOTED = "The bridge over the northern canal stays closed for painting until next Friday."


async def item(desk, ref):
    return (await desk.show(ref))["items"][0]


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
