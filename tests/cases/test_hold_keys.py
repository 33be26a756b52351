"""One juror with the hold key hides a threat at once."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.desk import headers, messages, set_policy
from tests.kit.courthouse import MILD, THREAT
from venire.cases import hold_keys
from venire.jury import actions as jury
from venire.kernel.clock import HOUR_MS
from venire.people import standing

pytestmark = pytest.mark.anyio


async def keyed(house):
    """A trained juror with the hold key, and the admin who gave it."""
    admin = await house.site.member("admin", role="admin")
    juror = await house.site.member("keyed")
    await jury.appoint(house.world, juror.id, bench=False, paid=False)
    given = await admin.post(
        f"/api/v1/admin/jurors/{juror.id}/hold_key", json={"reason": "careful for a year"}
    )
    assert given.json() == {"id": str(juror.id), "hold_key": True}
    return juror, admin


async def test_a_juror_with_the_key_hides_a_threat_at_once_and_a_panel_judges_it(house):
    juror, _ = await keyed(house)
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    post = await house.post(author, "You know where I will be waiting for you, and with what.")
    done = await juror.post("/api/v1/jury/holds", json={"status_id": post, "reason": "a threat"})
    assert done.status_code == 202
    await house.settle()
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 404
    case = await house.case_on(post)
    assert (case.hold, case.held_by, case.category) == ("held", "juror", "incitement")
    assert case.contested
    assert juror.id not in {one.id for one, _ in await house.summoned()}
    hold = next(one for one in await headers(house) if one["type"] == "hold")
    assert (hold["source"], hold["automated"]) == ("juror", False)
    for path in ("/api/v1/statements", "/api/v1/notifications"):
        told = (await author.get(path)).text
        assert "keyed" not in told
        assert str(juror.id) not in told
    assert not (await standing.standing(house.world, author.id)).pending


async def test_the_key_is_lost_when_more_than_a_fifth_does_not_last(house):
    juror, admin = await keyed(house)
    author = await house.site.member("author")
    for number in range(6):
        post = await house.post(author, f"I will be waiting for you, number {number} of my list.")
        held = await juror.post("/api/v1/jury/holds", json={"status_id": post, "reason": "threat"})
        assert held.status_code == 202
        await house.settle()
        if number >= 4:
            moderator = await house.site.member(f"moderator_{number}", role="moderator")
            case = await house.case_on(post)
            await moderator.post(
                f"/api/v1/cases/{case.public_id}/actions", json={"action": "keep", "reason": "no"}
            )
            await house.settle()
        assert await hold_keys.has_key(house.court, juror.id) == (number < 5), number
    post = await house.post(author, "I will be waiting for you, as I have said so often.")
    refused = await juror.post("/api/v1/jury/holds", json={"status_id": post, "reason": "threat"})
    assert (refused.status_code, refused.json()["code"]) == (403, "no_hold_key")
    assert any("You cannot hide posts by yourself" in text for text in await messages(juror))
    again = await admin.post(
        f"/api/v1/admin/jurors/{juror.id}/hold_key", json={"reason": "trained again"}
    )
    assert again.json()["hold_key"] is True


async def test_a_clock_that_ends_a_hold_costs_no_key(house):
    juror, _ = await keyed(house)
    lifting = tuple(
        msgspec.structs.replace(one, hold_lifts_after_hours=1)
        for one in house.court.policy.categories
    )
    set_policy(house, categories=lifting)
    author = await house.site.member("author")
    post = await house.post(author, "You know where I will be waiting for you, and with what.")
    await juror.post("/api/v1/jury/holds", json={"status_id": post, "reason": "a threat"})
    await house.settle()
    house.site.clock.advance(HOUR_MS)
    await house.settle()
    assert (await house.case_on(post)).hold == "lifted"
    assert await hold_keys.has_key(house.court, juror.id)


async def test_only_an_admin_gives_the_key_and_only_to_a_trained_juror(house):
    admin = await house.site.member("admin", role="admin")
    moderator = await house.site.member("moderator", role="moderator")
    untrained = house.jurors[0]
    path = f"/api/v1/admin/jurors/{untrained.id}/hold_key"
    refused = await moderator.post(path, json={"reason": "why not"})
    assert refused.json()["code"] == "role_required"
    early = await admin.post(path, json={"reason": "why not"})
    assert (early.status_code, early.json()["code"]) == (409, "not_trained")
    nobody = await admin.post("/api/v1/admin/jurors/1/hold_key", json={"reason": "why not"})
    assert nobody.status_code == 404


async def test_a_key_opens_nothing_that_is_ones_own_private_or_judged(house):
    juror, admin = await keyed(house)
    author = await house.site.member("author")
    own = await house.post(juror, MILD)
    secret = await house.post(author, f"@keyed {MILD}", visibility="direct")
    judged = await house.post(author, THREAT)
    await house.vote("keeps")
    for post, code in ((own, "own_case"), (secret, "record_not_found"), (judged, "judged_already")):
        answer = await juror.post(
            "/api/v1/jury/holds", json={"status_id": post, "reason": "a threat"}
        )
        assert answer.json()["code"] == code
    taken = await admin.post(
        f"/api/v1/admin/jurors/{juror.id}/hold_key", json={"granted": False, "reason": "moved away"}
    )
    assert taken.json()["hold_key"] is False


async def test_a_key_hides_so_many_posts_a_day_and_no_more(house, monkeypatch):
    monkeypatch.setattr(hold_keys, "HOLDS_A_DAY", 2)
    juror, _ = await keyed(house)
    author = await house.site.member("author")
    posts = [await house.post(author, f"{MILD} {number}") for number in range(3)]

    async def hold(post):
        return await juror.post("/api/v1/jury/holds", json={"status_id": post, "reason": "threat"})

    for post in (*posts[:2], posts[0]):
        assert (await hold(post)).status_code == 202
        await house.settle()
    refused = await hold(posts[2])
    assert (refused.status_code, refused.json()["code"]) == (429, "holds_enough")
    assert (await house.case_on(posts[2])) is None
    house.site.clock.advance(24 * HOUR_MS)
    assert (await hold(posts[2])).status_code == 202
