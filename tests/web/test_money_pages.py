"""Pages of money: join and end it, give something, say where to be paid; both languages."""

from __future__ import annotations

import pytest

from tests.kit.tills import open_tills
from venire.jury import actions as jury
from venire.treasury import destinations, memberships

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]


@pytest.fixture
async def tills(town):
    async with open_tills(town.house) as opened:
        yield opened


async def test_a_member_joins_by_a_link_to_the_processor_and_ends_the_renewals(town, tills):
    browser = await town.member("ayu")
    page = await browser.text("/membership")
    assert "IDR 50000.00 a month" in page
    fields = {"currency": "IDR", "amount": "5000000", "period": "month"}
    pay = await browser.send("/membership", "/membership/join", **fields)
    assert 'rel="noreferrer" href="https://checkout.invalid/cs_test_' in pay.text
    (session,) = tills.stripe.things["sessions"].values()
    payment_id = int(session["client_reference_id"])
    await tills.deliver("cards-a", tills.stripe.pay(payment_id))
    await town.house.settle()
    back = await browser.text(f"/membership?paid={payment_id}")
    assert "It is renewed by itself." in back
    ended = await browser.send("/membership", "/membership/cancel")
    assert "The renewals are ended" in await browser.follow(ended)
    await town.house.settle()
    assert len(tills.stripe.ended) == 1
    row = await memberships.load(town.house.world, town.known["ayu"].id)
    assert row.cancelled_at_ms is not None


async def test_a_price_that_is_none_begins_nothing(town, tills):
    browser = await town.member("ayu")
    for wrong in ({"amount": "1"}, {"amount": "x"}, {"currency": "EURO"}, {"period": "week"}):
        fields = {"currency": "IDR", "amount": "5000000", "period": "month", **wrong}
        said = await browser.send("/membership", "/membership/join", **fields)
        assert said.status_code in {400, 422}
    assert tills.stripe.calls == []


async def test_a_stranger_gives_something_in_their_language(town, tills):
    stranger = await town.stranger("id")
    page = await stranger.text("/donate")
    assert "Beri sesuatu" in page
    pay = await stranger.send("/donate", "/donate", currency="IDR", amount="25000")
    assert "IDR 25000.00" in pay.text
    (session,) = tills.stripe.things["sessions"].values()
    assert session["amount_total"] == 2_500_000
    for wrong in ("0.001", "-5", "1e9", "", "9999999999999999"):
        said = await stranger.send("/donate", "/donate", currency="IDR", amount=wrong)
        assert said.status_code in {400, 422}


async def test_an_address_that_is_no_page_of_the_web_is_never_linked(town, tills, monkeypatch):
    whole = tills.stripe._session

    def bent(form):
        return {**whole(form), "url": "javascript:alert(1)"}

    monkeypatch.setattr(tills.stripe, "_session", bent)
    stranger = await town.stranger()
    pay = await stranger.send("/donate", "/donate", currency="IDR", amount="25000")
    assert "javascript:" not in pay.text
    # The next processor makes an honest one.
    assert "https://pay.invalid/" in pay.text


async def test_a_juror_says_where_to_be_paid_and_forgets_it(town, tills):
    browser = await town.member("ayu")
    me = town.known["ayu"].id
    await jury.appoint(town.house.world, me, bench=False, paid=True)
    fields = {"name": "Ayu", "account": "0012345678", "bic": "BMRIIDJA"}
    said = await browser.send("/jury/statement", "/jury/destination", **fields)
    page = await browser.follow(said)
    assert "5678" in page
    assert "0012345678" not in page
    assert (await destinations.load(town.house.world, me)).account == "0012345678"
    await browser.follow(await browser.send("/jury/statement", "/jury/destination/forget"))
    assert await destinations.load(town.house.world, me) is None


async def test_a_site_without_prices_says_so_and_links_nothing(town):
    browser = await town.member("ayu")
    assert "This site takes no payments." in await browser.text("/membership")
    assert "This site takes no payments." in await (await town.stranger()).text("/donate")
    assert 'href="/membership"' not in await browser.text("/")
