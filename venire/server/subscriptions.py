"""Who hears what: the one table. Nobody registers by being imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from venire import events
from venire.cases import detection, effects, noticed, reports, steps, summoning
from venire.cases.court import Court
from venire.people import counts as people_counts
from venire.posts import counts as post_counts
from venire.posts import feeds, indexing, notifications
from venire.storage.relay import Handler, Subscription
from venire.storage.verbs import Envelope
from venire.storage.world import World

CourtHandler = Callable[[Court, Envelope], Awaitable[None]]
WorldHandler = Callable[[World, Envelope], Awaitable[None]]


def subscriptions(court: Court) -> tuple[Subscription, ...]:
    """Every subscriber of the house. A name is a cursor's name: it never changes."""
    world = court.world

    def of_court(handler: CourtHandler) -> Handler:
        return lambda envelope: handler(court, envelope)

    def of_world(handler: WorldHandler) -> Handler:
        return lambda envelope: handler(world, envelope)

    return (
        Subscription("cases", of_court(_advance), hears=(events.CaseChanged,)),
        Subscription("effects", of_court(effects.on_case_stepped), hears=(events.CaseStepped,)),
        Subscription(
            "detection",
            of_court(detection.on_post),
            hears=(events.PostCreated, events.PostEdited),
        ),
        Subscription("deletions", of_court(detection.on_post_deleted), hears=(events.PostDeleted,)),
        Subscription("reports", of_court(reports.on_report_filed), hears=(events.ReportFiled,)),
        Subscription("notices", of_court(noticed.on_notice), hears=(events.NoticeReceived,)),
        Subscription(
            "unverified_notices",
            of_court(noticed.on_unverified_notice),
            hears=(events.NoticeReceived,),
            lanes=1,
        ),
        Subscription(
            "confirmations", of_court(noticed.on_confirmed), hears=(events.NoticeConfirmed,)
        ),
        Subscription(
            "notice_items", of_court(noticed.on_item_located), hears=(events.NoticeItemLocated,)
        ),
        Subscription(
            "summons", of_court(summoning.on_summons_offered), hears=(events.SummonsOffered,)
        ),
        Subscription(feeds.CURSOR, page=lambda page, at: feeds.fan_out(world, page, at)),
        Subscription(
            indexing.CURSOR,
            page=lambda page, at: indexing.index_page(world, court.search, page, at),
        ),
        Subscription(
            "notifications",
            of_world(notifications.tell),
            hears=notifications.HEARS,
        ),
        Subscription(
            "post_counts",
            of_world(post_counts.count_replies),
            hears=post_counts.HEARS,
        ),
        Subscription(
            people_counts.CURSOR, page=lambda page, at: people_counts.on_page(world, page, at)
        ),
    )


async def _advance(court: Court, envelope: Envelope) -> None:
    if isinstance(envelope.event, events.CaseChanged):
        await steps.advance(court, envelope.event.case_id)
