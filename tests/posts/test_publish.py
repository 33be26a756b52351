from __future__ import annotations

import asyncio

import pytest

from venire.kernel.errors import Forbidden, Invalid, NotFound, Throttled, TooLarge
from venire.people import standing
from venire.posts import actions, store
from venire.posts.model import DELETED, HELD, REMOVED, VISIBLE, Draft, Edit
from venire.storage.tables.posts import (
    ACCOUNT_POSTS,
    IDEMPOTENCY,
    POSTS,
    PUBLIC_POSTS,
    THREAD_POSTS,
)
from venire.storage.verbs import Storage

pytestmark = pytest.mark.anyio


async def rows_of(storage: Storage, table) -> int:
    rows, _ = await storage.scan(table)
    return len(rows)


async def test_a_post_keeps_its_text_and_whom_it_names(town):
    ani = await town.account("ani")
    bob = await town.account("Bob")
    post = await town.post(ani, "halo @BOB@town.test, lihat #Kota\r\nya @nobody ")
    assert post.text == "halo @BOB@town.test, lihat #Kota\nya @nobody"
    assert [(m.id, m.username) for m in post.mentions] == [(bob, "Bob")]
    assert post.tags == ("kota",)
    assert post.conversation_id == post.id
    assert post.uri == f"https://town.test/users/ani/statuses/{post.id}"
    assert await actions.load(town.world, post.id) == post
    assert await actions.aimed_at(town.world, post.id) == [bob]


async def test_no_row_of_a_post_holds_the_address_of_this_site_but_its_identity(town):
    ani = await town.account("ani")
    post = await town.post(ani, "@ani #x")
    row = await town.storage.get(POSTS, (post.id,))
    assert "town.test" not in row.html
    assert row.uri.startswith("https://town.test/")


async def test_a_post_of_1000_characters_is_taken_and_one_more_is_not(town):
    ani = await town.account("ani")
    await town.post(ani, "x" * 1_000)
    await town.post(ani, "👩‍👩‍👧‍👦" * 400)
    await town.post(ani, "https://a.example/" + "x" * 1_500 + " " + "y" * 976)
    with pytest.raises(Invalid, match="text_too_long"):
        await town.post(ani, "x" * 1_001)
    with pytest.raises(Invalid, match="text_too_long"):
        await town.post(ani, "x" * 990, spoiler="y" * 11)
    with pytest.raises(TooLarge, match="text_too_large"):
        await town.post(ani, "👩‍👩‍👧‍👦" * 900)
    with pytest.raises(TooLarge, match="text_too_large"):
        await town.post(ani, " ".join(["https://a.example/" + "&" * 1_500] * 6))


async def test_the_largest_post_can_be_edited_within_one_commit(town):
    ani = await town.account("ani")
    links = " ".join(["https://a.example/" + "x" * 1_880] * 6)
    post = await town.post(ani, links)
    edited = await actions.edit(town.world, ani, post.id, Edit(text=links + " y"))
    assert edited.version == 2


@pytest.mark.parametrize("text", ["", "  \n ", "\x00\x01"])
async def test_an_empty_post_is_refused(town, text):
    ani = await town.account("ani")
    with pytest.raises(Invalid, match="text_blank"):
        await town.post(ani, text)
    assert await rows_of(town.storage, POSTS) == 0


async def test_a_warning_without_a_text_is_the_text(town):
    ani = await town.account("ani")
    post = await town.post(ani, "", spoiler="careful")
    assert (post.text, post.spoiler, post.sensitive) == ("careful", "", False)
    warned = await town.post(ani, "look", spoiler="careful")
    assert (warned.text, warned.spoiler, warned.sensitive) == ("look", "careful", True)


async def test_preferences_fill_in_what_a_draft_leaves_open(town):
    ani = await town.account("ani", privacy="private", sensitive=True, language="id")
    post = await town.post(ani)
    assert (post.visibility, post.sensitive, post.language) == ("private", True, "id")
    said = await town.post(ani, visibility="public", sensitive=False, language="en")
    assert (said.visibility, said.sensitive, said.language) == ("public", False, "en")
    assert (await town.post(ani, language="not a tag")).language == "id"
    with pytest.raises(Invalid, match="visibility_unknown"):
        await town.post(ani, visibility="secret")


