"""Payouts: once and by one vendor, whatever hangs, dies or refuses; the bank's file at the end."""

from __future__ import annotations

import contextlib
import random

import pytest

from tests.treasury.office import JUROR, Office, asked
from tests.treasury.vendors import SARI, Payer
from venire.continuity.vendors import breaker, vendor_states
from venire.kernel.errors import Conflict, Invalid
from venire.kernel.money import Destination, PayoutSeen
from venire.kernel.vault import Vault
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorThrottled,
    VendorUnavailable,
)
from venire.storage.tables.paying_out import PAYOUT_DESTINATIONS
from venire.treasury import (
    actions,
    bank_files,
    destinations,
    paying,
    payouts,
    reconciling,
    store,
)

pytestmark = pytest.mark.anyio

CLOSED = AccountClosed("account_closed")


@pytest.fixture
def office(site):
    return Office(site, {"a": Payer(), "b": Payer()})


async def test_the_first_payer_pays_and_what_becomes_of_it_is_followed(office):
    made = await office.ask()
    assert (asked(office), await office.state(made)) == ([1, 0], "sent")
    office.payers["a"].state = "paid"
    await office.later()
    assert await office.state(made) == "paid"
    assert await office.books() == (0, 0, -5, 5)
    await office.later()
    assert asked(office) == [1, 0]


async def test_told_again_a_payout_is_paid_once(office):
    made = await office.ask()
    for _ in range(3):
        await office.hear(made)
    assert asked(office) == [1, 0]
    assert [call.split()[0] for call in office.payers["a"].calls] == ["pay", *["look"] * 3]


@pytest.mark.parametrize("fault", [CLOSED, VendorThrottled("slow"), VendorUnavailable("down")])
async def test_one_that_certainly_paid_nothing_lets_the_next_one_pay(office, fault):
    office.payers["a"].faults = [fault]
    made = await office.ask()
    assert (asked(office), await office.state(made)) == ([0, 1], "sent")
    states = [(one.vendor, one.state) for one in await paying.attempts(office.world, made.id)]
    assert states == [("a", "refused"), ("b", "taken")]


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_payout_in_doubt_goes_to_nobody_else(office, arrived):
    first = office.payers["a"]
    first.doubts, first.lost = (1, 0) if arrived else (0, 1)
    made = await office.ask()
    assert office.payers["b"].calls == []
    assert await office.state(made) == "sent"
    # It is silent for days: still nobody else, and no file for the bank.
    first.faults = [VendorUnavailable("down", in_doubt=True), CLOSED, VendorThrottled("slow")]
    for _ in range(3):
        await office.later()
        await office.hear(made)
    assert office.payers["b"].calls == []
    assert await bank_files.queue(office.world, "EUR") == []
    first.faults = []
    first.state = "paid"
    await office.later()
    assert await office.state(made) == "paid"
    assert list(first.paid) == [f"payout-{made.id}-0"]
    assert office.payers["b"].calls == []
    assert (await office.books())[:2] == (0, 0)


async def test_killed_between_the_note_and_the_answer_it_asks_the_same_one_again(
    office, monkeypatch
):
    first = office.payers["a"]

    async def dies(ask):
        first.paid[ask.key] = ask
        raise KeyboardInterrupt

    monkeypatch.setattr(first, "pay", dies)
    with pytest.raises(KeyboardInterrupt):
        await office.ask()
    monkeypatch.undo()
    (made,) = await payouts_of(office)
    await office.later()
    assert list(first.paid) == [f"payout-{made.id}-0"]
    assert (asked(office), await office.state(made)) == ([1, 0], "sent")


async def payouts_of(office):
    return await store.payouts(office.site.storage, "EUR", JUROR)


async def test_an_account_that_cannot_be_paid_is_a_failed_payout_and_owed_again(office):
    office.payers["a"].faults = [Rejected("account_invalid")]
    made = await office.ask()
    assert await office.state(made) == "failed"
    assert office.payers["b"].calls == []
    assert (await office.books())[:2] == (-1_000, 0)


async def test_a_payer_that_takes_it_and_fails_later_gives_it_back(office):
    made = await office.ask()
    office.payers["a"].state = "failed"
    await office.later()
    assert await office.state(made) == "failed"
    assert (await office.books())[:3] == (-1_000, 0, 1_000)


async def test_a_juror_cannot_take_back_what_a_payer_was_asked_for(office):
    office.payers["a"].doubts = 1
    made = await office.ask()
    with pytest.raises(Conflict):
        await payouts.move(office.world, "EUR", JUROR, made.id, "withdrawn")


async def test_without_a_destination_it_waits_as_asked_and_can_be_taken_back(office):
    made = await office.ask(to=None)
    assert (asked(office), await office.state(made)) == ([0, 0], "asked")
    await payouts.move(office.world, "EUR", JUROR, made.id, "withdrawn")
    await office.hear(made)
    assert (asked(office), await office.state(made)) == ([0, 0], "withdrawn")


async def test_with_the_key_lost_it_waits_and_goes_on_once_it_is_back(office, caplog):
    made = await office.ask(to=None)
    await destinations.choose(office.world, office.money, JUROR, SARI)
    await paying.wake(office.world, JUROR)
    key, lost = office.world.sealing, Vault(b"x" * 32)
    object.__setattr__(office.world, "sealing", lost)
    await office.timers.fire_due()
    assert "payout_stands_still" in caplog.text
    assert (asked(office), await office.state(made)) == ([0, 0], "asked")
    # It is looked at in some hours, not four times a second.
    assert await office.timers.fire_due() == 0
    object.__setattr__(office.world, "sealing", key)
    await office.later()
    assert asked(office) == [1, 0]


