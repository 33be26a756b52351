"""Packets for the police: prepared, sealed, released by a named person."""

from __future__ import annotations

import json

import pytest

from tests.cases.desk import headers, messages
from tests.kit.courthouse import MILD, THREAT
from venire.cases import packets
from venire.storage.tables.clocks import PACKETS

pytestmark = pytest.mark.anyio


async def test_a_packet_is_prepared_sealed_and_read_only_once_it_is_released(house):
    admin = await house.site.member("admin", role="admin")
    moderator = await house.site.member("moderator", role="moderator")
    author, sari = await house.site.member("author"), await house.site.member("sari")
    post = await house.post(author, f"@sari {THREAT}")
    case = await house.case_on(post)
    path = f"/api/v1/admin/cases/{case.public_id}/packets"
    assert any("A life may be at risk" in text for text in await messages(admin))
    assert not any("A life may be at risk" in text for text in await messages(moderator))
    (sealed,) = (await admin.get(path)).json()
    assert (sealed["state"], sealed["prepared_by"]) == ("sealed", "system")
    assert sealed["document"] is None
    assert "@mail.test" not in (await admin.get(path)).text
    release = f"{path}/{sealed['id']}/release"
    body = {"contact": "police@example.org, 110", "reason": "he names the hour"}
    assert (await moderator.post(release, json=body)).json()["code"] == "named_person_only"
    assert (await sari.post(release, json=body)).status_code == 403
    nobody = await admin.post(release, json={"reason": "he names the hour"})
    assert nobody.json()["code"] == "contact_missing"
    opened = (await admin.post(release, json=body)).json()
    assert (opened["state"], opened["released_to"]) == ("released", body["contact"])
    document = opened["document"]
    assert document["account"]["email"] == "author@mail.test"
    assert THREAT in document["post"]["text"]
    assert document["record"]["entries"]
    entry = (await headers(house))[opened["record_index"]]
    assert (entry["type"], entry["category"]) == ("disclosure", "incitement")
    log = (await admin.get("/api/v1/admin/log")).text
    assert "release_packet" in log
    assert "police@example.org" in log
    (seen,) = (await moderator.get(path)).json()
    assert seen["document"] is None
    again = await admin.post(release, json={"contact": "someone else", "reason": "again"})
    assert again.json()["released_to"] == body["contact"]
    assert [one["type"] for one in await headers(house)].count("disclosure") == 1
    assert "open_packet" in (await admin.get("/api/v1/admin/log")).text


async def test_a_threat_at_nobody_or_a_mild_post_gets_no_packet_by_itself(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    rows, _ = await house.site.storage.scan(PACKETS)
    assert not rows


async def test_a_moderator_prepares_one_by_hand_for_any_case(house):
    moderator = await house.site.member("moderator", role="moderator")
    author, reporter = await house.site.member("author"), await house.site.member("reporter")
    post = await house.post(author, MILD)
    await reporter.post(
        "/api/v1/reports",
        json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [1]},
    )
    await house.settle()
    case = await house.case_on(post)
    path = f"/api/v1/admin/cases/{case.public_id}/packets"
    made = (await moderator.post(path, json={"reason": "he owns a gun"})).json()
    assert (made["state"], made["document"]) == ("sealed", None)
    listed = (await moderator.get("/api/v1/admin/packets")).json()
    assert [one["id"] for one in listed] == [made["id"]]


async def test_a_release_that_was_cut_off_is_finished_and_recorded_once(house, monkeypatch):
    admin = await house.site.member("admin", role="admin")
    author, _ = await house.site.member("author"), await house.site.member("sari")
    post = await house.post(author, f"@sari {THREAT}")
    case = await house.case_on(post)
    (sealed,) = await packets.of_case(house.court, case.public_id)
    real = packets._finish

    async def dies(*_args):
        raise ConnectionResetError

    monkeypatch.setattr(packets, "_finish", dies)
    asked = {"actor_id": admin.id, "contact": "police", "reason": "he names the hour"}
    with pytest.raises(ConnectionResetError):
        await packets.release(house.court, case.public_id, sealed.id, **asked)
    (half,) = await packets.of_case(house.court, case.public_id)
    assert half.state == "releasing"
    assert packets.view(case, half, opened=True)["document"] is None
    monkeypatch.setattr(packets, "_finish", real)
    done = await packets.release(house.court, case.public_id, sealed.id, **asked)
    assert done.state == "released"
    assert [one["type"] for one in await headers(house)].count("disclosure") == 1


async def test_a_packet_is_in_no_export_and_on_no_page_of_its_author(house):
    author, _ = await house.site.member("author"), await house.site.member("sari")
    post = await house.post(author, f"@sari {THREAT}")
    case = await house.case_on(post)
    (row,) = await packets.of_case(house.court, case.public_id)
    for path in ("/api/v1/statements", "/api/v1/notifications", f"/api/v1/cases/{case.public_id}"):
        assert row.digest not in (await author.get(path)).text
    path = f"/api/v1/admin/cases/{case.public_id}/packets"
    assert (await author.get(path)).status_code == 403
    assert json.loads(row.body)["account"]["email"] == "author@mail.test"


async def test_an_admin_neither_sees_nor_moves_a_packet_about_themselves(house):
    author = await house.site.member("author", role="admin")
    other, _ = await house.site.member("other", role="admin"), await house.site.member("sari")
    post = await house.post(author, f"@sari {THREAT}")
    case = await house.case_on(post)
    path = f"/api/v1/admin/cases/{case.public_id}/packets"
    (row,) = (await other.get(path)).json()
    assert (await author.get(path)).json() == []
    assert (await author.get("/api/v1/admin/packets")).json() == []
    body = {"contact": "police", "reason": "to see what is in it"}
    for address in (path, f"{path}/{row['id']}/release"):
        refused = await author.post(address, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "own_case")
    assert not any("A life may be at risk" in text for text in await messages(author))
    assert (await packets.of_case(house.court, case.public_id))[0].state == "sealed"
