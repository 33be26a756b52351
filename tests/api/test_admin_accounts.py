"""Members on the moderators' desk: found, warned, limited, freed; each act through its case."""

from __future__ import annotations

import pytest

from tests.api.admin_desk import REASON, A, act, fits, ok, shown
from tests.kit.courthouse import Courthouse
from tests.kit.site import Member
from venire.people.standing import give_strike, standing
from venire.people.store import load_account

pytestmark = pytest.mark.anyio


LIMITS = [
    ("sensitive", "sensitized", "unsensitive"),
    ("silence", "silenced", "unsilence"),
    ("disable", "disabled", "enable"),
    ("suspend", "suspended", "unsuspend"),
]


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit[0])
async def test_a_limit_goes_through_a_case_is_told_in_a_statement_and_is_taken_back(
    house: Courthouse, moderator, bob, limit
):
    kind, flag, undo = limit
    assert await ok(await act(moderator, bob, kind)) == {}
    entity = fits(await shown(moderator, bob), "AdminAccount")
    assert entity[flag] is True
    assert [name for _, name, _ in LIMITS if entity[name]] == [flag]
    await house.settle()
    stands = await standing(house.world, bob.id)
    assert getattr(stands, flag)
    assert stands.points == 0
    account = await load_account(house.world, bob.id)
    assert getattr(account, flag, stands.suspended) is True
    case = (await ok(await moderator.get(f"{A}/queue"))) or None
    assert case is None
    log = await ok(await moderator.get(f"{A}/actions"))
    assert (log[0]["action"], log[0]["reason"]) == (kind, REASON)
    assert log[0]["actor_id"] == str(moderator.id)

    freed = await ok(await moderator.post(f"{A}/accounts/{bob.id}/{undo}"))
    assert not any(freed[name] for _, name, _ in LIMITS)
    await house.settle()
    assert not getattr(await standing(house.world, bob.id), flag)
    assert not (await load_account(house.world, bob.id)).silenced
    said = await ok(await bob.get("/api/v1/statements"))
    assert [(one["kind"], one["decided_by"], one["points"]) for one in reversed(said)] == [
        ("measure", "moderator", 0),
        ("lift", "moderator", 0),
    ]
    assert len(await ok(await moderator.get(f"{A}/actions"))) == 2


async def test_limits_add_up_and_each_is_taken_back_alone(house, moderator, bob):
    for kind in ("silence", "sensitive", "suspend", "silence"):
        await ok(await act(moderator, bob, kind))
        await house.settle()
    freed = await ok(await moderator.post(f"{A}/accounts/{bob.id}/unsilence"))
    assert (freed["silenced"], freed["sensitized"], freed["suspended"]) == (False, True, True)
    await house.settle()
    stands = await standing(house.world, bob.id)
    assert (stands.silenced, stands.sensitized, stands.suspended) == (False, True, True)
    again = await ok(await moderator.post(f"{A}/accounts/{bob.id}/unsilence"))
    assert again["sensitized"] is True
    await ok(await act(moderator, bob, "silence"))
    await house.settle()
    assert (await standing(house.world, bob.id)).silenced


async def test_a_suspended_member_writes_nothing_and_is_told_why(house, moderator, bob):
    await ok(await act(moderator, bob, "suspend"))
    await house.settle()
    query = {"types[]": "moderation_warning"}
    warned = await ok(await bob.get("/api/v1/notifications", params=query))
    assert [one["moderation_warning"]["action"] for one in warned] == ["suspend"]


async def test_a_warning_changes_nothing_and_is_told(house, moderator, bob):
    await ok(await act(moderator, bob, "none", text="Please mind rule 2."))
    await house.settle()
    entity = await shown(moderator, bob)
    assert not any(entity[name] for _, name, _ in LIMITS)
    told = await ok(
        await bob.get("/api/v1/notifications", params={"types[]": "moderation_warning"})
    )
    assert told[0]["moderation_warning"]["text"] == "Please mind rule 2."
    assert (await ok(await moderator.get(f"{A}/log")))[0]["action"] == "warn"


