"""Who hears what: the one table. Nobody registers by being imported."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Awaitable, Callable

from venire import events
from venire.api import push_telling
from venire.cases import (
    appeals_filing,
    appeals_told,
    child_safety,
    detection,
    effects,
    escalation,
    exhibits,
    exports,
    gold_cases,
    hold_figures,
    hold_keys,
    juror_exits,
    money_news,
    noticed,
    operator_news,
    packets,
    pay,
    pending_suspension,
    rejudging,
    report_news,
    reporters,
    reports,
    steps,
    summoning,
    we_moved,
    withdrawn,
)
from venire.cases.court import Court
from venire.continuity.objects import revocations
from venire.people import counts as people_counts
from venire.people import evasion, letters, standing
from venire.posts import (
    conversations,
    feeds,
    indexing,
    lists,
    polls,
    reactions,
    tallies,
    telling,
    usage,
)
from venire.posts import counts as post_counts
from venire.posts.media import following, uploading
from venire.posts.moving import steps as moving
from venire.storage.relay import Handler, Subscription
from venire.storage.verbs import Envelope
from venire.storage.world import World
from venire.treasury import memberships, paying, payouts, totals, webhooks

CourtHandler = Callable[[Court, Envelope], Awaitable[None]]
WorldHandler = Callable[[World, Envelope], Awaitable[None]]


def subscriptions(court: Court) -> tuple[Subscription, ...]:
    """Every subscriber of the house. A name is a cursor's name: it never changes."""
    judging = (dataclasses.replace(one, waits=False) for one in _judging(court))
    fast = (dataclasses.replace(one, waits=False) for one in _fast_lane(court))
    return (*judging, *fast, *_posting(court), *_living(court))


def _judging(court: Court) -> tuple[Subscription, ...]:
    """What somebody's safety depends on: it waits for no reader."""
    of_court = functools.partial(_of_court, court)
    return (
        Subscription("cases", of_court(_advance), hears=(events.CaseChanged,)),
        Subscription("sealed", of_court(child_safety.hear), hears=child_safety.HEARS),
        Subscription("effects", of_court(effects.on_case_stepped), hears=(events.CaseStepped,)),
        Subscription(
            "appeals", of_court(appeals_told.on_case_stepped), hears=(events.CaseStepped,)
        ),
        Subscription("reporters", of_court(reporters.on_case_stepped), hears=(events.CaseStepped,)),
        Subscription(
            "appellants",
            of_court(appeals_filing.on_account_deleted),
            hears=(events.AccountDeleted,),
        ),
        Subscription(
            "detection",
            of_court(detection.on_post),
            hears=(events.PostCreated, events.PostEdited, events.PostImported),
        ),
        Subscription("deletions", of_court(detection.on_post_deleted), hears=(events.PostDeleted,)),
        Subscription("reports", of_court(reports.on_report_filed), hears=(events.ReportFiled,)),
        Subscription("withdrawn", of_court(withdrawn.hear), hears=withdrawn.HEARS),
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
        Subscription("served", of_court(pay.on_round_over), hears=pay.HEARS),
        Subscription("gold", of_court(gold_cases.on_case_stepped), hears=gold_cases.HEARS),
        Subscription("judged_again", of_court(rejudging.on_case_stepped), hears=rejudging.HEARS),
        Subscription(
            "judged_media", of_court(exhibits.on_case_stepped), hears=(events.CaseStepped,)
        ),
        Subscription(
            "juror_exits",
            of_court(juror_exits.on_account_deleted),
            hears=(events.AccountDeleted,),
        ),
    )


def _fast_lane(court: Court) -> tuple[Subscription, ...]:
    """What does not wait for a jury, and who is told when one is late."""
    of_court = functools.partial(_of_court, court)
    return (
        Subscription(
            "pending_suspensions",
            of_court(pending_suspension.hear),
            hears=pending_suspension.HEARS,
        ),
        Subscription("packets", of_court(packets.hear), hears=packets.HEARS),
        # One after another: what it writes is a log.
        Subscription(
            revocations.CURSOR,
            _of_world(court.world, revocations.hear),
            hears=revocations.HEARS,
            lanes=1,
        ),
        Subscription("hold_keys", of_court(hold_keys.hear), hears=hold_keys.HEARS),
        Subscription("we_moved", of_court(we_moved.hear), hears=we_moved.HEARS, lanes=1),
        Subscription("operator_news", of_court(operator_news.hear), hears=operator_news.HEARS),
        Subscription("escalations", of_court(escalation.on_case_escalated), hears=escalation.HEARS),
    )


