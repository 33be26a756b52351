"""A site on which members are told of what happens: its subscribers, and how tests post on it."""

from __future__ import annotations

from tests.kit.site import Member, usual_subscriptions
from venire.cases import report_news
from venire.cases.court import Court
from venire.posts import conversations, reactions, telling
from venire.storage.relay import Subscription


def telling_subscriptions(court: Court) -> tuple[Subscription, ...]:
    """Notifications, conversations and boosts, besides what every site hears."""
    world = court.world
    return (
        *usual_subscriptions(world),
        Subscription("notifications", lambda one: telling.tell(world, one), telling.HEARS),
        Subscription(
            "conversations", lambda one: conversations.keep(world, one), conversations.HEARS
        ),
        Subscription("reports", lambda one: report_news.tell_staff(court, one), report_news.HEARS),
        Subscription("boosts", lambda one: reactions.on_reposted(world, one)),
    )


async def publish(member: Member, text: str, **more: object) -> str:
    """Publish a post a moment later than whatever was before; its id."""
    member.site.clock.advance(1)
    made = await member.post("/api/v1/statuses", json={"status": text, **more})
    made.raise_for_status()
    return str(made.json()["id"])
