"""`kill -9` between a webhook and its posting, again and again: each payment is posted once."""

from __future__ import annotations

import asyncio
import random

import httpx
import pytest

from tests.flows.test_killed_and_started_again import Site, ready
from venire.cli.drills import people
from venire.cli.drills.counterparts import stripe
from venire.cli.drills.counterparts.server import served
from venire.cli.drills.counterparts.stripe import StripeCounterpart
from venire.cli.drills.people import Member, answer
from venire.cli.drills.site import create_account, free_port, run_command
from venire.cli.drills.vendors.stage import vendor, write_settings
from venire.kernel.clock import SystemClock

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(240)]

ROUNDS = 4
GIFT = {"currency": "EUR", "amount": 700}
FUND = "/api/v1/admin/treasury"


async def deliver(client, webhook):
    """A processor delivers; whether it was acknowledged."""
    headers, raw = webhook
    try:
        path = "/api/v1/webhooks/payments/cards-a"
        return (await client.post(path, content=raw, headers=headers)).is_success
    except httpx.TransportError:
        return False


async def one_round(site, processor, luck, waiting):
    """Payments are begun and paid, webhooks come, and the site dies in the middle of them."""
    async with people.open_client(site.url) as client:
        await ready(client, site)
        for _ in range(12):
            made = await client.post("/api/v1/donations/checkout", json=GIFT)
            payment_id = int(made.raise_for_status().json()["payment_id"])
            waiting.append(processor.pay(payment_id))
            if luck.random() < 0.4:
                waiting.append(processor.give_back(payment_id, 100))
        luck.shuffle(waiting)

        for webhook in waiting[: luck.randrange(8)]:
            # What was acknowledged is told no more: it must not be needed again.
            if await deliver(client, webhook):
                waiting.remove(webhook)
        # The next ones are on their way, and it dies under them.
        flying = waiting[:3]
        telling = [asyncio.create_task(deliver(client, one)) for one in flying]
        await asyncio.sleep(luck.uniform(0.0, 0.012))
        site.kill()
        for one, good in zip(flying, await asyncio.gather(*telling), strict=True):
            if good:
                waiting.remove(one)


async def at_rest(site, admin, waiting):
    async with people.open_client(site.url) as client:
        await ready(client, site)
        for webhook in waiting:
            assert await deliver(client, webhook)
        for _ in range(200):
            if (await answer(client, "GET", "/api/v1/admin/health", admin))["drained"]:
                break
            await asyncio.sleep(0.05)
        shown = await answer(client, "GET", FUND, admin)
        return shown["currencies"][0]["balances"]


def test_every_payment_is_posted_once_however_often_the_site_dies(tmp_path):
    luck = random.Random(9)
    folder = tmp_path / "data"
    made = create_account(folder, "operator", "admin", "acceptance")
    admin = Member("operator", made["id"], made["access_token"])
    processor = StripeCounterpart(SystemClock().now_ms() // 1_000)
    (folder / "keys/cards").write_text(f"{stripe.KEY}\n{stripe.SIGNING}\n")
    with served(processor):
        block = vendor(
            "payments",
            "cards-a",
            "stripe",
            secret_file="keys/cards",
            options={"address": processor.url},
        )
        price = ("prices", {"currency": "EUR", "amount": 100})
        write_settings(folder, {"workers": 1}, block, price)
        site, waiting = Site(folder, free_port()), []
        site.start()
        try:
            for _ in range(ROUNDS):
                asyncio.run(one_round(site, processor, luck, waiting))
                site.start()
            assert waiting, "every webhook came through: nothing was tried"
            found = asyncio.run(at_rest(site, admin, waiting))
        finally:
            site.kill()
    paid = len(processor.things["charges"]) * 700
    back = len(processor.things["refunds"]) * 100
    assert paid == ROUNDS * 12 * 700
    # Comparing with the processor's list, as each start may, tells what a charge has cost.
    fees = found.get("fees:cards-a", 0)
    wanted = {"donations": -paid, "refunds": back, "clearing:cards-a": paid - back - fees}
    assert {name: found[name] for name in wanted} == wanted
    assert "sound" in run_command("fsck", "--data", str(folder))
