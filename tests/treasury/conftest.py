"""A site with books: the treasury's subscribers and no court."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.kit.site import open_site
from venire.cases.court import Court
from venire.storage.relay import Subscription
from venire.treasury import memberships, payouts, totals, webhooks


def _hears(court: Court) -> Sequence[Subscription]:
    world = court.world
    return (
        Subscription(
            "payouts",
            lambda envelope: payouts.on_payout_moved(world, envelope),
            hears=payouts.HEARS,
        ),
        Subscription(
            "payments",
            lambda envelope: webhooks.on_payment_moved(world, envelope),
            hears=webhooks.HEARS,
        ),
        Subscription(
            "memberships",
            lambda envelope: memberships.on_payment_moved(world, envelope),
            hears=memberships.HEARS,
        ),
        Subscription(
            totals.CURSOR,
            hears=totals.HEARS,
            page=lambda page, at: totals.count_page(world, page, at),
        ),
    )


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=_hears) as opened:
        yield opened
