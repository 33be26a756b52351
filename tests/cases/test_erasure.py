"""Leaving: gone at once, back within a week, and then nothing is left that says who it was."""

from __future__ import annotations

import pytest

from tests.kit.courthouse import THREAT, Courthouse, open_courthouse
from tests.people.house import Killed, MortalStorage
from venire.cases import erasure
from venire.people import actions as people
from venire.people import departures
from venire.people.store import find_by_email, handle_taken, load_account, load_login
from venire.storage.tables.every import ALL

pytestmark = pytest.mark.anyio

WEEK_MS = 7 * 86_400_000
PASSWORD = {"password": "correct horse"}


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def run(house: Courthouse, rounds: int = 60) -> None:
    for _ in range(rounds):
        await house.settle()
        house.site.clock.advance(100)


async def somebody(house: Courthouse):
    """A member with something in most tables, and a friend."""
    alice, bob = await house.site.member("alice"), await house.site.member("bob")
    await alice.patch(
        "/api/v1/accounts/update_credentials", json={"display_name": "Alice Wonder", "note": "Hi"}
    )
    for one, other in ((alice, bob), (bob, alice)):
        await one.post(f"/api/v1/accounts/{other.id}/follow")
    ids = [await house.post(alice, f"@bob a word of mine {number}") for number in range(3)]
    await bob.post(f"/api/v1/statuses/{ids[0]}/favourite")
    await alice.post("/api/v1/markers", json={"home": {"last_read_id": ids[0]}})
    await alice.post(f"/api/v1/accounts/{bob.id}/note", json={"comment": "a friend"})
    await house.settle()
    return alice, bob, ids


async def leave(member, **more):
    return await member.site.client.request(
        "DELETE", "/api/v1/accounts/self", headers=member.headers, json={**PASSWORD, **more}
    )


async def rows_about(house: Courthouse, account_id: int) -> dict[str, int]:
    """How many rows of each table name an account as their subject."""
    found: dict[str, int] = {}
    for table in ALL:
        if not table.subject:
            continue
        cursor = None
        while True:
            rows, cursor = await house.site.storage.scan(table, cursor)
            for row in rows:
                if any(getattr(row, column) == account_id for column in table.subject):
                    found[table.name] = found.get(table.name, 0) + 1
            if cursor is None:
                break
    return found


async def test_leaving_needs_the_password(house):
    alice, *_ = await somebody(house)
    for wrong in ({"password": "wrong"}, {"password": " "}, {"password": ""}):
        answer = await leave(alice, **wrong)
        assert answer.status_code in {403, 422}
    assert (await load_account(house.world, alice.id)).state == "active"


async def test_who_left_is_invisible_everywhere_at_once(house):
    alice, bob, ids = await somebody(house)
    assert (await leave(alice)).status_code == 200
    assert (await alice.get("/api/v1/accounts/verify_credentials")).status_code == 401
    for path in (
        f"/api/v1/accounts/{alice.id}",
        "/api/v1/accounts/lookup?acct=alice",
        f"/api/v1/statuses/{ids[0]}",
    ):
        assert (await bob.get(path)).status_code == 404, path
    await house.settle()
    for path in (
        "/api/v1/timelines/home",
        "/api/v1/timelines/public",
        "/api/v1/notifications",
        "/api/v1/accounts/search?q=alice",
        "/api/v1/accounts/search?q=wonder",
    ):
        answer = await bob.get(path)
        assert answer.status_code == 200
        assert "alice" not in answer.text.lower(), path
        assert "wonder" not in answer.text.lower(), path


async def test_signing_in_within_a_week_brings_everything_back(house):
    alice, bob, ids = await somebody(house)
    before = (await bob.get(f"/api/v1/accounts/{alice.id}")).json()
    users = (await bob.get("/api/v1/instance")).json()["stats"]["user_count"]
    await leave(alice)
    await house.settle()
    house.site.clock.advance(WEEK_MS - 60_000)
    await house.settle()
    assert await people.sign_in(house.world, "alice", "wrong") is None
    back = await people.sign_in(house.world, "alice", "correct horse")
    assert back is not None
    await house.settle()
    assert (await bob.get(f"/api/v1/accounts/{alice.id}")).json() == before
    assert (await bob.get(f"/api/v1/statuses/{ids[0]}")).status_code == 200
    assert (await bob.get("/api/v1/instance")).json()["stats"]["user_count"] == users
    house.site.clock.advance(WEEK_MS)
    await run(house, 5)
    assert (await load_account(house.world, alice.id)).state == "active"


