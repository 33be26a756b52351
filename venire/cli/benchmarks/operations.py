"""The operations that are driven with 32 requests in flight, each as a list of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from venire.cli.benchmarks.load import NUMBER, Call
from venire.cli.benchmarks.shape import SEARCHED, Seeded, post_call, written

READERS = 40
_POSTS = 400
_ONCE = 30_000


class Turn(NamedTuple):
    """Which run of an operation this is: `number` 0, 1, 2 ..., no two alike on one site."""

    number: int


class Operation(NamedTuple):
    """`calls` for a turn; a list answered must have `entries` at least; `title` for people.

    `ceiling`: what the bare ceiling serves for it, the 40 KB or the tiny answer. `warm`: it only
    reads, and is read once through before it is measured.
    """

    name: str
    title: str
    calls: Callable[[Seeded, Turn], list[Call]]
    entries: int = 0
    ceiling: str = "tiny"
    warm: bool = True


def _each_reader(path: str) -> Callable[[Seeded, Turn], list[Call]]:
    def calls(seeded: Seeded, _turn: Turn) -> list[Call]:
        return [Call(path, token=member.token) for member in seeded.members[:READERS]]

    return calls


def _one_post(seeded: Seeded, _turn: Turn) -> list[Call]:
    posts, readers = seeded.posts[-_POSTS:], seeded.members[:READERS]
    return [
        Call(f"/api/v1/statuses/{post}", token=readers[place % len(readers)].token)
        for place, post in enumerate(posts)
    ]


def _favourites(seeded: Seeded, turn: Turn) -> list[Call]:
    """No member favourites a post twice: the second time would cost next to nothing."""
    return [
        Call(f"/api/v1/statuses/{post}/favourite", "POST", seeded.members[member].token)
        for post, member in _pairs(seeded, turn)
    ]


def _pairs(seeded: Seeded, turn: Turn) -> Iterator[tuple[str, int]]:
    posts, members = len(seeded.posts), len(seeded.members)
    for step in range(min(_ONCE, posts * members)):
        number = turn.number * _ONCE + step
        yield seeded.posts[number % posts], (number + number // posts) % members


def _post(seeded: Seeded, turn: Turn) -> list[Call]:
    texts = written(seeded.shape, _POSTS * 5, part=f"turn {turn.number}")
    return [post_call(seeded.members[one.author], f"{one.text} {NUMBER}") for one in texts]


def _instance(_seeded: Seeded, _turn: Turn) -> list[Call]:
    return [Call("/api/v2/instance")]


OPERATIONS = (
    Operation(
        "home",
        "home, 20 posts, warm",
        _each_reader("/api/v1/timelines/home?limit=20"),
        entries=20,
        ceiling="40KB",
    ),
    Operation(
        "local",
        "local timeline",
        _each_reader("/api/v1/timelines/public?local=true&limit=20"),
        entries=20,
        ceiling="40KB",
    ),
    Operation("status", "one post", _one_post),
    Operation(
        "notifications",
        "notifications",
        _each_reader("/api/v1/notifications?limit=20"),
        entries=20,
        ceiling="40KB",
    ),
    Operation("favourite", "favourite", _favourites, warm=False),
    Operation(
        "search",
        "search",
        _each_reader(f"/api/v2/search?q={SEARCHED}&limit=20"),
        ceiling="40KB",
    ),
    Operation("instance", "instance", _instance),
    Operation("post", "post, the answer", _post, warm=False),
)
BY_NAME = {operation.name: operation for operation in OPERATIONS}
