from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.posts.town import Town
from venire.kernel.errors import Invalid
from venire.posts import actions, marks, polls, quotes, reactions, tallies
from venire.posts.model import PollDraft, Stretch
from venire.storage.tables.reactions import TALLIES

WIDE = Stretch(None, None, 100)
ACTS = ("favourite", "unfavourite", "repost", "unrepost", "vote", "quote", "unquote")


@st.composite
def retellings(draw):
    """What three people do with two posts, and in which pages, and how often, it is told."""
    acts = draw(
        st.lists(
            st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(0, 1)), max_size=25
        )
    )
    cuts = draw(st.lists(st.integers(1, 6), min_size=1, max_size=30))
    back = draw(st.lists(st.integers(0, 8), min_size=1, max_size=30))
    return acts, cuts, back


class Fair:
    """Two posts with polls, three people, and what was done."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.people: list[int] = []
        self.posts: list = []
        self.quotes: dict[tuple[int, int], int] = {}
        self.votes: dict[int, list[int]] = {0: [0, 0], 1: [0, 0]}

    async def open(self) -> None:
        self.people = [await self.town.account(f"p{n}") for n in range(4)]
        question = PollDraft(("a", "b"), 300)
        self.posts = [await self.town.post(self.people[3], f"{n}?", poll=question) for n in (0, 1)]

    async def act(self, kind: str, who: int, which: int) -> None:
        world, person, post = self.town.world, self.people[who], self.posts[which]
        if kind == "vote":
            await self._vote(who, which)
        elif kind == "quote":
            if (who, which) not in self.quotes:
                made = await self.town.post(person, "look", quoted_id=post.id)
                self.quotes[who, which] = made.id
        elif kind == "unquote":
            quote = self.quotes.pop((who, which), None)
            if quote is not None:
                await self._unquote(person, post, quote, revoked=who == 1)
        else:
            await getattr(reactions, kind)(world, person, post.id)

    async def _unquote(self, person: int, post, quote: int, *, revoked: bool) -> None:
        if revoked:
            await quotes.revoke(self.town.world, post.author_id, post.id, quote)
        # What was revoked before is not counted out again.
        await actions.delete(self.town.world, person, quote)

    async def _vote(self, who: int, which: int) -> None:
        with contextlib.suppress(Invalid):
            await polls.vote(self.town.world, self.people[who], self.posts[which], [who % 2])
            self.votes[which][who % 2] += 1

    async def expected(self, which: int) -> tuple[int, int, int]:
        post = self.posts[which].id
        kinds = [
            len(await marks.post_act_rows(self.town.world, post, kind, WIDE))
            for kind in (marks.FAVOURITE, marks.REBLOG)
        ]
        return (*kinds, sum(1 for _, there in self.quotes if there == which))

    async def counted(self, which: int) -> tuple[int, int, int]:
        post = self.posts[which].id
        row = (await tallies.load_tallies(self.town.world, [post])).get(post)
        return (0, 0, 0) if row is None else (row.favourites, row.reblogs, row.quotes)


async def retell(town: Town, cuts: list[int], back: list[int]) -> None:
    """Tell the journal in pages of given lengths; after some of them, from further back again."""
    told = await town.storage.tail(0, 10_000)
    sequences = sorted({one.sequence for one in told})
    place, turn = 0, 0
    while place < len(sequences):
        end = min(len(sequences), place + cuts[turn % len(cuts)])
        wanted = set(sequences[place:end])
        page = [one for one in told if one.sequence in wanted]
        for count_page in (tallies.count_page, polls.count_page):
            await count_page(town.world, page, page[-1].sequence)
        # Going back less far than forward comes to an end.
        step = back[turn % len(back)]
        place = max(end - step, 0) if turn < 30 else end
        turn += 1


@settings(max_examples=25, deadline=None)
@given(retellings())
def test_however_events_are_paged_and_retold_the_counts_are_the_same(given_):
    acts, cuts, back = given_

    async def run(folder: Path) -> None:
        fair = Fair(Town(folder))
        await fair.open()
        for kind, who, which in acts:
            await fair.act(kind, who, which)
        await retell(fair.town, cuts, back)
        for which in (0, 1):
            assert await fair.counted(which) == await fair.expected(which)
            post = fair.posts[which]
            stands = (await polls.load_ballots(fair.town.world, None, [post]))[post.id]
            assert list(stands.votes) == fair.votes[which]
            assert stands.voters == sum(fair.votes[which])
        await fair.town.storage.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


@pytest.mark.anyio
async def test_many_favourites_that_arrive_together_are_one_write(town):
    ani = await town.account("ani")
    post = await town.post(ani)
    await town.hear()
    fans = [await town.account(f"fan{n}") for n in range(20)]
    await asyncio.gather(*(reactions.favourite(town.world, fan, post.id) for fan in fans))
    written: list[object] = []
    put = town.storage.put

    async def noted(table, row, **more):
        if table is TALLIES:
            written.append(row)
        await put(table, row, **more)

    town.storage.put = noted
    await town.hear()
    town.storage.put = put
    (row,) = written
    assert row.favourites == 20
