from __future__ import annotations

import asyncio
import dataclasses

import pytest

from venire.continuity.vendors import breaker, vendor_states
from venire.continuity.vendors.failover import Failover
from venire.events import VendorReset, VendorShut
from venire.kernel.clock import DAY_MS, MINUTE_MS
from venire.kernel.errors import Invalid
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorThrottled,
    VendorUnavailable,
    fault_of_status,
)

pytestmark = pytest.mark.anyio


@dataclasses.dataclass
class Desk:
    """A vendor that does what it is told to: a fault, a wait, or its work."""

    name: str
    fault: Exception | None = None
    wait_s: float = 0.0
    asked: int = 0

    async def do(self) -> str:
        self.asked += 1
        await asyncio.sleep(self.wait_s)
        if self.fault is not None:
            raise self.fault
        return f"done by {self.name}"


def _failover(world, *desks: Desk, **more) -> Failover[Desk]:
    return Failover(world, "sms", {desk.name: desk for desk in desks}, share=0.0, **more)


async def _events(world):
    return [envelope.event for envelope in await world.storage.tail(0)]


async def test_an_account_that_is_refused_is_shut_and_the_next_does_it_in_the_same_call(world):
    first, second = Desk("a", AccountClosed("20003")), Desk("b")
    failover = _failover(world, first, second)
    done = await failover.call(Desk.do)
    assert (done.value, done.vendor, done.before) == ("done by b", "b", (("a", "20003"),))
    first.fault = None
    assert (await failover.call(Desk.do)).vendor == "b"
    assert first.asked == 1
    assert await _events(world) == [VendorShut("sms", "a")]


async def test_what_one_process_shut_no_other_and_no_later_one_asks(world):
    await _failover(world, Desk("a", AccountClosed("401")), Desk("b")).call(Desk.do)
    elsewhere = Desk("a")
    assert (await _failover(world, elsewhere, Desk("b")).call(Desk.do)).vendor == "b"
    assert elsewhere.asked == 0


async def test_a_person_lets_it_be_asked_again_in_every_process(world):
    first = Desk("a", AccountClosed("401"))
    failover = _failover(world, first, Desk("b"))
    await failover.call(Desk.do)
    first.fault = None
    await vendor_states.change(
        world, "sms", "a", lambda health: breaker.reset(health, world.now_ms())
    )
    assert (await failover.call(Desk.do)).vendor == "a"
    assert VendorReset("sms", "a") in await _events(world)


async def test_a_rejection_is_final_and_says_nothing_against_the_vendor(world):
    first, second = Desk("a", Rejected("21610")), Desk("b")
    failover = _failover(world, first, second)
    for _ in range(5):
        with pytest.raises(Rejected):
            await failover.call(Desk.do)
    assert (first.asked, second.asked) == (5, 0)


async def test_one_that_hangs_is_left_in_time_and_rests_after_three(world, clock):
    first, second = Desk("a", wait_s=60), Desk("b")
    failover = _failover(world, first, second, try_s=0.01)
    for _ in range(4):
        assert (await failover.call(Desk.do)).vendor == "b"
    assert first.asked == 3
    first.wait_s = 0
    clock.advance(MINUTE_MS)
    assert (await failover.call(Desk.do)).vendor == "a"


async def test_one_that_throttles_gives_way_at_once_and_is_asked_when_it_said(world, clock):
    first, second = Desk("a", VendorThrottled("429", retry_after_s=40)), Desk("b")
    failover = _failover(world, first, second)
    assert (await failover.call(Desk.do)).vendor == "b"
    first.fault = None
    clock.advance(39_000)
    assert (await failover.call(Desk.do)).vendor == "b"
    clock.advance(1_000)
    assert (await failover.call(Desk.do)).vendor == "a"


async def test_what_may_not_be_done_twice_is_not_asked_of_another_in_doubt(world):
    first, second = Desk("a", VendorUnavailable("timeout", in_doubt=True)), Desk("b")
    failover = _failover(world, first, second)
    with pytest.raises(VendorUnavailable):
        await failover.call(Desk.do, once=True)
    assert second.asked == 0
    first.fault = VendorUnavailable("refused")
    assert (await failover.call(Desk.do, once=True)).vendor == "b"


async def test_with_everybody_resting_the_one_that_has_rested_longest_is_asked(world, clock):
    desks = [Desk("a", VendorUnavailable("503")), Desk("b", VendorUnavailable("503"))]
    failover = _failover(world, *desks)
    for _ in range(3):
        with pytest.raises(VendorUnavailable):
            await failover.call(Desk.do)
        clock.advance(1)
    desks[1].fault = None
    assert (await failover.call(Desk.do)).vendor == "b"


