from __future__ import annotations

import asyncio

import pytest

from venire.events import PollEnded
from venire.kernel.errors import Invalid, NotFound
from venire.posts import actions, poll_ends, polls, store
from venire.posts.model import Edit, PollDraft
from venire.storage.tables.outbox import TIMERS
from venire.storage.tables.polls import VOTES
from venire.storage.timers import Timers

pytestmark = pytest.mark.anyio
QUESTION = PollDraft(("tea", "coffee"), 300)
SEVERAL = PollDraft(("a", "b", "c"), 300, multiple=True)


async def stands(town, post, viewer=None) -> polls.Ballots:
    await town.hear()
    return (await polls.load_ballots(town.world, viewer, [post]))[post.id]


async def fire(town) -> int:
    handlers = {poll_ends.TIMER: lambda key: poll_ends.on_due(town.world, key)}
    return await Timers(town.storage, town.clock, handlers).fire_due()


async def ends_told(town) -> int:
    return sum(isinstance(e.event, PollEnded) for e in await town.storage.tail(0, 10_000))


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (PollDraft((), 300), "Options must be more than one item"),
        (PollDraft(("a",), 300), "Options must be more than one item"),
        (PollDraft(("a", " "), 300), "Options can't be blank"),
        (PollDraft(("a", "\u0000\ufdd0"), 300), "Options can't be blank"),
        (PollDraft(tuple("abcde"), 300), "Options can't contain more than 4 items"),
        (PollDraft(("a", "b" * 51), 300), "Options can't be longer than 50 characters each"),
        (PollDraft(("a", " a\n"), 300), "Options contain duplicate items"),
        (PollDraft(("a", "b"), 299), "Expiration date is too soon"),
        (PollDraft(("a", "b"), 2_629_747), "Expiration date is too far into the future"),
    ],
)
async def test_a_question_that_is_none_is_refused_in_mastodons_words(town, draft, sentence):
    ani = await town.account("ani")
    with pytest.raises(Invalid, match="poll_invalid") as refused:
        await town.post(ani, poll=draft)
    assert refused.value.hint == f"Validation failed: {sentence}"


