"""A site on which members search: its subscribers, and how tests ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.kit.site import Member, OpenSite, usual_subscriptions
from venire.cases.court import Court
from venire.posts import indexing
from venire.posts.usage import CURSOR as USAGE
from venire.posts.usage import count_page
from venire.storage.relay import Subscription

SEARCH = "/api/v2/search"


def search_subscriptions(court: Court) -> Sequence[Subscription]:
    """The index and the use of hashtags, besides what every site hears."""
    world = court.world
    return (
        *usual_subscriptions(world),
        Subscription(USAGE, page=lambda page, at: count_page(world, page, at)),
        Subscription(
            indexing.CURSOR,
            page=lambda page, at: indexing.index_page(world, court.search, page, at),
        ),
    )


async def open_member(site: OpenSite, name: str) -> Member:
    """Someone whose public posts everyone may find."""
    member = await site.member(name)
    await member.patch("/api/v1/accounts/update_credentials", json={"indexable": True})
    return member


async def publish(member: Member, text: str, **more: Any) -> str:
    """Publish a post a moment later than whatever was before; its id."""
    member.site.clock.advance(1)
    answer = await member.post("/api/v1/statuses", json={"status": text, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def search(member: Member, q: str, **more: Any) -> dict[str, Any]:
    """What is found."""
    answer = await member.get(SEARCH, params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def posts(member: Member, q: str, **more: Any) -> list[str]:
    """The ids of the posts that are found."""
    return [post["id"] for post in (await search(member, q, **more))["statuses"]]


async def people(member: Member, q: str, **more: Any) -> list[str]:
    """The usernames of the accounts that are found."""
    return [one["username"] for one in (await search(member, q, **more))["accounts"]]