async def test_with_every_account_refused_nobody_is_asked_and_it_says_so(world):
    desks = [Desk("a", AccountClosed("401")), Desk("b", AccountClosed("403"))]
    failover = _failover(world, *desks)
    with pytest.raises(AccountClosed):
        await failover.call(Desk.do)
    with pytest.raises(VendorUnavailable, match="all_shut"):
        await failover.call(Desk.do)
    assert [desk.asked for desk in desks] == [1, 1]


async def test_without_a_vendor_it_says_so(world):
    with pytest.raises(VendorUnavailable, match="no_vendor"):
        await _failover(world).call(Desk.do)


async def test_a_vendor_at_work_is_written_down_once_a_minute_not_at_each_call(world, clock):
    failover = _failover(world, Desk("a"))
    for _ in range(50):
        await failover.call(Desk.do)
    known = await vendor_states.load(world, "sms")
    assert known["a"].last_success_ms == world.now_ms()
    began_ms = world.now_ms()
    clock.advance(MINUTE_MS - 1)
    await failover.call(Desk.do)
    assert (await vendor_states.load(world, "sms"))["a"].last_success_ms == began_ms
    clock.advance(1)
    await failover.call(Desk.do)
    assert (await vendor_states.load(world, "sms"))["a"].last_success_ms == world.now_ms()


async def test_one_that_rested_is_tried_by_one_call_while_the_others_go_on(world, clock):
    first, second = Desk("a", VendorUnavailable("503")), Desk("b")
    failover = _failover(world, first, second)
    for _ in range(3):
        await failover.call(Desk.do)
    first.fault, first.wait_s = None, 0.05
    clock.advance(MINUTE_MS)
    done = await asyncio.gather(*(failover.call(Desk.do) for _ in range(10)))
    assert [one.vendor for one in done].count("a") == 1
    assert (await failover.call(Desk.do)).vendor == "a"


async def test_an_adapter_that_stumbles_over_an_answer_gives_way_to_the_next(world):
    first, second = Desk("a", KeyError("sid")), Desk("b")
    failover = _failover(world, first, second)
    assert (await failover.call(Desk.do)).vendor == "b"
    with pytest.raises(VendorUnavailable) as caught:
        await failover.call(Desk.do, once=True)
    assert caught.value.in_doubt
    assert second.asked == 1


async def test_a_problem_of_our_own_is_the_callers_and_no_vendors(world):
    first, second = Desk("a", Invalid("number_invalid", "no such number")), Desk("b")
    with pytest.raises(Invalid):
        await _failover(world, first, second).call(Desk.do)
    assert second.asked == 0


@pytest.mark.parametrize(
    ("status", "name", "in_doubt"),
    [
        (401, "closed", None),
        (403, "closed", None),
        (429, "throttled", None),
        (404, "rejected", None),
        (422, "rejected", None),
        (500, "unavailable", True),
        (503, "unavailable", True),
        (302, "unavailable", False),
    ],
)
def test_a_status_has_a_class(status, name, in_doubt):
    fault = fault_of_status(status)
    assert fault.name == name
    assert getattr(fault, "in_doubt", None) == in_doubt


async def test_who_is_shut_while_the_caller_leaves_is_found_and_told_by_the_next_call(
    world, monkeypatch
):
    """Known to one process alone it would never be asked again, and nobody would have heard."""
    first, second = Desk("a", AccountClosed("401")), Desk("b")
    failover = _failover(world, first, second)
    began, write = asyncio.Event(), vendor_states.change

    async def slow(*given):
        began.set()
        await asyncio.Event().wait()
        return await write(*given)

    monkeypatch.setattr(vendor_states, "change", slow)
    call = asyncio.create_task(failover.call(Desk.do))
    await began.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    monkeypatch.setattr(vendor_states, "change", write)
    assert await _events(world) == []
    assert (await failover.call(Desk.do)).vendor == "b"
    assert await _events(world) == [VendorShut("sms", "a")]


async def test_a_caller_who_leaves_in_the_middle_takes_no_vendor_along(world, clock):
    first, second = Desk("a", VendorUnavailable("503")), Desk("b")
    failover = _failover(world, first, second)
    for _ in range(3):
        await failover.call(Desk.do)
    first.fault, first.wait_s = None, 60
    clock.advance(MINUTE_MS)
    call = asyncio.create_task(failover.call(Desk.do))
    await asyncio.sleep(0.02)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    first.wait_s = 0
    assert (await failover.call(Desk.do)).vendor == "a"


async def test_a_rest_that_a_clock_ahead_has_begun_is_over_when_it_is_put_back(world, clock):
    first, second = Desk("a", VendorUnavailable("503")), Desk("b")
    failover = _failover(world, first, second)
    clock.advance(400 * DAY_MS)
    for _ in range(3):
        await failover.call(Desk.do)
    clock.advance(-400 * DAY_MS)
    first.fault = None
    assert (await failover.call(Desk.do)).vendor == "a"
