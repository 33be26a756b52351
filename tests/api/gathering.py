"""A site whose members post, follow, react and are counted: for tests of what others find."""

from __future__ import annotations

from collections.abc import Sequence

from tests.kit.site import Member, OpenSite, usual_subscriptions
from venire.cases.court import Court
from venire.posts import counts, feeds, lists, tallies, usage
from venire.storage.relay import Subscription


def hears(court: Court) -> Sequence[Subscription]:
    world = court.world
    return (
        *usual_subscriptions(world),
        Subscription(feeds.CURSOR, page=lambda page, at: feeds.fan_out(world, page, at)),
        Subscription(usage.CURSOR, page=lambda page, at: usage.count_page(world, page, at)),
        Subscription(tallies.CURSOR, page=lambda page, at: tallies.count_page(world, page, at)),
        Subscription("lists", lambda one: lists.hear(world, one), lists.HEARS),
        Subscription("post_counts", lambda one: counts.count_replies(world, one), counts.HEARS),
    )


async def publish(member: Member, text: str = "hello", **more: object) -> str:
    member.site.clock.advance(1)
    answer = await member.post("/api/v1/statuses", json={"status": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


async def ids(member: Member, path: str, **query: object) -> list[str]:
    answer = await member.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()]


async def names(member: Member, path: str, **query: object) -> list[str]:
    answer = await member.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [one["username"] for one in answer.json()]


async def follow(member: Member, *others: Member, **how: object) -> None:
    for other in others:
        member.site.clock.advance(1)
        answer = await member.post(f"/api/v1/accounts/{other.id}/follow", json=how)
        assert answer.status_code == 200, answer.text


async def crowd(site: OpenSite, *usernames: str) -> list[Member]:
    return [await site.member(name) for name in usernames]


async def be_found(*members: Member) -> None:
    """Say that one wants to be found by strangers."""
    for member in members:
        answer = await member.patch(
            "/api/v1/accounts/update_credentials", json={"discoverable": True}
        )
        assert answer.status_code == 200, answer.text


async def walk(member: Member, path: str) -> list[list[dict]]:
    """Every page of a list, by its Link header."""
    pages = []
    while path:
        answer = await member.get(path)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        path = answer.links.get("next", {}).get("url", "")
    return pages
