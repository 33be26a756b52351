"""What everyone sees of whom the site depends on, and the admins' desk."""

from __future__ import annotations

import pytest

from venire.continuity.vendors import breaker, drill_results, vendor_states
from venire.kernel.vendors import AccountClosed, Listed

pytestmark = pytest.mark.anyio

_VENDORS = (
    Listed(kind="sms", name="first", owner="One Inc.", country="US", usable=True),
    Listed(kind="sms", name="second", owner="Two d.o.o.", country="HR", usable=True, public=True),
    Listed(kind="bank", name="savings", owner="Three Bank", country="ID", data_held="accounts"),
)


@pytest.fixture
async def dependent(town):
    world = town.house.world
    object.__setattr__(world.site, "vendors", _VENDORS)
    await vendor_states.change(
        world,
        "sms",
        "first",
        lambda health: breaker.after_fault(health, AccountClosed("20003"), world.now_ms()),
    )
    await drill_results.note(world, "sms-a-closed", passed=True, switched_ms=412, result=b"{}")
    return town


async def test_a_stranger_reads_how_each_kind_stands_and_no_name(dependent):
    page = await (await dependent.stranger()).text("/continuity")
    assert "Text messages" in page
    assert "one refuses this site" in page
    assert "Working again after 0.412 s" in page
    assert "Two d.o.o." in page
    assert "One Inc." not in page
    assert "Three Bank" not in page
    indonesian = await (await dependent.stranger("id")).text("/continuity")
    assert "Pesan teks (SMS)" in indonesian


async def test_one_that_was_never_asked_is_not_said_to_work(dependent):
    admin = await dependent.member("keeper", "admin")
    assert " works " not in await admin.text("/moderation/vendors")
    world = dependent.house.world
    await vendor_states.change(
        world, "sms", "second", lambda health: breaker.after_success(health, world.now_ms())
    )
    assert (await admin.text("/moderation/vendors")).count(" works ") == 1


async def test_an_admin_looks_and_lets_a_vendor_be_asked_again(dependent):
    admin = await dependent.member("keeper", "admin")
    page = await admin.text("/moderation/vendors")
    assert "refuses this site" in page
    assert "20003" in page
    assert "/moderation/vendors" in (await admin.client.get("/moderation")).text
    sent = await admin.send("/moderation/vendors", "/moderation/vendors/sms/first", action="reset")
    assert sent.status_code == 303
    assert (await vendor_states.load(dependent.house.world, "sms"))["first"].state == "serving"
    used = await admin.send(
        "/moderation/vendors", "/moderation/vendors/bank/savings", action="used"
    )
    assert used.status_code == 303
    assert "never used" in await admin.text("/moderation/vendors")


async def test_a_moderator_finds_no_desk_of_vendors(dependent):
    moderator = await dependent.member("mod", "moderator")
    assert (await moderator.client.get("/moderation/vendors")).status_code == 404
    assert "/moderation/vendors" not in (await moderator.client.get("/moderation")).text