async def test_an_answer_is_no_wider_than_what_it_answers_unless_asked(town):
    ani = await town.account("ani")
    bob = await town.account("bob")
    quiet = await town.post(ani, "psst @bob", visibility="direct")
    answer = await town.post(bob, "yes", in_reply_to_id=quiet.id)
    assert answer.visibility == "direct"
    assert answer.conversation_id == quiet.id
    assert answer.in_reply_to_account_id == ani
    loud = await town.post(bob, "yes!", in_reply_to_id=quiet.id, visibility="public")
    assert loud.visibility == "public"


async def test_what_one_may_not_see_one_cannot_answer(town):
    ani = await town.account("ani")
    bob = await town.account("bob")
    hidden = await town.post(ani, "mine", visibility="private")
    for target in (hidden.id, 12345):
        with pytest.raises(NotFound, match="reply_target_missing"):
            await town.post(bob, "me too", in_reply_to_id=target)


async def test_the_same_key_is_the_same_post_for_an_hour(town):
    ani = await town.account("ani")
    bob = await town.account("bob")
    first = await town.post(ani, "once", idempotency_key="k")
    again = await town.post(ani, "twice", idempotency_key="k")
    assert again == first
    other = await town.post(bob, "mine", idempotency_key="k")
    assert other.id != first.id
    town.clock.advance(actions.KEY_MS)
    assert (await town.post(ani, "later", idempotency_key="k")).id != first.id


async def test_two_at_once_with_one_key_make_one_post(town):
    ani = await town.account("ani")
    drafts = [Draft(text=f"text {n}", idempotency_key="k") for n in range(5)]
    made = await asyncio.gather(*(actions.publish(town.world, ani, d) for d in drafts))
    assert len({post.id for post in made}) == 1
    assert len({post.text for post in made}) == 1
    for table in (POSTS, ACCOUNT_POSTS, THREAD_POSTS, PUBLIC_POSTS, IDEMPOTENCY):
        assert await rows_of(town.storage, table) == 1, table.name
    assert len(await town.storage.tail(0)) == 1


async def test_a_claim_whose_holder_died_is_taken_over_at_once(town):
    ani = await town.account("ani")
    died = town.world.ids.next()
    await store.claim_key(town.world, ani, store.key_hash("client:k"), died)
    post = await town.post(ani, "go on", idempotency_key="k")
    assert post.id == died
    assert post.conversation_id == died
    assert post.uri.endswith(f"/{died}")


async def test_who_is_suspended_or_awaits_a_verdict_posts_nothing(town):
    ani = await town.account("ani")
    post = await town.post(ani)
    await standing.stop_posting(town.world, ani, "c1", None, 1)
    with pytest.raises(Forbidden, match="posting_stopped"):
        await town.post(ani)
    with pytest.raises(Forbidden, match="posting_stopped"):
        await actions.edit(town.world, ani, post.id, Edit(text="other"))
    await standing.resume_posting(town.world, ani, "c1")
    await town.post(ani)


async def test_an_edit_keeps_what_was_said_before(town):
    ani = await town.account("ani")
    bob = await town.account("bob")
    post = await town.post(ani, "one")
    town.clock.advance(1_000)
    edited = await actions.edit(town.world, ani, post.id, Edit(text="two #b", spoiler="w"))
    assert (edited.id, edited.text, edited.spoiler, edited.sensitive) == (
        post.id,
        "two #b",
        "w",
        True,
    )
    assert edited.edited_at_ms == town.clock.now_ms()
    assert [row.text for row in await store.versions(town.world, post.id)] == ["one"]
    same = await actions.edit(town.world, ani, post.id, Edit(text="two #b"))
    assert same == edited
    for editor, error in ((bob, NotFound), (12345, NotFound)):
        with pytest.raises(error):
            await actions.edit(town.world, editor, post.id, Edit(text="mine"))


async def test_a_deleted_post_is_gone_for_everyone_and_its_words_stay_until_erased(town):
    ani = await town.account("ani")
    post = await town.post(ani, "one")
    await actions.edit(town.world, ani, post.id, Edit(text="two"))
    assert (await actions.delete(town.world, ani, post.id)).text == "two"
    gone = await actions.load(town.world, post.id)
    assert (gone.state, gone.text) == (DELETED, "two")
    assert not await actions.may_see(town.world, gone, ani)
    with pytest.raises(NotFound):
        await actions.delete(town.world, ani, post.id)
    await actions.erase(town.world, post.id)
    erased = await actions.load(town.world, post.id)
    assert (erased.state, erased.text, erased.html) == (DELETED, "", "")
    assert await store.versions(town.world, post.id) == []
    told = [type(envelope.event).__name__ for envelope in await town.storage.tail(0)]
    assert told == ["PostCreated", "PostEdited", "PostDeleted", "PostEdited"]


