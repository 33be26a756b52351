"""Who serves, and who is paid, is an admin's to say: never for themselves, never without a line."""

from __future__ import annotations

import pytest

from tests.kit.courthouse import open_courthouse
from venire.jury import store as jury_store
from venire.treasury import store
from venire.treasury.model import Payout

pytestmark = pytest.mark.anyio

JURORS = "/api/v1/admin/jurors"
PAID_OUT = "/api/v1/admin/payouts"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


@pytest.fixture
async def staff(house):
    return [
        await house.site.member(name, role=role)
        for name, role in (("boss", "admin"), ("mona", "moderator"))
    ]


async def asked_for(house, juror):
    """A payout that a juror waits for; its id."""
    made = Payout("EUR", juror.id, house.world.ids.next(), "asked", 500, 0, house.world.now_ms())
    desk = await store.desk(house.world.storage, "EUR", juror.id)
    writes = [store.put_desk(desk), store.put_payout(made)]
    await house.world.storage.commit(store.desk_aggregate("EUR", juror.id), writes)
    return made.id


async def state_of(house, juror, payout_id):
    return (await store.payout(house.world.storage, "EUR", juror.id, payout_id)).state


async def test_a_moderator_neither_settles_a_payout_nor_appoints_anybody(house, staff):
    _, moderator = staff
    juror, friend = await house.site.member("ayu"), await house.site.member("friend")
    payout_id = await asked_for(house, juror)
    done = {"account_id": str(juror.id), "id": str(payout_id), "state": "paid"}
    for path, body in (
        (PAID_OUT, done),
        (JURORS, {"account_id": str(friend.id), "bench": True}),
        (JURORS, {"account_id": str(moderator.id), "paid": True}),
    ):
        refused = await moderator.post(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
    assert await state_of(house, juror, payout_id) == "asked"
    for one in (friend, moderator):
        assert await jury_store.load(house.world.storage, one.id) is None


async def test_an_admin_settles_no_payout_of_their_own_and_does_not_appoint_themselves(
    house, staff
):
    admin, _ = staff
    payout_id = await asked_for(house, admin)
    done = {"account_id": str(admin.id), "id": str(payout_id), "state": "paid"}
    own = {"account_id": str(admin.id), "paid": True, "bench": True}
    for path, body in ((PAID_OUT, done), (JURORS, own)):
        refused = await admin.post(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "own_account")
    assert await state_of(house, admin, payout_id) == "asked"
    assert await jury_store.load(house.world.storage, admin.id) is None
    assert (await admin.get("/api/v1/admin/log")).json() == []


async def test_an_appointment_leaves_alone_what_it_does_not_name_and_tells_nothing_more(
    house, staff
):
    admin, _ = staff
    juror = await house.site.member("ayu")
    whom = {"account_id": str(juror.id)}
    first = await admin.post(JURORS, json={**whom, "bench": True, "paid": True})
    assert first.json() == whom
    assert (await admin.post(JURORS, json=whom)).json() == whom
    there = await jury_store.load(house.world.storage, juror.id)
    assert (there.bench, there.paid, there.trained) == (True, True, True)
    await admin.post(JURORS, json={**whom, "bench": False})
    there = await jury_store.load(house.world.storage, juror.id)
    assert (there.bench, there.paid) == (False, True)


async def test_each_is_in_the_operators_log_which_names_no_juror_to_a_moderator(house, staff):
    admin, moderator = staff
    juror = await house.site.member("ayu")
    payout_id = await asked_for(house, juror)
    done = {"account_id": str(juror.id), "id": str(payout_id), "state": "paid", "said": "by hand"}
    for _ in range(2):
        (await admin.post(PAID_OUT, json=done)).raise_for_status()
    body = {"account_id": str(juror.id), "paid": True, "reason": f"asked by {juror.username}"}
    (await admin.post(JURORS, json=body)).raise_for_status()
    lines = (await admin.get("/api/v1/admin/log")).json()
    assert [(one["action"], one["target"], one["reason"]) for one in lines] == [
        ("appoint_juror", f"account:{juror.id}", f"paid: asked by {juror.username}"),
        ("settle_payout", f"payout:{payout_id}", "paid: by hand"),
    ]
    assert {one["actor_id"] for one in lines} == {str(admin.id)}
    shown = await moderator.get("/api/v1/admin/log")
    assert [one["action"] for one in shown.json()] == ["appoint_juror", "settle_payout"]
    for said in (str(juror.id), juror.username, str(payout_id)):
        assert said not in shown.text


async def test_a_moderator_freezes_no_pool_and_an_admin_does(house, staff):
    boss, mona = staff
    assert (await mona.post("/api/v1/admin/epochs")).status_code == 403
    assert (await boss.post("/api/v1/admin/epochs")).status_code == 200