async def test_votes_are_counted_once_each_and_everyone_sees_their_own(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    post = await town.post(ani, poll=QUESTION)
    at_once = await polls.vote(town.world, bob, post, [1])
    assert (at_once.votes, at_once.voters, at_once.own) == ((0, 1), 1, (1,))
    await polls.vote(town.world, eve, post, [0])
    for viewer, own in ((None, None), (ani, None), (bob, (1,)), (eve, (0,))):
        found = await stands(town, post, viewer)
        assert (found.votes, found.voters, found.own) == ((1, 1), 2, own)


async def test_of_several_answers_each_counts_and_the_voter_once(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani, poll=SEVERAL)
    await polls.vote(town.world, bob, post, [2, 0, 2])
    found = await stands(town, post, bob)
    assert (found.votes, found.voters, found.own) == ((1, 0, 1), 1, (2, 0))


async def test_what_is_no_vote_is_refused_in_mastodons_words(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani, poll=QUESTION)
    plain = await town.post(ani)
    nonsense = "Validation failed: The chosen vote option does not exist"
    for voter, choices, code, sentence in (
        (ani, [0], "poll_own", "Validation failed: You cannot vote in your own polls"),
        (bob, [], "poll_choice_invalid", nonsense),
        (bob, [2], "poll_choice_invalid", nonsense),
        (bob, [-1], "poll_choice_invalid", nonsense),
        (bob, [0, 1], "poll_voted", "Validation failed: You have already voted on this poll"),
    ):
        with pytest.raises(Invalid, match=code) as refused:
            await polls.vote(town.world, voter, post, choices)
        assert refused.value.hint == sentence
    with pytest.raises(NotFound):
        await polls.vote(town.world, bob, plain, [0])
    await polls.vote(town.world, bob, post, [0])
    with pytest.raises(Invalid, match="poll_voted") as refused:
        await polls.vote(town.world, bob, post, [1])
    assert refused.value.hint == "Validation failed: You have already voted on this poll"
    town.clock.advance(300_000)
    with pytest.raises(Invalid, match="poll_ended") as refused:
        await polls.vote(town.world, await town.account("eve"), post, [0])
    assert refused.value.hint == "Validation failed: The poll has already ended"
    assert (await stands(town, post)).votes == (1, 0)


async def test_of_two_votes_at_once_one_counts(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani, poll=QUESTION)
    votes = [polls.vote(town.world, bob, post, [n % 2]) for n in range(6)]
    answers = await asyncio.gather(*votes, return_exceptions=True)
    assert sum(isinstance(one, polls.Ballots) for one in answers) == 1
    assert (await stands(town, post)).voters == 1


async def test_other_answers_begin_a_new_round_of_votes(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani, poll=QUESTION)
    await polls.vote(town.world, bob, post, [0])
    same = await actions.edit(town.world, ani, post.id, Edit(text="x", poll=QUESTION))
    assert (await stands(town, same, bob)).votes == (1, 0)
    other = PollDraft(("tea", "water"), 300)
    changed = await actions.edit(town.world, ani, post.id, Edit(text="y", poll=other))
    found = await stands(town, changed, bob)
    assert (found.votes, found.voters, found.own) == ((0, 0), 0, None)
    await polls.vote(town.world, bob, changed, [1])
    assert (await stands(town, changed)).votes == (0, 1)


async def test_a_question_taken_away_and_asked_again_does_not_find_its_old_votes(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani, poll=QUESTION)
    await polls.vote(town.world, bob, post, [0])
    without = await actions.edit(town.world, ani, post.id, Edit(text="x"))
    assert without.poll is None
    again = await actions.edit(town.world, ani, post.id, Edit(text="x", poll=QUESTION))
    assert (await stands(town, again, bob)).voters == 0


async def test_the_end_is_said_once_at_its_time(town):
    ani = await town.account("ani")
    await town.post(ani, poll=QUESTION)
    await town.hear()
    town.clock.advance(299_999)
    assert await fire(town) == 0
    town.clock.advance(1)
    assert await fire(town) == 1
    assert await fire(town) == 0
    assert await ends_told(town) == 1


async def test_the_timer_is_there_as_soon_as_the_post_is(town):
    """Nobody has heard of the post yet: whoever wrote it may die now."""
    ani = await town.account("ani")
    post = await town.post(ani, poll=QUESTION)
    rows, _ = await town.storage.scan(TIMERS)
    assert [(row.kind, row.due_at_ms) for row in rows] == [("poll", post.poll.ends_at_ms)]


@pytest.mark.parametrize("expires_in_s", [300, 900])
async def test_an_end_that_an_edit_moved_is_said_once_at_its_new_time(town, expires_in_s):
    ani = await town.account("ani")
    post = await town.post(ani, poll=PollDraft(("a", "b"), 600))
    moved = PollDraft(("a", "b"), expires_in_s)
    await actions.edit(town.world, ani, post.id, Edit(text="x", poll=moved))
    town.clock.advance(expires_in_s * 1_000)
    await fire(town)
    assert await ends_told(town) == 1
    town.clock.advance(600_000)
    await fire(town)
    assert await ends_told(town) == 1


async def test_nothing_is_said_of_a_question_that_went(town):
    ani = await town.account("ani")
    deleted = await town.post(ani, poll=QUESTION)
    erased = await town.post(ani, poll=QUESTION)
    await actions.delete(town.world, ani, deleted.id)
    await actions.erase(town.world, erased.id)
    town.clock.advance(300_000)
    assert await fire(town) == 2
    assert await ends_told(town) == 0


async def test_a_vote_stays_counted_when_its_voter_leaves(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani, poll=QUESTION)
    await polls.vote(town.world, bob, post, [0])
    await town.hear()
    rows, _ = await town.storage.scan(VOTES)
    for row in rows:
        await town.storage.delete(VOTES, row)
    found = await stands(town, post)
    assert (found.votes, found.voters) == ((1, 0), 1)


async def test_whom_an_end_is_told_does_not_grow_without_bound(town):
    ani = await town.account("ani")
    post = await town.post(ani, poll=QUESTION)
    voters = [await town.account(f"v{n}") for n in range(40)]
    for voter in voters:
        await polls.vote(town.world, voter, post, [0])
    assert set(await polls.voters(town.world, post.id, post.poll)) == set(voters)
    assert len(await polls.voters(town.world, post.id, post.poll, most=10)) == 10
    assert (await poll_ends.whom_to_tell(town.world, post))[0] == ani


async def test_the_answers_of_a_question_are_plain_text_on_one_line(town):
    ani = await town.account("ani")
    tricks = ("<b>x</b>\n<script>", "\u202eevil\u0007  spaced")
    post = await town.post(ani, poll=PollDraft(tricks, 300))
    kept = (await store.load(town.world, post.id)).poll.options
    assert kept == ("<b>x</b> <script>", "\u202eevil spaced")