async def test_after_a_week_nothing_is_left_but_what_has_its_reason(house):
    alice, bob, _ = await somebody(house)
    assert len(await rows_about(house, alice.id)) > 15
    await leave(alice)
    house.site.clock.advance(WEEK_MS + 1)
    await run(house)
    assert (await departures.load_departure(house.world, alice.id)).state == "erased"
    left = await rows_about(house, alice.id)
    rebuilt = {table.name for table in ALL if table.rebuildable}
    assert set(left) - rebuilt <= set(erasure.OWN_WAY) | set(erasure.KEPT)
    assert await people.sign_in(house.world, "alice", "correct horse") is None
    assert await load_login(house.world, alice.id) is None
    assert await find_by_email(house.world, "alice@mail.test") is None
    assert await handle_taken(house.world, "alice")
    counts = (await bob.get(f"/api/v1/accounts/{bob.id}")).json()
    assert (counts["followers_count"], counts["following_count"]) == (0, 0)
    for table in ALL:
        if table.rebuildable:
            continue
        rows, _ = await house.site.storage.scan(table)
        assert not [row for row in rows if "a word of mine" in repr(row)], table.name
        assert not [row for row in rows if "Wonder" in repr(row)], table.name


async def test_what_a_case_needs_is_kept_until_it_may_go(house):
    alice, *_ = await somebody(house)
    threat = await house.post(alice, THREAT)
    assert await house.case_on(threat) is not None
    await leave(alice)
    house.site.clock.advance(WEEK_MS + 1)
    await run(house)
    from venire.posts import actions as posts

    kept = await posts.load(house.world, int(threat))
    assert "traitors" in kept.text
    moderator = await house.site.member("mona", "moderator")
    case = await house.case_on(threat)
    done = await moderator.post(
        f"/api/v1/cases/{case.public_id}/actions", json={"action": "remove", "reason": "a threat"}
    )
    assert done.status_code == 200, done.text
    for _ in range(9):
        house.site.clock.advance(31 * 86_400_000)
        await run(house, 3)
    assert (await posts.load(house.world, int(threat))).text == ""


async def test_a_turned_away_account_goes_at_once_and_cannot_come_back(house):
    alice, *_ = await somebody(house)
    await people.delete_account(house.world, alice.id, returnable=False)
    assert await people.sign_in(house.world, "alice", "correct horse") is None
    await run(house)
    assert (await departures.load_departure(house.world, alice.id)).state == "erased"


@pytest.mark.parametrize("seed", range(6))
async def test_killed_again_and_again_an_erasure_comes_to_its_end(tmp_path, seed):
    async with open_courthouse(tmp_path) as house:
        alice, *_ = await somebody(house)
        await people.delete_account(house.world, alice.id, returnable=False)
        storage = house.world.storage
        for attempt in range(200):
            mortal = MortalStorage(storage, (attempt * 7 + seed) % 11, after=bool(attempt % 2))
            object.__setattr__(house.world, "storage", mortal)
            try:
                for part in ("", ":ties"):
                    await erasure.on_departure(house.court, f"{alice.id}{part}")
                await erasure.on_erasure(house.court, "rows")
            except Killed:
                pass
            finally:
                object.__setattr__(house.world, "storage", storage)
            departure = await departures.load_departure(house.world, alice.id)
            if departure.state == "erased":
                break
        assert departure.state == "erased"
        left = await rows_about(house, alice.id)
        rebuilt = {table.name for table in ALL if table.rebuildable}
        assert set(left) - rebuilt <= set(erasure.OWN_WAY) | set(erasure.KEPT)


def test_every_table_of_somebody_is_erased_or_says_why_not():
    named = {table.name for table in ALL if table.subject}
    assert set(erasure.OWN_WAY) | set(erasure.KEPT) <= named
    assert not set(erasure.OWN_WAY) & set(erasure.KEPT)
    assert all(len(why.split()) >= 3 for why in (erasure.OWN_WAY | erasure.KEPT).values())