def _posting(court: Court) -> tuple[Subscription, ...]:
    """What follows from posts: feeds, counts, notifications, what can be found."""
    world = court.world
    of_court = functools.partial(_of_court, court)
    of_world = functools.partial(_of_world, world)
    return (
        Subscription(feeds.CURSOR, page=lambda page, at: feeds.fan_out(world, page, at)),
        Subscription(
            indexing.CURSOR,
            page=lambda page, at: indexing.index_page(world, court.search, page, at),
        ),
        Subscription(
            "notifications",
            of_world(telling.tell),
            hears=telling.HEARS,
        ),
        Subscription("report_news", of_court(report_news.tell_staff), hears=report_news.HEARS),
        Subscription("push", of_court(push_telling.on_notified), hears=push_telling.HEARS),
        Subscription("conversations", of_world(conversations.keep), hears=conversations.HEARS),
        Subscription(
            "post_counts",
            of_world(post_counts.count_replies),
            hears=post_counts.HEARS,
        ),
        Subscription(
            tallies.CURSOR,
            hears=tallies.HEARS,
            page=lambda page, at: tallies.count_page(world, page, at),
        ),
        Subscription(
            polls.CURSOR,
            hears=polls.HEARS,
            page=lambda page, at: polls.count_page(world, page, at),
        ),
        Subscription("boosts", of_world(reactions.on_reposted), hears=(events.Reposted,)),
        Subscription("lists", of_world(lists.hear), hears=lists.HEARS),
        Subscription(usage.CURSOR, page=lambda page, at: usage.count_page(world, page, at)),
    )


def _living(court: Court) -> tuple[Subscription, ...]:
    """What follows for accounts, and what takes long."""
    world = court.world
    of_court = functools.partial(_of_court, court)
    of_world = functools.partial(_of_world, world)
    return (
        Subscription(
            "standing", of_world(standing.on_strike_changed), hears=(events.StrikeChanged,)
        ),
        Subscription(
            "new_accounts", of_world(evasion.on_account_created), hears=(events.AccountCreated,)
        ),
        Subscription("letters", of_world(letters.hear), hears=letters.HEARS),
        Subscription("pay", of_world(pay.on_ballot_served), hears=(events.BallotServed,)),
        Subscription(
            pay.CURSOR,
            hears=(events.BallotServed,),
            page=lambda page, at: pay.count_page(court, page, at),
        ),
        Subscription("payouts", of_world(payouts.on_payout_moved), hears=payouts.HEARS),
        Subscription("paying_out", of_court(_pay_out), hears=paying.HEARS),
        Subscription("payments", of_world(webhooks.on_payment_moved), hears=webhooks.HEARS),
        Subscription(
            "memberships", of_world(memberships.on_payment_moved), hears=memberships.HEARS
        ),
        Subscription(
            "renewals",
            of_world(memberships.on_account_deleted),
            hears=(events.AccountDeleted,),
        ),
        Subscription("books", of_court(money_news.tell_of_differences), hears=money_news.HEARS),
        Subscription(
            totals.CURSOR,
            hears=totals.HEARS,
            page=lambda page, at: totals.count_page(world, page, at),
        ),
        Subscription("media", of_world(following.follow), hears=following.HEARS),
        # Films are converted one after another: a subscriber of its own, which may take its time.
        Subscription("media_work", of_court(_convert), hears=uploading.HEARS, lanes=1),
        # Archives bring films, which take minutes: files of ties do not wait for them.
        Subscription("imports", of_court(_bring_ties), hears=moving.HEARS),
        Subscription(
            "archives",
            of_court(_bring_posts),
            hears=moving.HEARS,
            lanes=2,
        ),
        Subscription(
            "hold_figures", of_court(hold_figures.hear), hears=hold_figures.HEARS, lanes=1
        ),
        Subscription(exports.CURSOR, of_court(exports.hear), hears=exports.HEARS, lanes=1),
        Subscription(
            people_counts.CURSOR,
            hears=people_counts.HEARS,
            page=lambda page, at: people_counts.on_page(world, page, at),
        ),
    )


def _of_court(court: Court, handler: CourtHandler) -> Handler:
    return lambda envelope: handler(court, envelope)


def _of_world(world: World, handler: WorldHandler) -> Handler:
    return lambda envelope: handler(world, envelope)


async def _convert(court: Court, envelope: Envelope) -> None:
    """Make of an uploaded film what every browser plays."""
    await uploading.convert(court.media, envelope)


async def _bring_ties(court: Court, envelope: Envelope) -> None:
    """Go on with files of ties that members bring along."""
    await moving.hear_ties(court.media, envelope)


async def _bring_posts(court: Court, envelope: Envelope) -> None:
    """Go on with archives that members bring along."""
    await moving.hear_archives(court.media, envelope)


async def _pay_out(court: Court, envelope: Envelope) -> None:
    """Have a payout paid, where there are vendors for it; else it waits for an admin."""
    if court.money is not None:
        await paying.on_payout_moved(court.world, court.money, envelope)


async def _advance(court: Court, envelope: Envelope) -> None:
    if isinstance(envelope.event, events.CaseChanged):
        await steps.advance(court, envelope.event.case_id)