async def test_nobody_acts_on_themselves_and_a_moderator_not_on_staff(house, admin, moderator):
    other = await house.site.member("milo", "moderator")
    for member, target, code in (
        (moderator, moderator, "own_account"),
        (moderator, other, "outranked"),
        (moderator, admin, "outranked"),
    ):
        for kind in ("none", "suspend"):
            refused = await act(member, target, kind)
            assert (refused.status_code, refused.json()["code"]) == (403, code)
    await ok(await act(admin, other, "silence"))


async def test_points_are_not_lifted_by_hand(house, moderator, bob):
    await give_strike(
        house.world, bob.id, "case:1", points=20, expires_at_ms=None, case_id=1, suspend_at=20
    )
    refused = await moderator.post(f"{A}/accounts/{bob.id}/unsuspend")
    assert (refused.status_code, refused.json()["code"]) == (409, "suspended_by_points")
    assert (await shown(moderator, bob))["suspended"] is True


@pytest.mark.parametrize("kind", ["delete", "SUSPEND", "x" * 60])
async def test_an_unknown_act_is_refused(moderator, bob, house, kind):
    assert (await act(moderator, bob, kind)).status_code == 422


async def names(member: Member, **query: object) -> list[str]:
    found = await ok(await member.get("/api/v2/admin/accounts", params=query))
    return [each["username"] for each in found]


async def test_accounts_are_found_by_what_they_are(house, admin, moderator):
    for name in ("anna", "annabel", "carl"):
        await house.site.member(name)
    assert (await names(admin))[:3] == ["carl", "annabel", "anna"]
    assert await names(admin, username="ann") == ["annabel", "anna"]
    assert await names(admin, email="CARL@mail.test") == ["carl"]
    assert await names(admin, email="nobody@mail.test") == []
    assert await names(admin, permissions="staff") == ["mona", "boss"]
    assert await names(admin, **{"role_ids[]": "2"}) == ["mona"]
    assert await names(admin, origin="remote") == []
    assert await names(admin, by_domain="else.example") == []
    assert await names(admin, status="pending") == []
    v1 = await ok(await admin.get(f"{A}/accounts", params={"staff": "true"}))
    assert [each["username"] for each in v1] == ["mona", "boss"]


async def test_limited_accounts_are_listed_by_their_limit(house, admin):
    carl = await house.site.member("carl")
    await ok(await act(admin, carl, "silence"))
    await house.settle()
    assert await names(admin, status="silenced") == ["carl"]
    assert await names(admin, status="suspended") == []
    await ok(await act(admin, carl, "suspend"))
    await house.settle()
    assert await names(admin, status="suspended") == ["carl"]
    await ok(await admin.post(f"{A}/accounts/{carl.id}/unsuspend"))
    await house.settle()
    assert await names(admin, status="suspended") == []


async def test_the_list_is_paged_both_ways_over_months(house, admin):
    for number in range(5):
        await house.site.member(f"guest{number}")
        house.site.clock.advance(20 * 86_400_000)
    first = await admin.get("/api/v2/admin/accounts", params={"limit": 2})
    assert [one["username"] for one in first.json()] == ["guest4", "guest3"]
    after = await admin.get(first.links["next"]["url"])
    assert [one["username"] for one in after.json()] == ["guest2", "guest1"]
    before = await admin.get(after.links["prev"]["url"])
    assert [one["username"] for one in before.json()] == ["guest4", "guest3"]


async def test_only_a_suspended_account_is_deleted_and_only_by_an_admin(
    house, admin, moderator, bob
):
    path = f"{A}/accounts/{bob.id}"
    assert (await moderator.delete(path)).json()["code"] == "role_required"
    assert (await admin.delete(path)).json()["code"] == "not_suspended"
    await ok(await act(admin, bob, "suspend"))
    deleted = await ok(await admin.delete(path))
    assert deleted["username"] == "bob"
    assert (await bob.get("/api/v1/accounts/verify_credentials")).status_code == 401
    assert (await admin.get(f"/api/v1/accounts/{bob.id}")).status_code == 404
    assert (await ok(await admin.get(f"{A}/log")))[0]["action"] == "destroy"
