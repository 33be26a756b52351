"""The statement page: also of what is owed in a currency that is paid in no more."""

from __future__ import annotations

import pytest

from venire.treasury import actions as treasury

pytestmark = pytest.mark.anyio


async def test_what_is_owed_from_before_is_asked_for_and_taken_back_on_the_page(town):
    browser = await town.member("ayu")
    world, me = town.house.world, town.known["ayu"].id
    await treasury.earn(world, "JPY", me, 500, key=f"ballot:1:1:{me}")
    await town.house.settle()
    shown = (await browser.get("/jury/statement")).text
    assert "JPY 500" in shown
    assert '<input type="hidden" name="currency" value="JPY">' in shown
    unknown = await browser.send("/jury/statement", "/jury/payout", currency="USD")
    assert "nothing_owed" in unknown.text
    sent = await browser.send("/jury/statement", "/jury/payout", currency="JPY")
    await browser.follow(sent)
    await town.house.settle()
    asked = (await browser.get("/jury/statement")).text
    assert "On its way" in asked
    assert 'value="JPY"' not in asked
    (path,) = {
        part.split('"')[0]
        for part in asked.split('action="')
        if part.startswith("/jury/payout/") and part.split('"')[0].endswith("/withdraw")
    }
    await browser.follow(await browser.send("/jury/statement", path))
    await town.house.settle()
    assert await treasury.owed(world, "JPY", me) == 500
    assert 'value="JPY"' in (await browser.get("/jury/statement")).text
