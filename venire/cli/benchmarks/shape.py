"""The shape of a site under load: who follows whom and what is posted, the same for the same seed.

It is seeded through the public API, with the load generator itself: accounts sign up, follow
each other, and post. What was seeded is kept as `benchmark.json`, so that a site can be used again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from venire.cli.benchmarks.driver import Driver, plan_for
from venire.cli.benchmarks.load import Call, Outcome
from venire.cli.demo_corpus.composer import Composer, Dice, Person
from venire.cli.drills import people
from venire.cli.drills.people import Member
from venire.kernel.chance import SeededChance
from venire.kernel.errors import NotFound, Unavailable

SEARCHED = "coffee"
"""The word that searches look for; every `_COFFEE_EVERY`th post has it."""
_COFFEE_EVERY = 8
_KEPT = "benchmark.json"


class Stages(Protocol):
    """Who is told how it goes."""

    def stage(self, name: str, total: int | None) -> None: ...  # noqa: D102 - its name says it


class Shape(msgspec.Struct, frozen=True):
    """How many accounts, how many each follows (and is followed by), how many posts in all."""

    accounts: int = 120
    follows: int = 100
    posts: int = 10_000
    seed: int = 1


class Seeded(msgspec.Struct, frozen=True):
    """What is there: tokens and ids of the members, ids of posts in the order they were taken."""

    shape: Shape
    members: list[Member]
    posts: list[str]
    admin: Member | None = None

    def followers(self, place: int) -> list[Member]:
        """Those who follow a member, the first to do so first."""
        count, follows = len(self.members), min(self.shape.follows, len(self.members) - 1)
        return [self.members[(place - step) % count] for step in range(1, follows + 1)]


def followed(shape: Shape, place: int) -> Iterator[int]:
    """Whom a member follows: those after it, in a ring, so that all have equally many followers."""
    for step in range(1, min(shape.follows, shape.accounts - 1) + 1):
        yield (place + step) % shape.accounts


class Written(NamedTuple):
    """A post to be made, by the member at a place."""

    author: int
    text: str


def written(shape: Shape, count: int, *, part: str = "seed") -> list[Written]:
    """So many posts: people's own topics, mentions, hashtags; another `part`, other posts."""
    dice = Dice(SeededChance(f"benchmark {shape.seed} {part}"))
    composer = Composer(dice)
    persons = [
        Person(name, name, "en", dice.pick(("plain", "plain", "lower_case", "emoji")))
        for name in names(shape)
    ]
    posts = []
    for number in range(count):
        author = dice.below(shape.accounts)
        text = composer.post(persons[author], lambda _: dice.pick(persons))
        if number % _COFFEE_EVERY == 0:
            text = f"{text} And {SEARCHED}."
        posts.append(Written(author, text))
    return posts


def names(shape: Shape) -> list[str]:
    """The members' names, in order."""
    return [f"bench_{number:04d}" for number in range(shape.accounts)]


def seed_site(
    driver: Driver, url: str, shape: Shape, admin: Member | None, stages: Stages
) -> Seeded:
    """Seed a site of our own: sign-ups, then as anywhere."""
    stages.stage("Signing people up", shape.accounts)
    members = asyncio.run(_sign_up(url, shape))
    return seed_members(driver, url, shape, members, stages, admin=admin)


def seed_members(
    driver: Driver,
    url: str,
    shape: Shape,
    members: list[Member],
    stages: Stages,
    *,
    admin: Member | None = None,
) -> Seeded:
    """Seed follows and posts between members who are there already."""
    stages.stage("Following each other", None)
    follows = [
        Call(f"/api/v1/accounts/{members[other].id}/follow", "POST", member.token)
        for place, member in enumerate(members)
        for other in followed(shape, place)
    ]
    _all_well(driver.run(plan_for(url, follows)))
    stages.stage("Posting", None)
    posts = [post_call(members[one.author], one.text) for one in written(shape, shape.posts)]
    outcome = _all_well(driver.run(plan_for(url, posts, keep_ids=True)))
    return Seeded(shape, members, outcome.ids, admin)


def post_call(member: Member, text: str) -> Call:
    """The request that makes a post."""
    body = json.dumps({"status": text, "visibility": "public", "language": "en"})
    return Call("/api/v1/statuses", "POST", member.token, body)


def _all_well(outcome: Outcome) -> Outcome:
    if outcome.failures:
        raise Unavailable(
            "seeding_failed", outcome.failed[0], failures=outcome.failures, of=outcome.requests
        )
    return outcome


async def _sign_up(url: str, shape: Shape) -> list[Member]:
    async with people.open_client(url) as client:
        app = await people.app_token(client)
        members = await people.sign_up(client, app, names(shape), lambda _: None)
        return [await _known(client, members[name]) for name in names(shape)]


async def _known(client: object, member: Member) -> Member:
    found = await people.answer(client, "GET", "/api/v1/accounts/verify_credentials", member)  # type: ignore[arg-type]
    return Member(str(found["username"]), str(found["id"]), member.token)


async def found_members(url: str, tokens: list[str]) -> list[Member]:
    """Who some tokens speak for, on any server."""
    async with people.open_client(url) as client:
        return [await _known(client, Member("", "", token)) for token in tokens]


async def found_posts(url: str, members: list[Member], *, wanted: int) -> list[str]:
    """Ids of posts that are there, from the members' homes."""
    ids: dict[str, None] = {}
    async with people.open_client(url) as client:
        for member in members:
            below = ""
            for _ in range(10):
                path = f"/api/v1/timelines/home?limit=40{below}"
                page = await people.answer(client, "GET", path, member)
                ids |= dict.fromkeys(str(post["id"]) for post in page)
                if len(page) < 40 or len(ids) >= wanted:  # noqa: PLR2004 - a short page is the last
                    break
                below = f"&max_id={page[-1]['id']}"
            if len(ids) >= wanted:
                break
    return list(ids)


def keep(folder: Path, seeded: Seeded) -> None:
    """Keep what was seeded with the site's folder."""
    (folder / _KEPT).write_bytes(msgspec.json.encode(seeded))


def kept(folder: Path) -> Seeded | None:
    """What was seeded in a folder before, if it was."""
    try:
        written_before = (folder / _KEPT).read_bytes()
    except FileNotFoundError:
        return None
    return msgspec.json.decode(written_before, type=Seeded)


def read_tokens(file: Path) -> list[str]:
    """Tokens, one a line; `#` begins a remark. NotFound `no_tokens`."""
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    tokens = [line.split()[-1] for line in lines if line]
    if not tokens:
        raise NotFound("no_tokens", f"{file} holds no token: write one on each line")
    return tokens
