from __future__ import annotations

import pytest

from tests.kit.courthouse import open_courthouse
from venire.continuity.journal import ship_states
from venire.continuity.vendors import breaker, drill_results, vendor_states
from venire.kernel.clock import DAY_MS
from venire.kernel.vendors import AccountClosed, Listed
from venire.server.reminding import remind

pytestmark = pytest.mark.anyio

_VENDORS = (
    Listed(kind="sms", name="first", owner="One Inc.", country="US", usable=True),
    Listed(kind="sms", name="second", owner="Two d.o.o.", country="HR", usable=True, public=True),
    Listed(kind="bank", name="savings", owner="Bank of Three", country="ID", notice_days=30),
)


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=0) as opened:
        object.__setattr__(opened.world.site, "vendors", _VENDORS)
        yield opened


async def _shut(house, name="first"):
    now_ms = house.world.now_ms()
    await vendor_states.change(
        house.world,
        "sms",
        name,
        lambda health: breaker.after_fault(health, AccountClosed("20003"), now_ms),
    )


async def test_everyone_sees_kinds_and_drills_and_no_name_that_does_not_agree(house):
    await _shut(house)
    await drill_results.note(
        house.world, "sms-a-closed", passed=True, switched_ms=412, result=b"{}"
    )
    answer = await house.site.client.get("/api/v1/continuity")
    told = answer.json()
    (sms,) = [one for one in told["kinds"] if one["kind"] == "sms"]
    assert sms["count"] == 2
    assert sms["countries"] == ["HR", "US"]
    assert sms["reasons"][:2] == ["shut", "only_one"]
    assert sms["named"] == ["Two d.o.o."]
    assert [one["switched_s"] for one in told["drills"]] == [0.412]
    assert "One Inc." not in answer.text
    assert "Bank of Three" not in answer.text
    assert "20003" not in answer.text


async def test_an_admin_sees_each_vendor_and_lets_one_be_asked_again(house):
    await _shut(house)
    admin = await house.site.member("keeper", "admin")
    found = (await admin.get("/api/v1/admin/vendors")).json()
    assert [(one["name"], one["state"]) for one in found] == [
        ("first", "shut"),
        ("second", "serving"),
        ("savings", "serving"),
    ]
    assert found[0]["said"] == "20003"
    again = await admin.post("/api/v1/admin/vendors/sms/first/reset")
    assert again.json()["state"] == "serving"
    assert (await vendor_states.load(house.world, "sms"))["first"].state == "serving"


async def test_what_no_adapter_speaks_to_is_noted_by_a_person_and_nothing_else_is(house):
    admin = await house.site.member("keeper", "admin")
    noted = await admin.post("/api/v1/admin/vendors/bank/savings/used")
    assert noted.json()["last_success"] is not None
    assert (await admin.post("/api/v1/admin/vendors/sms/first/used")).status_code == 404
    assert (await admin.post("/api/v1/admin/vendors/sms/third/reset")).status_code == 404


async def test_a_moderator_and_a_member_learn_nothing_of_vendors(house):
    for name, role in (("mod", "moderator"), ("ayu", "member")):
        member = await house.site.member(name, role)
        assert (await member.get("/api/v1/admin/vendors")).status_code == 403
        for act in ("reset", "used"):
            answer = await member.post(f"/api/v1/admin/vendors/bank/savings/{act}")
            assert answer.status_code == 403


async def test_every_admin_is_told_once_that_a_vendor_refuses_the_site(house):
    keepers = [await house.site.member(name, "admin") for name in ("keeper", "second_keeper")]
    other = await house.site.member("mod", "moderator")
    await house.settle()
    await _shut(house)
    await house.settle()
    await _shut(house)
    await house.settle()
    for keeper in keepers:
        found = (await keeper.get("/api/v1/conversations")).json()
        assert len(found) == 1
        assert "sms, first." in found[0]["last_status"]["content"]
        assert "/moderation/vendors" in found[0]["last_status"]["content"]
    assert (await other.get("/api/v1/conversations")).json() == []


async def test_every_admin_is_told_again_each_day_until_somebody_has_looked(house):
    keeper = await house.site.member("keeper", "admin")
    await _shut(house)
    await house.settle()
    told: set[str] = set()

    async def messages() -> int:
        await remind(house.court, told)
        await remind(house.court, set())
        await house.settle()
        found = (await keeper.get("/api/v1/conversations")).json()
        assert all("sms, first." in one["last_status"]["content"] for one in found)
        return len({one["last_status"]["id"] for one in found})

    assert [await messages(), await messages()] == [1, 1]
    house.site.clock.advance(DAY_MS)
    assert [await messages(), await messages()] == [2, 2]
    await keeper.post("/api/v1/admin/vendors/sms/first/reset")
    house.site.clock.advance(2 * DAY_MS)
    assert await messages() == 2


@pytest.mark.parametrize("state", ["failing", "lapsed", "refused"])
async def test_a_store_that_takes_nothing_does_not_stand_there_as_working(house, state):
    store = Listed(kind="objects", name="first", owner="One Inc.", country="US", usable=True)
    object.__setattr__(house.world.site, "vendors", (store,))
    await ship_states.note(house.site.storage, "first", state, house.world.now_ms(), said="timeout")
    admin = await house.site.member("keeper", "admin")
    (shown,) = (await admin.get("/api/v1/admin/vendors")).json()
    assert (shown["state"], shown["said"]) == ("resting", "timeout")


async def test_a_store_that_refuses_the_journal_stands_there_as_shut_and_is_let_back(house):
    store = Listed(kind="objects", name="first", owner="One Inc.", country="US", usable=True)
    object.__setattr__(house.world.site, "vendors", (store,))
    storage, now_ms = house.site.storage, house.world.now_ms()
    await ship_states.note(storage, "first", "working", now_ms)
    admin = await house.site.member("keeper", "admin")
    (shown,) = (await admin.get("/api/v1/admin/vendors")).json()
    assert (shown["state"], shown["last_success"] is not None) == ("serving", True)
    await ship_states.note(storage, "first", "closed", now_ms, said="http_403")
    (shown,) = (await admin.get("/api/v1/admin/vendors")).json()
    assert (shown["state"], shown["said"]) == ("shut", "http_403")
    await admin.post("/api/v1/admin/vendors/objects/first/reset")
    assert (await ship_states.load(storage, "first")).state == "failing"
