"""Tables of polls: one vote for each account and round, and what they add up to."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class VoteRow(msgspec.Struct, frozen=True):
    """What an account chose in a round of a poll. `choices` is JSON; `shard` spreads the voters."""

    post_id: int
    round: int
    shard: int
    account_id: int
    version: int
    choices: bytes


class PollTallyRow(msgspec.Struct, frozen=True):
    """The votes of a round up to a place in the journal. `votes`, one for each option, is JSON."""

    post_id: int
    round: int
    votes: bytes
    voters: int
    counted_through: int


VOTES = Table(
    name="poll_votes",
    row=VoteRow,
    question="What did this account vote for?",
    partition=("post_id", "round", "shard"),
    clustering=("account_id",),
    aggregate="vote:{post_id}:{round}:{account_id}",
    subject=("account_id",),
    version="version",
    retention="as the post",
)
POLL_TALLIES = Table(
    name="poll_tallies",
    row=PollTallyRow,
    question="How did this poll go?",
    partition=("post_id",),
    clustering=("round",),
    aggregate="poll:{post_id}",
    retention="as the post; recounted nightly",
)

TABLES = (VOTES, POLL_TALLIES)
