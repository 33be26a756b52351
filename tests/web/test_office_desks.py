"""The desks of those who decide in office, by browser: sealed, bulk, copyright, authorities."""

from __future__ import annotations

import re

import pytest

from tests.kit.site import BASE_URL
from venire.kernel.clock import DAY_MS

pytestmark = pytest.mark.anyio


async def finish(town) -> None:
    for _ in range(12):
        await town.house.settle()
        town.house.site.clock.advance(100)


async def seen(town, path: str) -> int:
    return (await (await town.stranger()).client.get(path)).status_code


async def test_a_moderator_counts_confirms_removes_and_puts_back(town):
    paths = [await town.post(f"seller{n}", f"buy https://shop.example/{n} now") for n in range(3)]
    town.house.site.clock.advance(1_000)
    desk = await town.member("desk", "moderator")
    begun = await desk.send(
        "/moderation/bulk",
        "/moderation/bulk",
        kind="domain",
        sought="shop.example",
        days="3",
        category="spam",
        reason="one campaign",
    )
    assert begun.status_code == 303
    page = begun.headers["location"].partition("?")[0]
    await finish(town)
    shown = await desk.text(page)
    assert "counted, and nothing done yet" in shown
    assert "@seller1" in shown
    assert (await desk.send(page, page, action="go")).status_code == 303
    await finish(town)
    stranger = await town.stranger()
    for path in paths:
        assert "shop.example" not in (await stranger.client.get(path)).text
    assert (await desk.send(page, page, action="restore")).status_code == 303
    await finish(town)
    assert [await seen(town, path) for path in paths] == [200, 200, 200]
    assert "put back" in await desk.text(page)
    indonesian = await town.member("desk", "moderator", "id")
    assert "dikembalikan" in await indonesian.text(page)


async def test_the_named_person_reads_decides_and_reports_step_by_step(town):
    path = await town.post("rudi", "words about a child that harm")
    post_id = path.rsplit("/", 1)[1]
    await town.member("citra")
    report = {"account_id": town.known["rudi"].id, "status_ids": [post_id], "rule_ids": [6]}
    (await town.known["citra"].post("/api/v1/reports", json=report)).raise_for_status()
    await town.house.settle()
    case = await town.house.case_on(post_id)
    chief = await town.member("chief", "admin")
    assert case.public_id[:12] in await chief.text("/moderation/sealed")
    page = f"/moderation/sealed/{case.public_id}"
    decided = await chief.send(page, f"{page}/decide", verdict="violates", reason="It is.")
    assert decided.status_code == 303
    await finish(town)
    packet = await chief.send(page, f"{page}/packet")
    assert packet.headers["content-disposition"].startswith("attachment")
    assert "words about a child" in packet.text
    noted = await chief.send(page, f"{page}/reported", authority="NCMEC", reference="R-1")
    assert noted.status_code == 303
    shown = await chief.text(page)
    assert "NCMEC R-1" in shown
    assert "took the packet" in shown
    assert "Nothing waits for you." in await chief.text("/moderation/sealed")


async def test_a_claimant_an_uploader_and_a_moderator_meet_at_the_copyright_desk(town):
    path = await town.post("rudi", "a harbour that somebody else took")
    claimant = await town.stranger()
    sent = await claimant.send(
        "/copyright",
        "/copyright",
        name="Carla",
        email="carla@works.example",
        address="1 Zebra Lane",
        work="The harbour",
        urls=f"{BASE_URL}{path}",
        good_faith="1",
        accurate="1",
        signature="Carla",
    )
    assert sent.status_code == 200, sent.text
    secret = re.search(r'class="mono">([0-9a-f]{48})<', sent.text)[1]
    number = re.search(r"/copyright/([0-9]+)/claimant", sent.text)[1]
    await finish(town)
    desk = await town.member("desk", "moderator")
    assert "Carla" in await desk.text("/moderation/copyright")
    page = f"/copyright/{number}"
    assert (await desk.send(page, page, action="accept")).status_code == 303
    await finish(town)
    rudi, other = await town.member("rudi"), await town.member("other")
    copy = await rudi.text(page)
    assert "Carla" in copy
    assert "Zebra Lane" not in copy
    assert (await other.client.get(page)).status_code == 404
    answered = await rudi.send(
        page,
        f"{page}/items/1",
        name="Rudi",
        address="2 Yak Street",
        contact="rudi@mail.test",
        mistake="1",
        jurisdiction="1",
        signature="Rudi",
        text="I took it myself.",
    )
    assert answered.status_code == 303, answered.text
    door = f"{page}/claimant"
    assert "Yak Street" not in (await claimant.get(door)).text
    opened = await claimant.send(door, door, secret=secret)
    assert "2 Yak Street" in opened.text
    wrong = await claimant.send(door, door, secret="0" * 48)
    assert (wrong.status_code, "opens no notice" in wrong.text) == (404, True)
    town.house.site.clock.advance(17 * DAY_MS)
    await finish(town)
    assert await seen(town, path) == 200


async def test_an_order_is_registered_by_one_and_approved_by_another(town):
    path = await town.post("rudi", "a word on the minister")
    desk, chief = await town.member("desk", "moderator"), await town.member("chief", "admin")
    made = await desk.send(
        "/moderation/orders",
        "/moderation/orders",
        authority="Kominfo",
        country="ID",
        legal_ground="Regulation 5/2020",
        reference="K-1",
        posts=f"{BASE_URL}{path}",
    )
    assert made.status_code == 303, made.text
    page = made.headers["location"].partition("?")[0]
    assert "Approve it" not in await desk.text(page)
    assert (await desk.send(page, page, action="approve")).status_code == 403
    assert (await chief.send(page, page, action="approve")).status_code == 303
    await finish(town)
    assert "carried out" in await desk.text(page)
    assert await seen(town, path) == 200
    await chief.send(page, page, action="lift", reason="annulled")
    await finish(town)
    assert "annulled" in await desk.text(page)
    assert "Regulation" not in (await (await town.stranger()).get("/record")).text


async def test_demands_for_data_are_for_admins_alone(town):
    await town.post("rudi", "hello")
    desk, chief = await town.member("desk", "moderator"), await town.member("chief", "admin")
    assert (await desk.client.get("/moderation/demands")).status_code == 403
    made = await chief.send(
        "/moderation/demands",
        "/moderation/demands",
        authority="Prosecutor",
        country="NL",
        legal_ground="Art. 126n",
        reference="P-1",
        accounts="@rudi",
        asked_for="everything",
    )
    assert made.status_code == 303, made.text
    page = made.headers["location"].partition("?")[0]
    refused = await chief.send(page, page, state="refused", reason="no such law")
    assert refused.status_code == 303
    assert "no such law" in await chief.text(page)
    assert (await desk.client.get(page)).status_code == 403
