"""What a target does at once from the case's page, and packets at the moderation desk."""

from __future__ import annotations

import json

import pytest

from tests.kit.courthouse import THREAT

pytestmark = pytest.mark.anyio


async def _threatened(town):
    await town.member("sari")
    path = await town.post("rudi", f"@sari {THREAT}")
    return path, await town.house.case_on(path.rsplit("/", 1)[1])


@pytest.mark.parametrize("language", ["en", "id"])
async def test_the_target_takes_a_copy_for_the_police_from_the_cases_page(town, language):
    _, case = await _threatened(town)
    sari = await town.member("sari", language=language)
    address = f"/cases/{case.public_id}"
    assert f'href="{address}/police-copy"' in (await sari.get(address)).text
    copy = await sari.client.get(f"{address}/police-copy")
    assert copy.headers["content-type"].startswith("text/plain")
    assert "attachment" in copy.headers["content-disposition"]
    assert f"> @sari {THREAT}" in copy.text
    other = await town.member("ayu")
    assert "police-copy" not in (await other.get(address)).text
    assert (await other.client.get(f"{address}/police-copy")).status_code == 404


async def test_the_target_hides_the_post_from_herself_and_takes_that_back(town):
    sari, ayu = await town.member("sari"), await town.member("ayu")
    path = await town.post("rudi", "@sari Nobody likes you, go away.")
    post_id = path.rsplit("/", 1)[1]
    report = {"account_id": town.known["rudi"].id, "status_ids": [post_id], "rule_ids": [3]}
    (await town.known["sari"].post("/api/v1/reports", json=report)).raise_for_status()
    await town.house.settle()
    case = await town.house.case_on(post_id)
    assert (await sari.client.get(path)).status_code == 200
    address = f"/cases/{case.public_id}"
    hidden = await sari.send(address, f"{address}/hide")
    assert "Show it to me again" in await sari.follow(hidden)
    assert (await sari.client.get(path)).status_code == 404
    assert (await ayu.client.get(path)).status_code == 200
    shown = await sari.send(address, f"{address}/hide")
    assert "Hide it from me" in await sari.follow(shown)
    assert (await sari.client.get(path)).status_code == 200


async def test_a_packet_is_released_at_the_desk_by_an_admin_alone(town):
    desk, chief = await town.member("desk", "moderator"), await town.member("chief", "admin")
    _, case = await _threatened(town)
    address = f"/moderation/cases/{case.public_id}"
    page = await desk.text(address)
    assert "For the police, where a life is at risk" in page
    assert "Only whoever is named for this opens it." in page
    assert "@mail.test" not in (await chief.get(address)).text
    assert "<time" not in page, "markup is not text"
    made = await desk.send(address, f"{address}/packets", reason="he named the hour")
    assert made.status_code == 303
    (sealed, *_) = (
        await town.known["chief"].get(f"/api/v1/admin/cases/{case.public_id}/packets")
    ).json()
    release = f"{address}/packets/{sealed['id']}"
    sent = await chief.send(address, release, contact="police, 110", reason="he named the hour")
    assert sent.headers["content-type"] == "application/json"
    assert json.loads(sent.content)["account"]["email"] == "rudi@mail.test"
    assert "Released to police, 110 on" in await desk.text(address)
    again = await chief.send(address, release)
    assert again.content == sent.content


async def test_a_sealed_case_has_no_packet_on_its_page(town):
    desk = await town.member("desk", "moderator")
    path = await town.post("rudi", "canary words of such a post")
    await town.member("citra")
    report = {
        "account_id": town.known["rudi"].id,
        "status_ids": [path.rsplit("/", 1)[1]],
        "rule_ids": [6],
    }
    (await town.known["citra"].post("/api/v1/reports", json=report)).raise_for_status()
    await town.house.settle()
    case = await town.house.case_on(path.rsplit("/", 1)[1])
    page = await desk.text(f"/moderation/cases/{case.public_id}")
    assert "Act at once" not in page, "what is hidden waits for the named person"
    assert "For the police" not in page
