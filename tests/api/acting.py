"""A site whose members act on posts and are counted, and how tests ask it."""

from __future__ import annotations

import re
from typing import Any

from tests.api.telling_site import telling_subscriptions
from tests.kit.site import Member
from venire.cases.court import Court
from venire.posts import counts, polls, tallies
from venire.storage.relay import Subscription

STATUSES = "/api/v1/statuses"


def hears(court: Court) -> tuple[Subscription, ...]:
    world = court.world
    return (
        *telling_subscriptions(court),
        Subscription(
            tallies.CURSOR,
            hears=tallies.HEARS,
            page=lambda page, at: tallies.count_page(world, page, at),
        ),
        Subscription(
            polls.CURSOR, hears=polls.HEARS, page=lambda page, at: polls.count_page(world, page, at)
        ),
        Subscription("post_counts", lambda one: counts.count_replies(world, one), counts.HEARS),
    )


async def act(member: Member, post: str, what: str, **more: Any) -> Any:
    answer = await member.post(f"{STATUSES}/{post}/{what}", **more)
    assert answer.is_success, (what, answer.text)
    return answer.json()


async def get(member: Member, path: str) -> Any:
    answer = await member.get(path)
    assert answer.is_success, (path, answer.text)
    return answer.json()


async def walk(member: Member, path: str, rel: str = "next") -> list[str]:
    """The ids of a list, by following its Link header."""
    seen: list[str] = []
    for _ in range(50):
        answer = await member.get(path)
        assert answer.is_success, answer.text
        ids = [one["id"] for one in answer.json()]
        seen = seen + ids if rel == "next" else ids + seen
        found = re.search(rf'<([^>]*)>; rel="{rel}"', answer.headers.get("link", ""))
        if found is None or (rel == "prev" and not ids):
            return seen
        path = found[1]
    raise AssertionError("it has no end")
