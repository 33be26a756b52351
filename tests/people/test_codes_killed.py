"""Killed between any two writes, a code or a number is there or is not: never a text uncounted."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest

from tests.kit.site import open_site
from tests.people.house import Killed, MortalStorage
from tests.people.test_codes import NUMBER, Town
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid
from venire.kernel.messages import TextReport
from venire.people import codes, phones, texts
from venire.people import text_counts as counts
from venire.storage.tables.phones import PHONE_NUMBERS

pytestmark = pytest.mark.anyio
STEPS = [(writes, after) for writes in range(14) for after in (False, True)]


@pytest.fixture
async def town(tmp_path):
    async with open_site(tmp_path) as site:
        yield Town(site)


def mortal(town, writes: int, *, after: bool):
    return dataclasses.replace(
        town.world, storage=MortalStorage(town.world.storage, writes, after=after)
    )


@pytest.mark.parametrize(("writes", "after"), STEPS)
async def test_a_text_that_went_out_was_counted_and_its_code_works(town, writes, after):
    sari = await town.someone("sari")
    dying = mortal(town, writes, after=after)
    with contextlib.suppress(Killed):
        await codes.ask(dying, town.desk, sari, NUMBER)
    sent = len(town.carrier.texts)
    spent = await counts.spent_this_hour(town.world)
    assert spent >= 10 * sent
    if sent:
        await codes.verify(town.world, sari, town.carrier.code)
    else:
        await town.ask(sari)
        await codes.verify(town.world, sari, town.carrier.code)
    assert await phones.has_phone(town.world, sari.account_id)


@pytest.mark.parametrize(("writes", "after"), STEPS[:20])
async def test_a_number_is_the_members_or_free_and_never_lost_between(town, writes, after):
    sari = await town.someone("sari")
    await town.ask(sari)
    code = town.carrier.code
    with contextlib.suppress(Killed):
        await codes.verify(mortal(town, writes, after=after), sari, code)
    if not await phones.has_phone(town.world, sari.account_id):
        # The code still works: a try was spent, nothing more.
        await codes.verify(town.world, sari, code)
    mark = phones.mark_of(town.world, NUMBER)
    town.site.clock.advance(DAY_MS)
    row = await town.world.storage.get(PHONE_NUMBERS, (mark,))
    assert row is not None
    assert row.account_id == sari.account_id
    # It counts as verified once, whatever was done twice.
    shown = await texts.figures(town.world, town.desk)
    assert [day["verified"] for day in shown["days"]] in ([1], [0])


@pytest.mark.parametrize(("writes", "after"), STEPS[:6])
async def test_a_number_taken_away_is_free_or_still_there(town, writes, after):
    sari = await town.someone("sari")
    await town.ask(sari)
    await codes.verify(town.world, sari, town.carrier.code)
    with contextlib.suppress(Killed):
        await codes.take_away(mortal(town, writes, after=after), sari.account_id)
    mark = phones.mark_of(town.world, NUMBER)
    there = await town.world.storage.get(PHONE_NUMBERS, (mark,))
    assert (there is not None) == await phones.has_phone(town.world, sari.account_id)


@pytest.mark.parametrize(("writes", "after"), STEPS[:8])
async def test_a_receipt_that_is_told_again_after_a_crash_counts_once(town, writes, after):
    sari = await town.someone("sari")
    await town.ask(sari)
    report = TextReport(town.carrier.texts[0].key, "delivered")
    with contextlib.suppress(Killed):
        await texts.note_reports(mortal(town, writes, after=after), [report])
    await texts.note_reports(town.world, [report, report])
    (day,) = (await texts.figures(town.world, town.desk))["days"]
    assert day["delivered"] in {0, 1}
    if (writes, after) not in {(0, True), (1, False)}:
        # Between a text's own row and its day's count one may be lost, never one too many.
        assert day["delivered"] == 1


async def test_a_claim_that_was_never_carried_out_lapses(town):
    sari, bimo = await town.someone("sari"), await town.someone("bimo", "198.51.100.8")
    await town.ask(sari)
    with contextlib.suppress(Killed):
        await codes.verify(mortal(town, 4, after=True), sari, town.carrier.code)
    town.site.clock.advance(DAY_MS)
    await town.ask(bimo)
    if not await phones.has_phone(town.world, sari.account_id):
        await codes.verify(town.world, bimo, town.carrier.code)
        assert await phones.has_phone(town.world, bimo.account_id)
    with pytest.raises(Invalid):
        await codes.verify(town.world, bimo, "000000x")
