"""The moderation desk: for moderators alone; who reported is shown to nobody."""

from __future__ import annotations

import re

import pytest

from tests.kit.courthouse import THREAT
from venire.cases import store

pytestmark = pytest.mark.anyio


async def _reported(town, *, rule: int = 3) -> str:
    path = await town.post("rudi", "Nobody likes you, go away.")
    post_id = path.rsplit("/", 1)[1]
    await town.member("citra")
    report = {
        "account_id": town.known["rudi"].id,
        "status_ids": [post_id],
        "rule_ids": [rule],
        "comment": "Every evening.",
    }
    (await town.known["citra"].post("/api/v1/reports", json=report)).raise_for_status()
    await town.house.settle()
    return post_id


@pytest.mark.parametrize("path", ["/moderation", "/moderation/log", "/notices"])
async def test_the_desks_are_for_moderators(town, path):
    stranger, member = await town.stranger(), await town.member("ayu")
    assert (await stranger.client.get(path)).status_code == 303
    assert "role_required" in await member.text(path, 403)
    for role in ("moderator", "admin"):
        await (await town.member(f"the_{role}", role)).get(path)
    assert 'href="/moderation"' not in (await member.get("/")).text


async def test_the_queue_says_what_each_case_waits_for(town):
    post_id = await _reported(town, rule=7)
    case = await town.house.case_on(post_id)
    desk = await town.member("desk", "moderator")
    page = await desk.text("/moderation")
    assert case.public_id[:10] in page
    assert "7. Spam, scams, impersonation" in page
    assert "a member's report" in page
    assert "a moderator" in page


async def test_a_moderator_reads_what_was_said_without_who_said_it_and_acts(town):
    post_id = await _reported(town)
    case = await town.house.case_on(post_id)
    desk = await town.member("desk", "moderator")
    address = f"/moderation/cases/{case.public_id}"
    page = await desk.text(address)
    assert "Nobody likes you" in page
    assert "Every evening." in page
    assert "citra" not in page
    silent = await desk.send(address, address, action="remove")
    assert "reason_missing" in silent.text
    wrong = await desk.send(address, address, action="burn", reason="x")
    assert "action_unknown" in wrong.text
    sent = await desk.send(address, address, action="remove", reason="Plain harassment.")
    await town.house.settle()
    assert "Done, and in the record." in await desk.follow(sent)
    log = await desk.text("/moderation/log")
    assert "@desk" in log
    assert "Plain harassment." in log
    stranger = await town.stranger()
    assert "Removed under rule 3" in await stranger.text(f"/@rudi/{post_id}", 410)
    author = await town.member("rudi")
    own = await author.text(f"/@rudi/{post_id}")
    assert "A moderator" in own
    assert "desk" not in own


async def test_a_moderator_acts_on_a_post_that_has_no_case_yet(town):
    path = await town.post("rudi", "Buy cheap watches here.")
    address = f"/moderation/posts/{path.rsplit('/', 1)[1]}"
    desk = await town.member("desk", "moderator")
    assert f'href="{address}"' in (await desk.get(path)).text
    sent = await desk.send(address, address, action="remove", category="spam", reason="Spam.")
    await town.house.settle()
    assert "Rule 7" in await desk.follow(sent)
    hidden = await town.post("rudi", "For followers.", visibility="private")
    await desk.get(f"/moderation/posts/{hidden.rsplit('/', 1)[1]}", 404)


async def test_what_was_not_said_in_public_is_not_shown_at_the_desk(town):
    await town.member("rudi")
    await town.member("citra")
    made = await town.known["rudi"].post(
        "/api/v1/statuses", json={"status": "@citra a secret insult", "visibility": "direct"}
    )
    post_id = made.json()["id"]
    report = {"account_id": town.known["rudi"].id, "status_ids": [post_id], "rule_ids": [3]}
    (await town.known["citra"].post("/api/v1/reports", json=report)).raise_for_status()
    await town.house.settle()
    case = await town.house.case_on(post_id)
    desk = await town.member("desk", "moderator")
    page = await desk.text(f"/moderation/cases/{case.public_id}")
    assert "only the bench reads it" in page
    assert "secret insult" not in page


