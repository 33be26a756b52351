"""Reports on the moderators' desk, and the figures beside them."""

from __future__ import annotations

import json

import pytest

from tests.api.admin_desk import A, act, fits, ok
from tests.kit.courthouse import Courthouse
from tests.kit.site import Member

pytestmark = pytest.mark.anyio


async def reported(house: Courthouse, reporter: Member, target: Member, **more: object) -> str:
    body = {"account_id": str(target.id), "comment": "look", "category": "spam", **more}
    made = await ok(await reporter.post("/api/v1/reports", json=body))
    await house.settle()
    return made["id"]


async def test_a_report_is_read_assigned_corrected_and_resolved(house, moderator, bob):
    alice = await house.site.member("alice")
    post = (await ok(await bob.post("/api/v1/statuses", json={"status": "buy now"})))["id"]
    report_id = await reported(house, alice, bob, status_ids=[post])
    path = f"{A}/reports/{report_id}"
    entity = fits(await ok(await moderator.get(path)), "AdminReport")
    assert (entity["account"]["username"], entity["target_account"]["username"]) == ("alice", "bob")
    assert [one["id"] for one in entity["statuses"]] == [post]
    assert entity["action_taken"] is False
    assert entity["cases"][0]["waits_for"] == "moderator"
    assigned = await ok(await moderator.post(f"{path}/assign_to_self"))
    assert assigned["assigned_account"]["username"] == "mona"
    assert (await ok(await moderator.post(f"{path}/unassign")))["assigned_account"] is None
    changed = await ok(await moderator.put(path, json={"category": "violation", "rule_ids": ["1"]}))
    assert (changed["category"], changed["rules"]) == ("violation", changed["rules"])
    assert (await moderator.put(path, json={"rule_ids": ["77"]})).status_code == 422
    assert [one["id"] for one in await ok(await moderator.get(f"{A}/reports"))] == [report_id]
    done = await ok(await moderator.post(f"{path}/resolve"))
    assert (done["action_taken"], done["action_taken_by_account"]["username"]) == (True, "mona")
    await house.settle()
    assert await ok(await moderator.get(f"{A}/reports")) == []
    kept = await house.case_on(post)
    assert (kept.verdict, kept.judged_by) == ("keeps", "moderator")
    seen = await ok(await moderator.get(f"{A}/reports", params={"resolved": "true"}))
    assert [one["id"] for one in seen] == [report_id]
    again = await ok(await moderator.post(f"{path}/reopen"))
    assert (again["action_taken"], again["action_taken_at"]) == (False, None)


async def test_resolving_a_report_ends_nothing_that_jurors_were_asked(house, moderator, bob):
    await house.seat_pool(6)
    alice = await house.site.member("alice")
    post = (await ok(await bob.post("/api/v1/statuses", json={"status": "you are vile"})))["id"]
    report_id = await reported(house, alice, bob, status_ids=[post], category="other")
    before = await house.case_on(post)
    done = await ok(await moderator.post(f"{A}/reports/{report_id}/resolve"))
    await house.settle()
    after = await house.case_on(post)
    if before.waits_for != "moderator":
        assert (after.state, after.verdict) == (before.state, before.verdict)
        assert done["cases"][0]["state"] == before.state


async def test_nobody_reads_who_reported_them_not_even_a_moderator(house, admin, moderator, bob):
    report_id = await reported(house, bob, moderator)
    assert await ok(await moderator.get(f"{A}/reports")) == []
    for method, end in (
        ("get", ""),
        ("put", ""),
        ("post", "/resolve"),
        ("post", "/assign_to_self"),
    ):
        answer = await getattr(moderator, method)(f"{A}/reports/{report_id}{end}")
        assert answer.status_code == 404
    assert [one["id"] for one in await ok(await admin.get(f"{A}/reports"))] == [report_id]


async def test_what_was_not_said_in_public_stays_with_the_bench(house, moderator, bob):
    alice = await house.site.member("alice")
    body = {"status": "@alice secret", "visibility": "direct"}
    post = (await ok(await bob.post("/api/v1/statuses", json=body)))["id"]
    await house.settle()
    report_id = await reported(house, alice, bob, status_ids=[post])
    entity = await ok(await moderator.get(f"{A}/reports/{report_id}"))
    assert entity["statuses"] == []
    assert "secret" not in json.dumps(entity)


async def test_an_act_with_a_report_resolves_it(house, moderator, bob):
    alice = await house.site.member("alice")
    report_id = await reported(house, alice, bob)
    await ok(await act(moderator, bob, "silence", report_id=report_id))
    await house.settle()
    entity = await ok(await moderator.get(f"{A}/reports/{report_id}"))
    assert entity["action_taken"] is True
    assert entity["target_account"]["silenced"] is True
    other = await house.site.member("other")
    wrong = await act(moderator, other, "silence", report_id=report_id)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "report_of_another")


async def test_reports_are_sought_by_either_side(house, moderator, bob):
    alice, carl = await house.site.member("alice"), await house.site.member("carl")
    one = await reported(house, alice, bob)
    two = await reported(house, carl, bob)
    three = await reported(house, alice, carl)

    async def ids(**query):
        found = await ok(await moderator.get(f"{A}/reports", params=query))
        return [each["id"] for each in found]

    assert await ids() == [three, two, one]
    assert await ids(account_id=alice.id) == [three, one]
    assert await ids(target_account_id=bob.id) == [two, one]
    assert await ids(account_id=alice.id, target_account_id=bob.id) == [one]
    assert await ids(limit=1) == [three]
    assert await ids(limit=1, max_id=three) == [two]


async def test_figures_are_true_or_left_out(house, admin, bob):
    alice = await house.site.member("alice")
    await reported(house, alice, bob)
    span = {"start_at": "2025-12-30T00:00:00Z", "end_at": "2026-01-01T23:59:59Z"}
    keys = ["new_users", "opened_reports", "resolved_reports", "active_users", "nonsense"]
    found = await ok(await admin.post(f"{A}/measures", json={**span, "keys": keys}))
    for each in found:
        fits(each, "AdminMeasure")
    told = {each["key"]: each["total"] for each in found}
    assert told == {"new_users": "4", "opened_reports": "1", "resolved_reports": "0"}
    assert [day["value"] for day in found[0]["data"]] == ["0", "0", "4"]
    known = await ok(
        await admin.post(f"{A}/dimensions", json={**span, "keys": ["software_versions", "servers"]})
    )
    assert known[0]["data"][0]["key"] == "venire"
    assert known[1] == {"key": "servers", "data": []}
    assert await ok(await admin.post(f"{A}/dimensions", json={"keys": ["servers"]})) == [known[1]]
    assert await ok(await admin.post(f"{A}/retention", json={**span, "frequency": "day"})) == []
    for bad in ({}, {**span, "end_at": "yesterday"}, {**span, "start_at": "1990-01-01T00:00:00Z"}):
        assert (await admin.post(f"{A}/measures", json={**bad, "keys": keys})).status_code == 422


async def test_nothing_trends_yet(house, admin):
    for path in ("trends/links", "trends/statuses", "trends/tags", "tags"):
        assert await ok(await admin.get(f"{A}/{path}")) == []
    assert (await admin.post(f"{A}/trends/tags/1/approve")).status_code == 404