async def test_a_hold_and_its_release_restore_the_post_in_place(town):
    ani = await town.account("ani")
    bob = await town.account("bob")
    post = await town.post(ani)
    for _ in range(2):
        held = await actions.set_state(town.world, post.id, HELD, case_id=9, rule=1, at_ms=5)
        assert (held.state, held.state_case_id, held.state_rule, held.state_at_ms) == (
            HELD,
            9,
            1,
            5,
        )
        assert held.version == 2
    assert await actions.may_see(town.world, held, ani)
    assert not await actions.may_see(town.world, held, bob)
    assert not await actions.may_see(town.world, held, None)
    with pytest.raises(Forbidden, match="post_held"):
        await actions.edit(town.world, ani, post.id, Edit(text="other"))
    free = await actions.set_state(town.world, post.id, VISIBLE, case_id=9, rule=None, at_ms=6)
    assert free.text == post.text
    assert await actions.may_see(town.world, free, None)
    removed = await actions.set_state(town.world, post.id, REMOVED, case_id=9, rule=1, at_ms=7)
    assert not await actions.may_see(town.world, removed, ani)
    with pytest.raises(NotFound):
        await actions.delete(town.world, ani, post.id)
    told = [e.event for e in await town.storage.tail(0)]
    assert [e.state for e in told[1:]] == [HELD, VISIBLE, REMOVED]


async def test_what_its_author_deleted_no_verdict_brings_back(town):
    ani = await town.account("ani")
    post = await town.post(ani)
    await actions.set_state(town.world, post.id, HELD, case_id=9, rule=1, at_ms=5)
    await actions.delete(town.world, ani, post.id)
    after = await actions.set_state(town.world, post.id, VISIBLE, case_id=9, rule=None, at_ms=6)
    assert after.state == DELETED
    assert await actions.set_state(town.world, 777, HELD, case_id=9, rule=1, at_ms=5) is None
    with pytest.raises(Invalid, match="state_unknown"):
        await actions.set_state(town.world, post.id, DELETED, case_id=9, rule=1, at_ms=5)


async def test_a_message_of_the_site_is_sent_once_and_names_only_its_recipient(town):
    site = await town.account("venire", bot=True)
    ani = await town.account("ani")
    await town.account("bob")
    text = "Your post “kill @bob #now https://a.example” was removed."
    first = await actions.send_direct(town.world, site, ani, text, key="case:1")
    town.clock.advance(90 * 86_400_000)
    again = await actions.send_direct(town.world, site, ani, text, key="case:1")
    assert again == first
    assert first.visibility == "direct"
    assert [m.id for m in first.mentions] == [ani]
    assert "@bob" in first.html
    assert "/@bob" not in first.html
    other = await actions.send_direct(town.world, site, ani, text, key="case:2")
    assert other.id != first.id
    long = await actions.send_direct(town.world, site, ani, "é" * 30_000, key="long")
    assert len(long.text.encode()) <= 10_003
    assert await actions.send_direct(town.world, site, 4242, text, key="x") is None


async def test_an_edit_is_no_way_past_the_budget_of_a_newcomer(town):
    """An empty post that is edited into a call of strangers costs what writing it would."""
    strangers = [f"stranger{number}" for number in range(11)]
    for name in strangers:
        await town.account(name)
    fresh = await town.account("fresh", created_at_ms=town.clock.now_ms())
    post = await town.post(fresh, "hello")
    everyone = " ".join(f"@{name}" for name in strangers)
    with pytest.raises(Throttled, match="new_account_strangers"):
        await actions.edit(town.world, fresh, post.id, Edit(text=everyone))
    links = " ".join(f"https://spam.example/{number}" for number in range(11))
    with pytest.raises(Throttled, match="new_account_links"):
        await actions.edit(town.world, fresh, post.id, Edit(text=links))
    assert (await store.load(town.world, post.id)).version == 1
    for turn in (0, 5):
        called = " ".join(f"@{name}" for name in strangers[turn : turn + 5])
        await actions.edit(town.world, fresh, post.id, Edit(text=called))
    # Ten were named in turn: no more, but what names nobody new is free.
    with pytest.raises(Throttled, match="new_account_strangers"):
        await actions.edit(town.world, fresh, post.id, Edit(text=f"{called} @stranger10"))
    await actions.edit(town.world, fresh, post.id, Edit(text=f"{called} and so on"))