async def test_what_concerns_children_is_opened_by_the_person_named_for_it_alone(town):
    post_id = await _reported(town, rule=6)
    case = await town.house.case_on(post_id)
    desk, admin = await town.member("desk", "moderator"), await town.member("chief", "admin")
    sealed = await desk.text(f"/moderation/cases/{case.public_id}")
    assert "Only the person named for such cases opens this one." in sealed
    assert "Nobody likes you" not in sealed
    assert "Every evening" not in sealed
    closed = await admin.text(f"/moderation/cases/{case.public_id}")
    assert "Nobody likes you" not in closed
    assert "Open the sealed case" in closed
    path = f"/moderation/sealed/{case.public_id}"
    assert "Nobody likes you" not in await admin.text(path)
    opened = await admin.send(path, f"{path}/open")
    assert "Nobody likes you" in opened.text
    assert "read the text" in await admin.text(path)
    assert (await desk.client.get(path)).status_code == 403
    author = await town.member("rudi")
    assert "Nobody likes you" not in await author.text(f"/cases/{case.public_id}")


async def test_a_held_post_is_judged_at_the_desk_with_the_words_that_stood_out(jury_town):
    path = await jury_town.post("rudi", THREAT)
    case = await jury_town.house.case_on(path.rsplit("/", 1)[1])
    desk = await jury_town.member("desk", "moderator")
    page = (await desk.get(f"/moderation/cases/{case.public_id}")).text
    assert "<mark>" in page
    assert "a detector of this site" in page.lower()


async def test_an_account_that_is_judged_as_a_whole_gets_a_statement_of_its_own(town):
    await town.member("rudi")
    await town.member("citra")
    report = {"account_id": town.known["rudi"].id, "rule_ids": [7], "comment": "A robot."}
    (await town.known["citra"].post("/api/v1/reports", json=report)).raise_for_status()
    await town.house.settle()
    case = await store.case_of_subject(town.house.world.storage, "account", town.known["rudi"].id)
    desk = await town.member("desk", "moderator")
    address = f"/moderation/cases/{case.public_id}"
    assert "The case is about an account." in await desk.text(address)
    nothing = await desk.send(address, address, action="hold", reason="Wait.")
    assert "nothing_to_hold" in nothing.text
    await desk.send(address, address, action="remove", category="spam", reason="A robot.")
    await town.house.settle()
    author = await town.member("rudi")
    inbox = (await author.get("/inbox")).text
    assert "Rule broken" in inbox
    statement = re.search(r'href="(/statements/[0-9]+)"', inbox)
    seen = await author.text(statement[1])
    assert "The account was found to break rule 7" in seen
    assert "The post" not in seen
    public = await (await town.stranger()).text(f"/cases/{case.public_id}")
    assert "Rule broken" in public
    assert "Removed" not in public


async def test_a_moderator_says_which_rule_was_broken_and_never_in_their_own_case(town):
    post_id = await _reported(town, rule=9)
    case = await town.house.case_on(post_id)
    desk = await town.member("desk", "moderator")
    address = f"/moderation/cases/{case.public_id}"
    unknown = await desk.send(address, address, action="remove", category="x", reason="x")
    assert "category_unknown" in unknown.text
    await desk.send(address, address, action="remove", category="harassment", reason="x")
    await town.house.settle()
    stranger = await town.stranger()
    assert "Removed under rule 3" in await stranger.text(f"/@rudi/{post_id}", 410)
    again = await desk.send(address, address, action="remove", category="harassment", reason="x")
    assert "nothing_to_change" in again.text
    own = await town.post("desk", "Something of a moderator's own.")
    mine = f"/moderation/posts/{own.rsplit('/', 1)[1]}"
    refused = await desk.send(mine, mine, action="keep", category="other", reason="x")
    assert "own_case" in refused.text


async def test_a_sealed_case_has_notes_for_the_person_named_alone_and_no_word_to_its_author(town):
    case = await town.house.case_on(await _reported(town, rule=6))
    desk, admin = await town.member("desk", "moderator"), await town.member("chief", "admin")
    path = f"/moderation/cases/{case.public_id}"
    assert "Write a note" not in await desk.text(path)
    page = await admin.text(path)
    assert "Write a note" in page
    assert "Write to the author" not in page
