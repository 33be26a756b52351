"""Votes: one for each account and round, counted from events by one owner."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from venire.events import PollVoted
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.posts.catching_up import until
from venire.posts.model import Poll, Post
from venire.storage.tables.polls import POLL_TALLIES, VOTES, PollTallyRow, VoteRow
from venire.storage.verbs import Envelope, Put
from venire.storage.world import World

CURSOR = "polls"
HEARS = (PollVoted,)
SHARDS = 16
_NUMBERS = msgspec.json.Decoder(tuple[int, ...])


class Ballots(msgspec.Struct, frozen=True):
    """How a poll stands, and what the viewer chose (None: nothing yet)."""

    votes: tuple[int, ...]
    voters: int
    own: tuple[int, ...] | None = None


def _vote_key(post_id: int, poll: Poll, account_id: int) -> tuple[int, int, int, int]:
    return (post_id, poll.round, account_id % SHARDS, account_id)


async def load_ballots(
    world: World, viewer_id: int | None, posts: Sequence[Post]
) -> dict[int, Ballots]:
    """How the polls among some posts stand, by post id."""
    found: dict[int, Ballots] = {}
    for post in [post for post in posts if post.poll is not None]:
        if post.poll is None or post.id in found:
            continue
        tally = await world.storage.get(POLL_TALLIES, (post.id, post.poll.round))
        own = None
        if viewer_id is not None:
            own = await world.storage.get(VOTES, _vote_key(post.id, post.poll, viewer_id))
        found[post.id] = Ballots(
            votes=_votes(tally, post.poll),
            voters=0 if tally is None else tally.voters,
            own=None if own is None else _NUMBERS.decode(own.choices),
        )
    return found


def _votes(tally: PollTallyRow | None, poll: Poll) -> tuple[int, ...]:
    counted = () if tally is None else _NUMBERS.decode(tally.votes)
    return counted + (0,) * (len(poll.options) - len(counted))


async def vote(world: World, account_id: int, post: Post, choices: Sequence[int]) -> Ballots:
    """Vote in the poll of a post that the account sees; returns how it stands with this vote.

    NotFound where there is no poll; Invalid `poll_ended`, `poll_own`, `poll_voted`,
    `poll_choice_invalid`.
    """
    poll = post.poll
    if poll is None:
        raise NotFound("record_not_found", "Record not found")
    chosen = tuple(dict.fromkeys(choices))
    check_vote(poll, chosen, own=post.author_id == account_id, now_ms=world.now_ms())
    before = (await load_ballots(world, account_id, [post]))[post.id]
    key = _vote_key(post.id, poll, account_id)
    row = VoteRow(*key, version=1, choices=msgspec.json.encode(chosen))
    event = PollVoted(post.id, poll.round, account_id, chosen)
    try:
        await world.storage.commit(
            f"vote:{post.id}:{poll.round}:{account_id}", [Put(VOTES, row)], [event], expect=0
        )
    except Conflict as conflict:
        raise Invalid("poll_voted", _VOTED) from conflict

    async def counted() -> bool:
        tally = await world.storage.get(POLL_TALLIES, (post.id, poll.round))
        return tally is not None and tally.voters > before.voters

    await until(counted)
    return Ballots(
        votes=tuple(count + (place in chosen) for place, count in enumerate(before.votes)),
        voters=before.voters + 1,
        own=chosen,
    )


_VOTED = "Validation failed: You have already voted on this poll"


def check_vote(poll: Poll, chosen: Sequence[int], *, own: bool, now_ms: int) -> None:
    """Refuse a vote that cannot count."""
    if now_ms >= poll.ends_at_ms:
        raise Invalid("poll_ended", "Validation failed: The poll has already ended")
    if own:
        raise Invalid("poll_own", "Validation failed: You cannot vote in your own polls")
    if not chosen or not all(0 <= choice < len(poll.options) for choice in chosen):
        raise Invalid(
            "poll_choice_invalid", "Validation failed: The chosen vote option does not exist"
        )
    if len(chosen) > 1 and not poll.multiple:
        # Mastodon takes the second answer for a second vote, and clients show its words.
        raise Invalid("poll_voted", _VOTED)


async def count_page(world: World, page: Sequence[Envelope], position: int) -> None:
    """Count a page of votes and move the cursor `polls` past it."""
    told: dict[tuple[int, int], list[tuple[int, tuple[int, ...]]]] = {}
    for envelope in page:
        event = envelope.event
        if isinstance(event, PollVoted):
            votes = told.setdefault((event.post_id, event.round), [])
            votes.append((envelope.sequence, event.choices))
    await asyncio.gather(*(_count(world, key, votes, position) for key, votes in told.items()))
    await world.storage.advance(CURSOR, position)


async def _count(
    world: World,
    key: tuple[int, int],
    told: Sequence[tuple[int, tuple[int, ...]]],
    position: int,
) -> None:
    old = await world.storage.get(POLL_TALLIES, key)
    through = 0 if old is None else old.counted_through
    votes = [] if old is None else list(_NUMBERS.decode(old.votes))
    voters = 0 if old is None else old.voters
    for sequence, choices in told:
        if sequence <= through:
            continue
        voters += 1
        for choice in choices:
            votes += [0] * (choice + 1 - len(votes))
            votes[choice] += 1
    row = PollTallyRow(*key, msgspec.json.encode(votes), voters, max(position, through))
    await world.storage.put(POLL_TALLIES, row)


async def voters(world: World, post_id: int, poll: Poll, most: int = 10_000) -> list[int]:
    """Who voted in the present round, `most` at most: whom its end is told."""
    found: list[int] = []
    for shard in range(SHARDS):
        after: tuple[int, ...] | None = None
        while len(found) < most:
            rows = await world.storage.range(
                VOTES, (post_id, poll.round, shard), above=after, limit=500
            )
            found += [row.account_id for row in rows]
            if len(rows) < 500:  # noqa: PLR2004 - the page above
                break
            after = (rows[-1].account_id,)
    return found[:most]