async def test_what_a_vendor_says_by_itself_is_taken_in_once_and_never_backwards(office):
    made = await office.ask()
    tell = office.world, office.money, "a", made.id
    assert await paying.told(*tell, PayoutSeen("paid", "tr", 5)) == "posted"
    assert await paying.told(*tell, PayoutSeen("paid", "tr", 5)) == "known"
    assert await paying.told(*tell, PayoutSeen("sent", "tr")) == "known"
    # It was reversed after all: a person has to look, the books say what was said first.
    assert await paying.told(*tell, PayoutSeen("failed", "tr")) == "differs"
    assert (
        await paying.told(office.world, office.money, "b", made.id, PayoutSeen("paid")) == "differs"
    )
    assert await office.state(made) == "paid"


async def test_a_late_word_of_one_that_was_left_does_not_have_it_paid_once_more(office):
    office.payers["a"].faults = [VendorUnavailable("channel_unavailable")]
    made = await office.ask()
    assert (asked(office), await office.state(made)) == ([0, 1], "sent")
    tell = office.world, office.money, "a", made.id
    assert await paying.told(*tell, PayoutSeen("failed", "tr_late")) == "known"
    assert await paying.told(*tell, PayoutSeen("sent", "tr_late")) == "known"
    with pytest.raises(Conflict, match="payout_open"):
        await payouts.ask(office.world, "EUR", JUROR)
    # It has paid after all: that two have is for a person to see, before and after.
    assert await paying.told(*tell, PayoutSeen("paid", "tr_late")) == "differs"
    office.payers["b"].state = "paid"
    await office.later()
    assert await office.state(made) == "paid"
    assert await paying.told(*tell, PayoutSeen("paid", "tr_late")) == "differs"


async def test_by_night_the_payers_list_tells_what_its_webhook_did_not(office):
    made = await office.ask()
    office.payers["a"].state = "paid"
    office.payers["a"].others = [(5, PayoutSeen("paid", "tr_x"))]
    office.site.clock.advance(86_400_000 + 4 * 3_600_000)
    rows = await reconciling.compare_due(office.world, office.money)
    told = {row.vendor: (row.found, row.differences) for row in rows}
    # What we never asked for is a difference, and no entry.
    assert told == {"payer:a": (1, b'["otherwise: payout 5 paid"]'), "payer:b": (0, b"[]")}
    assert await office.state(made) == "paid"
    assert await reconciling.compare_due(office.world, office.money) == []
    assert await office.books() == (0, 0, -5, 5)


async def test_a_payout_that_waited_for_its_juror_is_paid_once_they_have_said_where(office):
    made = await office.ask(to=None)
    await destinations.choose(office.world, office.money, JUROR, SARI)
    await paying.wake(office.world, JUROR)
    await office.timers.fire_due()
    assert (asked(office), await office.state(made)) == ([1, 0], "sent")


async def test_whatever_payers_do_no_payout_is_paid_twice(site):
    luck = random.Random(17)
    for juror in range(20, 34):
        office = Office(site, {"a": Payer(), "b": Payer()})
        faults = [CLOSED, VendorThrottled("t"), VendorUnavailable("u"), Rejected("r")]
        for payer in office.payers.values():
            payer.faults = luck.choices(faults, k=luck.randrange(3))
            payer.doubts, payer.lost = luck.randrange(2), luck.randrange(2)
        made = await office.ask(juror=juror)
        for _ in range(5):
            await office.later()
        with contextlib.suppress(Invalid):
            await bank_files.make(office.world, office.money, "EUR")
        files = await bank_files.files(office.world, "EUR")
        in_file = sum(str(made.id).encode() in row.payouts for row in files)
        paid = sum(asked(office)) + in_file
        assert paid <= 1
        if paid:
            assert await office.state(made) in {"sent", "paid"}
        # What the breaker learnt of these payers is not of the next ones.
        for name in ("a", "b"):
            await office.money.payouts._learn(name, None)
            now = site.clock.now_ms()
            await vendor_states.change(
                office.world, "payouts", name, lambda one, now=now: breaker.reset(one, now)
            )
    found = await actions.audit(site.world)
    assert found.faults == []


# where to


@pytest.mark.parametrize(
    "to",
    [
        Destination("bank", name="", account="0012345678", bic="BMRIIDJA"),
        Destination("bank", name="Sari"),
        Destination("bank", name="Sari", account="<script>", bic="BMRIIDJA"),
        Destination("bank", name="S" * 71, account="0012345678"),
        Destination("bank", name="Sa\x00ri", account="0012345678"),
        Destination("connect"),
    ],
)
async def test_what_is_no_account_is_refused(office, to):
    with pytest.raises(Invalid, match="destination_invalid"):
        await destinations.choose(office.world, office.money, JUROR, to)


async def test_a_way_that_nobody_here_can_pay_is_refused_at_once(office):
    to = Destination("connect", account="acct_12345678")
    with pytest.raises(Invalid, match="destination_unserved"):
        await destinations.choose(office.world, office.money, JUROR, to)


async def test_where_to_is_unreadable_in_the_tables_and_opens_for_its_juror_alone(office):
    await destinations.choose(office.world, office.money, JUROR, SARI)
    row = await office.site.storage.get(PAYOUT_DESTINATIONS, (JUROR,))
    assert b"0012345678" not in row.sealed
    assert b"Sari" not in row.sealed
    assert row.shown == "5678"
    assert (await destinations.load(office.world, JUROR)).account == "0012345678"
    moved = type(row)(8, row.way, row.sealed, row.shown, row.changed_at_ms)
    await office.site.storage.put(PAYOUT_DESTINATIONS, moved)
    with pytest.raises(Exception, match="sealed_otherwise"):
        await destinations.load(office.world, 8)
    await destinations.forget(office.world, JUROR)
    assert await destinations.load(office.world, JUROR) is None
