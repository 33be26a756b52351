"""What is kept for a time only goes when it is over, whatever was written to it in between."""

from __future__ import annotations

import pytest

from tests.cases.test_copyright_desk import ADDRESS, ANSWER, C, claimed, finish, visible
from tests.kit.courthouse import THREAT
from venire.cases import copyright_desk, packets
from venire.kernel.clock import DAY_MS
from venire.storage.tables.clocks import PACKET_LIST, PACKETS
from venire.storage.tables.copyright_desk import TABLES as COPYRIGHT

pytestmark = pytest.mark.anyio

YEAR_MS = 365 * DAY_MS


async def held(house, table) -> list:
    rows, _ = await house.site.storage.scan(table)
    return rows


async def test_a_claim_of_copyright_is_kept_three_years_with_all_that_was_said_of_it(house):
    _, uploader, _, notice = await claimed(house)
    house.site.clock.advance(10 * DAY_MS)
    path = f"{C}/{notice['id']}/items/1/counter"
    (await uploader.post(path, json=ANSWER)).raise_for_status()
    filed = {"secret": notice["secret"], "filed": "N.D. Cal. 3:26-cv-1"}
    sent = await house.site.client.post(f"{C}/{notice['id']}/items/1/filed", json=filed)
    assert sent.is_success
    await finish(house)
    house.site.clock.advance(3 * YEAR_MS - 11 * DAY_MS)
    for table in COPYRIGHT:
        assert await held(house, table), table.name
    assert ADDRESS.encode() in (await copyright_desk.load(house.world, int(notice["id"]))).body
    house.site.clock.advance(2 * DAY_MS)
    for table in COPYRIGHT:
        assert not await held(house, table), table.name


async def test_an_answer_on_the_last_day_is_kept_until_its_post_is_back(house):
    _, uploader, post, notice = await claimed(house)
    house.site.clock.advance(3 * YEAR_MS - DAY_MS)
    path = f"{C}/{notice['id']}/items/1/counter"
    (await uploader.post(path, json=ANSWER)).raise_for_status()
    house.site.clock.advance(20 * DAY_MS)
    await finish(house)
    assert await visible(house, post)
    house.site.clock.advance(copyright_desk.AT_LEAST_MS)
    for table in COPYRIGHT:
        assert not await held(house, table), table.name


async def pressing(house):
    admin = await house.site.member("admin", role="admin")
    author, _ = await house.site.member("author"), await house.site.member("sari")
    post = await house.post(author, f"@sari {THREAT}")
    case = await house.case_on(post)
    (sealed,) = await packets.of_case(house.court, case.public_id)
    return admin, case, sealed


async def test_a_sealed_packet_goes_after_half_a_year(house):
    await pressing(house)
    house.site.clock.advance(packets.KEPT_MS - DAY_MS)
    assert len(await held(house, PACKETS)) == len(await held(house, PACKET_LIST)) == 1
    house.site.clock.advance(2 * DAY_MS)
    assert await held(house, PACKETS) == await held(house, PACKET_LIST) == []


async def test_a_released_packet_goes_half_a_year_after_its_release(house):
    admin, case, sealed = await pressing(house)
    house.site.clock.advance(100 * DAY_MS)
    said = {"actor_id": admin.id, "contact": "police", "reason": "he names the hour"}
    done = await packets.release(house.court, case.public_id, sealed.id, **said)
    assert done.state == "released"
    house.site.clock.advance(packets.KEPT_MS - DAY_MS)
    assert [row.state for row in await held(house, PACKETS)] == ["released"]
    assert len(await held(house, PACKET_LIST)) == 1
    house.site.clock.advance(2 * DAY_MS)
    assert await held(house, PACKETS) == await held(house, PACKET_LIST) == []
