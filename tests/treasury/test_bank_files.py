"""Files for the bank: nothing in two of them, whoever dies or hurries; the books exact."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest
import xmlschema
from sepaxml import validation

from tests.treasury.office import JUROR, Office, asked
from tests.treasury.vendors import Payer
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.kernel.vendors import AccountClosed
from venire.treasury import bank_files, destinations, payouts

pytestmark = pytest.mark.anyio

CLOSED = AccountClosed("account_closed")


@pytest.fixture
def office(site):
    return Office(site, {"a": Payer(), "b": Payer()})


def checked(content: bytes):
    """The file against its schema, by the schema alone."""
    place = validation.__file__.replace("validation.py", "schemas/pain.001.001.09.xsd")
    schema = xmlschema.XMLSchema(place)
    schema.validate(content.decode())
    return schema.to_dict(content.decode())


async def test_with_every_payer_closed_the_banks_file_pays_and_the_ledger_balances(office):
    for payer in office.payers.values():
        payer.faults = [CLOSED]
    made = await office.ask()
    assert await office.state(made) == "sent"
    row = await bank_files.make(office.world, office.money, "EUR")
    content = await bank_files.content(office.world, office.money, "EUR", row.id)
    told = checked(content)
    (order,) = told["CstmrCdtTrfInitn"]["PmtInf"]
    assert float(order["CtrlSum"]) == 10.0
    assert b"0012345678" in content
    # Again it is the same bytes, and asked again nothing more is paid.
    assert await bank_files.content(office.world, office.money, "EUR", row.id) == content
    await office.hear(made)
    await office.later()
    assert asked(office) == [0, 0]
    with pytest.raises(Invalid, match="nothing_to_pay"):
        await bank_files.make(office.world, office.money, "EUR")
    with pytest.raises(Conflict, match="file_not_sent"):
        await bank_files.settle(office.world, "EUR", row.id, failed=frozenset(), without=0)
    await bank_files.note_sent(office.world, "EUR", row.id)
    for _ in range(2):
        await bank_files.settle(office.world, "EUR", row.id, failed=frozenset(), without=0)
    assert await office.state(made) == "paid"
    assert await office.books() == (0, 0, 0, 0)


async def test_what_the_bank_could_not_pay_is_owed_again(site):
    office = Office(site, {})
    made = [await office.ask(juror=juror) for juror in (7, 8, 9)]
    row = await bank_files.make(office.world, office.money, "EUR")
    await bank_files.note_sent(office.world, "EUR", row.id)
    failed = frozenset({made[1].id})
    done = await bank_files.settle(office.world, "EUR", row.id, failed=failed, without=9)
    assert done == (1, 1)
    # The admin's own payout is left to another.
    assert [await office.state(one) for one in made] == ["paid", "failed", "sent"]
    with pytest.raises(Invalid, match="payout_not_in_file"):
        await bank_files.settle(office.world, "EUR", row.id, failed=frozenset({5}), without=0)


async def test_what_was_taken_back_before_the_file_is_not_in_it(site):
    office = Office(site, {})
    first, second = await office.ask(), await office.ask(juror=8)
    await payouts.move(office.world, "EUR", JUROR, first.id, "withdrawn")
    row = await bank_files.make(office.world, office.money, "EUR")
    content = await bank_files.content(office.world, office.money, "EUR", row.id)
    assert str(first.id).encode() not in content
    assert str(second.id).encode() in content


@pytest.mark.parametrize("cut", range(1, 8))
async def test_killed_anywhere_while_a_file_is_made_nothing_is_in_two(site, monkeypatch, cut):
    office = Office(site, {})
    made = [await office.ask(juror=juror) for juror in (7, 8)]
    whole, count = site.storage.commit, 0

    async def dies(aggregate, writes, events=(), **more):
        nonlocal count
        count += 1
        if count == cut:
            raise KeyboardInterrupt
        return await whole(aggregate, writes, events, **more)

    monkeypatch.setattr(site.storage, "commit", dies)
    with contextlib.suppress(KeyboardInterrupt):
        await bank_files.make(office.world, office.money, "EUR")
    monkeypatch.setattr(site.storage, "commit", whole)
    with contextlib.suppress(Invalid):
        await bank_files.make(office.world, office.money, "EUR")
    rows = await bank_files.files(office.world, "EUR")
    contents = [await bank_files.content(office.world, office.money, "EUR", row.id) for row in rows]
    for one in made:
        assert sum(f"payout-{one.id}<".encode() in content for content in contents) == 1
    assert await bank_files.queue(office.world, "EUR") == []


async def test_two_admins_at_once_put_nothing_into_two_files(site):
    office = Office(site, {})
    made = [await office.ask(juror=juror) for juror in range(7, 13)]
    await asyncio.gather(
        *(bank_files.make(office.world, office.money, "EUR") for _ in range(3)),
        return_exceptions=True,
    )
    with contextlib.suppress(Invalid):
        await bank_files.make(office.world, office.money, "EUR")
    contents = []
    for row in await bank_files.files(office.world, "EUR"):
        with contextlib.suppress(Conflict):
            contents.append(await bank_files.content(office.world, office.money, "EUR", row.id))
    joined = b"".join(contents)
    for one in made:
        assert joined.count(f"payout-{one.id}<".encode()) <= 1


async def test_those_that_no_file_can_take_do_not_stand_in_the_way_of_others(site, monkeypatch):
    monkeypatch.setattr(bank_files, "LINES_MOST", 2)
    office = Office(site, {})
    for juror in (20, 21, 22):
        await office.ask(juror=juror)
        await destinations.forget(office.world, juror)
    made = [await office.ask(juror=juror) for juror in (30, 31, 32)]
    row = await bank_files.make(office.world, office.money, "EUR")
    assert msgspec.json.decode(row.payouts) == [one.id for one in made[:2]]
    row = await bank_files.make(office.world, office.money, "EUR")
    assert msgspec.json.decode(row.payouts) == [made[2].id]


async def test_a_file_that_is_not_there_is_not_found(office):
    with pytest.raises(NotFound):
        await bank_files.content(office.world, office.money, "EUR", 5)
